"""Placing the points of a mesh scan on its grid, by where the motors were."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nxconvert.readers.spec.commands import Command, Motion
from nxconvert.readers.spec.rows import affordable

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

#: points are placed by order if so many of them are within half a step of where they should be by that, and all the
#: others within so many steps (a motor that has just come back overshoots)
_MOST, _FAR = 0.8, 1.5


@dataclass(slots=True)
class Grid:
    """Where each point lies: ``cells`` (flat, motor 1 fastest) of a grid of ``shape`` (motor 2, motor 1).

    ``rows`` and ``columns`` are the axes. ``repeated``: points that were measured again; the later one counts.
    ``by_order``: placed by their order, since some positions were too far from where they should have been.
    """

    shape: tuple[int, int]
    cells: Indices
    rows: Floats
    columns: Floats
    repeated: int
    by_order: bool

    def place(self, values: npt.NDArray[np.generic]) -> Floats:
        """Give a column on the grid as float64, nan where nothing was measured."""
        flat = np.full(self.shape[0] * self.shape[1], np.nan)
        flat[self.cells] = values
        return flat.reshape(self.shape)


def find_grid(
    command: Command, fast: Floats, slow: Floats, centres: tuple[float | None, float | None], count: int
) -> Grid | str:
    """Place points by the positions of motor 1 (*fast*) and motor 2; gives the reason where that is not possible.

    ``centres``: where the motors stood before a relative scan, None when not known. ``count``: how many columns are
    to be placed.
    """
    first, second = command.motions
    shape = (second.points, first.points)
    if not affordable(shape[0] * shape[1] * count, len(fast) * count):
        return f"only {len(fast)} of {shape[0] * shape[1]} points were measured"
    columns = _nearest(first, fast, command, centres[0])
    rows = _nearest(second, slow, command, centres[1])
    cells: Indices | None = None
    reason = "the motors were more than half a step beside it"
    repeated: int | None = None
    if columns is not None and rows is not None:
        cells = rows * shape[1] + columns
        repeated = _repeated(cells)
        reason = "several points lie in one of its places"
    by_order = repeated is None
    if by_order:
        cells, repeated = _by_order(first, fast, command, centres[0], shape[0]), 0
    if cells is None:
        return reason
    return Grid(
        shape,
        cells,
        _axis(second, cells // shape[1], slow, command),
        _axis(first, cells % shape[1], fast, command),
        repeated or 0,
        by_order,
    )


def _nearest(motion: Motion, positions: Floats, command: Command, centre: float | None) -> Indices | None:
    """Give the number of the nearest grid position for each point; None when one lies outside, or nothing moves."""
    if motion.points == 1:
        return np.zeros(len(positions), np.int64)
    step = _step(motion, command)
    if step == 0 or not (np.isfinite(positions).all() and np.isfinite((motion.start, step)).all()):
        return None
    offsets = [0.0]
    if command.relative:
        # around where the motor stood; not known: around the middle of where it was, or from where it began
        middle = (float(positions.max()) + float(positions.min())) / 2 - (motion.start + motion.stop) / 2
        begin = float(positions.min() if step > 0 else positions.max()) - motion.start
        offsets = [middle, begin] if centre is None else [centre, middle, begin]
    for offset in offsets:
        steps = (positions - (motion.start + offset)) / step
        if command.pixels:
            # a position is that of the beginning, the middle or the end of a pixel, for all of them alike
            steps = steps - np.median(steps - np.floor(steps))
        numbers = np.rint(steps)
        if numbers.min() >= 0 and numbers.max() < motion.points:
            return numbers.astype(np.int64)
    return None


def _step(motion: Motion, command: Command) -> float:
    intervals = motion.points if command.pixels else motion.points - 1
    return (motion.stop - motion.start) / max(intervals, 1)


def _repeated(cells: Indices) -> int | None:
    """Count points measured again at once, as after a pause; None when a place is met again later."""
    distinct = cells[np.concatenate(([True], cells[1:] != cells[:-1]))]
    return len(cells) - len(distinct) if len(np.unique(distinct)) == len(distinct) else None


def _by_order(motion: Motion, positions: Floats, command: Command, centre: float | None, rows: int) -> Indices | None:
    """Give places by the order of the points, always forth or back and forth, if motor 1 agrees well with that."""
    count = len(positions)
    step = _step(motion, command)
    if step == 0 or count > rows * motion.points or not np.isfinite(positions).all():
        return None
    order = np.arange(count, dtype=np.int64)
    row, column = order // motion.points, order % motion.points
    steps = (positions - motion.start) / step
    for candidate in (column, np.where(row % 2, motion.points - 1 - column, column)):
        beside = steps - candidate
        if command.relative or command.pixels:
            beside -= np.median(beside) if centre is None or command.pixels else centre / step
        beside = np.abs(beside)
        if beside.max() <= _FAR and np.count_nonzero(beside <= 0.5) >= _MOST * count:
            return row * motion.points + candidate
    return None


def _axis(motion: Motion, numbers: Indices, positions: Floats, command: Command) -> Floats:
    """Give an axis: the median of the positions measured in each row or column, the nominal one where none was."""
    order = np.lexsort((positions, numbers))
    known, begins, counts = np.unique(numbers[order], return_index=True, return_counts=True)
    ordered = positions[order]
    low, high = ordered[begins + (counts - 1) // 2], ordered[begins + counts // 2]
    axis: Floats = motion.start + _step(motion, command) * np.arange(motion.points, dtype=np.float64)
    if command.relative or command.pixels:
        axis += float(np.median((low + high) / 2 - axis[known]))
    axis[known] = np.where(low == high, low, (low + high) / 2)
    return axis
