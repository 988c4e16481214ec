"""NeXus files of other programs as scans: silx, spec2nexus, ILL, and any entry that can be plotted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from blissgen import group, put

from nxconvert.arrays import FrameArray, load
from nxconvert.readers.nexus import NexusFile
from nxconvert.readers.spec import READER
from nxconvert.registry import identify
from nxconvert.scan import Scan


def read(path: Path) -> list[Scan]:
    with NexusFile(str(path)) as file:
        return list(file)


def entry(file: Any, name: str) -> Any:
    return group(file, name, "NXentry")


def table(scan: Scan) -> dict[str, list[float]]:
    return {name: load(field.value).tolist() for name, field in scan.columns.items()}  # type: ignore[arg-type]


# --- silx


SPEC = """#F a.spec
#E 1455180875
#D Thu Feb 11 09:47:55 2016
#O0 Two Theta  chi

#S 7  ascan  tth 0 1 2 1
#D Thu Feb 11 09:55:20 2016
#P0 0 45.5
#@MCA %4C
#@CHANN 4 0 3 1
#@CALIB 0.5 2 0
#N 4
#L Two Theta  Monitor  a/b  Detector
0 1000 1.5 3
@A 1 2\\
 3 4
0.5 1001 2.5 5
@A 5 6\\
 7 8
1 1002 3.5 9
@A 9 10\\
 11 12
