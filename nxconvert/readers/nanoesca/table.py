"""The rows of ``.DAT`` files: axis value, counters, analog inputs, and the name of the image.

The number of columns grew with the versions of the program, so the name is the first quoted field that ends like an
image; the columns before it have their names from the description of the set-up.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from nxconvert.arrays import Array
from nxconvert.errors import Problem
from nxconvert.readers.nanoesca.instrument import Instrument
from nxconvert.readers.nanoesca.keys import LISTED, Config, Row

_IMAGE = re.compile(r'"([^"]*\.tiff?)"', re.IGNORECASE)
_INTEGER = re.compile(r"[+-]?\d{1,18}")
#: no measurement has as many repeats
_MOST_REPEATS = 100_000


@dataclass(slots=True)
class Table:
    """The rows of one file: by repeat from 0, or those of the sum over the repeats."""

    config: Config
    repeats: dict[int, list[Row]] = field(default_factory=dict)
    total: list[Row] = field(default_factory=list)


def parse(config: Config, instrument: Instrument) -> Table:
    """Sort the sections of rows of a file by what they are."""
    table = Table(config)
    for name, rows in config.tables.items():
        match = instrument.repeats_section.fullmatch(name) if instrument.repeats_section else None
        if match is None:
            table.total.extend(rows)
            continue
        number = int(match["repeat"]) - instrument.first_repeat if match["repeat"].isdecimal() else -1
        if 0 <= number < _MOST_REPEATS:
            table.repeats[number] = rows
        else:
            found = f"a section [{name[:40]}]"
            config.problems.append(
                Problem(config.place(rows[0]), found, "numbers of repeats expected")
            ) if rows else None
    return table


def image_name(row: Row) -> str | None:
    """Give the name of the image that a row states, without any folder before it; None where there is none."""
    for text in row.fields:
        match = _IMAGE.fullmatch(text)
        if match is not None:
            return match[1]
    return None


def axis(rows: Sequence[Row]) -> Array:
    """Give the axis value of each row in float64, not a number where it is none."""
    return np.array([_number(row.fields[0]) for row in rows], np.float64)


def columns(rows: Sequence[Row], names: Sequence[str], config: Config) -> dict[str, Array]:
    """Give the columns between axis value and name of the image: int64 where all are integers, else float64.

    What is no number is a problem and not a number; a row that is too short lacks its last values in the same way.
    """
    found: dict[str, Array] = {}
    widths = [_width(row) for row in rows]
    for at, name in enumerate(names, 1):
        if not any(at < width for width in widths):
            break
        texts = [row.fields[at] if at < width else "" for row, width in zip(rows, widths, strict=True)]
        if all(_INTEGER.fullmatch(text) for text in texts):
            found[name] = np.array([int(text) for text in texts], np.int64)
            continue
        found[name] = np.array([_number(text) for text in texts], np.float64)
        odd = [
            row for row, text in zip(rows, texts, strict=True) if math.isnan(_number(text)) and text.lower() != "nan"
        ]
        for row in odd[:LISTED]:
            text = row.fields[at] if at < len(row.fields) else ""
            problem = Problem(config.place(row), f"'{text[:40]}' in the column {name}", "a number expected")
            config.problems.append(problem)
    return found


def _width(row: Row) -> int:
    """Give how many fields stand before the first text in quotes."""
    return next((at for at, text in enumerate(row.fields) if text.startswith('"')), len(row.fields))


def _number(text: str) -> float:
    try:
        return float(text) if "_" not in text else math.nan
    except ValueError:
        return math.nan
