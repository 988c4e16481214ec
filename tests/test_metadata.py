"""Metadata of NeXus files under the keys of catalogues."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from nxconvert import NXApp
from nxconvert.errors import ReadError
from nxconvert.mapping.engine import load
from nxconvert.metadata import metadata
from nxconvert.resources import mappings_dir


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "powder.nxs"
    NXApp(path, "elettra", "mcx", "monopd").set(
        title="Si",
        ring_curr=200.5,
        ring_energy=float("nan"),
        detect_dist={"value": 5.0, "units": "mm"},
        crystal_reflect=[1, 1, 1],
        samp_situation="air",
        data=np.arange(1000),
    )
    return path


def test_icat_keys_are_the_classes_joined(file: Path) -> None:
    [record] = metadata(str(file), "icat")
    assert (record["file"], record["entry"]) == (str(file), "entry")
    found = {item["name"]: (item["value"], item["units"]) for item in record["metadata"]}
    assert found == {
        "title": ("Si", ""),
        "Instrument_name": ("Materials Characterisation by X-ray diffraction", ""),
        "InstrumentSource_name": ("Elettra", ""),
        "InstrumentSource_type": ("Synchrotron X-ray Source", ""),
        "InstrumentSource_probe": ("x-ray", ""),
        "InstrumentSource_current": (200.5, "mA"),
        "InstrumentSource_energy": ("nan", "GeV"),
        "InstrumentCrystal_usage": ("Bragg", ""),
        "InstrumentCrystal_type": ("Si", ""),
        "InstrumentCrystal_reflection": ([1, 1, 1], ""),
        "InstrumentDetector_distance": (5.0, "mm"),
        "Sample_situation": ("air", ""),
        "Monitor_mode": ("monitor", ""),
        "Monitor_preset": ("nan", ""),
        "Monitor_sampled_fraction": (1.0, ""),
    }


def test_the_other_forms_hold_the_same(file: Path) -> None:
    [scicat] = metadata(str(file), "scicat")
    assert scicat["metadata"]["InstrumentSource_current"] == {"value": 200.5, "unit": "mA"}
    [flat] = metadata(str(file), "flat")
    assert flat["metadata"]["instrument/source/current"] == 200.5
    assert flat["metadata"]["instrument/source/current@units"] == "mA"
    for record in (scicat, flat):
        assert json.loads(json.dumps(record, allow_nan=False)) == record


def test_several_groups_of_a_class_are_numbered_and_collections_keep_their_names(tmp_path: Path) -> None:
    path = tmp_path / "a.nxs"
    with h5py.File(path, "w", track_order=True) as made:
        for group, nx_class in (
            ("b", "NXentry"),
            ("b/inst", "NXinstrument"),
            ("b/inst/one", "NXdetector"),
            ("b/inst/two", "NXdetector"),
            ("b/inst/positioners", "NXcollection"),
            ("b/plot", "NXdata"),
        ):
            made.create_group(group, track_order=True).attrs["NX_class"] = nx_class
            made[f"{group}/x"] = len(group)
        made["b/plot/again"] = made["b/inst/one/x"]
        made["b/inst/text"] = "x" * 5000
    [record] = metadata(str(path), "icat")
    found = {item["name"]: item["value"] for item in record["metadata"]}
    assert found == {
        "x": 1,
        "Instrument_x": 6,
        "InstrumentDetector01_x": 10,
        "InstrumentDetector02_x": 10,
        "InstrumentPositioners_x": 18,
    }


def test_a_mapping_says_which_keys(file: Path) -> None:
    [record] = metadata(str(file), "flat", load(["catalogue/icat"]).class_paths())
    assert record["metadata"] == {
        "title": "Si",
        "InstrumentSource_name": "Elettra",
        "InstrumentSource_current": 200.5,
        "InstrumentSource_current@units": "mA",
        "InstrumentDetector_distance": 5.0,
        "InstrumentDetector_distance@units": "mm",
    }


def test_the_keys_in_the_readme_of_the_mappings_give_what_they_name(tmp_path: Path) -> None:
    page = (mappings_dir() / "README.md").read_text(encoding="utf-8")
    [keys] = re.findall(r"```yaml\n(meta_parameters:\n  startDate.*?)```", page, re.DOTALL)
    (tmp_path / "keys.yaml").write_text(keys)
    with h5py.File(tmp_path / "a.nxs", "w") as made:
        for group, nx_class in (
            ("a", "NXentry"),
            ("a/instrument", "NXinstrument"),
            ("a/instrument/ring", "NXsource"),
            ("a/instrument/eiger", "NXdetector"),
            ("a/instrument/other", "NXdetector"),
        ):
            made.create_group(group).attrs["NX_class"] = nx_class
        made["a/start_time"] = "2024-06-03T08:00:00Z"
        made["a/instrument/ring/current"] = 200.5
        made["a/instrument/eiger/distance"], made["a/instrument/other/distance"] = 5.0, 6.0
    [record] = metadata(str(tmp_path / "a.nxs"), "flat", load([str(tmp_path / "keys.yaml")]).class_paths())
    assert record["metadata"] == {
        "startDate": "2024-06-03T08:00:00Z",
        "InstrumentSource_current": 200.5,
        "Detector_distance": 5.0,
    }


def test_what_is_no_hdf5_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("no")
    with pytest.raises(ReadError):
        list(metadata(str(tmp_path / "x"), "icat"))


def test_the_command_goes_on_after_a_file_that_cannot_be_read(file: Path) -> None:
    def run(*words: str) -> Any:
        command = [sys.executable, "-m", "nxconvert", "metadata", *words]
        return subprocess.run(command, capture_output=True, text=True)

    done = run("nothing.nxs", str(file), "--keys", "elettra/elettra", "--format", "flat")
    assert done.returncode == 1
    assert done.stderr.startswith("nothing.nxs: there is no such file, a readable file expected")
    assert json.loads(done.stdout)["metadata"]["ring_curr"] == 200.5
    assert run(str(file), "--keys", "elettraa").returncode == 2
