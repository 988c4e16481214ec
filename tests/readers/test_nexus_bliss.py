"""Files of Bliss as scans: one that blisswriter itself wrote, and generated ones for what it does not show."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from blissgen import Bliss, lima, master

from nxconvert.arrays import FrameArray, LazyArray, load
from nxconvert.readers.nexus import NexusFile, entry_name
from nxconvert.scan import Scan


def read(path: Path) -> tuple[dict[str, Scan], list[str]]:
    """Give the scans by the names of their entries, and the problems of the file."""
    with NexusFile(str(path)) as file:
        scans = {entry_name(scan): scan for scan in file}
        for scan in scans.values():
            keep(scan)
        return scans, [str(problem).removeprefix(f"{path}: ") for problem in file.problems]


def keep(scan: Scan) -> None:
    """Load what stays in the file."""
    for fields in scan.detectors.values():
        for field in fields.values():
            if isinstance(field.value, LazyArray) and not isinstance(field.value, FrameArray):
                field.value = load(field.value)


def told(scan: Scan) -> list[str]:
    return [str(problem).partition(": ")[2] for problem in scan.problems]


def values(scan: Scan, name: str) -> list[float]:
    return scan.columns[name].value.tolist()  # type: ignore[union-attr]


# --- the real file

SHOWN = {
    # number, order, status, columns with the scanned ones first, how many of them were scanned, points
    "1.1": (
        "complete",
        "Emono I0 I1 I2 elapsed_time epoch mca1_det0_FeKa mca1_det0_elapsed_time mca1_det0_trigger_count_rate",
        1,
        61,
    ),
    "2.1": ("complete", "elapsed_time epoch I0", 2, 1),
    "3.1": ("complete", "elapsed_time epoch I0 I1", 2, 10),
    "4.1": ("complete", "Emono Emono_enc I0 I1 timer_trig", 1, 200),
    "4.2": ("complete", "elapsed_time epoch mon4", 2, 15),
    "5.1": ("complete", "sx sy I0 I1 elapsed_time epoch", 2, 24),
    "6.1": ("aborted", "sx I0 elapsed_time epoch", 1, 13),
    "7.1": ("complete", "sx sz I0 I0_N I0_max I0_min I0_std elapsed_time epoch", 2, 11),
    "8.1": ("complete", "sx eiger_roi1 eiger_roi1_max elapsed_time epoch", 1, 8),
    "9.1": ("complete", "", 0, 0),
    "10.1": ("complete", "elapsed_time epoch I0", 2, 3),
}


def test_the_entries_of_a_real_file_come_in_natural_order_with_their_columns(shared_data: Path) -> None:
    scans, problems = read(shared_data / "bliss" / "Foil_0001.h5")
    assert problems == []
    assert list(scans) == list(SHOWN)
    for name, (status, columns, scanned, points) in SHOWN.items():
        scan = scans[name]
        assert (scan.identifier, scan.status, scan.points) == (name, status, points), name
        assert " ".join(scan.columns) == columns, name
        assert list(scan.axes) == columns.split()[:scanned], name
        assert all(scan.axes[key] is scan.columns[key] for key in scan.axes)
        with h5py.File(shared_data / "bliss" / "Foil_0001.h5", locking=False) as file:
            for key, field in scan.columns.items():
                stored = file[f"{name}/measurement/{key}"]
                assert np.array_equal(field.value, np.atleast_1d(stored[()])), (name, key)
                assert field.units == stored.attrs.get("units")


def test_a_real_scan_has_its_spectra_positions_dates_and_what_the_beamline_says(shared_data: Path) -> None:
    scans, _ = read(shared_data / "bliss" / "Foil_0001.h5")
    scan = scans["1.1"]
    assert (scan.title, scan.command) == ("ascan Emono 7 7.3 60 0.5",) * 2
    assert (scan.start_time.isoformat(), scan.end_time.isoformat()) == (  # type: ignore[union-attr]
        "2024-03-15T10:00:05.123456+01:00",
        "2026-11-20T09:32:16.243705+00:00",
    )
    detector = scan.detectors["mca1_det0"]
    assert list(detector) == ["FeKa", "data", "elapsed_time", "trigger_count_rate", "type"]
    assert detector["data"].dims == ("point", "channel")
    assert (detector["data"].value.shape, detector["data"].value.dtype) == ((61, 64), np.uint32)  # type: ignore[union-attr]
    assert detector["FeKa"] is scan.columns["mca1_det0_FeKa"]
    assert {name: field.value for name, field in scan.positioners.items()} == {
        "Emono": 7.0,
        "bragg": 16.33,
        "broken": "ERR",
        "hgap": 2.0,
        "sx": 1.25,
        "sy": -3.5,
        "sz": 0.0,
    }
    assert scan.positioners["bragg"].units == "deg"
    assert scan.sample["name"].value == "Foil"
    assert scan.instrument["name"].value == "ESRF-BM23"
    assert scan.instrument["mono.crystal.d_spacing"].value == 3.1356e-10
    assert scan.instrument["machine.current"].units == "mA"
    assert scan.metadata["technique.exafs.element"].value == "Fe"
    assert (scan.metadata["count_time"].value, scan.metadata["count_time"].units) == (0.5, "s")
    assert scan.notes["note_01"].value == "Fe foil, first scan"
    plot = scan.plots["data"]
    assert plot.signal is scan.columns["I1"]
    assert plot.axes == (scan.columns["Emono"],)


def test_a_real_mesh_has_its_grid_and_the_fast_motor_first(shared_data: Path) -> None:
    scans, _ = read(shared_data / "bliss" / "Foil_0001.h5")
    scan = scans["5.1"]
    assert scan.scan_shape == (4, 6)
    assert {name: (field.dims, field.value.shape) for name, field in scan.grid.items()} == {  # type: ignore[union-attr]
        "sy": (("row",), (4,)),
        "sx": (("column",), (6,)),
        "I1": (("row", "column"), (4, 6)),
    }
    assert scan.grid["I1"].value.reshape(-1).tolist() == values(scan, "I1")  # type: ignore[union-attr]
    assert scan.plots["data"].signal is scan.grid["I1"]
    assert scan.plots["data"].axes == (scan.grid["sy"], scan.grid["sx"])


def test_a_real_aborted_scan_keeps_all_points_and_says_so(shared_data: Path) -> None:
    scans, _ = read(shared_data / "bliss" / "Foil_0001.h5")
    assert [len(field.value) for field in scans["6.1"].columns.values()] == [13, 12, 12, 12]  # type: ignore[arg-type]
    assert told(scans["6.1"]) == [
        "the columns of '/6.1' differ in length: 13 points of 'sx'; 12 points of 'I0', 'elapsed_time', 'epoch', "
        "equal lengths expected\n"
        "  hint: the scan was aborted, or is being written; each column is as long as in the file"
    ]
    assert [problem.severity for problem in scans["6.1"].problems] == ["warning"]
    assert all(scan.problems == [] for name, scan in scans.items() if name != "6.1")


def test_real_images_are_read_one_by_one_from_the_files_of_the_camera(shared_data: Path) -> None:
    with NexusFile(str(shared_data / "bliss" / "Foil_0001.h5")) as file:
        (scan,) = file.scans(lambda number, _: number == 8)
        frames = scan.detectors["eiger"]["data"].value
        assert isinstance(frames, FrameArray)
        assert (frames.shape, frames.frame_shape, frames.dtype) == ((8, 12, 16), (12, 16), np.uint16)
        assert scan.detectors["eiger"]["data"].dims == ("point", "y", "x")
        assert scan.detectors["eiger"]["x_pixel_size"].value == 7.5e-05
        found = [frames.frame(index) for index in range(frames.frames)]
    parts = []
    for number in range(3):
        with h5py.File(shared_data / "bliss" / "scan0008" / f"eiger_000{number}.h5", locking=False) as file:
            parts.append(file["entry_0000/measurement/data"][()])
    assert np.array_equal(found, np.concatenate(parts))


# --- generated files


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_scan_of_each_version_has_the_scanned_motor_first(tmp_path: Path, version: int) -> None:
    path = tmp_path / "a.h5"
    with Bliss(path, version) as bliss:
        scan = bliss.scan("3.1", "ascan zz 0 2 2 0.5")
        scan.counter("I0", np.array([5.0, 6.0, 7.0]))
        scan.moving("zz", np.array([0.0, 1.0, 2.0]), start=-4.5)
        scan.motors(aa=1.5, broken="ERR")
        scan.spectra("mca", np.arange(12, dtype=np.uint32).reshape(3, 4), Fe=np.array([1, 2, 3]))
    scans, problems = read(path)
    (made,) = scans.values()
    assert (problems, told(made)) == ([], [])
    assert list(made.columns) == ["zz", "I0", "mca_Fe"]
    assert list(made.axes) == ["zz"]
    assert (values(made, "zz"), values(made, "I0"), values(made, "mca_Fe")) == ([0, 1, 2], [5, 6, 7], [1, 2, 3])
    assert made.columns["mca_Fe"].value.dtype == np.int64  # type: ignore[union-attr]
    assert {name: field.value for name, field in made.positioners.items()} == {"aa": 1.5, "broken": "ERR", "zz": -4.5}
    assert made.detectors["mca"]["data"].value.tolist() == np.arange(12).reshape(3, 4).tolist()  # type: ignore[union-attr]
    assert made.status == (None if version == 1 else "complete")
    assert made.metadata["count_time"].value == 0.5


def test_without_positions_at_the_start_the_single_ones_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with Bliss(path) as bliss:
        scan = bliss.scan("1.1", "ascan x 0 1 1 1")
        scan.moving("x", np.array([0.0, 1.0]))
        scan.motors(y=2)
        del scan.entry["instrument/positioners_start"]
    (made,) = read(path)[0].values()
    assert {name: field.value for name, field in made.positioners.items()} == {"y": 2.0}
    assert type(made.positioners["y"].value) is np.float64
    assert list(made.axes) == ["x"]


def test_a_single_count_with_spectrum_and_image_is_one_row(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with Bliss(path) as bliss:
        scan = bliss.scan("1.1", "ct 1")
        scan.counter("I0", 7)
        scan.counter("cam", np.arange(6, dtype=np.uint16).reshape(2, 3), "image")
        scan.entry["instrument/cam/image"].attrs["interpretation"] = "image"
        scan.spectra("mca", np.arange(4))
    (made,) = read(path)[0].values()
    assert [(name, field.dims) for name, field in made.columns.items()] == [("I0", ("point",))]
    assert (values(made, "I0"), made.columns["I0"].value.dtype) == ([7], np.int64)  # type: ignore[union-attr]
    assert made.detectors["mca"]["data"].dims == ("channel",)
    assert made.detectors["cam"]["data"].dims == ("y", "x")
    assert made.detectors["cam"]["data"].value.tolist() == [[0, 1, 2], [3, 4, 5]]  # type: ignore[union-attr]


def test_subscans_and_a_sequence_are_scans_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with Bliss(path) as bliss:
        for name in ("10.1", "2.10", "2.2", "2.1"):
            bliss.scan(name, "timescan 1").counter("I0", np.arange(3.0))
        bliss.scan("1.1", "sequence", measured=False)
    scans, _ = read(path)
    assert [(name, scan.number, scan.order, scan.index, len(scan.columns)) for name, scan in scans.items()] == [
        ("1.1", 1, 1, 0, 0),
        ("2.1", 2, 1, 1, 1),
        ("2.2", 2, 2, 2, 1),
        ("2.10", 2, 10, 3, 1),
        ("10.1", 10, 1, 4, 1),
    ]


def test_a_scan_that_is_being_written_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with Bliss(path) as bliss:
        bliss.scan("1.1", "timescan 1", ended=None).counter("I0", np.arange(3.0))
        bliss.file.flush()
    (made,) = read(path)[0].values()
    assert (made.status, made.end_time, values(made, "I0")) == (None, None, [0, 1, 2])
    assert told(made) == [
        "the scan '/1.1' is still being written, or was never finished: its writer says RUNNING\n"
        "  hint: what is there is read"
    ]


def test_images_of_a_file_that_is_not_there_are_missing_and_not_zero(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    frames = np.arange(1, 25, dtype=np.uint16).reshape(4, 2, 3)
    lima(tmp_path / "scan0001" / "cam_0000.h5", frames[:2])
    with Bliss(path) as bliss:
        scan = bliss.scan("1.1", "timescan 1")
        scan.counter("I0", np.arange(4.0))
        scan.images("cam", [("scan0001/cam_0000.h5", 2), ("scan0001/cam_0001.h5", 2)], (2, 3))
        scan.images("gone", [("scan0001/gone_0000.h5", 4)], (2, 3))
    with NexusFile(str(path)) as file:
        (made,) = file
        images = made.detectors["cam"]["data"].value
        assert isinstance(images, FrameArray)
        found = [images.frame(index) for index in range(4)]
        assert [None if frame is None else frame.tolist() for frame in found] == [*frames[:2].tolist(), None, None]
        assert load(images)[2:].tolist() == np.zeros((2, 2, 3)).tolist()
    assert "data" not in made.detectors["gone"]
    assert sorted((problem.severity, told) for problem, told in zip(made.problems, told(made), strict=True)) == [
        (
            "lost",
            "'/1.1/instrument/cam/image' lies in 2 files, and 1 of them are not there: 'scan0001/cam_0001.h5', "
            "all expected\n  hint: its fill value stands for what is missing",
        ),
        ("warning", "'/1.1/instrument/gone/image' lies in 'scan0001/gone_0000.h5', which is not there"),
    ]


def test_a_master_leads_to_the_scans_of_other_files(tmp_path: Path) -> None:
    for name, first in (("s_0001", 1.0), ("s_0002", 2.0)):
        (tmp_path / name).mkdir()
        with Bliss(tmp_path / name / f"{name}.h5") as bliss:
            for entry in ("1.1", "10.1", "2.1"):
                scan = bliss.scan(entry, "ascan x 0 1 1 1")
                scan.moving("x", np.array([first, first + 1]))
    links = {
        f"{name}_{entry}": (f"{name}/{name}.h5", f"/{entry}")
        for name in ("s_0001", "s_0002")
        for entry in ("1.1", "10.1", "2.1")
    }
    master(tmp_path / "s.h5", links | {"s_0003_1.1": ("s_0003/s_0003.h5", "/1.1")})
    scans, problems = read(tmp_path / "s.h5")
    assert [(name, scan.identifier, values(scan, "x")[0]) for name, scan in scans.items()] == [
        ("s_0001_1.1", "1.1", 1),
        ("s_0001_2.1", "2.1", 1),
        ("s_0001_10.1", "10.1", 1),
        # an identifier is unique within its file
        ("s_0002_1.1", "1.2", 2),
        ("s_0002_2.1", "2.2", 2),
        ("s_0002_10.1", "10.2", 2),
    ]
    assert problems == ["the link '/s_0003_1.1' leads to 's_0003/s_0003.h5', which is not there"]


def test_a_dangling_link_costs_one_column(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with Bliss(path) as bliss:
        scan = bliss.scan("1.1", "timescan 1")
        scan.counter("I0", np.arange(4.0))
        scan.measurement["gone"] = h5py.SoftLink("/1.1/instrument/gone/data")
    (made,) = read(path)[0].values()
    assert list(made.columns) == ["I0"]
    assert told(made) == ["the link '/1.1/measurement/gone' leads nowhere"]
