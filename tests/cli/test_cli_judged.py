"""Outputs that are judged while they are made: --validate, --dry-run, and units that are converted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import h5py
import pytest

from nxconvert.resources import samples_dir
from nxconvert.validate import validate_file

pytest.importorskip("nexusformat")

WRONG = """extends: spec
meta_parameters:
  distance: {nx_path: NXentry/NXsample/distance, def_value: 5, def_units: keV}
  when:     {nx_path: NXentry/NXsample/date, def_value: yesterday}
"""
SAMPLES = ("counters.spec", "mca_calib.spec", "mesh.spec", "xas.spec", "single_spectrum.spec", "frames.edf", "saxs.edf")
SAMPLES += ("tomography", "images", "tas_energy.scn", "numors/068288", "numors/068289.gz", "numors/068290.gz")


def run(*words: str, place: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "nxconvert", *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=place)


@pytest.mark.parametrize("sample", SAMPLES)
def test_what_nxconvert_writes_has_no_finding(sample: str, tmp_path: Path) -> None:
    done = run(
        "convert", str(samples_dir() / sample), "-o", "out.nxs", "--timezone", "UTC", "--validate", place=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert [str(item) for item in validate_file(str(tmp_path / "out.nxs")) if item.severity != "note"] == []


def test_validate_tells_what_is_wrong_with_the_output(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(WRONG)
    words = ("spec2nx", str(samples_dir() / "xas.spec"), "-m", "m.yaml", "-o", "out.nxs", "--timezone", "UTC")
    assert run(*words, "-q", place=tmp_path).returncode == 0
    done = run(*words, "--overwrite", "--validate", place=tmp_path)
    assert (done.returncode, done.stdout) == (1, "out.nxs\n")
    assert (
        "out.nxs:/scan_1/sample/distance: the units 'keV' are no NX_LENGTH [unit-category]\n"
        "  hint: units such as 'mm' are expected\n"
    ) in done.stderr
    assert "out.nxs:/scan_1/sample/date: the time is 'yesterday' [date]\n" in done.stderr


def test_a_dry_run_tells_it_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(WRONG)
    source = str(samples_dir() / "xas.spec")
    done = run("spec2nx", source, "-m", "m.yaml", "--dry-run", "--timezone", "UTC", place=tmp_path)
    assert done.returncode == 1
    assert f"{source}:/scan_1/sample/date: the time is 'yesterday' [date]\n" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["m.yaml"]


@pytest.mark.parametrize(("flags", "value", "units"), [([], 0.000172, "m"), (["--convert-units"], 0.172, "mm")])
def test_units_are_converted_when_that_is_asked_for(flags: list[str], value: float, units: str, tmp_path: Path) -> None:
    (tmp_path / "mm.yaml").write_text(
        "extends: edf\nmeta_parameters:\n  pixel:\n    source: detectors.*.x_pixel_size\n"
        "    nx_path: NXentry/NXinstrument/size:NXcollection/pixel\n    def_units: mm\n"
    )
    done = run("edf2nx", str(samples_dir() / "saxs.edf"), "-m", "mm.yaml", "-o", "out.nxs", *flags, place=tmp_path)
    assert done.returncode == 0, done.stderr
    with h5py.File(tmp_path / "out.nxs") as file:
        item = file["entry/instrument/size/pixel"]
        assert item[()] == pytest.approx(value, rel=1e-15)
        assert item.attrs["units"] == units
