"""Real numors: values and sums equal those of an independent parser, and what must hold by physics holds."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nxconvert.arrays import Array, load
from nxconvert.readers.ill import READER
from nxconvert.readers.ill.index import spans
from nxconvert.readers.ill.numor import Parser
from nxconvert.scan import Scan
from nxconvert.streams import open_source

FILES = {
    "D10_ascii_example": "D10_ascii_example",
    "D9_ascii_example": "D9_ascii_example",
    "ILL_IN6.dat": "ILL_IN6.dat.gz",
    "ILL_D2B_121459.txt": "ILL_D2B_121459.txt.gz",
    "ILLD2B_123944_trimmed": "ILLD2B_123944_trimmed",
    "IN16_65722.asc": "IN16_65722.asc",
    "IN13_16347.asc": "IN13_16347.asc",
}


@pytest.fixture
def folder(shared_data: Path) -> Path:
    """The folder of the numors."""
    return shared_data / "ill"


def read(path: Path) -> Scan:
    """Read the only scan of a file, its counts in memory."""
    with READER.open(str(path)) as file:
        (scan,) = file
        for fields in scan.detectors.values():
            if "data" in fields:
                fields["data"].value = load(fields["data"].value)  # type: ignore[arg-type]
    return scan


def value(scan: Scan, namespace: str, name: str) -> Any:
    """The value of a field."""
    return getattr(scan, namespace)[name].value


def raw_frames(path: Path) -> Iterator[Array]:
    """The counts of each sub-spectrum, by a decoder of its own: slices of eight characters."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("latin-1")
    for group in text.split("S" * 80)[1:]:
        lines = group.split("I" * 80)[-1].splitlines()[1:]
        count = int(lines[0][:8])
        cells = "".join(line.ljust(80)[:80] for line in lines[1 : 1 + -(-count // 10)])
        yield np.array([int(cells[at : at + 8]) for at in range(0, 8 * count, 8)])


@pytest.mark.parametrize("name", FILES)
def test_every_block_equals_the_golden_one(folder: Path, name: str) -> None:
    golden = json.loads((folder / "golden_numor.json").read_text())[name]
    with open_source(str(folder / FILES[name])) as source:
        numor = Parser(source, spans(source, [])[1:]).parse()
    assert [numor.run, numor.version] == [golden["R"][0], (golden["R"] + [0, 0])[2]]
    assert numor.shapes == golden["header_blocks"]
    assert len(numor.groups) == golden["n_subspectra"]
    for text, lines in zip(numor.texts, golden["A"], strict=True):
        assert [*text.descriptions, *text.lines] == lines
    blocks = dict(zip([f"{s[0]}{n}" for n, s in enumerate(numor.shapes, 1) if s[0] != "A"], numor.header, strict=True))
    for key, expected in golden["header_values"].items():
        assert blocks[key].values[: len(expected)].tolist() == expected


@pytest.mark.parametrize("name", FILES)
def test_counts_and_parameters_of_the_sub_spectra_equal_the_golden_ones(folder: Path, name: str) -> None:
    golden = json.loads((folder / "golden_numor.json").read_text())[name]
    scan = read(folder / FILES[name])
    frames = list(raw_frames(folder / FILES[name]))
    assert sum(int(frame.sum()) for frame in frames) == golden["total_counts"]
    shown = [*golden["first3"], golden["last"]]
    for item in shown:
        frame = frames[item["S"][0] - 1]
        assert (len(frame), frame.sum(), frame.max()) == (item["n"], item["sum"], item["max"])
        if "F" in item:
            point = item["S"][0] - 1
            columns = list(scan.columns.values())
            found = [float(column.value[point]) for column in columns]  # type: ignore[index]
            time, monitor, total, *axes = item["F"]
            assert found == [time / 1000, monitor, total, *(axis / 1000 for axis in axes)]


@pytest.mark.parametrize("name", ["D10_ascii_example", "D9_ascii_example"])
def test_frames_of_d9_and_d10_are_turned_as_the_detector_is(folder: Path, name: str) -> None:
    frames = read(folder / name).detectors["detector"]["data"].value
    for frame, raw in zip(frames, raw_frames(folder / name), strict=True):  # type: ignore[arg-type]
        assert np.array_equal(frame, raw.reshape(32, 32).T[:, ::-1])


@pytest.mark.parametrize("name", ["D10_ascii_example", "D9_ascii_example"])
def test_the_ub_matrix_is_row_wise_it_gives_the_angle_in_the_file(folder: Path, name: str) -> None:
    scan = read(folder / name)
    matrix = value(scan, "sample", "ub_matrix")
    hkl = np.array([value(scan, "metadata", axis) for axis in "hkl"], float)
    wavelength = value(scan, "instrument", "wavelength")
    angle = 2 * np.degrees(np.arcsin(wavelength * np.linalg.norm(matrix @ hkl) / 2))
    assert abs(angle - value(scan, "metadata", "two_theta")) < 0.005


def test_the_cell_of_d10_is_that_of_the_sample(folder: Path) -> None:
    scan = read(folder / "D10_ascii_example")
    # FeV2O4 is cubic with 8.45 angstrom; it was measured in its primitive tetragonal setting
    lengths = value(scan, "sample", "unit_cell_abc")
    assert np.allclose(lengths, [8.4546 / np.sqrt(2), 8.4546 / np.sqrt(2), 8.4546], atol=0.01)
    assert np.allclose(value(scan, "sample", "unit_cell_alphabetagamma"), 90, atol=1e-4)
    assert list(scan.axes) == ["omega", "two_theta"]
    assert (scan.title, str(scan.start_time), scan.status) == ("FeV2O4 RT", "2011-11-23 04:52:00", "complete")
    assert {name: field.value for name, field in scan.user.items()} == {"name": "Campo", "local_contact": "FDia"}
    assert value(scan, "monitor", "mode") == "monitor"
    assert value(scan, "monitor", "preset") == 20000


def test_the_spectra_of_in6_add_up_to_the_sums_in_its_header(folder: Path) -> None:
    scan = read(folder / "ILL_IN6.dat.gz")
    frames = list(raw_frames(folder / "ILL_IN6.dat.gz"))
    for number in (1, 2, 3):
        key = "data" if number == 1 else f"data_{number}"
        spectrum = value(scan, "monitor", key)
        assert np.array_equal(spectrum, frames[number - 1])
        assert spectrum.sum() == value(scan, "metadata", f"monitor_{number}_sum")
    data = scan.detectors["detector"]["data"].value
    assert data.sum() == value(scan, "metadata", "detector_sum") == 1828006  # type: ignore[union-attr]
    assert np.array_equal(data, frames[3:])


def test_in6_has_its_time_of_flight_and_the_angle_of_each_spectrum(folder: Path) -> None:
    scan = read(folder / "ILL_IN6.dat.gz")
    detector = scan.detectors["detector"]
    time: Any = detector["time_of_flight"]
    assert (time.units, len(time.value)) == ("us", 1024)
    assert np.allclose(np.diff(time.value), 4.8177, atol=1e-4)
    assert abs(time.value[0] - (995.991333 + 4.81769991 / 2)) < 1e-9
    angle: Any = detector["polar_angle"]
    assert (angle.units, len(angle.value), angle.value[0]) == ("degree", 337, 10.3299999)
    peak = int(detector["data"].value.sum(axis=0).argmax())  # type: ignore[union-attr]
    assert abs(peak + 1 - value(scan, "metadata", "elastic_channel")) <= 2
    assert (detector["distance"].value, detector["distance"].units) == (2.48300004, "m")
    assert value(scan, "instrument", "wavelength") == 5.11999989
    assert (scan.title, value(scan, "metadata", "subtitle")) == ("BSA in H2O/D2O", "D2O, 295K")
    assert (str(scan.start_time), str(scan.end_time)) == ("2010-07-07 01:10:57", "2010-07-07 02:10:57")
    assert value(scan, "metadata", "duration") == (scan.end_time - scan.start_time).total_seconds()  # type: ignore[operator]


def test_in16_has_detectors_monitors_and_diffraction_detectors(folder: Path) -> None:
    scan = read(folder / "IN16_65722.asc")
    frames = list(raw_frames(folder / "IN16_65722.asc"))
    assert np.array_equal(scan.detectors["detector"]["data"].value, frames[:28])  # type: ignore[arg-type]
    assert np.array_equal(scan.detectors["diffraction"]["data"].value, frames[30])  # type: ignore[arg-type]
    assert np.array_equal(value(scan, "monitor", "data_2"), frames[29])
    assert value(scan, "monitor", "data").sum() == value(scan, "metadata", "monitor_1_sum") == 1998825
    angles: Any = scan.detectors["detector"]["polar_angle"].value
    assert (len(angles), angles[0], angles[19]) == (28, 25.0, 148.5)
    assert value(scan, "sample", "temperature") == 263.819
    # of neutrons that Si (111) sends straight back
    assert abs(value(scan, "instrument", "wavelength") - 6.271) < 1e-3
    assert (scan.title, value(scan, "metadata", "proposal")) == ("Sample 1 265K 135 deg", "test-1604")
    assert {name: field.value for name, field in scan.user.items()} == {"name": "Mark Telling", "local_contact": "LvE"}


def test_in13_is_a_scan_of_the_temperature(folder: Path, tmp_path: Path) -> None:
    scan = read(folder / "IN13_16347.asc")
    frames = np.array(list(raw_frames(folder / "IN13_16347.asc")))
    assert np.array_equal(scan.detectors["detector"]["data"].value, frames[:2083].T)  # type: ignore[arg-type]
    assert value(scan, "columns", "temperature").tolist() == [300.13, 199.88, 100.14]
    assert value(scan, "columns", "temperature_setpoint").tolist() == [300.0, 200.0, 100.0]
    assert value(scan, "columns", "monitor").tolist() == [408218, 406412, 406112]
    assert value(scan, "instrument", "wavelength") == 2.23
    text = (folder / "IN13_16347.asc").read_text("latin-1").replace("   19988", "********")
    (tmp_path / "damaged").write_text(text, "latin-1")
    damaged = value(read(tmp_path / "damaged"), "columns", "temperature")
    assert np.array_equal(damaged, [300.13, np.nan, 100.14], equal_nan=True)
    # the form of IN13: time before date
    assert (str(scan.start_time), str(scan.end_time)) == ("2004-05-21 11:03:54", "2004-05-21 19:59:37")
    assert (scan.title, scan.user["name"].value, scan.number) == ("vana 1mm", "mondelli", 16347)


def test_every_second_tube_of_d2b_is_turned_round(folder: Path) -> None:
    scan = read(folder / "ILL_D2B_121459.txt.gz")
    data: Any = scan.detectors["detector"]["data"].value
    for frame, raw in zip(data, raw_frames(folder / "ILL_D2B_121459.txt.gz"), strict=True):
        tubes = raw.reshape(128, 128)
        assert np.array_equal(frame[::2], tubes[::2])
        assert np.array_equal(frame[1::2], tubes[1::2, ::-1])
    picture = data.sum(axis=0)

    def likeness(tubes: Array) -> float:
        return float(np.mean([np.corrcoef(tubes[n], tubes[n + 1])[0, 1] for n in range(127)]))

    stored = picture.copy()
    stored[1::2] = stored[1::2, ::-1]
    assert likeness(picture) > 0.73
    assert likeness(stored) < 0.64


def test_the_powder_pattern_of_d2b_shows_one_cubic_cell(folder: Path) -> None:
    """La0.75Ba0.25CoO2.92 is a perovskite: every strong line is h2+k2+l2 times the same number."""
    scan = read(folder / "ILL_D2B_121459.txt.gz")
    pattern: Any = scan.detectors["powder_pattern"]["data"].value
    angle: Any = scan.detectors["powder_pattern"]["polar_angle"].value
    assert pattern.dtype == np.int64
    assert pattern.sum() == 658892
    assert np.all(np.diff(angle) >= 0)
    smooth = np.convolve(pattern, np.ones(3) / 3, "same")
    strong = 2 * np.median(pattern)
    peaks = [n for n in range(10, len(pattern) - 10) if smooth[n] == smooth[n - 10 : n + 11].max() > strong]
    peaks = [n for n in peaks if angle[n] > 30]
    assert len(peaks) == 14
    ratio = np.sin(np.radians(angle[peaks] / 2)) ** 2 / 0.04266
    assert np.round(ratio).astype(int).tolist() == [2, 3, 4, 6, 8, 10, 11, 12, 14, 16, 18, 19, 20, 22]
    assert np.abs(ratio / np.round(ratio) - 1).max() < 0.004


def test_an_incomplete_numor_has_the_frames_that_are_there(folder: Path) -> None:
    scan = read(folder / "ILLD2B_123944_trimmed")
    assert scan.detectors["detector"]["data"].value.shape == (7, 128, 128)  # type: ignore[union-attr]
    assert scan.status == "aborted"
    (problem,) = scan.problems
    assert str(problem) == (
        f"{folder / 'ILLD2B_123944_trimmed'}:1: 7 of 25 sub-spectra are in the file\n"
        "  hint: the measurement was stopped, or the file is a part of its original"
    )


@pytest.mark.parametrize("name", ["D10_ascii_example", "D9_ascii_example", "ILL_D2B_121459.txt.gz"])
def test_the_totals_in_the_file_are_the_sums_of_the_frames(folder: Path, name: str) -> None:
    scan = read(folder / name)
    sums = scan.detectors["detector"]["data"].value.sum(axis=(1, 2))  # type: ignore[union-attr]
    totals = value(scan, "columns", "total_counts")
    # four frames of D10 say something else of themselves
    assert np.flatnonzero(sums != totals).tolist() == ([19, 20, 21, 22] if name.startswith("D10") else [])


@pytest.mark.parametrize("name", FILES)
def test_the_header_is_kept_word_for_word(folder: Path, name: str) -> None:
    path = folder / FILES[name]
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("latin-1")
    header = read(path).notes["scan_header"].value
    assert isinstance(header, str)
    assert text.startswith(header)
    # all before the first counts
    assert header.rstrip("\n").count("\n") == text[: text.index("I" * 80, text.index("S" * 80))].count("\n") + 1
