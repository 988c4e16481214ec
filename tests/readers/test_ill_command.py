"""ill2nx: numors by name, range and folder, the entry that they become, and the definitions that they fulfil."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import illgen
import numpy as np
import pytest
from click.testing import CliRunner, Result

from nxconvert.cli.main import cli
from nxconvert.errors import RequestError
from nxconvert.readers.ill.archive import expand
from nxconvert.registry import identify
from nxconvert.resources import samples_dir

NUMORS = samples_dir() / "numors"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the sample numors."""
    shutil.copytree(NUMORS, tmp_path / "place")
    monkeypatch.chdir(tmp_path / "place")
    return tmp_path / "place"


@pytest.fixture
def valid() -> Callable[[Path, str], list[str]]:
    """Give a function that lists the errors that nexusformat finds in a file, and in a definition in it."""
    pytest.importorskip("nexusformat")
    import logging

    from nexusformat.nexus import validate

    def errors(path: Path, definition: str) -> list[str]:
        found: list[str] = []

        class Keeper(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                if record.levelno == logging.ERROR:
                    found.append(record.getMessage().strip())

        kept = validate.logger.handlers
        validate.logger.handlers = [Keeper()]
        try:
            for check in (
                lambda: validate.validate_file(str(path)),
                lambda: validate.validate_application(str(path), path=definition),
            ):
                validate.validators.clear()
                assert check() is not None
        finally:
            validate.logger.handlers = kept
            validate.validators.clear()
        return found

    return errors


def run(*words: str) -> Result:
    """Run ill2nx."""
    return CliRunner().invoke(cli, ["ill2nx", *words])


# --- which numors


def test_a_range_converts_each_numor_to_a_file_of_its_own(place: Path) -> None:
    result = run("068288-068290")
    assert (result.exit_code, result.stdout) == (0, "068288.nxs\n068289.nxs\n068290.nxs\n")


def test_a_range_may_be_short_and_have_a_folder_and_gaps(place: Path) -> None:
    result = run("../place/068289-92", "-o", "../out/")
    assert (result.exit_code, result.stdout) == (0, "../out/068289.nxs\n../out/068290.nxs\n")
    assert "../place/068289-92: 2 numors are not there: 068291, 068292\n" in result.stderr


def test_a_folder_of_an_archive_is_searched_to_its_bottom(tmp_path: Path) -> None:
    deep = tmp_path / "133" / "d9" / "d9_6"
    deep.mkdir(parents=True)
    for name in ("653282", "653283.Z", "653284.gz", "653284", "readme.txt", "65328", "653285.nxs", "6532850"):
        (deep / name).write_text("x")
    (deep / "loop").symlink_to(tmp_path, target_is_directory=True)
    wanted = [str(deep / name) for name in ("653282", "653283.Z", "653284")]
    assert expand([str(tmp_path)]) == (wanted, [])
    assert expand([str(tmp_path / "653282-653284")]) == (wanted, [])
    assert expand([str(deep / "653283-4")]) == (wanted[1:], [])


def test_one_number_on_two_instruments_are_two_files(tmp_path: Path) -> None:
    for name in ("d9", "d10"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "000001").write_text("x")
    files, _gaps = expand([str(tmp_path)])
    assert sorted(files) == [str(tmp_path / "d10" / "000001"), str(tmp_path / "d9" / "000001")]
    assert expand([str(tmp_path / "000001-000002")]) == (
        files,
        [f"{tmp_path}/000001-000002: 1 numor is not there: 000002"],
    )


def test_what_is_a_file_is_no_range(tmp_path: Path) -> None:
    (tmp_path / "1-2").write_text("x")
    assert expand([str(tmp_path / "1-2"), "-", "no/such"]) == ([str(tmp_path / "1-2"), "-", "no/such"], [])


def test_ranges_and_folders_without_numors_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError) as caught:
        expand([str(tmp_path / "000001-000003")])
    assert str(caught.value) == (
        f"{tmp_path}/000001-000003: there is no numor of this range, files 000001 to 000003 in or below '{tmp_path}' "
        "expected\n  hint: a folder can stand before the range: archive/133/d2b/068288-068300"
    )
    with pytest.raises(
        RequestError, match="the range ends with 000001, before it begins, first and last numor expected"
    ):
        expand(["000003-000001"])
    with pytest.raises(RequestError, match="there is no numor below this folder, files of six digits expected"):
        expand([str(tmp_path)])


def test_reduced_data_are_refused_and_the_others_are_converted(place: Path, shared_data: Path) -> None:
    inx = shutil.copy(shared_data / "ill" / "IN10_P3OT_350K.inx", "a.inx")
    result = run(inx, "068288", "-o", "out/")
    assert (result.exit_code, result.stdout) == (1, "out/068288.nxs\n")
    assert f"{inx}: holds the lines of INX (.inx), reduced data S(theta, omega)" in result.stderr


def test_numors_are_recognised_without_their_command(place: Path) -> None:
    assert identify("068288").name == "ill"
    assert identify("068289.gz").name == "ill"
    assert CliRunner().invoke(cli, ["convert", "068289.gz"]).exit_code == 0


# --- what they become


def test_the_samples_are_what_the_generator_makes() -> None:
    made = illgen.samples()
    assert sorted(path.name for path in NUMORS.iterdir()) == sorted(made)
    for name, text in made.items():
        data = (NUMORS / name).read_bytes()
        assert (gzip.decompress(data) if name.endswith(".gz") else data).decode() == text


