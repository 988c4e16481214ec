"""Raster scans: files on a grid of indices, with the motors that move along its axes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import seriesgen
from edfseries import equal, read
from seriesgen import frame

from nxconvert.errors import ReadError
from nxconvert.scan import Scan


def raster(
    folder: Path, rows: int = 3, columns: int = 4, scan: int = 7, jitter: float = 0.0, snake: bool = False
) -> None:
    """Write a file for each point; sy moves along the rows, sx along the columns."""
    rng = np.random.default_rng(2)
    for row in range(rows):
        for column in range(columns):
            x = 0.1 * (columns - 1 - column if snake and row % 2 else column) + jitter * rng.uniform(-1, 1)
            items = {
                "motor_mne": "sx sy e",
                "motor_pos": f"{x:.6f} {5 + 2 * row} 7.1",
                "counter_mne": "mon det",
                "counter_pos": f"{1000 + row} {10 * row + column}",
            }
            seriesgen.write(
                folder / f"root_{scan:04d}_{row:04d}_{column:04d}.edf", frame(10 * row + column), items=items
            )


def check(scan: Scan, rows: int = 3, columns: int = 4) -> None:
    data = scan.detectors["detector"]["data"]
    assert data.dims == ("row", "column", "y", "x")
    equal(data.value, np.array([[frame(10 * r + c) for c in range(columns)] for r in range(rows)]))
    assert scan.plots["data"].signal is data
    assert next(iter(scan.plots)) == "data"


def shown(scan: Scan) -> list[tuple[str, tuple[str, ...]] | None]:
    return [axis and (axis.name, axis.dims) for axis in scan.plots["data"].axes]


@pytest.mark.parametrize(
    "pattern", ["", "root_%04d_%04d_%04d.edf", "root_0007_%04d_%04d.edf", "root_{scan}_{y}_{x}.edf"]
)
def test_a_raster_has_the_positions_of_its_motors(tmp_path: Path, pattern: str) -> None:
    raster(tmp_path)
    found = read(tmp_path / pattern if pattern else tmp_path, tmp_path)
    scan = found.scan
    check(scan)
    assert shown(scan) == [("sy", ("row",)), ("sx", ("column",)), None, None]
    np.testing.assert_array_equal(scan.axes["sy"].value, [5, 7, 9])
    np.testing.assert_array_equal(scan.axes["sx"].value, [0, 0.1, 0.2, 0.3])
    assert scan.columns["det"].dims == ("row", "column")
    np.testing.assert_array_equal(scan.columns["det"].value, [[10 * r + c for c in range(4)] for r in range(3)])
    np.testing.assert_array_equal(scan.columns["mon"].value, [[1000 + r] * 4 for r in range(3)])
    assert scan.positioners["e"].value == 7.1
    assert found.problems == []


def test_positions_may_differ_by_little(tmp_path: Path) -> None:
    raster(tmp_path, jitter=0.002)
    scan = read(tmp_path, tmp_path).scan
    assert shown(scan)[:2] == [("sy", ("row",)), ("sx", ("column",))]
    np.testing.assert_array_equal(scan.axes["sx"].value, scan.columns["sx"].value[0])  # type: ignore[index]


@pytest.mark.parametrize("odd", [{"jitter": 0.04}, {"snake": True}])
def test_where_positions_are_no_axis_the_indices_are(tmp_path: Path, odd: dict[str, float]) -> None:
    raster(tmp_path, **odd)  # type: ignore[arg-type]
    scan = read(tmp_path / "root_{scan}_{line}_{step}.edf", tmp_path).scan
    check(scan)
    assert shown(scan)[:2] == [("sy", ("row",)), ("step", ("column",))]
    np.testing.assert_array_equal(scan.plots["data"].axes[1].value, range(4))  # type: ignore[union-attr]


def test_several_scans_are_numbered_by_their_files(tmp_path: Path) -> None:
    raster(tmp_path, scan=3)
    raster(tmp_path, scan=12, rows=2)
    found = read(tmp_path / "root_%04d_%04d_%04d.edf", tmp_path)
    assert [scan.identifier for scan in found.scans] == ["3.1", "12.1"]
    check(found.scans[0])
    check(found.scans[1], rows=2)


def test_missing_points_are_listed_or_masked(tmp_path: Path) -> None:
    raster(tmp_path)
    for name in ("root_0007_0001_0002.edf", "root_0007_0002_0003.edf"):
        (tmp_path / name).unlink()
    path = tmp_path / "root_%04d_%04d_%04d.edf"
    with pytest.raises(ReadError) as error:
        read(path, tmp_path)
    assert str(error.value) == (
        f"{path}: 2 files are missing: root_0007_0001_0002.edf, root_0007_0002_0003.edf, one for each index expected\n"
        "  hint: --allow-missing writes a fill value in their places and marks them"
    )
    scan = read(path, tmp_path, allow_missing=True).scan
    fields = scan.detectors["detector"]
    np.testing.assert_array_equal(fields["frame_missing"].value, [[0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    assert fields["frame_missing"].dims == ("row", "column")
    assert (fields["data"].value[1, 2] == 65535).all()
    equal(fields["data"].value[2, 2], frame(22))
    assert np.isnan(scan.columns["det"].value[1, 2])  # type: ignore[index]


def test_three_named_indices_are_three_dimensions(tmp_path: Path) -> None:
    for t in range(2):
        for y in range(2):
            for x in range(3):
                seriesgen.write(tmp_path / f"a_{t}_{y}_{x}.edf", frame(100 * t + 10 * y + x))
    data = read(tmp_path / "a_{temperature}_{sy}_{sx}.edf", tmp_path).scan.detectors["detector"]["data"]
    assert data.dims == ("temperature", "sy", "sx", "y", "x")
    equal(data.value[1, 0, 2], frame(102))
    assert data.value.shape == (2, 2, 3, 3, 4)