"""


def test_what_silx_converts_has_columns_in_the_order_of_spec(tmp_path: Path) -> None:
    source, path = tmp_path / "a.spec", tmp_path / "silx.h5"
    source.write_text(SPEC)
    words = ["-m", "silx", "convert", str(source), "-o", str(path)]
    subprocess.run([sys.executable, *words], check=True, capture_output=True)
    with READER.open(str(source)) as file:
        (own,) = file
    with NexusFile(str(path)) as opened:
        (scan,) = opened
        assert (scan.identifier, scan.command) == ("7.1", own.command)
        assert table(scan) == {
            "Two Theta": [0, 0.5, 1],
            "Monitor": [1000, 1001, 1002],
            "a/b": [1.5, 2.5, 3.5],
            "Detector": [3, 5, 9],
        }
        assert list(scan.columns) == list(own.columns)
        assert list(scan.axes) == ["Two Theta"]
        assert {name: field.value for name, field in scan.positioners.items()} == {"chi": 45.5}
        assert scan.start_time == own.start_time
        assert {name: field.value for name, field in scan.notes.items()} == {
            name: own.notes[name].value for name in ("file_header", "scan_header")
        }
        detector = scan.detectors["mca_0"]
        assert load(detector["data"].value).tolist() == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]  # type: ignore[arg-type]
        assert detector["channel"].value.tolist() == [0, 1, 2, 3]  # type: ignore[union-attr]
        assert detector["calibration"].value.tolist() == [0.5, 2, 0]  # type: ignore[union-attr]


def test_real_conversions_have_the_table_of_their_source(shared_data: Path, tmp_path: Path) -> None:
    source, path = shared_data / "spec" / "oleg.dat", tmp_path / "silx.h5"
    words = ["-m", "silx", "convert", str(source), "-o", str(path)]
    subprocess.run([sys.executable, *words], check=True, capture_output=True)
    with READER.open(str(source)) as file, NexusFile(str(path)) as opened:
        for own, scan in zip(file, opened, strict=True):
            assert (list(scan.columns), list(scan.axes)) == (list(own.columns), list(own.axes))
            for name, field in own.columns.items():  # silx keeps single precision only
                assert np.array_equal(scan.columns[name].value, np.float32(field.value)), name  # type: ignore[arg-type]
            spectra, expected = (item.detectors["mca_0"]["data"].value for item in (scan, own))
            assert np.array_equal(load(spectra), load(expected))  # type: ignore[arg-type]


def test_entries_below_a_group_for_each_source_are_found(tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        for name in ("b.spec", "a.spec"):
            for number in (10, 2):
                made = entry(file, f"{name}/{number}.1")
                put(group(made, "measurement"), "det", [float(number)])
            file[name].attrs["NX_class"] = "NXroot"
    with NexusFile(str(path)) as opened:
        assert opened.entries() == ["a.spec/2.1", "a.spec/10.1", "b.spec/2.1", "b.spec/10.1"]
        assert [scan.identifier for scan in opened] == ["2.1", "10.1", "2.2", "10.2"]


# --- spec2nexus


def spec2nexus(path: Path) -> None:
    """Write what spec2nexus makes of two scans, the second of them the second one with its number."""
    with h5py.File(path, "w") as file:
        for name in ("S5", "S5.1"):
            made = entry(file, name)
            made.attrs["default"] = "data"
            put(made, "title", ["5  ascan  th 0 2 2 1"])
            put(made, "command", ["ascan  th 0 2 2 1"])
            put(made, "date", ["2011-02-10T22:43:43"])
            put(made, "comments", ["line 1\nline 2"])
            put(made, "counting_basis", ["SPEC scan with constant counting time"])
            put(made, "T", [0.5], "s")
            data = group(made, "data", "NXdata")
            data.attrs.update({"signal": "det", "axes": "two_theta", "two_theta_indices": [0]})
            for label, own, values in (
                ("Mon", "Mon", [7.0, 8.0, 9.0]),
                ("det", "det", [1.0, 2.0, 3.0]),
                ("two_theta", "two theta", [0.0, 1.0, 2.0]),
            ):
                put(data, label, values).attrs["spec_name"] = own
            put(data, "_mca_", np.arange(12).reshape(3, 4)).attrs["axes"] = "two_theta:_mca_channel_"
            put(data, "_mca_channel_", np.arange(1, 5))
            mca = group(made, "MCA", "NXnote")
            for key, value in zip("abc", (1.0, 0.5, 0.0), strict=True):
                put(mca, f"calib_{key}", [value])
            put(mca, "first_saved", [10])
            put(mca, "last_saved", [13])
            group(made, "instrument", "NXinstrument")["positioners"] = group(made, "positioners", "NXnote")
            for motor, value in (("two_theta", -1.5), ("chi", 4.0)):
                position = group(made, f"positioners/{motor}", "NXpositioner")
                position.attrs["spec_name"] = motor.replace("_", " ")
                put(position, "name", [motor])
                put(position, "value", [value])


def test_what_spec2nexus_converts_has_columns_positions_and_spectra(tmp_path: Path) -> None:
    spec2nexus(tmp_path / "x.hdf5")
    first, second = read(tmp_path / "x.hdf5")
    assert [(scan.number, scan.order) for scan in (first, second)] == [(5, 1), (5, 2)]
    assert first.command == "ascan  th 0 2 2 1"
    assert first.start_time is not None
    assert first.start_time.isoformat() == "2011-02-10T22:43:43"
    assert table(first) == {"two theta": [0, 1, 2], "Mon": [7, 8, 9], "det": [1, 2, 3]}
    assert list(table(first)) == ["two theta", "Mon", "det"]
    assert list(first.axes) == ["two theta"]
    assert {name: field.value for name, field in first.positioners.items()} == {"two theta": -1.5, "chi": 4.0}
    assert (first.metadata["count_time"].value, first.metadata["count_time"].units) == (0.5, "s")
    assert first.metadata["comments"].value == ["line 1", "line 2"]
    detector = first.detectors["_mca_"]
    assert detector["data"].value.tolist() == np.arange(12).reshape(3, 4).tolist()  # type: ignore[union-attr]
    # it counts the channels of the plot from 1, whatever the first one is
    assert detector["channel"].value.tolist() == [10, 11, 12, 13]  # type: ignore[union-attr]
    assert detector["calibration"].value.tolist() == [1, 0.5, 0]  # type: ignore[union-attr]


# --- ILL


def test_a_real_file_of_ill_gives_its_spectra_and_detectors(shared_data: Path) -> None:
    path = shared_data / "ill-nexus" / "001420.nxs"
    with NexusFile(str(path)) as opened:
        (scan,) = opened
        assert (scan.number, scan.title) == (1420, "internal use")
        assert (scan.start_time.isoformat(), scan.end_time.isoformat()) == (  # type: ignore[union-attr]
            "2013-03-04T14:35:44",
            "2013-03-04T14:55:14",
        )
        names = [f"tof_wavelength_detector{number}" for number in range(1, 6)]
        assert list(scan.columns) == ["monitor1", "monitor2", *names]
        with h5py.File(path, locking=False) as file:
            raw = file["entry0"]
            assert np.array_equal(scan.columns["monitor1"].value, raw["monitor1/data"][0, 0])
            for name in names:
                assert np.array_equal(scan.columns[name].value, raw["D33/tof"][name][()])
            for number in range(1, 6):
                field = scan.detectors[f"data{number}"]["data"]
                assert field.dims == ("x", "y", "time_of_flight")
                assert np.array_equal(load(field.value), raw[f"data{number}/data{number}"][()])  # type: ignore[arg-type]
        assert (scan.metadata["duration"].value, scan.metadata["duration"].units) == (1020.0, "Sec")
        assert scan.instrument["name"].value == "D33"
        assert scan.instrument["collimation.col1_actual_state"].value == "in"
        assert scan.sample["temperature"].value == np.float32(8.511)
        assert scan.user["namelocalcontact"].value == "internal"
        assert scan.monitor["preset"].value == 10.0
        assert scan.problems == []


def test_a_scan_of_ill_has_its_variables_as_columns(tmp_path: Path) -> None:
    path = tmp_path / "x.nxs"
    frames = np.arange(24, dtype=np.int32).reshape(3, 4, 2)
    with h5py.File(path, "w") as file:
        made = entry(file, "entry0")
        put(made, "title", ["omega scan"])
        put(made, "run_number", np.array([68288], np.int32))
        put(made, "start_time", ["04-Mar-13 14:35:44"])
        group(made, "data_scan", "NXdata")
        variables = group(made, "data_scan/scanned_variables", "ILL_data_scan_vars")
        put(variables, "data", np.array([[0.5, 1.0, 1.5], [10.0, 10.1, 10.2], [7.0, 8.0, 9.0]]))
        names = group(variables, "variables_names", "ILL_data_scan_vars")
        put(names, "name", ["Time", "omega", "Monitor1"])
        put(names, "unit", ["s", "degree", ""])
        put(names, "scanned", np.array([0, 1, 0]))
        detector = group(made, "data_scan/detector_data", "ILL_detectors_data_scan")
        detector["data"] = frames
        group(made, "instrument", "NXinstrument")
        motor = group(made, "instrument/chi", "NXpositioner")
        put(motor, "value", np.array([90.25], np.float32))
    with NexusFile(str(path)) as opened:
        (scan,) = opened
        assert scan.identifier == "68288.1"
        assert table(scan) == {"Time": [0.5, 1, 1.5], "omega": [10, 10.1, 10.2], "Monitor1": [7, 8, 9]}
        assert [field.units for field in scan.columns.values()] == ["s", "degree", None]
        assert list(scan.axes) == ["omega"]
        assert {name: field.value for name, field in scan.positioners.items()} == {"chi": 90.25}
        images = scan.detectors["detector"]["data"]
        assert images.dims == ("point", "x", "y")
        assert isinstance(images.value, FrameArray)
        assert [images.value.frame(index).tolist() for index in range(3)] == frames.tolist()  # type: ignore[union-attr]


# --- what can be plotted


def test_a_curve_is_a_table_with_its_axis_first(tmp_path: Path) -> None:
    path = tmp_path / "x.nxs"
    with h5py.File(path, "w") as file:
        made = entry(file, "entry")
        put(made, "start_time", "2024-01-02T03:04:05Z")
        data = group(made, "data", "NXdata")
        data.attrs.update({"signal": "counts", "axes": ["tth"], "tth_indices": 0})
        put(data, "counts", np.array([5, 6, 7], np.int32))
        put(data, "counts_errors", np.array([0.5, 0.6, 0.7]))
        put(data, "tth", np.array([1.0, 2.0, 3.0]), "degree")
        put(data, "title", "a curve")
        second = group(made, "other", "NXdata")
        second.attrs["signal"] = "counts"
        put(second, "counts", np.array([50, 60, 70]))
        third = group(made, "short", "NXdata")
        third.attrs.update({"signal": "y", "axes": ["x"]})
        put(third, "y", np.array([1.0, 2.0]))
        put(third, "x", np.array([3.0, 4.0]))
    (scan,) = read(path)
    assert scan.start_time is not None
    assert scan.start_time.isoformat() == "2024-01-02T03:04:05+00:00"
    assert table(scan) == {
        "tth": [1, 2, 3],
        "counts_errors": [0.5, 0.6, 0.7],
        "counts": [5, 6, 7],
        "other_counts": [50, 60, 70],
    }
    assert next(iter(scan.columns)) == "tth"
    assert (scan.columns["tth"].units, list(scan.axes)) == ("degree", ["tth"])
    assert scan.columns["counts"].value.dtype == np.int32  # type: ignore[union-attr]
    # a curve on other points is no column
    assert list(scan.detectors) == ["short"]
    assert list(scan.plots) == ["data", "other", "short"]


def test_old_ways_to_say_signal_and_axes_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "x.nxs"
    with h5py.File(path, "w") as file:
        for name in ("entry1", "entry2"):
            data = group(entry(file, name), "data", "NXdata")
            signal = put(data, "counts", np.array([5.0, 6.0]))
            signal.attrs["signal"] = np.int32(1) if name == "entry1" else "1"
            axis = put(data, "x", np.array([1.0, 2.0]))
            if name == "entry1":
                signal.attrs["axes"] = "x"
            else:
                axis.attrs["axis"] = 1
    for scan in read(path):
        assert table(scan) == {"x": [1, 2], "counts": [5, 6]}
        assert list(scan.axes) == ["x"]


def test_images_without_columns_are_a_detector(tmp_path: Path) -> None:
    path = tmp_path / "x.nxs"
    frames = np.arange(24, dtype=">u2").reshape(2, 3, 4)
    with h5py.File(path, "w") as file:
        made = entry(file, "entry")
        detector = group(made, "instrument/camera", "NXdetector")
        group(made, "instrument", "NXinstrument")
        detector["data"] = frames
        put(detector, "distance", 0.25, "m")
        put(detector, "pixel_mask", np.zeros((3, 4), np.uint8))
        data = group(made, "data", "NXdata")
        data.attrs.update({"signal": "data", "axes": ["energy", ".", "."]})
        data["data"] = detector["data"]
        put(data, "energy", np.array([7.0, 7.1]), "keV")
    with NexusFile(str(path)) as opened:
        (scan,) = opened
        images = scan.detectors["camera"]["data"]
        assert scan.columns == {}
        assert scan.plots["data"].signal is images
        assert [axis and axis.name for axis in scan.plots["data"].axes] == ["energy", None, None]
        assert isinstance(images.value, FrameArray)
        assert (images.value.dtype, images.value.stored) == (np.dtype("<u2"), np.dtype(">u2"))
        assert load(images.value).tolist() == frames.tolist()
        assert scan.detectors["camera"]["pixel_mask"].dims == ("y", "x")
        assert (scan.detectors["camera"]["distance"].value, scan.detectors["camera"]["distance"].units) == (0.25, "m")


@pytest.mark.parametrize("endian", ["<", ">"])
@pytest.mark.parametrize("kind", ["i1", "u2", "i4", "u8", "f2", "f4", "f8"])
def test_every_number_type_keeps_its_width(tmp_path: Path, kind: str, endian: str) -> None:
    path = tmp_path / "x.nxs"
    values = np.array([0, 1, 100], endian + kind)
    with h5py.File(path, "w") as file:
        put(group(entry(file, "1.1"), "measurement"), "det", values)
    (scan,) = read(path)
    found = scan.columns["det"].value
    assert found.dtype == np.dtype(kind)  # type: ignore[union-attr]
    assert found.dtype.isnative  # type: ignore[union-attr]
    assert found.tolist() == [0, 1, 100]  # type: ignore[union-attr]


def test_text_is_read_however_it_is_stored(tmp_path: Path) -> None:
    path = tmp_path / "x.nxs"
    with h5py.File(path, "w") as file:
        made = entry(file, "entry")
        made["title"] = np.array([b"fixed \xc3\xa9"])
        sample = group(made, "sample", "NXsample")
        sample["latin"] = np.bytes_(b"caf\xe9")
        sample.create_dataset("ascii", data="plain", dtype=h5py.string_dtype("ascii"))
        sample["words"] = ["a", "b"]
        sample["flag"] = True
        sample["choice"] = np.int8(1)
        sample.create_dataset("enum", data=2, dtype=h5py.enum_dtype({"ON": 2, "OFF": 3}, basetype="i2"))
        sample["nothing"] = h5py.Empty("S1")
    (scan,) = read(path)
    assert scan.title == "fixed é"
    assert {name: field.value for name, field in scan.sample.items()} == {
        "ascii": "plain",
        "choice": 1,
        "enum": 2,
        "flag": True,
        "latin": "caf\ufffd",
        "words": ["a", "b"],
    }


def test_a_user_block_before_the_signature_is_no_hindrance(tmp_path: Path) -> None:
    path = tmp_path / "x.nxs"
    with h5py.File(path, "w", userblock_size=1024) as file:
        put(group(entry(file, "1.1"), "measurement"), "det", [1.0])
    assert identify(str(path)).name == "nexus"
    assert [table(scan) for scan in read(path)] == [{"det": [1.0]}]
