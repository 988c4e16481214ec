"""What is drawn of an entry: a curve, points in a plane, or an image, with its values reduced to what can be seen."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import numpy as np

from nxconvert.arrays import Array
from nxconvert.errors import Problem, ReadError, RequestError
from nxconvert.plot import reduce

if TYPE_CHECKING:
    from nxconvert.readers.nexus.defaults import PlotFile, Plottable, Quantity

#: bytes of the points of a plane, and curves in one picture
_MOST_POINTS, _MOST_CURVES = 1 << 24, 12


@dataclass(slots=True, eq=False)
class Panel:
    """One picture: ``kind`` is ``curve``, ``points`` or ``image``.

    Of a curve ``values`` are the curves by their labels, of points the colours, of an image the rows. ``x`` and ``y``
    are the axes, None for an index; ``x_label``, ``y_label`` and ``label`` (of the values) have their units.
    ``errors``: uncertainties of the first curve. ``is_detector``: an image in pixels, whose first row is on top.
    """

    kind: str
    path: str
    entry: str
    title: str
    label: str
    values: dict[str, Array] = field(default_factory=dict)
    x: Array | None = None
    y: Array | None = None
    x_label: str = ""
    y_label: str = ""
    errors: Array | None = None
    shape: tuple[int, int] = (0, 0)
    is_detector: bool = False


def panels(
    path: str, entries: Sequence[str] = (), frame: int | None = None, default_only: bool = False
) -> Iterator[Panel | Problem]:
    """Give a panel for each entry of a file, or the problem why there is none.

    *entries*: patterns of the shell for the names that are wanted, ``default_only``: the default entry alone.
    *frame*: which image or spectrum of a stack, from the end where negative; without it the first image, and of
    spectra all. ReadError where the file cannot be read, RequestError where it has no such entry or frame.
    """
    from nxconvert.readers.nexus.defaults import PlotFile

    with PlotFile(path) as file:
        names = [file.default()] if default_only else file.entries()
        wanted = [name for name in names if not entries or any(fnmatchcase(name, pattern) for pattern in entries)]
        if not wanted:
            listed = ", ".join(f"'{name}'" for name in names[:8]) + (" ..." if len(names) > 8 else "")
            raise RequestError.at(path, f"has no entry '{entries[0]}'", f"known: {listed}")
        yield from file.problems
        for name in wanted:
            try:
                yield _panel(file, name, frame)
            except ReadError as error:
                yield from error.problems


def count(path: str, entries: Sequence[str] = ()) -> int:
    """Count the entries of a file that are wanted; ReadError where it cannot be read."""
    from nxconvert.readers.nexus.defaults import PlotFile

    with PlotFile(path) as file:
        names = file.entries()
    return sum(not entries or any(fnmatchcase(name, pattern) for pattern in entries) for name in names)


def _panel(file: PlotFile, entry: str, frame: int | None) -> Panel:
    plot = file.find(entry)
    signal = plot.signal
    rank = len(signal.shape)
    title = plot.title if plot.title and plot.title != entry else ""
    panel = Panel("curve", file.path, entry, title, signal.label)
    if rank < 2 or (frame is not None and _is_table(signal)):
        if rank == 1 and frame not in (None, 0, -1):
            raise RequestError.at(f"{file.path}:/{entry}", f"there is no frame {frame}", "a single curve")
        if plot.points is not None:
            _draw_points(panel, plot)
        else:
            _draw_curve(panel, plot, _frame(panel, plot, frame or 0, 1))
    else:
        if rank == 2 and frame not in (None, 0, -1):
            raise RequestError.at(f"{file.path}:/{entry}", f"there is no frame {frame}", "a single image")
        _draw_image(panel, plot, _frame(panel, plot, frame or 0, 2))
    if not any(np.isfinite(values).any() for values in panel.values.values()):
        raise ReadError.at(signal.place, "has no finite value to plot")
    return panel


def _frame(panel: Panel, plot: Plottable, frame: int, inner: int) -> tuple[int, ...]:
    """Give the indices of a frame in the outer dimensions, and tell in the title which one it is and where."""
    outer = plot.signal.shape[: max(0, len(plot.signal.shape) - inner)]
    frames = math.prod(outer)
    if not outer:
        return ()
    if not -frames <= frame < frames:
        place = f"{panel.path}:/{panel.entry}"
        raise RequestError.at(place, f"there is no frame {frame}", f"0 to {frames - 1} expected")
    key = tuple(int(step) for step in np.unravel_index(frame % frames, outer))
    said = [f"frame {frame % frames} of {frames}"]
    for axis, step in zip(plot.axes, key, strict=False):
        if axis is not None and axis.shape[0] > step:
            value = axis.part((step,))
            said.append(f"{axis.long_name or axis.name} = {float(value):.6g} {axis.units}".rstrip())
    panel.title = "; ".join(filter(None, [panel.title, ", ".join(said)]))
    return key


# curves


def _draw_curve(panel: Panel, plot: Plottable, key: tuple[int, ...]) -> None:
    signal = plot.signal
    length = signal.shape[-1] if signal.shape else 1
    size = 1
    for quantity in (signal, *plot.more[: _MOST_CURVES - 1]):
        values, size = reduce.curve(lambda part, own=quantity: _line(own, key, part), length)  # type: ignore[misc]
        panel.values[quantity.label] = values
    if len(panel.values) > 1 and len({quantity.units for quantity in (signal, *plot.more)}) > 1:
        panel.label = ""
    panel.y_label = panel.label
    errors = plot.errors
    if errors is not None and size == 1 and errors.dtype.kind in "iuf":
        panel.errors = np.abs(_line(errors, key, slice(0, length)))
    axis = plot.axes[-1] if plot.axes else None
    if axis is None:
        panel.x = np.arange(len(panel.values[signal.label])) * (size / (1 if size == 1 else 2))
        panel.x_label = "index"
        return
    # of the edges of bins the lower ones
    panel.x = reduce.axis(lambda part: axis.part((part,)), length, size)
    panel.x_label = axis.label


def _line(quantity: Quantity, key: tuple[int, ...], part: slice) -> Array:
    """Read a part along the last dimension; a scalar is a curve of one point."""
    return quantity.part((*key, part)) if quantity.shape else np.atleast_1d(quantity.part(()))


def _draw_points(panel: Panel, plot: Plottable) -> None:
    assert plot.points is not None
    panel.kind = "points"
    length, size = plot.signal.shape[0], plot.signal.dtype.itemsize
    step = max(1, -(-length * size // _MOST_POINTS))  # more than a million points: each one of several
    key = (slice(0, length, step),)
    panel.x, panel.y = (reduce.real(item.part(key)) for item in plot.points)
    panel.values[panel.label] = reduce.real(plot.signal.part(key))
    panel.x_label, panel.y_label = (item.label for item in plot.points)


# images


def _draw_image(panel: Panel, plot: Plottable, key: tuple[int, ...]) -> None:
    panel.kind = "image"
    signal = plot.signal
    shape = (signal.shape[-2], signal.shape[-1])
    chunk = signal.chunks or (1, 1)
    values = reduce.image(
        lambda rows, columns: signal.part((*key, rows, columns)), shape, signal.dtype.itemsize, (chunk[-2], chunk[-1])
    )
    panel.shape = shape
    axes = (*plot.axes, *([None] * len(signal.shape)))[len(key) : len(key) + 2]
    (panel.y, panel.y_label), (panel.x, panel.x_label) = (
        _axis(axis, length) for axis, length in zip(axes, shape, strict=True)
    )
    panel.is_detector = panel.y is None and panel.x is None and not _is_table(signal)
    # a picture has its values from the least to the greatest
    if panel.y is not None and panel.y[0] > panel.y[-1]:
        panel.y, values = panel.y[::-1], values[::-1]
    if panel.x is not None and panel.x[0] > panel.x[-1]:
        panel.x, values = panel.x[::-1], values[:, ::-1]
    panel.values[panel.label] = values


def _is_table(signal: Quantity) -> bool:
    """Tell whether rows are spectra or curves, not those of an image."""
    return signal.interpretation in ("spectrum", "vertex")


def _axis(axis: Quantity | None, length: int) -> tuple[Array | None, str]:
    """Give the middle of each row or column; None, for the index, where they do not go one way."""
    if axis is None:
        return None, "index"
    bins = -(-length // reduce.PIXELS)
    values = reduce.every(lambda part: axis.part((part,)), axis.shape[0], bins).astype(np.float64)
    if axis.shape[0] > length:  # the edges of bins
        values = (values[1:] + values[:-1]) / 2 if length < reduce.PIXELS else values[: -(-length // bins)]
    label = axis.label
    if bins == 1 and not axis.units and np.array_equal(values, np.arange(length)):
        return None, label  # it only counts
    steps = np.diff(values)
    if not np.isfinite(values).all() or not ((steps > 0).all() or (steps < 0).all()):
        return None, f"index of {axis.long_name or axis.name}"
    return values, label


def shown(panel: Panel, with_file: bool) -> str:
    """Give the heading of a panel: file, entry and title as far as they say something."""
    words = [os.path.basename(panel.path)] if with_file else []
    words += [panel.entry] if panel.entry != "/" else []
    return ": ".join(filter(None, [" ".join(words), panel.title]))
