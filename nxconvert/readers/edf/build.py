"""A scan out of frames: stacks of equal frames as detectors, their headers as fields, and the default plot."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from nxconvert.errors import RequestError, near_names
from nxconvert.readers.edf import geometry
from nxconvert.readers.edf.describe import describe
from nxconvert.readers.edf.frames import EdfFrame, FrameStack
from nxconvert.readers.edf.gather import Values, by_layout
from nxconvert.scan import Field, Plot, Scan, free_name

#: names of the dimensions of frames, the fastest last
_DIMS = ("z", "y", "x")


def frame_dims(shape: tuple[int, ...], spectrum: bool = False) -> tuple[str, ...]:
    """Name the dimensions of a frame."""
    if spectrum or len(shape) == 1:
        return ("z", "row", "channel")[-len(shape) :]
    more = tuple(f"axis_{number}" for number in range(len(shape) - 3, 0, -1))
    return more + _DIMS[-min(3, len(shape)) :]


def add_frames(scan: Scan, frames: Sequence[EdfFrame], errors: Mapping[int, EdfFrame], stack_axis: str = "") -> None:
    """Fill a scan from the frames of one file: a detector for each shape and type, the first one is plotted.

    A single frame is an image without a first axis. Where frames differ, each detector has those of its kind, and
    ``point`` tells which they are. *stack_axis* names the header value that is the axis of the stack. RequestError
    where there is none such.
    """
    kinds: dict[object, list[int]] = {}
    for index, frame in enumerate(frames):
        kinds.setdefault((frame.shape, frame.dtype), []).append(index)
    shape = (len(frames),) if len(frames) > 1 else ()
    values = describe(scan, frames, "detector", shape)
    spectrum = geometry.is_spectrum(values)
    described = scan.detectors.pop("detector")
    for own in kinds.values():
        name = free_name("mca" if spectrum else "detector", scan.detectors)
        items = scan.detectors[name] = {}
        outer = (len(own),) if len(frames) > 1 else ()
        dims = () if not outer else ("point",) if len(own) == len(frames) else (f"frame_{name}",)
        inner = frame_dims(frames[own[0]].shape, spectrum)
        stack = FrameStack([frames[index] for index in own], outer)
        items["data"] = Field("data", stack, dims + inner)
        if len(own) < len(frames):
            items["point"] = Field("point", np.array(own, np.int64), dims)
        if any(index in errors for index in own):
            found = [errors.get(index) for index in own]
            items["variance"] = Field("variance", FrameStack(found, outer, np.nan), dims + inner)
        items.update(of_kind(field, own, dims) for field in described.values() if field.name not in items)
        if spectrum:
            calibrate(items, stack.shape[-1], values)
    add_plot(scan, stack_axis)


def of_kind(field: Field, own: Sequence[int], dims: tuple[str, ...]) -> tuple[str, Field]:
    """Give an item of a detector for the frames that are its own."""
    if field.dims[:1] == ("point",) and dims != ("point",) and isinstance(field.value, np.ndarray):
        return field.name, Field(field.name, field.value[list(own)], dims, field.units, field.long_name)
    return field.name, field


def calibrate(items: dict[str, Field], channels: int, values: Mapping[str, Values]) -> None:
    """Add channel numbers and energies of spectra."""
    start = values["mca start ch"].numbers() if "mca start ch" in values else None
    first = int(start[0][0]) if start is not None and start[0].ndim == 1 else 0
    numbers = first + np.arange(channels, dtype=np.int64)
    items["channel"] = Field("channel", numbers, ("channel",))
    found = geometry.calibration(values)
    if found is not None and found[1] != 0:
        items["calibration"] = Field("calibration", found, ("coefficient",))
        items["energy"] = Field("energy", found[0] + numbers * (found[1] + numbers * found[2]), ("channel",))


def add_plot(scan: Scan, stack_axis: str = "") -> None:
    """Suggest the default plot: the frames of the first detector, along the motor that moved where it is just one.

    *stack_axis* names another header value for the axis; RequestError where it does not change from frame to frame.
    """
    items = next(iter(scan.detectors.values()))
    data = items["data"]
    axes: list[Field | None] = [None] * len(data.dims)
    if stack_axis:
        axes[0] = _chosen_axis(scan, stack_axis)
    else:
        moved = [field for name, field in scan.positioners.items() if field.dims == ("point",) and name in scan.columns]
        if len(moved) == 1 and _is_axis(moved[0]):
            axes[0] = moved[0]
    if axes[0] is not None and data.dims[0] == "point":
        scan.axes[axes[0].name] = axes[0]
    else:
        axes[0] = None
    if data.dims[-1] == "channel":
        axes[-1] = items.get("energy") or items.get("channel")
    scan.plots["data"] = Plot(data, tuple(axes))


def _chosen_axis(scan: Scan, name: str) -> Field:
    """Find the values that the user wants as the axis of the stack."""
    known: dict[str, Field] = {}
    for fields in (scan.metadata, scan.columns, scan.positioners):
        known.update((key, field) for key, field in fields.items() if field.dims == ("point",))
    numbers = {key: field for key, field in known.items() if isinstance(field.value, np.ndarray)}
    if name not in numbers:
        hint = near_names(name, numbers)
        raise RequestError.at("--stack-axis", f"'{name}' is no number that changes from frame to frame", hint=hint)
    return numbers[name]


def _is_axis(field: Field) -> bool:
    """Tell whether positions only rise, or only fall."""
    steps = np.diff(np.asarray(field.value, np.float64))
    return bool((steps > 0).all() or (steps < 0).all())


def fingerprint(frames: Sequence[EdfFrame]) -> str:
    """Give a SHA-256 that changes with the headers, or with size or time of the files; pixels are not read for it."""
    digest = hashlib.sha256()
    files = dict.fromkeys((frame.bytes.size, frame.bytes.mtime_ns) for frame in frames)
    digest.update(repr(list(files)).encode())
    for layout, _, rows in by_layout(frames).values():
        digest.update(rows.astype("<i8").tobytes())
        digest.update(b"\n".join(layout.lines))
        # in the order in which lines began to change, however many headers were taken at once
        for number, column in sorted(layout.columns.items(), key=lambda item: (item[1].rows[1], item[0])):
            digest.update(np.array([number, *column.rows], "<i8").tobytes())
            digest.update(b"\n".join(column.lines))
    return digest.hexdigest()