def test_the_entry_has_the_fields_of_ills_own_files(place: Path) -> None:
    assert run("068288").exit_code == 0
    with h5py.File("068288.nxs") as file:
        entry = file["entry0"]
        found = {name: entry[name][()] for name in entry if isinstance(entry[name], h5py.Dataset)}
        texts = {name: value.decode() for name, value in found.items() if isinstance(value, bytes)}
        assert texts == {
            "title": "a crystal of nothing",
            "start_time": "2013-02-01T12:13:14+01:00",
            "entry_identifier": "68288.1",
            "mode": "monitor",
            "instrument_name": "D10",
        }
        numbers = {name: value for name, value in found.items() if not isinstance(value, bytes)}
        assert numbers == {
            "run_number": 68288,
            "duration": 5.01,
            "actual_time": 5.01,
            "preset": 1000.0,
            "wavelength": 1.5,
        }
        assert entry["duration"].attrs["units"] == "s"
        assert entry["wavelength"] == entry["instrument/monochromator/wavelength"]
        assert entry["data"].attrs["signal"] == "data"
        assert entry["data"].attrs["axes"].tolist() == ["omega", "y", "x"]
        assert entry["instrument/detector/data"].shape == (5, 32, 32)
        # the columns in their order; the monitor is one of them, and NXmonitor has a link to it
        assert list(entry["measurement"]) == ["time", "monitor", "total_counts", "omega", "two_theta"]
        assert entry["monitor/data"] == entry["measurement/monitor"]
        assert entry["monitor/data"].attrs["target"] == "/entry0/measurement/monitor"


def test_subtitle_times_and_mode_of_a_small_angle_numor(place: Path) -> None:
    assert run("068290.gz").exit_code == 0
    with h5py.File("068290.nxs") as file:
        entry = file["entry0"]
        assert entry["subtitle"].asstr()[()] == "10 % in D2O"
        assert entry["end_time"].asstr()[()] == "1999-04-03T10:20:30+02:00"
        assert entry["acquisition_mode"][()] == 0
        assert entry["instrument/detector/distance"].attrs["units"] == "m"


@pytest.mark.parametrize(("name", "definition"), [("068289.gz", "monopd"), ("068290.gz", "sas")])
@pytest.mark.parametrize("layout", ["subentry", "entry"])
def test_a_definition_is_fulfilled(
    place: Path, valid: Callable[[Path, str], list[str]], name: str, definition: str, layout: str
) -> None:
    result = run(name, "-m", definition, "--layout", layout, "-o", "out.nxs", "--strict")
    assert result.exit_code == 0, result.stderr
    path = f"/entry0/{definition}" if layout == "subentry" else f"/entry0_{definition}"
    assert valid(Path("out.nxs"), path) == []
    with h5py.File("out.nxs") as file:
        group = file[path]
        assert group["definition"].asstr()[()] == f"NX{definition}"
        assert group["data/data"].attrs["target"] == group["instrument/detector/data"].attrs["target"]
        if definition == "monopd":
            assert group["data/polar_angle"].shape == group["data/data"].shape == (256,)
            assert group["sample/rotation_angle"][()] == 0.54
            assert group["monitor/preset"][()] == 1000.0
        else:
            assert group["data/data"].shape == (64, 64)
            assert group["instrument/detector/distance"][()] == 8.013


def test_a_bank_without_known_angles_gets_them_from_the_user(
    tmp_path: Path, valid: Callable[[Path, str], list[str]]
) -> None:
    raw = np.arange(1600).reshape(1, 1600)
    source = illgen.d20(np.concatenate([raw, raw + 5])).write(tmp_path / "020000")
    output = tmp_path / "out.nxs"
    words = [str(source), "-m", "monopd", "-o", str(output), "--set", "monitor_mode=timer"]
    assert run(*words).exit_code == 0
    with h5py.File(output) as file:
        assert "monopd" not in file["entry0"]
    angles = ["--set", "first_angle=-16.7", "--set", "cell_step=0.1", "--set", "point=1"]
    assert run(*words, *angles, "--overwrite").exit_code == 0
    assert valid(output, "/entry0/monopd") == []
    with h5py.File(output) as file:
        data: Any = file["entry0/monopd/data"]
        assert np.allclose(data["polar_angle"], -16.7 + 0.1 * np.arange(1600))
        assert data["polar_angle"].attrs["units"] == "degree"
        assert data["data"][()].tolist() == (raw[0] + 5).tolist()


def test_every_real_numor_converts_and_is_valid(
    shared_data: Path, tmp_path: Path, valid: Callable[[Path, str], list[str]]
) -> None:
    files = [path for path in sorted((shared_data / "ill").iterdir()) if path.suffix not in (".json", ".inx")]
    result = run(*map(str, files), "-m", "monopd", "-o", f"{tmp_path}/")
    assert (result.exit_code, len(result.stdout.splitlines())) == (0, len(files) == 7 and 7)
    for name in result.stdout.split():
        with h5py.File(name) as file:
            has_pattern = "monopd" in file["entry0"]
            assert file["entry0/data"].attrs["signal"] == "data"
        assert has_pattern == ("D2B" in name)
        if has_pattern:
            assert valid(Path(name), "/entry0/monopd") == []


def test_frames_that_stay_in_the_file_are_written_whole(tmp_path: Path) -> None:
    frames = np.random.default_rng(1).integers(0, 9999, (8, 163840))
    source = illgen.scan("D19", frames).write(tmp_path / "190000")
    assert run(str(source)).exit_code == 0
    with h5py.File(tmp_path / "190000.nxs") as file:
        data = file["entry0/instrument/detector/data"][()]
    assert data.dtype == np.dtype("<i4")
    assert np.array_equal(data, [frame.reshape(640, 256).T[::-1, ::-1] for frame in frames])
