"""The same files read by silx, where silx is right: columns, labels and MCA spectra of regular scans."""

from __future__ import annotations

import bz2
from pathlib import Path

import numpy as np
import pytest

from nxconvert.arrays import load
from nxconvert.readers.spec import READER

specfile = pytest.importorskip("silx.io.specfile")

FILES = ["oleg.dat", "31oct98.dat", "lmn40.spe", "CdOsO", "APS_spec_data.dat", "XCOM_CrossSections.dat", "refresh1.txt"]


@pytest.mark.parametrize("name", FILES)
def test_columns_and_labels_agree_with_silx(name: str, shared_data: Path) -> None:
    path = shared_data / "spec" / name
    theirs = specfile.SpecFile(str(path))
    try:
        with READER.open(str(path)) as ours:
            for index, scan in enumerate(ours):
                other = theirs[index]
                assert [field.long_name or field.name for field in scan.columns.values()] == list(other.labels)
                if scan.points:
                    mine = np.stack([np.asarray(load(field.value), float) for field in scan.columns.values()])  # type: ignore[arg-type]
                    np.testing.assert_array_equal(mine, other.data)
    finally:
        theirs.close()


@pytest.mark.parametrize("name", ["oleg.dat", "test.spec.bz2"])
def test_spectra_agree_with_silx(name: str, shared_data: Path, tmp_path: Path) -> None:
    path = shared_data / "spec" / name
    plain = path
    if name.endswith(".bz2"):
        plain = tmp_path / "plain.spec"
        plain.write_bytes(bz2.decompress(path.read_bytes()))
    theirs = specfile.SpecFile(str(plain))
    try:
        with READER.open(str(path)) as ours:
            for index, scan in enumerate(ours):
                data = load(scan.detectors["mca_0"]["data"].value)  # type: ignore[arg-type]
                mca = theirs[index].mca
                assert len(mca) == len(data)
                for at in range(len(mca)):
                    np.testing.assert_array_equal(data[at], mca[at])
                if name == "oleg.dat":
                    assert list(mca.channels[0]) == scan.detectors["mca_0"]["channel"].value.tolist()  # type: ignore[union-attr]
                    assert list(mca.calibration[0]) == scan.detectors["mca_0"]["calibration"].value.tolist()  # type: ignore[union-attr]
    finally:
        theirs.close()
