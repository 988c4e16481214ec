"""What the columns of a scan suggest: which were scanned, values on the grid of a mesh, plots, and times."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

import numpy as np

from nxconvert.arrays import LazyArray
from nxconvert.readers.spec.commands import Command
from nxconvert.readers.spec.dates import end_from_epoch
from nxconvert.readers.spec.facts import Header
from nxconvert.readers.spec.mesh import find_grid
from nxconvert.readers.spec.report import Report
from nxconvert.scan import Field, Plot, Scan

_EPOCHS = ("Epoch", "epoch")
#: in Bluesky's files the time since the scan began
_SINCE_START = "Epoch_float"
#: columns that are no signal, even if they come last
_NO_SIGNAL = frozenset((*_EPOCHS, _SINCE_START, "dt", "Pt_No"))
#: an epoch column beyond this holds absolute times, not those since the file was begun
_ABSOLUTE = 4e8


def add_grid(scan: Scan, command: Command, at: int, report: Report) -> None:
    """Place the columns of a mesh scan on its grid; where that is not possible, say why."""
    axes = list(scan.axes.values())
    if not scan.points:
        return
    if len(axes) != 2:
        _tell(report, at, "the columns of its two motors are not known")
        return
    if any(isinstance(field.value, LazyArray) for field in scan.columns.values()):
        _tell(report, at, f"{scan.points} points are too many to be placed at once", "note")
        return
    fast, slow = (np.asarray(field.value, np.float64) for field in axes)
    centres = [_stood(scan, axis.name, motion.name) for axis, motion in zip(axes, command.motions, strict=True)]
    grid = find_grid(command, fast, slow, (centres[0], centres[1]), len(scan.columns))
    if isinstance(grid, str):
        _tell(report, at, grid)
        return
    if grid.repeated:
        report.add(
            at,
            "points measured again",
            f"{grid.repeated} point{'s were' if grid.repeated > 1 else ' was'} measured twice at the same place",
            "one point for each place of the grid expected",
            "the grid has the later value, the columns have both",
            "note",
        )
    if grid.by_order:
        report.add(
            at,
            "meshes placed by order",
            "some points of this mesh were measured more than half a step beside their place",
            "the nearest place expected to be the right one",
            "the points are placed by their order, with which most positions agree",
        )
    fast_name, slow_name = axes[0].name, axes[1].name
    scan.grid[slow_name] = Field(slow_name, grid.rows, ("row",), None, axes[1].long_name)
    scan.grid[fast_name] = Field(fast_name, grid.columns, ("column",), None, axes[0].long_name)
    for name, field in scan.columns.items():
        if name not in scan.axes:
            values = grid.place(np.asarray(field.value))
            scan.grid[name] = Field(name, values, ("row", "column"), None, field.long_name)


def _tell(report: Report, at: int, reason: str, severity: str = "warning") -> None:
    report.add(
        at,
        "meshes without grid",
        "the points of this mesh cannot be placed on its grid",
        reason,
        "the columns are as in the file",
        severity,
    )


def _stood(scan: Scan, *names: str) -> float | None:
    """Give where a motor stood before the scan."""
    for name in names:
        field = scan.positioners.get(name)
        if field is not None and isinstance(field.value, float):
            return float(field.value)
    return None


def add_plots(scan: Scan) -> None:
    """Suggest plots: the image of a mesh or the curve of the last column, then the spectra of each detector."""
    axes = list(scan.axes.values())
    values = [field for field in scan.columns.values() if field.name not in scan.axes]
    signals = [field for field in values if field.name not in _NO_SIGNAL] or values
    signal = signals[-1] if signals else None
    if signal is not None and scan.grid:
        scan.plots["data"] = Plot(scan.grid[signal.name], (scan.grid[axes[1].name], scan.grid[axes[0].name]))
    elif signal is not None:
        scan.plots["data"] = Plot(signal, (axes[0] if axes else None,), tuple(axes[1:]))
    for name, detector in scan.detectors.items():
        if "data" not in detector:
            continue
        data = detector["data"]
        channel = detector.get("energy", detector["channel"])
        own = name if scan.plots and name != "data" else "data" if not scan.plots else "data_1"
        extra = _beside(detector)
        if data.dims == ("channel",):
            scan.plots[own] = Plot(data, (channel,), extra)
        else:
            scan.plots[own] = Plot(data, (axes[0] if axes and scan.points else None, channel), extra)


def _beside(detector: dict[str, Field]) -> tuple[Field, ...]:
    """Give the calibration, which PyMca looks for beside a spectrum; it counts the channels of a plot from 0."""
    numbers = detector["channel"].value
    calibration = detector.get("calibration")
    if calibration is None or not isinstance(numbers, np.ndarray) or numbers[:2].tolist() != [0, 1][: len(numbers)]:
        return ()
    return (calibration,)


def end_time(scan: Scan, header: Header) -> datetime | None:
    """Give the time of the last point from the epoch column, None without one that makes sense."""
    since = scan.columns.get(_SINCE_START)
    if since is not None:
        last = float(since.value[-1]) if isinstance(since.value, np.ndarray) and len(since.value) else math.nan
        return scan.start_time + timedelta(seconds=last) if scan.start_time and 0 <= last < _ABSOLUTE else None
    for name in _EPOCHS:
        field = scan.columns.get(name)
        if field is None or not isinstance(field.value, np.ndarray) or not len(field.value):
            continue
        first, last = float(field.value[0]), float(field.value[-1])
        base = 0.0 if abs(last) > _ABSOLUTE else header.epoch
        if base is not None and math.isfinite(first) and math.isfinite(last):
            return end_from_epoch(scan.start_time, base + first, base + last, header.clock)
    return None
