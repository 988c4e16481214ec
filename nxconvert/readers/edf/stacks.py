"""Frames of many files as stacks: their place on the grid of indices, one stack for each shape and type."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nxconvert.arrays import Array
from nxconvert.errors import Place, Problem, ReadError, RequestError
from nxconvert.images import missing_value
from nxconvert.readers.edf import geometry
from nxconvert.readers.edf.build import add_plot as plot_frames
from nxconvert.readers.edf.build import calibrate, fingerprint, frame_dims, of_kind
from nxconvert.readers.edf.chosen import select_frames
from nxconvert.readers.edf.describe import describe
from nxconvert.readers.edf.file import EdfFrame, FrameStack
from nxconvert.readers.edf.files import Files, tell_missing
from nxconvert.readers.edf.patterns import Grid, refuse_missing
from nxconvert.scan import Field, Plot, Scan, free_name

#: the header item by which Lima counts the frames of a measurement through all its files
_COUNTER = "acq_frame_nb"


@dataclass(slots=True)
class Stack:
    """Frames in C order of the outer axes, None where one is missing.

    ``names`` of the outer axes as the pattern calls them, ``values`` their indices; ``errors``: those of the images,
    by position.
    """

    names: tuple[str, ...]
    values: tuple[Array, ...]
    frames: list[EdfFrame | None]
    errors: dict[int, EdfFrame]

    @property
    def shape(self) -> tuple[int, ...]:
        """The outer axes."""
        return tuple(len(value) for value in self.values)

    @property
    def dims(self) -> tuple[str, ...]:
        """Names of the outer dimensions: one is ``point``, two are ``row`` and ``column``."""
        return {1: ("point",), 2: ("row", "column")}.get(len(self.names), self.names)

    def axes(self) -> list[Field]:
        """Give the indices along each outer axis."""
        return [
            Field(name, value, (dim,), "") for name, value, dim in zip(self.names, self.values, self.dims, strict=True)
        ]


def as_axis(values: Sequence[int]) -> Array:
    """Give indices as integers, as floats where one is beyond 64 bits."""
    return np.array(values, np.int64 if all(value < 2**63 for value in values) else np.float64)


def fill(
    grid: Grid, files: Files, place: str, allow_missing: bool, problems: list[Problem], one_axis: bool = False
) -> Stack:
    """Open the files of a grid and give their frames.

    Files of many frames add an axis; along a single index they follow on where their numbers of frames differ, or
    their own counter does, or where *one_axis* is wanted. ReadError where files are missing and that is not allowed,
    and where none can be read.
    """
    if grid.missing and not allow_missing:
        raise refuse_missing(place, grid.missing)
    if grid.missing:
        problems.append(tell_missing(place, grid.missing))
    found = iter(files.open_all([path for path in grid.paths if path is not None], problems))
    opened = [None if path is None else next(found) for path in grid.paths]
    inside = [[] if file is None else file.frames for file in opened]
    counts = Counter(len(frames) for frames in inside if frames)
    if not counts:
        raise ReadError(*problems) if problems else ReadError.at(place, "no frame can be read", "EDF frames expected")
    names, values = grid.names, tuple(as_axis(column) for column in grid.values)
    most = max(counts)
    if most > 1 and len(names) == 1 and (one_axis or len(inside) == 1 or len(counts) > 1 or _follows_on(inside)):
        common = 1 if one_axis else counts.most_common(1)[0][0]
        widths = [len(frames) if frames else common for frames in inside]
        values = (np.arange(sum(widths), dtype=np.int64),)
    else:
        widths = [most] * len(inside)
        if most > 1:
            names, values = (*names, _free("frame", names)), (*values, np.arange(most, dtype=np.int64))
        short = [path for path, frames in zip(grid.paths, inside, strict=True) if frames and len(frames) < most]
        if short:
            lacking = [f"{most} frames in {path}" for path in short if path]
            if not allow_missing:
                raise refuse_missing(place, lacking)
            problems.append(tell_missing(place, lacking))
    stack = Stack(names, values, [], {})
    for file, frames, width in zip(opened, inside, widths, strict=True):
        for index, error in (file.errors if file is not None else {}).items():
            stack.errors[len(stack.frames) + index] = error
        stack.frames += frames
        stack.frames += [None] * (width - len(frames))
    return stack


def _free(name: str, taken: Sequence[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _follows_on(inside: Sequence[list[EdfFrame]]) -> bool:
    """Tell whether the frames are numbered through all files, as Lima does."""
    last: int | None = None
    for frames in inside:
        if not frames:
            last = None
            continue
        first, end = (frame.header.get(_COUNTER, "") for frame in (frames[0], frames[-1]))
        if not first.isdecimal() or not end.isdecimal() or (last is not None and int(first) != last + 1):
            return False
        last = int(end)
    return True


def select(stack: Stack, frames: str) -> Stack:
    """Give some frames of a stack with one outer axis; RequestError for a grid, and for what is no selection."""
    if len(stack.names) > 1:
        shape = " x ".join(map(str, stack.shape))
        raise RequestError.at("--frames", f"the frames lie on a grid of {shape}", "a stack with one axis expected")
    chosen = select_frames(frames, len(stack.frames))
    errors = {at: stack.errors[index] for at, index in enumerate(chosen) if index in stack.errors}
    return Stack(stack.names, (stack.values[0][chosen],), [stack.frames[index] for index in chosen], errors)


def add(scan: Scan, stack: Stack, name: str, place: str, one_axis: bool = False) -> None:
    """Fill a scan from a stack: a detector for each shape and type, and what the headers say over all frames.

    Of a second stack only the detector and the headers are taken. A single frame is an image without a first axis
    unless *one_axis* is wanted. RequestError where frames of different kinds lie on a grid of two axes or more.
    """
    shape = stack.shape if one_axis or len(stack.frames) > 1 else ()
    dims = stack.dims if shape else ()
    kinds = _kinds(stack, place)
    first = not scan.detectors
    target = scan if first else Scan(scan.number, scan.order, scan.index, scan.place)
    values = describe(target, stack.frames, "detector", shape, dims)
    described = target.detectors.pop("detector")
    if not first:
        scan.problems += target.problems
        scan.notes[f"header_{name}"] = Field(
            f"header_{name}", target.notes["header"].value, target.notes["header"].dims
        )
    spectrum = geometry.is_spectrum(values)
    for own in kinds:
        called = free_name(name or ("mca" if spectrum else "detector"), scan.detectors)
        items = scan.detectors[called] = {}
        whole = len(own) == len(stack.frames)
        outer = shape if whole else (len(own),)
        own_dims = dims if whole else (f"frame_{called}",)
        frames = [stack.frames[index] for index in own]
        kept = [frame for frame in frames if frame is not None]
        inner = frame_dims(kept[0].shape, spectrum)
        fill_value = missing_value(kept[0].dtype) if None in frames else None
        items["data"] = Field("data", FrameStack(frames, outer, fill_value), own_dims + inner)
        if None in frames:
            mask = np.array([frame is None for frame in frames], np.uint8)
            items["frame_missing"] = Field("frame_missing", mask.reshape(outer), own_dims)
        if not whole:
            items["point"] = Field("point", np.array(own, np.int64), own_dims)
        if any(index in stack.errors for index in own):
            errors = [stack.errors.get(index) for index in own]
            items["variance"] = Field("variance", FrameStack(errors, outer, np.nan), own_dims + inner)
        items.update(of_kind(field, own, own_dims) for field in described.values() if field.name not in items)
        if spectrum:
            calibrate(items, kept[0].shape[-1], values)
    scan.length += sum(size for size in {frame.bytes: frame.bytes.size for frame in stack.frames if frame}.values())
    scan.sha256 = fingerprint([frame for frame in stack.frames if frame is not None]) + scan.sha256


def _kinds(stack: Stack, place: str) -> list[list[int]]:
    """Give the indices of the frames of each shape and type; missing ones are with the first where all are equal."""
    kinds: dict[object, list[int]] = {}
    for index, frame in enumerate(stack.frames):
        if frame is not None:
            kinds.setdefault(frame.kind[:3], []).append(index)
    if len(kinds) == 1:
        return [list(range(len(stack.frames)))]
    if len(stack.names) > 1:
        found = ", ".join(_kind(stack.frames[own[0]]) for own in list(kinds.values())[:4])
        odd = stack.frames[list(kinds.values())[1][0]]
        raise RequestError.at(
            odd.place if odd is not None else Place(place),
            f"frames of different kinds: {found}",
            "one shape and one type on a grid of indices expected",
            "convert them apart; values are never cast",
        )
    return list(kinds.values())


def _kind(frame: EdfFrame | None) -> str:
    assert frame is not None
    return f"{' x '.join(map(str, frame.shape))} of {frame.stored}"


def add_plot(scan: Scan, stack: Stack, stack_axis: str = "") -> None:
    """Suggest the stack of the first detector as the default plot, along the motors that moved, else the indices.

    *stack_axis* names another header value; RequestError where it does not change from frame to frame.
    """
    data = next(iter(scan.detectors.values()))["data"]
    plot_frames(scan, stack_axis)
    plot = scan.plots["data"]
    axes = list(plot.axes)
    for at, index in enumerate(stack.axes()):
        if at >= len(axes) or data.dims[at : at + 1] != index.dims or axes[at] is not None:
            continue
        axes[at] = _moved(scan, data.dims[: len(stack.names)], stack.shape, at) or index
        field = axes[at]
        if field is not index and field is not None:
            scan.axes[field.name] = field
    scan.plots["data"] = Plot(data, tuple(axes))
    for name, items in list(scan.detectors.items())[1:]:
        own = items["data"]
        same = own.dims[: len(stack.names)] == data.dims[: len(stack.names)]
        scan.plots[free_name(name, scan.plots)] = Plot(
            own, tuple(axes[at] if same and at < len(stack.names) else None for at in range(len(own.dims)))
        )


def _moved(scan: Scan, dims: tuple[str, ...], shape: tuple[int, ...], at: int) -> Field | None:
    """Give the one motor that moved along one axis of a grid and along no other: its positions at the first place.

    Along the others it may differ by a tenth of its smallest step.
    """
    found = []
    for name, field in scan.positioners.items():
        if field.dims != dims or len(dims) < 2 or not isinstance(field.value, np.ndarray):
            continue
        lines = np.moveaxis(field.value.reshape(shape), at, 0).reshape(shape[at], -1)
        line = lines[:, 0]
        steps = np.diff(line)
        if not len(steps) or not ((steps > 0).all() or (steps < 0).all()):
            continue
        if (np.abs(lines - line[:, None]) <= np.abs(steps).min() / 10).all():
            found.append(Field(name, line.copy(), (dims[at],), field.units, field.long_name))
    return found[0] if len(found) == 1 else None
