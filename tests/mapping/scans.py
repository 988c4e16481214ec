"""Scans built by hand, as readers would give them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np

from nxconvert.arrays import Array, LazyArray
from nxconvert.errors import Place
from nxconvert.scan import Field, Plot, Scan

CET = timezone(timedelta(hours=1))


class Lazy(LazyArray):
    """An array that gives its values in blocks of some rows, and counts how often it is read."""

    def __init__(self, values: Any, rows: int = 2) -> None:
        self.values = np.asarray(values)
        self.shape, self.dtype = self.values.shape, self.values.dtype
        self.rows, self.passes = rows, 0

    def blocks(self) -> Iterator[Array]:
        self.passes += 1
        for start in range(0, self.shape[0], self.rows):
            yield self.values[start : start + self.rows]


def fields(dims: tuple[str, ...] = (), **values: Any) -> dict[str, Field]:
    """Give fields by name, all with the same dimensions."""
    return {name: Field(name, value, dims) for name, value in values.items()}


def angle_scan(number: int = 1, order: int = 1, **changes: Any) -> Scan:
    """Give a scan of th with a monitor and a detector that counts: 3 points."""
    columns = fields(
        ("point",), th=np.array([1.0, 1.5, 2.0]), Epoch=np.array([0.0, 1.5, 3.0]), mon=np.array([90, 91, 92])
    )
    columns["det"] = Field("det", np.array([5, 7, 6]), ("point",))
    scan = Scan(
        number,
        order,
        number - 1,
        Place("scans.spec", 10 * number),
        title="ascan th 1 2 2 1",
        command="ascan  th 1 2 2 1",
        start_time=datetime(2024, 1, 2, 3, 4, 5, tzinfo=CET),
        end_time=datetime(2024, 1, 2, 3, 4, 8, tzinfo=CET),
        status="complete",
        columns=columns,
        axes={"th": columns["th"]},
        positioners=fields(th=np.float64(1.0), **{"Two Theta": np.float64(30.0)}),
        monitor=fields(mode="timer", preset=1.0),
        metadata=fields(count_time=1.0, comments=["one", "two"]),
        notes=fields(scan_header="#S 1", file_header="#F scans.spec"),
        plots={"data": Plot(columns["det"], (columns["th"],))},
    )
    for name, value in changes.items():
        setattr(scan, name, value)
    return scan


def energy_scan() -> Scan:
    """Give a scan of an energy, 4 points, with I0 as monitor and It as signal."""
    columns = fields(
        ("point",),
        energy=np.array([7.10, 7.11, 7.12, 7.13]),
        I0=np.array([100, 101, 102, 103]),
        It=np.array([50, 40, 20, 10]),
    )
    return angle_scan(
        columns=columns,
        axes={"energy": columns["energy"]},
        positioners=fields(energy=np.float64(7.1)),
        plots={"data": Plot(columns["It"], (columns["energy"],))},
    )


def spectrum_scan(points: int | None = None) -> Scan:
    """Give spectra of 4 channels: one without points, or one for each of *points* of an ascan of sx."""
    columns: dict[str, Field] = {}
    dims: tuple[str, ...] = ("channel",)
    counts = np.array([1, 8, 5, 2])
    if points is not None:
        columns = fields(("point",), sx=np.arange(points) * 0.5, mon=np.arange(points) + 90)
        dims, counts = ("point", "channel"), np.arange(points)[:, None] + counts
    detector = {
        "data": Field("data", counts, dims),
        "channel": Field("channel", np.arange(4), ("channel",)),
        "energy": Field("energy", np.array([0.5, 1.0, 1.5, 2.0]), ("channel",)),
        "live_time": Field("live_time", 0.9, (), "s"),
    }
    axes = (*([columns["sx"]] if columns else []), detector["energy"])
    plots = {"mca_0": Plot(detector["data"], axes)}
    if columns:
        plots = {"data": Plot(columns["mon"], (columns["sx"],)), **plots}
    return angle_scan(
        columns=columns,
        axes={"sx": columns["sx"]} if columns else {},
        positioners=fields(energy=np.float64(12.0)),
        detectors={"mca_0": detector},
        plots=plots,
    )


def mesh_scan() -> Scan:
    """Give a mesh of 2 rows and 3 columns whose last point was not measured."""
    columns = fields(
        ("point",),
        sx=np.array([0.0, 1.0, 2.0, 0.0, 1.0]),
        sy=np.array([5.0, 5.0, 5.0, 6.0, 6.0]),
        det=np.array([1, 2, 3, 4, 5]),
    )
    grid = {
        "sy": Field("sy", np.array([5.0, 6.0]), ("row",)),
        "sx": Field("sx", np.array([0.0, 1.0, 2.0]), ("column",)),
        "det": Field("det", np.array([[1.0, 2.0, 3.0], [4.0, 5.0, np.nan]]), ("row", "column")),
    }
    return angle_scan(
        columns=columns,
        axes={"sx": columns["sx"], "sy": columns["sy"]},
        grid=grid,
        scan_shape=(2, 3),
        plots={"data": Plot(grid["det"], (grid["sy"], grid["sx"]))},
    )
