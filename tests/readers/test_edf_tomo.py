"""Tomography folders: every raw frame at its place with its key and angle; nothing averaged, summed or cast among them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import seriesgen
from edfseries import equal, loaded, read

from nxconvert.errors import Problem, ReadError
from nxconvert.pipeline import ConvertOptions, Outcome, convert_file
from nxconvert.readers.edf import tomofolder
from nxconvert.readers.edf.names import names_alike_in

SLICE = "DIR: 1 file of another kind, such as 'DIR/bamboo_slice_0010.edf', projections and references expected\n  hint: they are left out"
BACK = (
    "DIR: 3 images after the last projection, their angles are not told\n"
    "  hint: taken for those of the way back in steps of 90 degrees: 180, 90, 0"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "bamboo"


def check(scan: Any, made: dict[str, Any]) -> None:
    fields = scan.detectors["detector"]
    equal(fields["data"].value, made["data"])
    np.testing.assert_array_equal(fields["image_key"].value, made["image_key"])
    np.testing.assert_array_equal(fields["image_key_control"].value, made["image_key_control"])
    np.testing.assert_allclose(scan.sample["rotation_angle"].value, made["angle"], rtol=1e-15)
    assert scan.sample["rotation_angle"].units == "degree"


def test_a_folder_gives_all_raw_frames_in_the_order_of_the_measurement(folder: Path) -> None:
    made = seriesgen.tomography(folder)
    found = read(folder, folder)
    scan = found.scan
    check(scan, made)
    assert found.problems == [BACK, SLICE]
    assert scan.title == scan.sample["name"].value == "bamboo"
    fields = scan.detectors["detector"]
    assert (fields["distance"].value, fields["distance"].units) == (35.5, "mm")
    assert (fields["x_pixel_size"].value, fields["y_pixel_size"].value, fields["x_pixel_size"].units) == (
        5.06,
        5.06,
        "um",
    )
    assert (scan.instrument["energy"].value, scan.instrument["energy"].units) == (17.05, "keV")
    np.testing.assert_array_equal(fields["count_time"].value, [0.25] * len(made["data"]))
    assert scan.start_time is not None
    assert scan.start_time.isoformat() == "2019-03-05T10:11:12"
    # the beam is x at the ESRF, and z in NeXus
    is_projection = made["image_key_control"] == 0
    z, y = scan.sample["z_translation"], scan.sample["y_translation"]
    np.testing.assert_array_equal(np.asarray(z.value)[is_projection], [1.5] * 6)
    np.testing.assert_array_equal(np.asarray(y.value)[is_projection], [2.5] * 6)
    np.testing.assert_array_equal(np.asarray(scan.monitor["data"].value)[is_projection], 200.0 - np.arange(6))
    assert scan.metadata["tomo.comment"].value == "a=b, as nobody expects"
    assert scan.notes["scan_info"].value == (folder / "bamboo.info").read_text()
    assert scan.notes["scan_xml"].value == (folder / "bamboo.xml").read_text()


def test_averaged_and_summed_references_are_plots_of_their_own(folder: Path) -> None:
    made = seriesgen.tomography(folder)
    plots = read(folder, folder).scan.plots
    assert list(plots) == ["data", "flat_median", "dark_sum"]
    equal(plots["flat_median"].signal.value, made["median"])
    np.testing.assert_array_equal(plots["flat_median"].axes[0].value, [0, 3])  # type: ignore[union-attr]
    equal(plots["dark_sum"].signal.value, made["dark_sum"][None])
    (count,) = plots["dark_sum"].extra
    assert (count.name, list(count.value)) == ("frames_summed", [10])  # type: ignore[arg-type]


@pytest.mark.parametrize("scan_range", [360.0, -180.0, 179.9])
def test_any_range_of_angles(folder: Path, scan_range: float) -> None:
    made = seriesgen.tomography(folder, scan_range=scan_range, returned=0, describe=("xml",))
    made["angle"] = np.where(np.isclose(made["angle"], scan_range), round(scan_range, 1), made["angle"])
    scan = read(folder, folder).scan
    np.testing.assert_allclose(scan.sample["rotation_angle"].value, made["angle"], rtol=1e-12)


def test_images_whose_angle_nothing_tells_are_invalid(folder: Path) -> None:
    made = seriesgen.tomography(folder, scan_range=170.0)
    found = read(folder, folder)
    key = made["image_key_control"]
    np.testing.assert_array_equal(
        found.scan.detectors["detector"]["image_key"].value, np.where(key == -1, 3, made["image_key"])
    )
    angles = np.asarray(found.scan.sample["rotation_angle"].value)
    assert np.isnan(angles[key == -1]).all()
    np.testing.assert_allclose(angles[key != -1], made["angle"][key != -1])
    assert found.problems[0] == (
        "DIR: 3 images after the last projection, their angles expected in the headers, or one each 90 degrees back to "
        "the start\n  hint: their angle is not a number, and image_key calls them invalid"
    )


def test_a_motor_that_moved_tells_the_angles(folder: Path) -> None:
    folder.mkdir()
    for number in range(4):
        items = {"motor_mne": "srot", "motor_pos": 0.3 + 45 * number}
        seriesgen.write(folder / f"bamboo_{number:04d}.edf", seriesgen.frame(number), items=items)
    (folder / "bamboo.info").write_text("TOMO_N= 4\nScanRange= 180\n")
    scan = read(folder, folder).scan
    np.testing.assert_array_equal(scan.sample["rotation_angle"].value, [0.3, 45.3, 90.3, 135.3])


def test_one_dark_that_is_no_sum_is_among_the_frames(folder: Path) -> None:
    seriesgen.tomography(folder, darks=1)
    dark = seriesgen.frame(77, (4, 6))
    seriesgen.write(folder / "darkend0000.edf", dark)
    scan = read(folder, folder).scan
    fields = scan.detectors["detector"]
    equal(fields["data"].value[-1], dark)
    assert fields["image_key"].value[-1] == 2
    assert "dark_sum" not in scan.plots


def test_numbered_darks_come_first_and_their_mean_apart(folder: Path) -> None:
    seriesgen.tomography(folder, darks=0)
    for number in range(2):
        seriesgen.write(folder / f"dark_{number:04d}.edf", seriesgen.frame(70 + number, (4, 6)))
    mean = seriesgen.frame(70, (4, 6), "<f4") + np.float32(0.5)
    seriesgen.write(folder / "dark.edf", mean)
    scan = read(folder, folder).scan
    fields = scan.detectors["detector"]
    equal(fields["data"].value[:2], np.array([seriesgen.frame(70 + n, (4, 6)) for n in range(2)]))
    np.testing.assert_array_equal(fields["image_key"].value[:3], [2, 2, 1])
    equal(scan.plots["dark_mean"].signal.value, mean[None])


def test_raw_references_of_another_type_are_kept_apart_and_never_cast(folder: Path) -> None:
    made = seriesgen.tomography(folder, returned=0)
    flats = []
    for path in sorted(folder.glob("ref0*.edf")):
        flats.append(seriesgen.frame(len(flats), (4, 6), "<f4") + np.float32(0.25))
        seriesgen.write(path, flats[-1])
    found = read(folder, folder)
    equal(found.scan.detectors["detector"]["data"].value, made["data"][made["image_key"] == 0])
    flat = found.scan.plots["flat_raw"]
    numbers = flat.axes[0].value  # type: ignore[union-attr]
    np.testing.assert_array_equal(numbers, [0, 0, 3, 3, 6, 6])
    order = [0, 3, 1, 4, 2, 5]  # names sort by repetition, the measurement by projection
    equal(flat.signal.value, np.array([flats[at] for at in order]))
    assert (
        "DIR: 6 frames of another shape or type than the projections, one shape and type expected\n"
        "  hint: they are written apart, as 'flat_raw'"
    ) in found.problems


def test_missing_projections_are_listed_or_invalid(folder: Path) -> None:
    made = seriesgen.tomography(folder, returned=0)
    (folder / "bamboo0002.edf").unlink()
    with pytest.raises(ReadError) as error:
        read(folder, folder)
    assert str(error.value) == (
        f"{folder}: 1 file is missing: projection 2, one for each index expected\n"
        "  hint: --allow-missing writes a fill value in their places and marks them"
    )
    found = read(folder, folder, allow_missing=True)
    fields = found.scan.detectors["detector"]
    at = 4  # after two flats and two projections
    assert fields["image_key"].value[at] == 3
    np.testing.assert_array_equal(np.flatnonzero(fields["frame_missing"].value), [at])
    equal(np.delete(fields["data"].value, at, 0), np.delete(made["data"], at, 0))
    np.testing.assert_allclose(found.scan.sample["rotation_angle"].value, made["angle"])


def test_an_aborted_scan_has_the_angles_of_its_step(folder: Path) -> None:
    made = seriesgen.tomography(folder, returned=0)
    for name in ("bamboo0005.edf", "ref0000_0006.edf", "ref0001_0006.edf"):
        (folder / name).unlink()
    found = read(folder, folder)
    assert found.scan.status == "aborted"
    np.testing.assert_allclose(found.scan.sample["rotation_angle"].value, made["angle"][:-3])
    assert found.problems[0] == "DIR: the last projection is number 4, 6 projections expected"


def test_without_a_description_the_angles_are_not_invented(folder: Path) -> None:
    seriesgen.tomography(folder, returned=0, describe=())
    found = read(folder, folder)
    assert np.isnan(found.scan.sample["rotation_angle"].value).all()  # type: ignore[call-overload]
    assert found.problems[:2] == [
        "DIR: the number of projections is not told, TOMO_N in .info or tomo_N in .xml expected\n"
        "  hint: all 6 images are taken for projections",
        "DIR: the range of the scan is not told, ScanRange in .info or scanRange in .xml expected\n"
        "  hint: write 'ScanRange= 180' into a file that ends in .info",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<tomo", "this is no XML (unclosed token: line 1, column 0), tomo/acquisition expected\n  hint: it is kept as text"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "this is no XML (it defines entities), tomo/acquisition expected\n  hint: it is kept as text"),
        ("x" * (1 << 21), "larger than 1048576 bytes, a description of the scan expected\n  hint: it is not looked at"),
    ],
)  # fmt: skip
def test_damaged_and_hostile_descriptions_are_told(folder: Path, text: str, message: str) -> None:
    seriesgen.tomography(folder, describe=("info",))
    (folder / "bamboo.xml").write_text(text)
    problems: list[Problem] = []
    names = sorted(path.name for path in folder.iterdir())
    description = tomofolder.describe(tomofolder.look_at(str(folder), names_alike_in(str(folder), names)), problems)
    assert [str(problem) for problem in problems] == [f"{folder}/bamboo.xml: {message}"]
    assert description.count("tomo_n") == 6


def test_a_renamed_folder_and_compressed_files(folder: Path) -> None:
    import gzip

    made = seriesgen.tomography(folder)
    for path in list(folder.glob("bamboo0*.edf")):
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    folder = folder.rename(folder.with_name("copy_of_it"))
    check(read(folder, folder).scan, made)


def converted(folder: Path, layout: str, **settings: str) -> tuple[Path, Outcome]:
    output = folder.parent / f"{layout}.nxs"
    options = ConvertOptions(
        mappings=("tomo",), time_zone="Europe/Paris", layout=layout, reader="edf", settings=settings
    )
    outcome = convert_file(str(folder), str(output), options)
    assert outcome.status == "converted", outcome.problems
    return output, outcome


@pytest.mark.parametrize(("layout", "path"), [("subentry", "entry/tomo"), ("entry", "entry_tomo")])
def test_the_definition_has_what_nxtomo_demands(folder: Path, layout: str, path: str) -> None:
    made = seriesgen.tomography(folder)
    output, _ = converted(folder, layout, sample_name="a piece of bamboo")
    with h5py.File(output) as file:
        entry = file[path]
        assert entry["definition"][()] == b"NXtomo"
        np.testing.assert_array_equal(entry["instrument/detector/data"][()], made["data"])
        assert entry["instrument/detector/data"].dtype == np.uint16
        np.testing.assert_array_equal(entry["data/image_key"][()], made["image_key"])
        np.testing.assert_allclose(entry["data/rotation_angle"][()], made["angle"])
        assert entry["data/rotation_angle"].attrs["units"] == "degree"
        assert entry["sample/name"][()] == b"a piece of bamboo"
        assert entry["instrument/beam/incident_energy"][()] == 17.05
        assert file["entry/dark_sum/data"].dtype == np.uint32
        np.testing.assert_array_equal(file["entry/dark_sum/data"][0], made["dark_sum"])
        assert list(file["entry/dark_sum/frames_summed"][()]) == [10]


@pytest.mark.parametrize(("layout", "path"), [("subentry", "entry/tomo"), ("entry", "entry_tomo")])
@pytest.mark.skipif(importlib.util.find_spec("nxtomo") is None, reason="nxtomo is not installed")
def test_nxtomo_reads_the_definition(folder: Path, layout: str, path: str) -> None:
    from nxtomo.application.nxtomo import NXtomo

    made = seriesgen.tomography(folder)
    output, _ = converted(folder, layout)
    found = NXtomo().load(str(output), path, detector_data_as="as_numpy_array")
    NXtomo.check_consistency(found, raises_error=True)
    detector = found.instrument.detector
    np.testing.assert_array_equal(detector.data, made["data"])
    assert [key.value for key in detector.image_key_control] == list(made["image_key_control"])
    np.testing.assert_allclose(found.sample.rotation_angle.to("degree").magnitude, made["angle"])
    assert found.instrument.beam.incident_energy.to("keV").magnitude == pytest.approx(17.05)
    assert detector.distance.to("mm").magnitude == pytest.approx(35.5)
    assert detector.x_pixel_size.to("um").magnitude == pytest.approx(5.06)


def test_float_projections_are_no_nxtomo(folder: Path) -> None:
    made = seriesgen.tomography(folder, dtype="<f4", returned=0)
    for path in folder.glob("bamboo0*.edf"):
        data = seriesgen.frame(3, (4, 6), "<f4") + np.float32(0.5)
        seriesgen.write(path, data)
    output, outcome = converted(folder, "subentry")
    with h5py.File(output) as file:
        assert "tomo" not in file["entry"]
        assert file["entry/instrument/detector/data"].dtype == np.float32
        assert len(file["entry/instrument/detector/data"]) == len(made["data"])
    assert any("NXtomo" in str(problem) for problem in outcome.problems)


def test_no_value_of_the_folder_is_kept_back(folder: Path) -> None:
    seriesgen.tomography(folder)
    found = read(folder, folder)
    names = {Path(source.path).name for source in found.sources}
    assert names == {path.name for path in folder.glob("*.edf")} - {"bamboo_slice_0010.edf"}
    assert all(loaded(field.value) is not None for field in found.scan.metadata.values())
