"""The table of a triple-axis file: its rows, the spectra between and after them, and the columns made of the rows.

Rows are cut at blanks: FORMT, the Fortran format in the header, is often empty or wrong. What kind of column it is, its
own text says::

    20732.  167.  1.      counters (PNT, PAL, M1 ..., CNTS): integers, where each ends in a dot or has none
    4000    0             no dot at all: integers, whatever the name; motors are written with decimals
    5.9800  ********      float64, nan for the stars of a number that did not fit its field
    in      out           text
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

from nxconvert.arrays import Array
from nxconvert.numtext import dtype_for, exact_integer, parse_rows
from nxconvert.readers.ill.tas_report import Report
from nxconvert.readers.ill.tas_text import find_date, is_overflow, number
from nxconvert.scan import Field, free_name

_COUNTERS = re.compile(r"PNT|PAL|ROI|M\d{1,2}|MON\d*|CNTS?\d*", re.IGNORECASE)
_WHOLE, _INTEGER = re.compile(r"[+-]?\d+\.?", re.ASCII), re.compile(r"[+-]?\d+", re.ASCII)
#: between two numbers of which the second fills its field: a sign or stars after a digit or a dot
_GLUED = re.compile(r"(?<=[0-9.])(?=[-+*])")
_FINISHED = re.compile(r"[ \t]*finished[ \t]+at\b(.*)", re.IGNORECASE)
_FLAT, _END_FLAT, _MULTI = "flat:", "endflat", "multi:"


@dataclass(slots=True)
class Body:
    """The table: ``rows`` as words with the number of their line, and what else there is.

    ``flat``: the text of a ``flat:`` block and its line, by the index of its row. ``multi``: words after ``MULTI:``
    with their lines. ``finished``: the time of the footer. ``footers``: lines after the table, word for word.
    """

    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    flat: dict[int, tuple[int, str]] = field(default_factory=dict)
    multi: list[tuple[int, list[str]]] | None = None
    finished: datetime | None = None
    footers: list[str] = field(default_factory=list)


def read_body(lines: list[str], start: int, width: int, report: Report) -> Body:
    """Read the lines from index *start* on; *width*: number of columns that are named."""
    body = Body()
    lines_of_rows: list[tuple[int, str]] = []
    flat: list[tuple[int, int, str]] = []
    at = start
    while at < len(lines):
        line = lines[at]
        at += 1
        word = line.lstrip(" \t")[:5].lower()
        if word == _FLAT:
            own = at
            text, at = _flat_text(lines, at - 1, report)
            flat.append((len(lines_of_rows), own, text))
        elif line.strip().lower() == _END_FLAT or not word:
            continue
        elif line.lstrip(" \t")[:6].lower() == _MULTI:
            body.multi = body.multi or []
            at = _multi(lines, at - 1, body)
        elif match := _FINISHED.fullmatch(line):
            body.footers.append(line.strip())
            body.finished = find_date(match[1])
        else:
            lines_of_rows.append((at, line))
    places = _choose(lines_of_rows, width, body, report)
    for after, line_number, text in flat:
        # the block stands after its row; a row that was left out leaves its block without one
        if after and (row := places.get(after - 1)) is not None and row not in body.flat:
            body.flat[row] = (line_number, text)
        else:
            report.add(
                line_number,
                "spectra without a row",
                "this flat: block belongs to no row",
                "one block after each row expected",
                "it is left out",
                "lost",
            )
    return body


def _flat_text(lines: list[str], at: int, report: Report) -> tuple[str, int]:
    """Give the text between ``flat:`` and ``endflat``, which may be cut into lines, and the index of the next line."""
    own = at + 1
    parts = [lines[at].lstrip(" \t")[len(_FLAT) :]]
    at += 1
    while at < len(lines):
        line = lines[at]
        cut = line.lower().find(_END_FLAT)
        if cut >= 0:
            parts.append(line[:cut].rstrip())
            return "".join(parts), at + 1
        if not line.strip() or not re.fullmatch(r"[\d\s*w]*", line, re.ASCII):
            break
        parts.append(line)
        at += 1
    report.add(
        own,
        "flat: blocks without end",
        "this flat: block has no end",
        "a line 'endflat' expected",
        "the file may be cut",
    )
    # what follows may be the next row and not a part of the spectrum
    return parts[0], own


def _multi(lines: list[str], at: int, body: Body) -> int:
    """Read the lines of numbers after ``MULTI:``; gives the index of the next line."""
    assert body.multi is not None
    words = lines[at].lstrip(" \t")[len(_MULTI) :].split()
    if any(number(word) is None for word in words):
        body.footers.append(lines[at].strip())
        words = []
    while True:
        if words:
            body.multi.append((at + 1, words))
        at += 1
        words = lines[at].split() if at < len(lines) else [""]
        if any(number(word) is None for word in words):
            return at


def _choose(lines: list[tuple[int, str]], width: int, body: Body, report: Report) -> dict[int, int]:
    """Take the lines that are rows; gives the index of the row by that of the line."""
    cut = [(at, line.split()) for at, line in lines]
    numeric = [any(number(word) is not None for word in words) for _, words in cut]
    counts = Counter(len(words) for (_, words), is_row in zip(cut, numeric, strict=True) if is_row)
    own = width
    if counts and width not in counts:
        repaired = Counter(len(_GLUED.sub(" ", line).split()) for _, line in lines)
        if width not in repaired:
            own = counts.most_common(1)[0][0]
    places: dict[int, int] = {}
    for index, ((at, words), is_row) in enumerate(zip(cut, numeric, strict=True)):
        if is_row and len(words) != own and len(glued := _GLUED.sub(" ", lines[index][1]).split()) == own:
            report.add(
                at,
                "rows without blanks",
                f"the row has {len(words)} values, and {own} where it is cut at signs",
                f"{own} values between blanks expected",
                "it is cut at signs, since Fortran writes none before a number that fills its field",
                "note",
            )
            words = glued
        if is_row and len(words) == own:
            places[index] = len(body.rows)
            body.rows.append((at, words))
        elif is_row:
            report.add(
                at,
                "rows of other lengths",
                f"the row has {len(words)} value{'s' * (len(words) != 1)}",
                f"{own} expected",
                "it is left out",
            )
        else:
            body.footers.append(lines[index][1].strip())
    return places


def make_columns(names: Sequence[str], body: Body, line: int, report: Report) -> dict[str, Field]:
    """Make the columns; a name that stands twice gets a number, columns without name are called ``column_5``."""
    width = len(body.rows[0][1]) if body.rows else len(names)
    if width != len(names):
        hint = f"the others are called column_{len(names) + 1} ..."
        if width < len(names):
            hint = f"there are no values of {', '.join(repr(name) for name in names[width:][:4])}"
        found = f"{len(names)} column{'s' * (len(names) != 1)} named"
        report.add(line, "names that do not fit", found, f"the rows have {width} values", hint)
    originals = [*names[:width], *(f"column_{at + 1}" for at in range(len(names), width))]
    columns: dict[str, Field] = {}
    for original, value in zip(originals, _values(originals, body, report), strict=True):
        name = free_name(original, columns)
        columns[name] = Field(name, value, ("point",), None, original if original != name else None)
    return columns


def _values(names: list[str], body: Body, report: Report) -> list[Any]:
    if not body.rows:
        return [np.empty(0) for _ in names]
    block = "\n".join(" ".join(words) for _, words in body.rows).encode()
    rows = parse_rows(block)
    if rows is None:
        return [_column(name, at, body, report) for at, name in enumerate(names)]
    values: list[Any] = []
    for at, name in enumerate(names):
        if rows.integer[at] or (
            _COUNTERS.fullmatch(name) and all(_WHOLE.fullmatch(words[at]) for _, words in body.rows)
        ):
            values.append(_integers([words[at] for _, words in body.rows]))
        else:
            values.append(np.ascontiguousarray(rows.values[:, at]))
    return values


def _integers(words: list[str]) -> Array:
    """Give int64, uint64 where that is needed, float64 where neither holds them."""
    numbers = [exact_integer(word.rstrip(".").encode()) for word in words]
    dtype = dtype_for(min(numbers), max(numbers))
    return np.array([float(word) for word in words] if dtype is np.float64 else numbers, dtype)


def _column(name: str, at: int, body: Body, report: Report) -> Any:
    """Make one column word by word: where stars, text or Fortran's own numbers occur."""
    words = [row[at] for _, row in body.rows]
    values = [number(word) for word in words]
    if all(value is None for value in values):
        return words
    if all(map((_WHOLE if _COUNTERS.fullmatch(name) else _INTEGER).fullmatch, words)):
        return _integers(words)
    for (line, _), word, value in zip(body.rows, words, values, strict=True):
        if value is None or is_overflow(word):
            report.add(
                line,
                "values that are no numbers",
                f"'{word[:40]}' in the column '{name}'",
                "a number expected",
                "it is written as nan",
            )
    return np.array([float("nan") if value is None else value for value in values])
