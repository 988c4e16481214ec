"""A report on a batch: one HTML page with totals, what failed and why, pictures, and every input, to be searched."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from nxconvert.batch import report_page as page
from nxconvert.batch.book import Book
from nxconvert.errors import NxconvertError, RequestError
from nxconvert.version import __version__
from nxconvert.writer.atomic import AtomicFile

#: inputs that are listed, failures before all others, pictures, examples of a reason
ROWS, PICTURES, EXAMPLES = 20_000, 120, 5

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_NUMBER = re.compile(r"\d[\d.,]*")


@dataclass(slots=True)
class _Reason:
    """Problems that say the same but for names and numbers."""

    found: str
    hint: str
    count: int = 0
    examples: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Format:
    """What came of one format."""

    count: int = 0
    failed: int = 0
    size: int = 0
    seconds: float = 0.0


class _Collected:
    """What is known after one pass over the ledger, without keeping its rows."""

    def __init__(self, ledger: Book) -> None:
        self.failures: dict[str, _Reason] = {}
        self.warnings: dict[str, _Reason] = {}
        self.formats: dict[str, _Format] = {}
        folders: list[str] = []
        for row in ledger.rows():
            folders = [os.path.commonpath([*folders, os.path.dirname(row["source"])])]
            known = self.formats.setdefault(row["reader"] or "unknown", _Format())
            known.count += 1
            known.failed += row["status"] == "failed"
            known.size += row["size"] or 0
            known.seconds += row["seconds"] or 0.0
            for problem in row["problems"]:
                if row["status"] == "failed" and problem["severity"] == "lost":
                    _add(self.failures, problem, row["source"])
                elif problem["severity"] != "note":
                    _add(self.warnings, problem, row["source"])
        self.root = folders[0] if folders else ""

    def shown(self, path: str) -> str:
        """Give a source below what all have in common."""
        return os.path.relpath(path, self.root) if self.root else path


def _add(reasons: dict[str, _Reason], problem: dict[str, Any], source: str) -> None:
    found = problem["found"] + (f", {problem['expected']}" if problem["expected"] else "")
    key = _NUMBER.sub("0", _QUOTED.sub("''", found))
    reason = reasons.setdefault(key, _Reason(found, problem["hint"]))
    reason.count += 1
    if len(reason.examples) < EXAMPLES and source not in reason.examples:
        reason.examples.append(source)


def write_report(ledger_path: str, output: str, folder: str = "") -> None:
    """Write the report on what a ledger knows into one HTML file, whole or absent.

    *folder*: that of the outputs, where the ledger does not lie in it. Pictures need matplotlib (the extra ``plot``);
    without it the page says so. RequestError where there is no ledger, WriteError where the page cannot be written.
    """
    folder = folder or os.path.dirname(os.path.abspath(ledger_path))
    with (
        Book(ledger_path, folder) as ledger,
        AtomicFile(output) as target,
        open(target.path, "w", encoding="utf-8", newline="\n") as file,
    ):
        try:
            for part in _parts(ledger, folder):
                file.write(part)
            file.flush()
        except OSError as error:
            raise target.error(error) from error


def _parts(ledger: Book, folder: str) -> Iterator[str]:
    counts, totals, batches = ledger.counts(), ledger.totals(), ledger.batches()
    collected = _Collected(ledger)
    yield page.head(f"Conversions into {os.path.basename(os.path.normpath(folder))}")
    yield page.paragraph(
        f"{folder}, as of {_time(datetime.now(timezone.utc).timestamp())}, nxconvert {__version__}", "faint"
    )
    if collected.root:
        yield page.paragraph(f"Sources below {collected.root}", "faint")
    seconds, elapsed = totals["seconds"], _elapsed(batches)
    items = [(f"{sum(counts.values())}", "inputs"), *((f"{counts[key]}", key) for key in counts if counts[key])]
    items += [
        (f"{totals['scans']}", "scans"),
        (_size(totals["bytes_in"]), "read"),
        (_size(totals["bytes_out"]), "written"),
        (_duration(seconds), "of conversion"),
    ]
    if seconds:
        items.append((f"{_size(totals['bytes_in'] / seconds)}/s", "in each process"))
    if elapsed:
        items += [(_duration(elapsed), f"in {len(batches)} batch{'' if len(batches) == 1 else 'es'}")]
        items += [(f"{_size(totals['bytes_in'] / elapsed)}/s", "overall")]
    yield page.tiles(items)
    yield from _reasons("Failures by reason", collected.failures, collected)
    yield from _formats(collected)
    yield from _reasons("Warnings by reason", collected.warnings, collected)
    yield page.heading("Inputs")
    yield page.search()
    yield from _pictures(ledger, collected)
    yield from _rows(ledger, collected, sum(counts.values()))
    yield page.tail()


def _reasons(title: str, reasons: dict[str, _Reason], collected: _Collected) -> Iterator[str]:
    if not reasons:
        return
    yield page.heading(title)
    yield page.table_head(["number", "reason", "hint", "such as"], [0])
    for reason in sorted(reasons.values(), key=lambda reason: -reason.count)[:100]:
        examples = "<br>".join(page.name(collected.shown(path)) for path in reason.examples)
        yield page.table_row([str(reason.count), page.name(reason.found), page.name(reason.hint), examples], [0])
    yield page.TABLE_END


def _formats(collected: _Collected) -> Iterator[str]:
    numbers = [1, 2, 3, 4, 5]
    yield page.heading("Formats")
    yield page.table_head(["format", "inputs", "failed", "size", "time", "speed"], numbers)
    for name, known in sorted(collected.formats.items(), key=lambda item: -item[1].count):
        speed = f"{_size(known.size / known.seconds)}/s" if known.seconds else ""
        cells = [str(known.count), str(known.failed), _size(known.size), _duration(known.seconds), speed]
        yield page.table_row([page.name(name), *cells], numbers)
    yield page.TABLE_END


def _pictures(ledger: Book, collected: _Collected) -> Iterator[str]:
    from nxconvert.plot import thumbnail

    made = 0
    for row in ledger.rows("converted", limit=4 * PICTURES):
        if made == PICTURES:
            break
        try:
            image = thumbnail(row["output"])
        except RequestError as error:  # matplotlib is not installed
            yield page.paragraph(f"No pictures: {error.problems[0].found}. {error.problems[0].hint}", "faint")
            return
        except NxconvertError:
            continue  # there is nothing to plot in it, or it is not there any more
        yield '<div class="pictures">\n' if not made else ""
        yield page.picture(image, collected.shown(row["source"]))
        made += 1
    if made:
        yield "</div>\n"


def _rows(ledger: Book, collected: _Collected, total: int) -> Iterator[str]:
    numbers = [3, 4, 5, 6]
    columns = ["input", "format", "status", "scans", "size", "output", "time", "problems"]
    yield page.table_head(columns, numbers)
    left = ROWS
    for status in ("failed", "running", "waiting", "converted", "skipped"):
        for row in ledger.rows(status, limit=left):
            left -= 1
            problems = [item for item in row["problems"] if item["severity"] != "note" or status != "converted"]
            said = "<br>".join(page.name(_said(item)) for item in problems[:3])
            if len(problems) > 3:
                said += f"<br>and {len(problems) - 3} more"
            cells = [
                page.name(collected.shown(row["source"])),
                page.name(row["reader"] or ""),
                page.status(status),
                str(row["scans"] or ""),
                _size(row["size"] or 0),
                _size(row["output_size"]) if row["output_size"] else "",
                _duration(row["seconds"]) if row["seconds"] else "",
                said,
            ]
            yield page.table_row(cells, numbers, is_item=True)
    yield page.TABLE_END
    if total > ROWS:
        yield page.paragraph(f"{ROWS} of {total} inputs are listed: the failures, then those that ended last.", "faint")


def _said(problem: dict[str, Any]) -> str:
    found = problem["found"] + (f", {problem['expected']}" if problem["expected"] else "")
    return f"line {problem['line']}: {found}" if problem["line"] else found


def _elapsed(batches: list[dict[str, Any]]) -> float:
    """Give the time in which at least one batch ran; a batch that was killed is not counted."""
    total, end = 0.0, 0.0
    for batch in sorted((batch for batch in batches if batch["ended"]), key=lambda batch: batch["begun"]):
        total += max(0.0, batch["ended"] - max(batch["begun"], end))
        end = max(end, batch["ended"])
    return total


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02d} min"


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), timezone.utc).isoformat(" ").removesuffix("+00:00") + " UTC"
