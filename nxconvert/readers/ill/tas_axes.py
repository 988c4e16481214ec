"""Which columns of a triple-axis scan were scanned: as STEPS says, else COMND, else what moves."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import numpy as np

from nxconvert.readers.ill.tas_command import Command
from nxconvert.readers.ill.tas_text import number
from nxconvert.scan import Field

#: what the columns of reciprocal space are called in files of PSI
_OTHER_NAMES = {"QH": "H", "QK": "K", "QL": "L"}
_POSITIONS = frozenset(("QH", "QK", "QL", "EN", "H", "K", "L"))


def scanned(
    columns: Mapping[str, Field], steps: Mapping[str, str], command: Command, motors: Collection[str]
) -> dict[str, Field]:
    """Give the scanned columns by name, in the order in which they are stated.

    *steps*: the pairs of STEPS, of which one file has text as value. A step of zero is no scan of that axis.
    """
    numbers = {name: value for name, text in steps.items() if (value := number(text)) is not None}
    if len(numbers) == len(steps) and (found := _moving(columns, numbers)) is not None:
        return found
    if (found := _moving(columns, command.step)) is not None:
        return found
    return _what_moves(columns, motors)


def _moving(columns: Mapping[str, Field], steps: Mapping[str, float]) -> dict[str, Field] | None:
    """Give the columns of the steps that are not zero; None where there is no step, or no column of one."""
    found: dict[str, Field] = {}
    for name, step in steps.items():
        if not step:
            continue
        column = _column(columns, name)
        if column is None:
            continue
        found[column.name] = column
    return found if found or (steps and not any(steps.values())) else None


def _column(columns: Mapping[str, Field], name: str) -> Field | None:
    """Find the column of a step: by the very name, else without the D that stands for delta (``DQH``, not ``D1T``)."""
    upper = {own.upper(): own for own in reversed(list(columns))}
    for wanted in _spellings(name.upper()):
        if wanted in upper and isinstance((column := columns[upper[wanted]]).value, np.ndarray):
            return column
    return None


def _spellings(name: str) -> Iterable[str]:
    for own in (name, name[1:] if name.startswith("D") else ""):
        if own:
            yield own
            yield _OTHER_NAMES.get(own, own)


def _what_moves(columns: Mapping[str, Field], motors: Collection[str]) -> dict[str, Field]:
    """Give the columns of positions that go one way all the time, and nothing where there are none."""
    found: dict[str, Field] = {}
    for name, column in columns.items():
        if (name.upper() not in _POSITIONS and name not in motors) or not isinstance(column.value, np.ndarray):
            continue
        with np.errstate(all="ignore"):
            moves = np.diff(column.value.astype(np.float64))
        if len(moves) and ((moves > 0).all() or (moves < 0).all()):
            found[name] = column
    return found
