"""Motor positions: ``#P`` rows that fit ``#O`` rows name by name."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import numpy as np

from nxconvert.digits import number_text
from nxconvert.exporters.spec.words import own_name, plain_name
from nxconvert.scan import Scan

#: names in one row, as spec has them
PER_ROW = 8


def positions(scan: Scan) -> tuple[list[str], list[str]]:
    """Give the names of the motors whose positions are numbers, and the positions as text."""
    names, values = [], []
    for name, field in scan.positioners.items():
        if is_number(field.value):
            names.append(plain_name(own_name(name, field)))
            values.append(number_text(np.asarray(field.value).item()))
    return names, values


def is_number(value: object) -> bool:
    """Tell whether a position is one number."""
    return not isinstance(value, (str, list)) and np.ndim(value) == 0 and np.asarray(value).dtype.kind in "biuf"  # type: ignore[arg-type]


def in_rows(items: Sequence[str], lengths: Sequence[int] = ()) -> list[list[str]]:
    """Cut a list into rows of these lengths, or of eight."""
    if not lengths:
        return [list(items[at : at + PER_ROW]) for at in range(0, len(items), PER_ROW)]
    rest = iter(items)
    return [list(islice(rest, length)) for length in lengths]


def name_lines(rows: Sequence[Sequence[str]]) -> list[str]:
    """Give ``#O`` lines, two blanks between names."""
    return [f"#O{number} {'  '.join(row)}" for number, row in enumerate(rows)]


def value_lines(rows: Sequence[Sequence[str]]) -> list[str]:
    """Give ``#P`` lines, a blank between values and none at the end."""
    return [f"#P{number} {' '.join(row)}" for number, row in enumerate(rows)]
