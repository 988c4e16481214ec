"""PyMca opens the files and finds the spectra, with their calibration, channels and times."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from nxconvert.pipeline import ConvertOptions, convert_file
from nxconvert.resources import samples_dir

pytestmark = pytest.mark.filterwarnings("ignore")  # those of PyMca are its own affair

DETECTORS = "#F x\n\n#S 1 ascan th 0 1 1 1\n#@CALIB 1 0.5 0\n#@CHANN 3 {first} {last} 1\n#N 1\n#L det\n1\n@{name} 1 2 3\n2\n@{name} 4 5 6\n"


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Give a function that lists the spectra of an entry, each with what PyMca knows of it, as its window does."""
    pytest.importorskip("PyMca5")
    from PyMca5.PyMcaCore import NexusDataSource, NexusTools

    source = NexusDataSource.NexusDataSource(str(path))

    def spectra(entry: str) -> dict[str, Any]:
        with h5py.File(path) as file:
            key = f"1.{list(file).index(entry) + 1}"
            paths = [name.removeprefix(f"/{entry}") for name in NexusTools.getMcaList(file, f"/{entry}")]
        chosen = {"sourcename": str(path), "entry": f"/{entry}", "mcalist": paths, "mcaselectiontype": "sum"}
        found = {}
        for number, name in enumerate(paths):
            if "roi_name" not in name:  # text, see below
                found[name] = source.getDataObject(key, selection={**chosen, "mca": [number], "selectiontype": "MCA"})
        return found

    yield spectra
    source.close()


def converted(source: Path, tmp_path: Path) -> Path:
    path = tmp_path / "x.nxs"
    outcome = convert_file(str(source), str(path), ConvertOptions(reader="spec", time_zone="UTC"))
    assert outcome.status == "converted"
    return path


def test_pymca_finds_the_spectra_of_a_scan_with_all_that_belongs_to_them(tmp_path: Path) -> None:
    path = converted(samples_dir() / "mca_calib.spec", tmp_path)
    with opened(path) as spectra, h5py.File(path) as file:
        detector = file["scan_1/instrument/mca_0"]
        found = spectra("scan_1")["/instrument/mca_0/data"]
        assert found.info["McaCalib"].tolist() == detector["calibration"][()].tolist() == [0.0, 0.05, 0.0]
        assert (found.info["McaPresetTime"], found.info["McaLiveTime"], found.info["McaRealTime"]) == (2, 1.94, 2.0001)
        assert found.x[0].tolist() == list(range(100, 164))
        assert np.array_equal(found.y[0], detector["data"][()].sum(axis=0))
        for name in ("mca_1", "mca_2"):
            found = spectra("scan_2")[f"/instrument/{name}/data"]
            assert found.info["McaCalib"].tolist() == file[f"scan_2/instrument/{name}/calibration"][()].tolist()


def test_pymca_finds_the_calibration_of_a_single_spectrum(tmp_path: Path) -> None:
    path = converted(samples_dir() / "single_spectrum.spec", tmp_path)
    with opened(path) as spectra, h5py.File(path) as file:
        counts = file["scan_1/instrument/mca_0/data"][()]
        (found,) = [item for item in spectra("scan_1").values() if np.array_equal(item.y[0], counts)]
        assert found.info["McaCalib"].tolist() == file["scan_1/instrument/mca_0/calibration"][()].tolist()
        assert found.x[0].tolist() == file["scan_1/instrument/mca_0/channel"][()].tolist()


@pytest.mark.parametrize(
    ("first", "name"),
    [
        (0, "amptek"),
        pytest.param(
            5,
            "amptek",
            marks=pytest.mark.xfail(
                strict=True, reason="met in their plot first, where PyMca would count the channels from 0"
            ),
        ),
    ],
)
def test_pymca_finds_the_calibration_whatever_the_name_of_the_detector(tmp_path: Path, first: int, name: str) -> None:
    (tmp_path / "x.spec").write_text(DETECTORS.format(name=name, first=first, last=first + 2))
    with opened(converted(tmp_path / "x.spec", tmp_path)) as spectra:
        (found,) = [item for item in spectra("scan_1").values() if item.y[0].tolist() == [5, 7, 9]]
        assert found.info["McaCalib"].tolist() == [1.0, 0.5, 0.0]


@pytest.mark.xfail(strict=True, reason="PyMca takes every list in a group called mca for a spectrum")
def test_pymca_finds_nothing_but_spectra(tmp_path: Path) -> None:
    path = converted(samples_dir() / "mca_calib.spec", tmp_path)
    with opened(path) as spectra:
        assert list(spectra("scan_1")) == ["/instrument/mca_0/data"]
        assert list(spectra("scan_2")) == ["/instrument/mca_1/data", "/instrument/mca_2/data"]
