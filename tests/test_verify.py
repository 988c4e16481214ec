"""Outputs compared with their sources: every sample is equal, and every kind of difference is found."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from nxconvert.errors import ReadError
from nxconvert.pipeline import ConvertOptions, convert_file, merge_files
from nxconvert.resources import samples_dir
from nxconvert.verify import options_of, verify_file

SAMPLES = ("counters.spec", "mca_calib.spec", "quirks.spec", "frames.edf", "saxs.edf", "tomography", "nanoesca")
SAMPLES += ("tas_energy.scn", "numors/068288", "numors/068289.gz", "images")


def made(sample: str, output: Path, **options: Any) -> ConvertOptions:
    chosen = ConvertOptions(time_zone="UTC", root=str(samples_dir()), **options)
    outcome = convert_file(str(samples_dir() / sample), str(output), chosen)
    assert outcome.status == "converted", outcome.problems
    return chosen


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_sample_is_equal_to_its_source(sample: str, tmp_path: Path) -> None:
    output = tmp_path / "out.nxs"
    options = made(sample, output)
    assert verify_file(str(samples_dir() / sample), str(output), options) == []
    assert verify_file(str(samples_dir() / sample), str(output), options_of(str(output))) == []


def test_merged_outputs_and_chosen_scans_are_equal_too(tmp_path: Path) -> None:
    sources = [str(samples_dir() / name) for name in ("counters.spec", "mesh.spec")]
    options = ConvertOptions(time_zone="UTC", scans="1", layout="entry", mappings=("scan",))
    output = str(tmp_path / "out.nxs")
    assert merge_files(sources, output, options).status == "converted"
    assert verify_file(sources, output, options) == []


def change_a_value(file: Any) -> None:
    file["scan_1/measurement/Detector"][3] += 1


def change_a_type(file: Any) -> None:
    item = file["scan_3/measurement/Detector"]
    values, attributes = item[()], dict(item.attrs)
    for name in list(file["scan_3"]):
        if isinstance(file[f"scan_3/{name}"], h5py.Group) and "Detector" in file[f"scan_3/{name}"]:
            del file[f"scan_3/{name}/Detector"]
    file["scan_3/measurement/Detector"] = values.astype(np.float64)
    file["scan_3/measurement/Detector"].attrs.update(attributes)


def change_a_text(file: Any) -> None:
    file["scan_2/title"][()] = "another"


def change_an_attribute(file: Any) -> None:
    file["scan_1/data"].attrs["signal"] = "Monitor"


def remove_a_field(file: Any) -> None:
    del file["scan_1/instrument/positioners/Chi"]


def copy_a_link(file: Any) -> None:
    values = file["scan_1/data/Theta"][()]
    del file["scan_1/data/Theta"]
    file["scan_1/data/Theta"] = values


def add_an_entry(file: Any) -> None:
    file.create_group("scan_9")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (change_a_value, "/scan_1/measurement/Detector: has other values than the source"),
        (change_a_type, "/scan_3/measurement/Detector: has other values than the source"),
        (change_a_text, "/scan_2/title: has other values than the source"),
        (change_an_attribute, "/scan_1/data: @signal is 'Monitor' instead of 'Detector'"),
        (remove_a_field, "/scan_1/instrument/positioners/Chi: is not there"),
        (copy_a_link, "/scan_1/data/Theta: is no link to 'measurement/Theta'"),
        (add_an_entry, "/scan_9: the source has no such entry"),
    ],
)
def test_every_difference_is_found(change: Callable[[Any], None], expected: str, tmp_path: Path) -> None:
    output = tmp_path / "out.nxs"
    options = made("counters.spec", output)
    with h5py.File(output, "a") as file:
        change(file)
    found = verify_file(str(samples_dir() / "counters.spec"), str(output), options)
    assert f"error: {expected} [differs]" in [str(item) for item in found]


@pytest.mark.parametrize("compression", ["gzip", "none", "lzf"])
def test_a_changed_pixel_is_found_with_its_frame(compression: str, tmp_path: Path) -> None:
    output = tmp_path / "out.nxs"
    options = made("frames.edf", output, compression=compression)
    with h5py.File(output, "a") as file:
        stack = next(item for item in file["entry/instrument/detector"].values() if len(item.shape) == 3)
        stack[5, 7, 7] += 1
    [found] = verify_file(str(samples_dir() / "frames.edf"), str(output), options)
    assert (
        str(found)
        == "error: /entry/instrument/detector/data: has other values than the source, from frame 5 on [differs]"
    )


def test_a_file_of_another_program_states_no_options(tmp_path: Path) -> None:
    path = tmp_path / "x.nxs"
    with h5py.File(path, "w") as file:
        file.create_group("entry").attrs["NX_class"] = "NXentry"
    with pytest.raises(ReadError) as error:
        options_of(str(path))
    assert str(error.value) == (
        f"{path}: was not written by nxconvert, its options are unknown\n  hint: name the mapping with -m"
    )


def test_the_command(tmp_path: Path) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "nxconvert", *words]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)

    shutil.copy(samples_dir() / "counters.spec", tmp_path)
    shutil.copytree(samples_dir() / "images", tmp_path / "images")
    assert run("spec2nx", "counters.spec", "--timezone", "UTC").returncode == 0
    done = run("verify", "counters.spec", "counters.nxs")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "counters.nxs: equal to its source\n")
    images = [f"images/align_0004{n}.edf" for n in (1, 2, 3)]
    assert run("edf2nx", *images, "--series", "-o", "series.nxs").returncode == 0
    assert run("verify", *images, "series.nxs", "-q").returncode == 0
    with h5py.File(tmp_path / "counters.nxs", "a") as file:
        change_a_value(file)
    done = run("verify", "counters.spec", "counters.nxs")
    assert done.returncode == 1
    assert done.stderr == "counters.nxs: 1 difference\n"
    assert run("verify", "nothing.spec", "counters.nxs").returncode == 1
