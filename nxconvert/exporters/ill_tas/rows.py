"""The table of a triple-axis file: names, rows, and the counts of multi-detectors between and after them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from nxconvert.arrays import Array, LazyArray
from nxconvert.digits import column_lines
from nxconvert.scan import Scan, free_name
from nxconvert.tabular import table
from nxconvert.triple_axis import ANALYSERS, CHANNELS

# ASCII control bytes are blanks to a reader, as is all that Unicode takes for white space
_BLANKS = re.compile(r"[\s\x00-\x1f]+")
#: a word that no reader takes for a number, a keyword or two words
_WORD = re.compile(r"(?!(?i:nan|inf|infinity|endflat|finished)$)[A-Za-z][A-Za-z0-9_/-]*")


def number_columns(scan: Scan) -> dict[str, Array | LazyArray]:
    """Give the columns of numbers, first ``PNT``, which is counted under the name ``""`` where the scan has none."""
    columns = table(scan)
    if not columns:
        return {}
    if "PNT" in columns:
        return {"PNT": columns.pop("PNT"), **columns}
    points = next(iter(columns.values())).shape[0]
    return {"": np.arange(1, points + 1), **columns}


def column_names(scan: Scan) -> dict[str, str]:
    """Give the names in the file of the columns that are written, in its order: ``PNT`` first.

    They are the source's own where a reader makes the same of them.
    """
    columns, texts = number_columns(scan), text_columns(scan)
    first = next(iter(columns), "")
    names = {first: "PNT"}
    read = set(names.values())
    for name, field in scan.columns.items():
        if name != first and (name in columns or name in texts):
            own = field.long_name or ""
            # a label that stands twice in the source does so again: A3 and A3, which are read as A3 and A3_1
            twice = own and not _BLANKS.search(own) and free_name(own, read) == name
            names[name] = own if twice else free_name(_BLANKS.sub("_", name.strip()) or "unnamed", read)
            read.add(free_name(names[name], read))
    return names


def text_columns(scan: Scan) -> dict[str, list[str]]:
    """Give the columns of text whose values are words that no reader takes for anything else."""
    numbers = table(scan)
    points = next(iter(numbers.values())).shape[0] if numbers else -1
    return {
        name: field.value
        for name, field in scan.columns.items()
        if isinstance(field.value, list)
        and len(field.value) == points
        and all(isinstance(word, str) and _WORD.fullmatch(word) for word in field.value)
    }


def row_lines(
    scan: Scan,
    block: list[Array],
    texts: dict[str, list[str]],
    start: int,
    form: str,
    spectra: list[str] | None,
) -> Iterator[str]:
    """Give the lines of a block of rows, columns of text in their places, a spectrum after each row."""
    count = len(block[0])
    if texts:
        numbers = iter(block)
        parts = [
            texts[name][start : start + count] if name in texts else _lines([next(numbers)], form)
            for name in column_names(scan)
        ]
        lines = [" ".join(row) for row in zip(*parts, strict=True)]
    else:
        lines = _lines(block, form)
    if spectra is None:
        yield from (f"{line}\n" for line in lines)
    else:
        yield from (f"{line}\nflat:{text}\n endflat\n" for line, text in zip(lines, spectra, strict=True))


def _lines(columns: list[Array], form: str) -> list[str]:
    return [line.decode() for line in column_lines(columns, b" ", form)]


def spectra_of(scan: Scan, name: str) -> Array | LazyArray | None:
    """Give the counts of a multi-detector that the format has a place for."""
    field = scan.detectors.get(name, {}).get("data")
    columns = table(scan)
    if field is None or not columns or not isinstance(field.value, (np.ndarray, LazyArray)):
        return None
    value = field.value
    points = next(iter(columns.values())).shape[0]
    shape = (points, CHANNELS, ANALYSERS) if name == "flat" else (points, *value.shape[1:2])
    if value.shape != shape or not points or 0 in value.shape or value.dtype.kind not in "iuf":
        return None
    counts = value.blocks() if isinstance(value, LazyArray) else [value]
    for block in counts:
        known = block[~np.isnan(block)] if block.dtype.kind == "f" else block
        if known.size and not (known.min() >= 0 and known.max() < 10**9 and (known == np.floor(known)).all()):
            return None
    return value


def field_width(flat: Array | LazyArray | None) -> int:
    """Give the width of a field of a ``flat:`` block: five characters, more where the counts need them."""
    if flat is None:
        return 0
    blocks = flat.blocks() if isinstance(flat, LazyArray) else [flat]
    most = max((np.nanmax(block, initial=0) for block in blocks), default=0)
    return max(5, len(str(int(most))) + 1)


def flat_cells(block: Array, spare: Array, width: int) -> list[str]:
    """Give the text of the ``flat:`` block of each row: 155 counts, five spare ones, right in fields of that width."""
    counts = np.concatenate([block.reshape(len(block), -1), spare], axis=1)
    return ["".join(count_text(value).rjust(width) for value in row) for row in counts.tolist()]


def count_text(value: float) -> str:
    """Give a count, and what the instrument writes where there is none."""
    return "****" if value != value else str(int(value))  # noqa: PLR0124


def spare_counts(scan: Scan, start: int, count: int) -> Array:
    """Give the five counts of a ``flat:`` block that no channel has, mostly zeros."""
    field = scan.detectors["flat"].get("spare")
    if field is None or not isinstance(field.value, np.ndarray):
        return np.zeros((count, ANALYSERS), np.int64)
    return field.value[start : start + count]
