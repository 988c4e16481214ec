"""Files to formats by the command: what is asked for arrives, from the samples and from real files."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from click.testing import CliRunner, Result
from exporting import moved

from nxconvert.cli.main import cli
from nxconvert.resources import samples_dir


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def export(source: Path, folder: Path, *arguments: str) -> list[Path]:
    result = run("nxtoascii", source, "-o", f"{folder}/", *arguments)
    assert result.exit_code == 0, result.output
    return sorted(folder.iterdir())


@pytest.fixture
def spectrum(tmp_path: Path) -> Path:
    path = tmp_path / "xas.nxs"
    assert run("spec2nx", samples_dir() / "xas.spec", "-o", path).exit_code == 0
    return path


FOIL = ("--element", "fe", "--edge", "k", "--d-spacing", "3.1356", "--x-units", "keV")


def test_columns_get_the_names_of_xdi_and_absorption_is_calculated(spectrum: Path, tmp_path: Path) -> None:
    names = ("--columns", "itrans=It", "--columns", "ifluor=If", "--columns", "mutrans=log(I0/It)")
    (path,) = export(spectrum, tmp_path / "out", "--to", "xdi", *FOIL, *names)
    lines = path.read_text().splitlines()
    assert "# Element.symbol: Fe" in lines
    labels = lines[lines.index("#----") + 1].split()[1:]
    values = np.loadtxt(path)
    assert labels == ["energy", "itrans", "ifluor", "mutrans", "Epoch", "i0"]
    assert values[0].tolist() == [7080.0, 148521.0, 266.0, np.log(199856 / 148521), 1800.0, 199856.0]
    assert values.shape == (17, 6)


def test_a_spectrum_without_its_element_is_refused_and_nothing_is_there(spectrum: Path, tmp_path: Path) -> None:
    result = run("nxtoascii", spectrum, "-o", f"{tmp_path}/out/", "--to", "xdi")
    assert result.exit_code == 1
    assert f"{spectrum}:/scan_1: XDI needs Element.symbol and Element.edge and Mono.d_spacing" in result.output
    assert not list((tmp_path / "out").glob("*"))


def test_all_scans_are_in_one_workbook(tmp_path: Path) -> None:
    pytest.importorskip("xlsxwriter")
    path = tmp_path / "counters.nxs"
    assert run("spec2nx", samples_dir() / "counters.spec", "-o", path).exit_code == 0
    (book,) = export(path, tmp_path / "out", "--to", "xlsx")
    with zipfile.ZipFile(io.BytesIO(book.read_bytes())) as file:
        sheets = [name for name in file.namelist() if name.startswith("xl/worksheets/")]
        scans = sum(scan.startswith("#S ") for scan in (samples_dir() / "counters.spec").read_text().splitlines())
        assert len(sheets) == 2 + scans


@pytest.mark.parametrize("name", ["athena", "xdi"])
def test_a_bliss_scan_says_its_element_and_edge(name: str, shared_data: Path, tmp_path: Path) -> None:
    (path,) = export(shared_data / "bliss" / "Foil_0001.h5", tmp_path / "out", "--scan", "1", "--to", name)
    lines = path.read_text().splitlines()
    for fact in ("Element.symbol: Fe", "Element.edge: K", "Mono.d_spacing: 3.1356"):
        assert f"# {fact}" in lines
    with h5py.File(shared_data / "bliss" / "Foil_0001.h5") as file:
        energy = file["1.1/instrument/positioners/Emono"][()].tolist()
    assert np.loadtxt(path)[:, 0].tolist() == moved(energy, 3)


def test_every_spectrum_of_a_bliss_scan_is_a_file(shared_data: Path, tmp_path: Path) -> None:
    paths = export(shared_data / "bliss" / "Foil_0001.h5", tmp_path / "out", "--scan", "1", "--to", "mca")
    assert [path.name for path in paths] == [f"Foil_0001_1.1_mca1_det0_{n:04d}.mca" for n in range(61)]


def test_the_pattern_of_a_powder_diffractometer_is_the_curve(shared_data: Path, tmp_path: Path) -> None:
    path = tmp_path / "d2b.nxs"
    assert run("ill2nx", shared_data / "ill" / "ILL_D2B_121459.txt.gz", "-o", path).exit_code == 0
    (pattern,) = export(path, tmp_path / "pattern", "--to", "xye", "--sigma", "poisson")
    values = np.loadtxt(pattern)
    assert values.shape == (3200, 3)
    assert (np.diff(values[:, 0]) >= 0).all()
    (scan,) = export(path, tmp_path / "scan", "--to", "xye", "--sigma", "poisson", "--y", "total_counts")
    assert np.loadtxt(scan).shape == (25, 3)
    assert np.loadtxt(scan)[:, 1].sum() == values[:, 1].sum()
