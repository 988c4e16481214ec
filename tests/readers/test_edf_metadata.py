"""What headers say, as fields of the scan; and the whole way into a NeXus file."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from edfgen import Items, block, image, samples, scan, structure, text

from nxconvert import pipeline
from nxconvert.arrays import load
from nxconvert.errors import RequestError
from nxconvert.pipeline import ConvertOptions
from nxconvert.readers.edf import READER
from nxconvert.readers.edf.chosen import select_frames
from nxconvert.readers.edf.times import parse_date
from nxconvert.resources import samples_dir
from nxconvert.scan import Scan


def read(folder: Path, data: bytes, **settings: Any) -> Scan:
    """Give the scan of a file."""
    path = folder / "a.edf"
    path.write_bytes(data)
    with READER.open(str(path), **settings) as file:
        (found,) = list(file)
    return found


def one(folder: Path, items: Items) -> Scan:
    """Give the scan of one frame with these items."""
    return read(folder, block(image(), items))


def several(folder: Path, *items: Items, **settings: Any) -> Scan:
    """Give the scan of a frame for each list of items."""
    frames = [image(index) for index in range(len(items))]
    return read(folder, scan(frames, lambda index: items[index]), **settings)


def values(fields: dict[str, Any]) -> dict[str, Any]:
    """Give the values as lists and numbers."""
    return {name: np.asarray(field.value).tolist() for name, field in fields.items()}


def told(found: Scan) -> list[str]:
    return [str(problem).split("a.edf: ", 1)[1] for problem in found.problems]


# --- motors and counters


def test_a_single_frame_has_motors_and_counters(tmp_path: Path) -> None:
    found = one(
        tmp_path,
        [
            ("motor_mne", "th  two  th"),
            ("motor_pos", "1 -2.5   3"),
            ("counter_mne", "sec mon"),
            ("counter_pos", "0.5 7"),
        ],
    )
    assert values(found.positioners) == {"th": 1.0, "two": -2.5, "th_1": 3.0}
    assert all(isinstance(field.value, float) for field in found.positioners.values())
    assert values(found.columns) == {"sec": [0.5], "mon": [7]}
    assert found.columns["mon"].value.dtype == np.int64  # type: ignore[union-attr]
    assert found.problems == []


def test_motors_that_move_are_columns_and_the_axis_of_the_stack(tmp_path: Path) -> None:
    found = several(
        tmp_path,
        *(
            [
                ("motor_mne", "th phi"),
                ("motor_pos", f"{index / 4} 5"),
                ("counter_mne", "mon"),
                ("counter_pos", index**2),
            ]
            for index in range(4)
        ),
    )
    assert values(found.positioners) == {"th": [0.0, 0.25, 0.5, 0.75], "phi": 5.0}
    assert values(found.columns) == {"th": [0.0, 0.25, 0.5, 0.75], "mon": [0, 1, 4, 9]}
    assert found.columns["th"] is found.positioners["th"]
    assert list(found.axes) == ["th"]
    assert found.plots["data"].axes == (found.positioners["th"], None, None)
    assert found.plots["data"].signal.dims == ("point", "y", "x")
    assert found.points == 4


def test_two_motors_that_move_give_no_axis(tmp_path: Path) -> None:
    found = several(tmp_path, *([("m_mne", "a b"), ("m_pos", f"{index} {2 * index}")] for index in range(3)))
    assert found.plots["data"].axes == (None, None, None)
    assert list(found.columns) == ["a", "b"]


def test_names_that_change_from_frame_to_frame_leave_nan(tmp_path: Path) -> None:
    found = several(
        tmp_path,
        [("motor_mne", "th phi"), ("motor_pos", "1 2")],
        [("motor_mne", "th chi"), ("motor_pos", "1 3")],
        [("other", 1)],
    )
    assert repr(values(found.positioners)) == repr(
        {
            "th": [1.0, 1.0, float("nan")],
            "phi": [2.0, float("nan"), float("nan")],
            "chi": [float("nan"), 3.0, float("nan")],
        }
    )


def test_names_and_values_of_different_number_are_paired_and_told(tmp_path: Path) -> None:
    found = one(tmp_path, [("motor_mne", "a b c"), ("motor_pos", "1 2")])
    assert repr(values(found.positioners)) == repr({"a": 1.0, "b": 2.0, "c": float("nan")})
    assert told(found) == [
        "byte 0: motor_mne and motor_pos have 3 names and 2 values, as many of each expected\n"
        "  hint: they are paired by position"
    ]


def test_text_in_place_of_a_position_stays_text(tmp_path: Path) -> None:
    found = one(tmp_path, [("motor_mne", "a b"), ("motor_pos", "ERR 2")])
    assert values(found.positioners) == {"a": "ERR", "b": 2.0}


def test_integers_of_counters_are_exact(tmp_path: Path) -> None:
    found = several(tmp_path, *([("counter_mne", "big"), ("counter_pos", 2**60 + index)] for index in range(2)))
    assert values(found.columns) == {"big": [2**60, 2**60 + 1]}


def test_lattice_and_orientation(tmp_path: Path) -> None:
    found = one(
        tmp_path,
        [
            ("sample_pos", " 4.08 4.09 4.1 90 91 120"),
            ("sample_mne", " U0 U1 U2 U3 U4 U5"),
            ("UB_pos", "1 2 3 4 5 6 7 8 9"),
            ("UB_mne", " ".join(f"UB{number}" for number in range(9))),
        ],
    )
    assert values(found.sample) == {
        "unit_cell_abc": [4.08, 4.09, 4.1],
        "unit_cell_alphabetagamma": [90.0, 91.0, 120.0],
        "ub_matrix": [[1, 2, 3], [4, 5, 6], [7, 8, 9]],
    }


def test_scalers_of_saxs_headers_are_columns(tmp_path: Path) -> None:
    found = several(
        tmp_path,
        *(
            [("HS32Len", 2), ("HS32N01", "I0"), ("HS32N02", "I1"), ("HS32C01", 5 + index), ("HS32C02", "1.5")]
            for index in range(2)
        ),
    )
    assert values(found.columns) == {"I0": [5, 6], "I1": [1.5, 1.5]}


# --- types of other items


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["5", "5"], 5),
        (["5.0", "5.0"], 5.0),
        (["5", "6"], [5, 6]),
        (["5", "6.5"], [5.0, 6.5]),
        (["a b", "a b"], "a b"),
        (["a", "b"], ["a", "b"]),
        (["1 2 3", "1 2 3"], [1, 2, 3]),
        (["1 2", "3 4"], [[1, 2], [3, 4]]),
        (["1 2", "3"], ["1 2", "3"]),
        (["[1.5, 2]", "[1.5, 2]"], [1.5, 2.0]),
        (["18446744073709551615", "18446744073709551615"], 2**64 - 1),
        (["", ""], ""),
        (["", "7"], [float("nan"), 7.0]),
        (["1_000", "1_000"], "1_000"),
        (["12:30", "12:30"], "12:30"),
    ],
)
def test_items_are_typed(texts: list[str], expected: object, tmp_path: Path) -> None:
    found = several(tmp_path, *([("key", item)] for item in texts))
    assert repr(np.asarray(found.metadata["key"].value).tolist()) == repr(expected)
    kind = type(found.metadata["key"].value)
    assert kind in (int, float, str, list) or issubclass(kind, np.ndarray)


def test_a_key_that_some_frames_lack_is_nan_there(tmp_path: Path) -> None:
    found = several(tmp_path, [("key", 1)], [("other", "x")])
    assert repr(values({"key": found.metadata["key"]})) == "{'key': [1.0, nan]}"
    assert found.metadata["other"].value == ["", "x"]


def test_a_number_with_its_unit(tmp_path: Path) -> None:
    found = several(tmp_path, *([("SampleDistance", f"{1 + index}.5_m"), ("angle", "10_deg")] for index in range(2)))
    assert values(found.metadata)["SampleDistance"] == [1.5, 2.5]
    assert found.metadata["SampleDistance"].units == "m"
    assert (found.metadata["angle"].value, found.metadata["angle"].units) == (10, "deg")


# --- geometry


def test_saxs_geometry_is_that_of_the_detector(tmp_path: Path) -> None:
    found = one(
        tmp_path,
        [
            ("PSize_1", "1e-4"),
            ("PSize_2", "2e-4_m"),
            ("Center_1", 12.5),
            ("Center_2", 20),
            ("Offset_1", 2.5),
            ("SampleDistance", 1.5),
            ("WaveLength", "1e-10"),
            ("BSize_1", 2),
            ("BSize_2", 4),
            ("RasterOrientation", 1),
            ("Dummy", -10),
            ("DDummy", 0.1),
            ("ExposureTime", 3),
            ("DetectorName", "FReLoN"),
            ("DetectorInfo", "a CCD"),
        ],
    )
    found_items = {
        name: (field.value, field.units) for name, field in found.detectors["detector"].items() if name != "data"
    }
    assert found_items == {
        "x_pixel_size": (1e-4, "m"),
        "y_pixel_size": (2e-4, "m"),
        "distance": (1.5, "m"),
        "count_time": (3.0, "s"),
        "binning_x": (2.0, ""),
        "binning_y": (4.0, ""),
        "raster_orientation": (1.0, ""),
        "dummy": (-10.0, None),
        "ddummy": (0.1, None),
        "local_name": ("FReLoN", None),
        "description": ("a CCD", None),
        "beam_center_x": (10 * 1e-4, "m"),
        "beam_center_y": (20 * 2e-4, "m"),
    }
    assert (found.instrument["wavelength"].value, found.instrument["wavelength"].units) == (1e-10, "m")


def test_pyfai_geometry(tmp_path: Path) -> None:
    found = one(
        tmp_path,
        [
            ("PixelSize1", "2e-4"),
            ("PixelSize2", "1e-4"),
            ("Distance", 0.1),
            ("Wavelength", "9e-11"),
            ("Rot1", 0.5),
            ("Detector", "Pilatus1M"),
        ],
    )
    items = found.detectors["detector"]
    assert (items["x_pixel_size"].value, items["y_pixel_size"].value) == (1e-4, 2e-4)
    assert (items["distance"].value, items["local_name"].value) == (0.1, "Pilatus1M")
    assert found.instrument["wavelength"].value == 9e-11
    assert found.metadata["Rot1"].units == "rad"


def test_a_pixel_of_10_has_no_unit(tmp_path: Path) -> None:
    found = one(tmp_path, [("PSize_1", 10), ("Center_1", 3)])
    assert found.detectors["detector"]["x_pixel_size"].units is None
    assert (found.detectors["detector"]["beam_center_x"].value, found.detectors["detector"]["beam_center_x"].units) == (
        3.0,
        "pixel",
    )


def test_geometry_that_changes_is_an_array(tmp_path: Path) -> None:
    found = several(tmp_path, *([("SampleDistance", index)] for index in (1, 2, 3)))
    assert values({"distance": found.detectors["detector"]["distance"]}) == {"distance": [1.0, 2.0, 3.0]}
    assert found.detectors["detector"]["distance"].dims == ("point",)


def test_spectra_have_channels_and_energies(tmp_path: Path) -> None:
    found = one(tmp_path, [("MCA start ch", 1), ("MCA a", 0.5), ("MCA b", 0.25), ("MCA c", 0)])
    items = found.detectors["mca"]
    assert items["data"].dims == ("row", "channel")
    assert values({"channel": items["channel"], "energy": items["energy"]}) == {
        "channel": [1, 2, 3, 4],
        "energy": [0.75, 1.0, 1.25, 1.5],
    }
    assert found.plots["data"].axes == (None, items["energy"])


def test_frames_of_other_kinds_are_detectors_of_their_own(tmp_path: Path) -> None:
    frames = [image(0), image(1, (2, 2), "<f4"), image(2), image(3)]
    data = b"".join(block(array, [("SampleDistance", index)], index) for index, array in enumerate(frames))
    found = read(tmp_path, data)
    assert list(found.detectors) == ["detector", "detector_1"]
    assert values({name: items["point"] for name, items in found.detectors.items()}) == {
        "detector": [0, 2, 3],
        "detector_1": [1],
    }
    assert values({name: items["distance"] for name, items in found.detectors.items()}) == {
        "detector": [0.0, 2.0, 3.0],
        "detector_1": [1.0],
    }
    assert found.detectors["detector_1"]["data"].dims == ("frame_detector_1", "y", "x")


# --- times


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Thu Feb 11 09:55:20 2016", datetime(2016, 2, 11, 9, 55, 20)),
        ("Thu Feb  1 09:55:20 2016", datetime(2016, 2, 1, 9, 55, 20)),
        ("2016-02-11T09:55:20", datetime(2016, 2, 11, 9, 55, 20)),
        ("2016-02-11 09:55:20.125", datetime(2016, 2, 11, 9, 55, 20, 125000)),
        ("2016-02-11 09:55:20.123456789+0100", datetime(2016, 2, 11, 9, 55, 20, 123456, timezone(timedelta(hours=1)))),
        ("2016-02-11T09:55:20Z", datetime(2016, 2, 11, 9, 55, 20, tzinfo=timezone.utc)),
        ("(2010-07-27 12:00:01)", datetime(2010, 7, 27, 12, 0, 1)),
        ("27-Jul-2010 12:00:01", datetime(2010, 7, 27, 12, 0, 1)),
        ("20160211", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_forms_of_dates(text: str, expected: datetime | None) -> None:
    assert parse_date(text) == expected


def test_local_time_and_epoch_together_tell_the_zone(tmp_path: Path) -> None:
    found = several(
        tmp_path,
        *(
            [("time", f"Thu Feb 11 09:55:{20 + index} 2016"), ("time_of_day", f"{1455180920 + index}.5")]
            for index in range(3)
        ),
    )
    zone = timezone(timedelta(hours=1))
    assert found.start_time == datetime(2016, 2, 11, 9, 55, 20, tzinfo=zone)
    assert found.end_time == datetime(2016, 2, 11, 9, 55, 22, tzinfo=zone)
    assert values({"t": found.columns["time_of_day"]}) == {"t": [1455180920.5, 1455180921.5, 1455180922.5]}
    assert found.columns["time_of_day"].units == "s"


def test_a_time_without_zone_stays_without(tmp_path: Path) -> None:
    found = one(tmp_path, [("Date", "Thu Feb 11 09:55:20 2016")])
    assert found.start_time == datetime(2016, 2, 11, 9, 55, 20)
    assert found.end_time is None


# --- which frames


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0-3:2", [0, 2]),
        ("5", [5]),
        ("1,3-4,3", [1, 3, 4]),
        ("7-", [7, 8, 9]),
        ("-2", [0, 1, 2]),
        (":4", [0, 4, 8]),
        ("8-99999", [8, 9]),
    ],
)
def test_selections_of_frames(text: str, expected: list[int]) -> None:
    assert select_frames(text, 10) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x", "--frames: 'x' is no selection of frames, 5, 0-99, 0-99:2 or 10- expected"),
        ("1-5:0", "--frames: '1-5:0' is no selection of frames, 5, 0-99, 0-99:2 or 10- expected"),
        ("1,", "--frames: '' is no selection of frames, 5, 0-99, 0-99:2 or 10- expected"),
        ("20", "--frames: '20' leaves no frame, the input has frames 0 to 9"),
    ],
)
def test_selections_that_are_none(text: str, message: str) -> None:
    with pytest.raises(RequestError) as caught:
        select_frames(text, 10)
    assert str(caught.value) == message


def test_selected_frames_keep_their_values_and_errors(tmp_path: Path) -> None:
    head = [(name, index) for index in range(4) for name in ("Psd", "Error")]
    data = b"".join(
        text(
            [
                ("EDF_DataBlockID", f"{index}.Image.{name}"),
                *structure(image(index + (name == "Error") * 10)),
                ("k", index),
            ]
        )
        + image(index + (name == "Error") * 10).tobytes()
        for name, index in head
    )
    found = read(tmp_path, data, frames="1-3:2")
    items = found.detectors["detector"]
    assert load(items["data"].value).tolist() == [image(1).tolist(), image(3).tolist()]  # type: ignore[arg-type]
    assert load(items["variance"].value).tolist() == [image(11).tolist(), image(13).tolist()]  # type: ignore[arg-type]
    assert values({"k": found.metadata["k"]}) == {"k": [1, 3]}


def test_the_axis_of_the_stack_is_the_one_asked_for(tmp_path: Path) -> None:
    items = [
        [("motor_mne", "a b"), ("motor_pos", f"{index} {2 * index}"), ("delay", index * 0.5)] for index in range(3)
    ]
    for name in ("b", "delay"):
        found = several(tmp_path, *items, stack_axis=name)
        axis = found.plots["data"].axes[0]
        assert axis is not None
        assert axis.name == name
        assert list(found.axes) == [name]
    with pytest.raises(RequestError) as caught:
        several(tmp_path, *items, stack_axis="dela")
    assert str(caught.value) == (
        "--stack-axis: 'dela' is no number that changes from frame to frame\n  hint: did you mean 'delay'?"
    )


# --- into a file


def convert(source: Path, target: Path, **options: Any) -> pipeline.Outcome:
    return pipeline.convert_file(str(source), str(target), ConvertOptions(**options))


def test_the_nexus_file_of_a_stack(tmp_path: Path) -> None:
    frames = [image(index, (6, 8)) for index in range(5)]
    source = tmp_path / "a.edf"
    source.write_bytes(
        scan(
            frames,
            lambda index: [
                ("title", "A title"),
                ("motor_mne", "th phi"),
                ("motor_pos", f"{index} 2"),
                ("name", "Zo\xeb"),
            ],
        )
    )
    outcome = convert(source, tmp_path / "a.nxs")
    assert (outcome.status, outcome.lost) == ("converted", 0)
    with h5py.File(tmp_path / "a.nxs") as file:
        entry = file["entry"]
        np.testing.assert_array_equal(entry["instrument/detector/data"][...], np.stack(frames))
        assert entry["instrument/detector/data"].dtype == "<u2"
        assert entry["instrument/detector/data"].attrs["interpretation"] == "image"
        assert entry["title"][()] == b"A title"
        assert entry["data/data"] == entry["instrument/detector/data"]
        assert list(entry["data"].attrs["axes"]) == ["th", "y", "x"]
        assert entry["data"].attrs["interpretation"] == "image"
        assert file.attrs["default"] == "entry"
        assert entry.attrs["default"] == "data"
        assert entry["measurement/th"] == entry["instrument/positioners/th"]
        assert entry["instrument/positioners/phi"][()] == 2.0
        assert entry["metadata/name"][()].decode() == "Zoë"
        headers = [item.decode("utf-8") if isinstance(item, bytes) else item for item in entry["headers/header"]]
        offset = source.read_bytes().index(b"}\n") + 2
        assert headers[0] == source.read_bytes()[:offset].decode("latin-1")
        assert len(headers) == 5


def test_every_header_item_of_real_files_is_in_the_output(shared_data: Path, tmp_path: Path) -> None:
    fabio = pytest.importorskip("fabio")
    sources = sorted((shared_data / "edf").glob("*.edf"))
    assert len(sources) == 9
    for source in sources:
        target = tmp_path / f"{source.stem}.nxs"
        assert convert(source, target).status == "converted"
        with fabio.open(str(source)) as oracle, h5py.File(target) as file:
            entry = file["entry"]
            np.testing.assert_array_equal(entry["instrument/detector/data"][...], oracle.data)
            assert entry["instrument/detector/data"].dtype == oracle.data.dtype
            header = dict(oracle.header)
            assert entry["headers/header"][()] == source.read_bytes()[: source.stat().st_size - oracle.data.nbytes]
            for key in [key for key in header if key.endswith("_mne")]:
                where = "measurement" if key == "counter_mne" else "instrument/positioners"
                for name, value in zip(header.pop(key).split(), header.pop(f"{key[:-4]}_pos").split(), strict=True):
                    assert float(entry[where][name][()].item()) == float(value), name
            metadata = {item.attrs.get("long_name", name): item for name, item in entry["metadata"].items()}
            for key, value in header.items():
                found = metadata[key][()]
                assert (found.decode() == value) if isinstance(found, bytes) else (found == float(value)), key


def test_the_sample_data_are_those_of_the_generator() -> None:
    for name, data in samples().items():
        assert (samples_dir() / name).read_bytes() == data, name


def test_the_samples_convert_without_a_problem(tmp_path: Path) -> None:
    for name in samples():
        outcome = convert(samples_dir() / name, tmp_path / f"{name}.nxs")
        assert (outcome.status, outcome.problems) == ("converted", [])
    with h5py.File(tmp_path / "frames.edf.nxs") as file:
        assert file["entry/data"].attrs["axes"].tolist() == ["th", "y", "x"]
        assert file["entry/start_time"][()] == b"2016-02-11T09:55:20+01:00"
        assert file["entry/measurement/mon"].dtype == np.int64
    with h5py.File(tmp_path / "saxs.edf.nxs") as file:
        detector = file["entry/instrument/detector"]
        assert detector["beam_center_x"][()] == 16.0 * 1.72e-04
        assert detector["distance"].attrs["units"] == "m"
        assert file["entry/instrument/beam/incident_wavelength"][()] == 9.95e-11
        assert file["entry/sample/name"][()] == b"silver behenate"


def test_a_saxs_image_fits_nxsas(tmp_path: Path) -> None:
    given = {"source_type": "Synchrotron X-ray Source", "source_probe": "x-ray"}
    outcome = convert(samples_dir() / "saxs.edf", tmp_path / "a.nxs", mappings=("sas",), settings=given)
    assert outcome.problems == []
    with h5py.File(tmp_path / "a.nxs") as file:
        sas = file["entry/sas"]
        assert sas["definition"][()] == b"NXsas"
        assert sas["instrument/detector/data"] == file["entry/instrument/detector/data"]
        assert sas["instrument/detector/distance"][()] == 1.5


def test_text_and_numbers_under_names_that_change(tmp_path: Path) -> None:
    found = several(
        tmp_path,
        [("motor_mne", "a b"), ("motor_pos", "1.5 2")],
        [("motor_mne", "b a"), ("motor_pos", "3 ERR")],
        [("motor_mne", "a"), ("motor_pos", "7")],
    )
    assert found.positioners["a"].value == ["1.5", "ERR", "7"]
    assert repr(values({"b": found.positioners["b"]})) == "{'b': [2.0, 3.0, nan]}"
