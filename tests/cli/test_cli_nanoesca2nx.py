"""``nanoesca2nx``: the files that it writes, what judges and viewers say of them, and what it refuses."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import nanogen
import numpy as np
import pytest
from nanogen import Made, tiff

from nxconvert.resources import samples_dir

Call = Callable[..., Any]
FOLDER = "Graphene (SiC)_260312_142511"


@pytest.fixture
def converted(call: Call, tmp_path: Path) -> Callable[..., Path]:
    """Give a function that makes a measurement, converts it and gives the output; nothing must be told."""

    def convert(made: Made, *options: str, told: str | None = "") -> Path:
        made.write(tmp_path / FOLDER)
        result = call("nanoesca2nx", tmp_path / FOLDER, "-o", tmp_path / "t.nxs", "--timezone", "UTC", "-q", *options)
        assert result.code == 0, result.err
        assert result.out == f"{tmp_path / 't.nxs'}\n"
        assert told is None or result.err == told
        return tmp_path / "t.nxs"

    return convert


def errors(path: Path) -> list[str]:
    """Give what nexusformat calls an error, in the file as a whole and in each definition."""
    validate = pytest.importorskip("nexusformat.nexus.validate")
    found: list[str] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno == logging.ERROR:
                found.append(record.getMessage().strip())

    handler = Collect()
    validate.logger.addHandler(handler)
    try:
        validate.validators.clear()
        validate.validate_file(str(path))
        with h5py.File(path) as file:
            places: list[str] = []
            file.visititems(lambda name, item: places.append(name) if name.endswith("/definition") else None)
        for place in places:
            validate.validators.clear()
            assert validate.validate_application(str(path), path=f"/{Path(place).parent}") is not None, place
    finally:
        validate.logger.removeHandler(handler)
    assert places
    return found


#: no NXDL allows the class in an instrument that NXmpes demands there
UNAVOIDABLE = "is an invalid class in"


def test_the_layout_is_that_of_eli_alps(converted: Callable[..., Path]) -> None:
    made = Made()
    with h5py.File(converted(made)) as file:
        entry = file["entry_1"]
        assert entry["title"].asstr()[()] == made.name
        assert entry["start_time"].asstr()[()] == "2026-03-12T14:25:13+00:00"
        assert entry["end_time"].asstr()[()] == "2026-03-12T14:25:53+00:00"
        assert entry["user/name"].asstr()[()] == "M. Example"
        assert entry["sample/name"].asstr()[()] == "graphene on SiC"
        assert entry["sample/rotation_angle"][()].tolist() == [0.0] * 7
        assert entry["sample/rotation_angle"].attrs["units"] == "degree"
        assert entry["monitor/data"][()].tolist() == made.energies()
        assert entry["monitor/data"].attrs["units"] == "eV"
        np.testing.assert_array_equal(entry["instrument/raw/data"], made.raw())
        np.testing.assert_array_equal(entry["data/data"], made.averaged())
        assert entry["data/data"] == entry["instrument/averaged/data"]
        assert entry["data/data"].attrs["target"] == "/entry_1/instrument/averaged/data"
        configuration = entry["configuration"]
        assert {name: item.attrs["long_name"] for name, item in configuration.items()} == {
            "measurement": f"{made.name}.meas", "table": f"{made.name}.DAT", "table_1": f"{made.name}.DAT",
        }  # fmt: skip
        assert configuration["measurement"].asstr()[()] == made.meas()
        scan = entry["scan"]
        assert scan["definition"].asstr()[()] == "NXscan"
        assert scan["data/data"] == entry["data/data"]
        assert scan["monitor/data"] == entry["monitor/data"]
        assert "definition" not in entry


def test_viewers_show_the_averaged_stack_over_energy_and_momentum(converted: Callable[..., Path]) -> None:
    from silx.io.nxdata import get_default
    from silx.io.utils import open as open_file

    made = Made()
    with open_file(str(converted(made))) as file:
        plot = get_default(file)
        assert plot is not None
        assert plot.is_image
        assert plot.signal_name == "data"
        assert plot.axes_dataset_names == ["energy", "ky", "kx"]
        np.testing.assert_array_equal(plot.signal[()], made.averaged())
        assert plot.axes[0][()].tolist() == made.energies()
        assert [axis.attrs["units"] for axis in plot.axes] == ["eV", "1/angstrom", "1/angstrom"]


@pytest.mark.parametrize("layout", ["subentry", "entry"])
@pytest.mark.parametrize(
    "made",
    [
        Made(),
        Made(averages="", tags=False),
        Made(mode=1, averages="SUM", dtype="u1", order=">"),
        Made(until=4, averages=""),
    ],
    ids=["averages", "no averages", "sums", "aborted"],
)
def test_nxscan_and_nxmpes_have_no_errors(converted: Callable[..., Path], made: Made, layout: str) -> None:
    path = converted(made, "-m", "mpes", "--layout", layout, told=None)
    assert [text for text in errors(path) if UNAVOIDABLE not in text] == []
    with h5py.File(path) as file:
        names = ["entry_1/mpes", "entry_1/scan"] if layout == "subentry" else ["entry_1_mpes", "entry_1_scan"]
        mpes, scan = (file[name] for name in names)
        assert mpes["definition"].attrs["version"] == "v2026.01"
        scheme = "spatial dispersive" if made.mode == 1 else "momentum dispersive"
        assert mpes["instrument/electronanalyzer/collectioncolumn/scheme"].asstr()[()] == scheme
        assert mpes["instrument/electronanalyzer/energydispersion/scheme"].asstr()[()] == "double hemispherical"
        assert mpes["instrument/beam_probe/incident_energy"][()] == 21.22
        assert mpes["data/energy"].attrs["type"] == "kinetic"
        assert mpes["data"].attrs["signal"] == "data"
        momentum = ["energy", "y", "x"] if made.mode == 1 else ["energy", "ky", "kx"]
        assert mpes["data"].attrs["axes"].tolist() == momentum
        assert scan["instrument/detector/data"].dtype.kind in "iu"
        assert scan["data/data"].shape == scan["instrument/detector/data"].shape


def test_averages_that_are_no_whole_numbers_leave_the_raw_images_to_nxscan(converted: Callable[..., Path]) -> None:
    made = Made(averages="", repeats=2, dtype="i4")
    made.pixels = lambda repeat, point: np.full(made.shape, 2 * point + repeat, "i4")  # type: ignore[method-assign]
    with h5py.File(converted(made)) as file:
        entry = file["entry_1"]
        np.testing.assert_array_equal(entry["data/data"], made.raw().mean(axis=1))
        assert entry["scan/data/data"] == entry["instrument/raw/data"]


def test_a_copied_folder_has_no_end_and_nxscan_says_so(call: Call, tmp_path: Path) -> None:
    import os

    Made(tags=False).write(tmp_path / FOLDER)
    for path in (tmp_path / FOLDER / "Scan").iterdir():
        os.utime(path, (2e9, 2e9))
    result = call("nanoesca2nx", tmp_path / FOLDER, "-o", tmp_path / "t.nxs", "--timezone", "UTC")
    assert result.code == 0
    assert "the times of the images are those of a copy: " in result.err
    assert "NXscan refused: end_time has no source (end_time)" in result.err
    with h5py.File(tmp_path / "t.nxs") as file:
        assert file["entry_1/start_time"].asstr()[()] == "2026-03-12T14:25:11+00:00"
        assert "end_time" not in file["entry_1"]
        assert "scan" not in file["entry_1"]


def test_missing_images_cost_the_exit_status_and_nothing_else(call: Call, tmp_path: Path) -> None:
    made = Made(missing=((2, 3),))
    made.write(tmp_path / FOLDER)
    result = call("nanoesca2nx", tmp_path / FOLDER, "-o", tmp_path / "t.nxs", "--timezone", "UTC")
    assert result.code == 1
    assert "1 raw image missing: of point 3 in repeat 2" in result.err
    with h5py.File(tmp_path / "t.nxs") as file:
        raw = file["entry_1/instrument/raw"]
        assert raw["frame_missing"][()].sum() == raw["frame_missing"][2, 1] == 1
        np.testing.assert_array_equal(raw["data"][3:], made.raw()[3:])


def test_values_that_cannot_be_decoded_leave_no_file_behind(call: Call, tmp_path: Path) -> None:
    """The directory of the image is fine, its values are not: that shows only when they are written."""
    import tifffile

    made = Made(averages="", repeats=1, points=3, shape=(40, 50), tables=False)
    made.write(tmp_path / FOLDER)
    path = tmp_path / FOLDER / "Scan" / made.image(1, 2)
    tifffile.imwrite(path, made.pixels(1, 2), compression="deflate")
    content = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        at = file.pages[0].dataoffsets[0]  # type: ignore[union-attr]
    content[at + 20 : at + 40] = b"\xff" * 20
    path.write_bytes(content)
    result = call("nanoesca2nx", tmp_path / FOLDER, "-o", tmp_path / "t.nxs")
    assert result.code == 1
    assert f"{path}: the image cannot be decoded (" in result.err
    assert [item.name for item in tmp_path.iterdir()] == [FOLDER]


def test_an_experiment_becomes_an_entry_for_each_measurement(call: Call, tmp_path: Path) -> None:
    made = [("A_260312_150000", Made(name="A", points=2)), ("B_260312_160000", Made(name="B", points=3))]
    folder = nanogen.experiment(tmp_path / "e", made)
    assert call("nanoesca2nx", folder, "-o", tmp_path / "t.nxs", "--timezone", "UTC").code == 0
    with h5py.File(tmp_path / "t.nxs") as file:
        assert list(file) == ["entry_1", "entry_2"]
        assert [entry["title"].asstr()[()] for entry in file.values()] == ["A", "B"]


def test_another_set_up_is_named_by_an_option(call: Call, tmp_path: Path) -> None:
    folder = nanogen.peem(tmp_path / "peem")
    result = call(
        "tiff2nx", folder, "--instrument", folder / "instrument.yaml", "-o", tmp_path / "t.nxs", "--timezone", "UTC"
    )
    assert result.code == 0, result.err
    with h5py.File(tmp_path / "t.nxs") as file:
        entry = file["entry_1"]
        assert entry["data"].attrs["axes"].tolist() == ["objective", "y", "x"]
        np.testing.assert_array_equal(entry["data/data"], [nanogen.peem_pixels(step) for step in range(5)])
        assert entry["instrument/name"].asstr()[()] == "PEEM II"
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("itms: {}\n")
    result = call("tiff2nx", folder, "--instrument", wrong, "-o", tmp_path / "u.nxs")
    # a wrong request, and nothing was done
    assert (result.code, result.err) == (
        2,
        f"{wrong}:1:7: unknown key 'itms'\n  hint: did you mean 'items' or 'times'?\n",
    )
    result = call("tiff2nx", folder, "-o", tmp_path / "u.nxs")
    assert result.code == 1
    assert f"hint: --instrument {folder / 'instrument.yaml'} if that describes the set-up\n" in result.err


def test_the_same_folder_gives_the_same_bytes(call: Call, tmp_path: Path) -> None:
    Made().write(tmp_path / FOLDER)
    for name in ("a.nxs", "b.nxs"):
        options = ("--timezone", "UTC", "--timestamp", "0", "-o", tmp_path / name / "t.nxs")
        (tmp_path / name).mkdir()
        assert call("nanoesca2nx", tmp_path / FOLDER, *options).code == 0
    assert (tmp_path / "a.nxs" / "t.nxs").read_bytes() == (tmp_path / "b.nxs" / "t.nxs").read_bytes()


@pytest.mark.parametrize("name", ["nanoesca", "peem_focus"])
def test_the_samples_are_what_the_generator_makes(tmp_path: Path, name: str) -> None:
    nanogen.samples(tmp_path / "made")
    found, expected = (
        {path.relative_to(root): path.read_bytes() for path in (root / name).rglob("*") if path.is_file()}
        for root in (samples_dir(), tmp_path / "made")
    )
    assert found == expected


def test_the_samples_convert_without_a_warning(call: Call, tmp_path: Path) -> None:
    shutil.copytree(samples_dir() / "nanoesca", tmp_path / "nanoesca")
    result = call("convert", tmp_path / "nanoesca", "-o", tmp_path / "t.nxs", "--timezone", "Europe/Berlin", "--strict")
    assert result.code == 0, result.err


def test_a_single_image_is_refused_with_what_to_do(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(tiff(np.zeros((2, 2), "u2")))
    result = call("nanoesca2nx", tmp_path / "a.tif")
    assert result.code == 1
    assert f"{tmp_path / 'a.tif'}: a single image, a measurement expected\n  hint: name its folder" in result.err
