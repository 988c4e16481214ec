"""Motor positions at the start of a scan: ``#P`` rows paired with ``#O`` rows."""

from __future__ import annotations

import numpy as np

from nxconvert.numtext import parse_number
from nxconvert.readers.spec.control import Control
from nxconvert.readers.spec.facts import MOST_NAMES, Fields, Header
from nxconvert.readers.spec.names import fit_names, split_names, unique
from nxconvert.readers.spec.report import Report
from nxconvert.scan import Field

#: in a file that is not damaged there are one or two for each header
_MOST_LAYOUTS = 64


def positioners(control: Control, header: Header, report: Report, told: set[str]) -> Fields:
    """Pair ``#O`` and ``#P`` row by row; a scan's own ``#O`` lines replace those of the header.

    *told* remembers what has been said for all scans of the file.
    """
    values = control.rows.get("P")
    if not values:
        return {}
    words = [values[row].split() for row in sorted(values)]
    own = control.rows.get("O")
    if own is not None:
        names = _names(own, values, tuple(map(len, words)))
    else:
        own = header.control.rows.get("O", {})
        key = (*map(len, words), -1, *values)
        if key not in header.names:
            if len(header.names) > _MOST_LAYOUTS:
                header.names.clear()
            header.names[key] = _names(own, values, key)
        names = header.names[key]
    if names is not None and not any("_" in text for text in values.values()):
        try:
            numbers = np.array([float(word) for row in words for word in row])
        except ValueError:
            # a word among the numbers: one by one
            pass
        else:
            return {name: Field(name, number) for name, number in zip(names, numbers, strict=True)}
    return _one_by_one(own, control, report, told)


def _names(names: dict[int, str], values: dict[int, str], counts: tuple[int, ...]) -> tuple[str, ...] | None:
    """Give the names of all positions when every row fits its number of values and no name comes twice, else None."""
    if sum(counts[: len(values)]) > MOST_NAMES:
        return None
    result: list[str] = []
    for row, count in zip(sorted(values), counts, strict=False):
        own = fit_names(names[row], count) if row in names else ()
        if len(own) != count:
            return None
        result.extend(own)
    if any(row not in values and split_names(text) for row, text in names.items()):
        return None
    return tuple(result) if len(set(result)) == len(result) else None


def _one_by_one(names: dict[int, str], control: Control, report: Report, told: set[str]) -> Fields:
    """Pair rows that do not fit; tell what is left over on either side, and keep words as text."""
    values, offsets = control.rows["P"], control.position_offsets
    at = min(offsets.values())
    if not any(split_names(text) for text in names.values()):
        if "no motor names" not in told:
            told.add("no motor names")
            report.add(
                at,
                "motor positions without names",
                "the scan has motor positions (#P), but no motor names (#O) are known",
                "#O lines expected in the file header",
                "the positions are in the header lines only, here and in the scans that follow",
                "note",
            )
        return {}
    pairs: list[tuple[str, str]] = []
    for row in sorted(values):
        words = values[row].split()
        own = fit_names(names.get(row, ""), len(words))
        pairs.extend(zip(own, words, strict=False))
        if len(own) != len(words):
            _tell_row(row, own, len(words), offsets[row], report)
    for row in sorted(names):
        if row not in values and (missing := split_names(names[row])):
            report.add(
                at,
                "rows of motor positions that are missing",
                f"there is no #P{row}",
                f"#O{row} names {len(missing)} motors",
                "no positions are known of them",
            )
    if len(pairs) > MOST_NAMES:
        report.add(
            at,
            "motors beyond any reason",
            f"{len(pairs)} motor positions",
            f"at most {MOST_NAMES} expected",
            "the others are in the header lines only",
            "lost",
        )
    del pairs[MOST_NAMES:]
    result: Fields = {}
    for own_name, (name, word) in zip(unique(tuple(name for name, _ in pairs)), pairs, strict=True):
        number = parse_number(word)
        value = word if number is None else np.float64(number)
        result[own_name] = Field(own_name, value, long_name=name if name != own_name else None)
    return result


def _tell_row(row: int, names: tuple[str, ...], values: int, at: int, report: Report) -> None:
    if values > len(names):
        more = values - len(names)
        hint = (
            "the last value is in the header lines only"
            if more == 1
            else f"the last {more} are in the header lines only"
        )
    else:
        hint = f"no position is known of {', '.join(repr(name) for name in names[values:][:4])}"
        hint += f" and {len(names) - values - 4} more" if len(names) - values > 4 else ""
    report.add(
        at,
        "rows of motor positions that do not fit",
        f"#P{row} has {values} value{'s' * (values != 1)}",
        f"#O{row} names {len(names)} motor{'s' * (len(names) != 1)}",
        hint,
    )
