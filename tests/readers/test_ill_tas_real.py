"""Real triple-axis files: every one is read, with the rows that are known of it, and angles that its crystal explains."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from nxconvert.arrays import load
from nxconvert.mapping.engine import load as load_mapping
from nxconvert.readers.ill.tas import TasFile, sniff_tas
from nxconvert.scan import Scan
from nxconvert.streams import open_source

#: hbar² / 2m in meV angstrom², as the programs of these instruments have it
HBAR2_2M = 2.0721


@dataclass(frozen=True)
class Known:
    """What is known of a file: first and last values of a scanned column and of the counts, and what was asked for."""

    number: int
    instrument: str | None
    points: int
    axis: str
    first: float
    last: float
    counts: tuple[int, int]
    start: str
    mode: str
    preset: float
    columns: int
    end: str | None = None


# fmt: off
KNOWN = {
    "sv1850.scn": Known(1850, "IN14", 15, "QH", 0.9791, 1.0214, (0, 2), "1997-03-11T19:20:06", "timer", 2.0, 9),
    "sv4700.scn": Known(4700, "IN12", 21, "EN", 1.0005, 2.0, (21, 8), "2001-08-11T10:29:28", "monitor", 1500.0, 9),
    "ILL_IN20.dat": Known(57276, "IN3", 57, "GL", 5.98, -7.96, (167, 155), "2010-10-31T11:07:23", "timer", 1.0, 6),
    "test.dat": Known(109943, "IN3", 27, "EN", -0.9804, 8.0943, (51, 3), "2019-10-10T18:01:55", "monitor", 4000.0, 16),
    "MnFeSi_0099.scn": Known(99, "IN22", 17, "QL", 0.0, 0.4, (47, 38), "2016-07-13T18:00:49", "monitor", 60000.0, 26),
    "scan0005": Known(54323, "FLEX", 9, "EN", 1.801, 1.001, (238, 136), "2015-07-09T23:23:37", "monitor", 1e7, 15,
                      "2015-07-10T02:12:05"),
    "058773": Known(58773, None, 181, "A3", -97.0, -7.0, (665, 315), "2016-04-06T21:05:36", "monitor", 1e6, 11,
                    "2016-04-07T01:12:37"),
}
# fmt: on


def read(folder: Path, name: str) -> Scan:
    with TasFile(open_source(str(folder / "ill-tas" / name))) as file:
        (scan,) = file
    return scan


def test_every_file_of_the_folder_is_known_and_recognised(shared_data: Path) -> None:
    files = sorted(path for path in (shared_data / "ill-tas").iterdir())
    assert {path.name for path in files} == set(KNOWN)
    for path in files:
        assert sniff_tas(path.read_bytes()[:65536], path.name).confidence == 1.0
    for path in (shared_data / "ill").iterdir():
        if path.suffix not in (".gz", ".json"):
            assert sniff_tas(path.read_bytes()[:65536], path.name).confidence == 0.0


@pytest.mark.parametrize("name", KNOWN)
def test_first_and_last_rows_and_what_was_asked_for(shared_data: Path, name: str) -> None:
    known, scan = KNOWN[name], read(shared_data, name)
    instrument = scan.instrument.get("name")
    assert (scan.number, instrument and instrument.value) == (known.number, known.instrument)
    assert (scan.points, len(scan.columns), scan.status) == (known.points, known.columns, "complete")
    assert list(scan.axes) == [known.axis]
    axis, counts = scan.columns[known.axis].value, scan.columns["CNTS"].value
    assert (axis[0], axis[-1]) == (known.first, known.last)
    assert counts.dtype == np.int64
    assert (counts[0], counts[-1]) == known.counts
    assert scan.columns["PNT"].value.tolist() == list(range(1, known.points + 1))
    assert scan.start_time is not None
    assert scan.start_time.isoformat() == known.start
    assert (scan.end_time and scan.end_time.isoformat()) == known.end
    assert (scan.monitor["mode"].value, scan.monitor["preset"].value) == (known.mode, known.preset)
    assert scan.problems == []
    # sc is centred, bs begins where it says: the first row lies within half a step of that
    step = scan.metadata[f"step_{known.axis}"].value
    assert abs(scan.metadata[f"first_{known.axis}"].value - axis[0]) < 0.5 * abs(step)
    assert scan.metadata["points_requested"].value == known.points


@pytest.mark.parametrize("name", KNOWN)
def test_every_number_of_the_table_is_the_one_in_the_file(shared_data: Path, name: str) -> None:
    """Rows by a rule of their own: lines of as many words as there are names, each of which float() takes."""
    lines = (shared_data / "ill-tas" / name).read_text("latin-1").splitlines()
    at = next(at for at, line in enumerate(lines) if line.startswith("DATA_:"))
    names = lines[at + 1].split()
    rows = [line.split() for line in lines[at + 2 :] if len(line.split()) == len(names) and "." in line]
    scan = read(shared_data, name)
    assert list(scan.columns) == names
    for column, words in zip(scan.columns.values(), zip(*rows, strict=True), strict=True):
        assert column.value.tolist() == [float(word) for word in words]


@pytest.mark.parametrize("name", ["test.dat", "scan0005", "MnFeSi_0099.scn"])
def test_the_crystal_and_the_energies_explain_the_scattering_angle(shared_data: Path, name: str) -> None:
    """A4 follows from |Q| and both wave vectors; the instrument wrote it, nothing here was fitted to it."""
    scan = read(shared_data, name)
    ki, kf = (np.sqrt(scan.instrument[item].value / HBAR2_2M) for item in ("ei", "ef"))
    hkl = np.array([scan.columns[item].value for item in ("QH", "QK", "QL")])
    in_plane = scan.sample["ub_matrix"].value @ hkl
    q = 2 * math.pi * np.linalg.norm(in_plane, axis=0)
    a4 = np.degrees(np.arccos((ki**2 + kf**2 - q**2) / (2 * ki * kf)))
    np.testing.assert_allclose(a4, np.abs(scan.columns["A4"].value), atol=0.03)
    np.testing.assert_allclose(in_plane[2], 0, atol=1e-9)


@pytest.mark.parametrize("name", ["test.dat", "MnFeSi_0099.scn"])
def test_the_energies_explain_the_angles_of_both_crystals(shared_data: Path, name: str) -> None:
    scan = read(shared_data, name)
    for energy, spacing, angle in (("ei", "PARAM_DM", "A2"), ("ef", "PARAM_DA", "A6")):
        k = np.sqrt(scan.instrument[energy].value / HBAR2_2M)
        expected = 2 * np.degrees(np.arcsin(math.pi / (scan.metadata[spacing].value * k)))
        np.testing.assert_allclose(np.broadcast_to(expected, scan.points), np.abs(scan.columns[angle].value), atol=0.02)


def test_the_sum_of_each_spectrum_is_its_count(shared_data: Path) -> None:
    scan = read(shared_data, "058773")
    data = load(scan.detectors["flat"]["data"].value)  # type: ignore[arg-type]
    assert (data.dtype, data.shape) == (np.int64, (181, 31, 5))
    assert (data.sum(axis=(1, 2)) == scan.columns["CNTS"].value).all()
    assert data[0, 0].tolist() == [5, 1, 1, 1, 9]
    assert "spare" not in scan.detectors["flat"]
    np.testing.assert_allclose(scan.detectors["flat"]["polar_angle"].value, 58 + 2.5 * (np.arange(31) - 15))


def test_namespaces_of_one_motor_stay_apart(shared_data: Path) -> None:
    scan = read(shared_data, "test.dat")
    assert scan.positioners["A3"].value == -185.76
    assert scan.metadata["ZEROS_A3"].value == -297.03
    assert scan.positioners["A3P"].value == -1941960.25
    assert scan.metadata["PARAM_REACTOR"].value == 55.35
    assert scan.metadata["instrument_mode"].value == "tas"


ACCEPTED = ("test.dat", "scan0005", "MnFeSi_0099.scn", "sv1850.scn", "sv4700.scn")
SETTINGS = {"sample_name": "a crystal", "source_name": "a reactor"}


@pytest.mark.parametrize("name", KNOWN)
def test_scans_of_q_and_energy_meet_nxtas_and_scans_of_motors_do_not(shared_data: Path, name: str) -> None:
    scan = read(shared_data, name)
    mapping = load_mapping(["spec", "tas"], settings=SETTINGS, time_zone="Europe/Paris")
    tree, problems = mapping.tree(scan)
    told = [problem.found for problem in problems if "NXtas" in problem.found]
    if name not in ACCEPTED:
        assert told[0].startswith(
            f"scan {scan.identifier}: NXtas refused: qh has no source (columns.QH, columns.H); qk"
        )
        assert "tas" not in tree.entry.children
        return
    assert told == []
    nodes = {path.removeprefix("tas/"): node for path, node in tree.walk() if path.startswith("tas/")}
    assert tree.value(nodes["definition"].value) == "NXtas"
    assert nodes["sample/orientation_matrix"].target == "sample/orientation_matrix"
    assert scan.sample["orientation_matrix"].value.shape == (3, 3)
    assert {"data/qh", "data/qk", "data/ql", "data/en", "data/ei", "data/ef", "data/data"} <= set(nodes)
    assert nodes["data"].attributes["signal"] == "data"
    assert nodes["data"].attributes["axes"] == ("scanned",)
    assert nodes["data/scanned"].target == f"measurement/{KNOWN[name].axis}"
    # an angle that stands only in the header is that of the first point, not of all
    angle = nodes["sample/rotation_angle"]
    assert angle.target == "measurement/A3" if "A3" in scan.columns else math.isnan(tree.value(angle.value))
