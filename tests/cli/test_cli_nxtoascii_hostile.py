"""Hostile, damaged and unfinished HDF5 files by ``nxconvert nxtoascii``: clear errors, and nothing half-written."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

Call = Callable[..., "tuple[int, str, str]"]

TABLE = "det\n1.5\n2.5\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty working folder."""
    place = tmp_path / "home"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


def make(path: str | Path) -> h5py.Group:
    """Write a file of one scan, and give its ``measurement``, still open."""
    file = h5py.File(path, "w")
    entry = file.create_group("1.1")
    entry.attrs["NX_class"] = "NXentry"
    measurement = entry.create_group("measurement")
    measurement["det"] = [1.5, 2.5]
    return measurement


def test_links_in_circles_are_told_and_the_rest_is_written(call: Call, home: Path) -> None:
    measurement = make("x.h5")
    measurement["again"] = measurement  # a group within itself
    measurement["a"] = h5py.SoftLink("/1.1/measurement/b")
    measurement["b"] = h5py.SoftLink("/1.1/measurement/a")
    measurement["file"] = h5py.ExternalLink("x.h5", "/1.1/measurement/file")
    measurement.file["1.1/instrument"] = h5py.SoftLink("/1.1")
    measurement.file.close()
    code, out, err = call("nxtoascii", "x.h5", "-o", "-")
    assert (code, out) == (0, TABLE)
    for name in ("a", "b", "file"):
        assert f"warning: x.h5: the link '/1.1/measurement/{name}' leads " in err


def test_links_and_virtual_datasets_out_of_the_folder_are_not_read(call: Call, home: Path) -> None:
    secret = home.parent / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["values"] = [41.0, 42.0]
    measurement = make("x.h5")
    measurement["linked"] = h5py.ExternalLink(str(secret), "/values")
    layout = h5py.VirtualLayout((2,), np.float64)
    layout[:] = h5py.VirtualSource("../secret.h5", "/values", (2,))
    measurement.create_virtual_dataset("virtual", layout)
    measurement.create_dataset("raw", (2,), np.float64, external=[(str(secret), 0, 16)])
    measurement.file.close()
    code, out, err = call("nxtoascii", "x.h5", "-o", "-")
    assert (code, out) == (1, TABLE)
    assert f"lost: x.h5: the link '/1.1/measurement/linked' leads to '{secret}', which is not read" in err
    assert "lost: x.h5: '/1.1/measurement/virtual' leads to '" in err
    assert "lost: x.h5: '/1.1/measurement/raw' leads to '" in err
    code, out, err = call("nxtoascii", "x.h5", "--roots", home.parent, "--columns", "*", "-o", "-")
    assert out.splitlines()[0].split(",") == ["det", "linked", "raw", "virtual"]
    assert out.splitlines()[1].split(",")[1] == out.splitlines()[1].split(",")[3] == "41.0"


def test_a_dataset_that_declares_a_million_million_values_is_left_out(call: Call, home: Path) -> None:
    measurement = make("x.h5")
    measurement.create_dataset("chunked", (10**12,), np.float64, chunks=(1 << 16,), compression="gzip")[:3] = 1.0
    measurement.create_dataset("plain", (10**12,), np.float64)
    measurement.create_dataset("texts", (10**12,), h5py.string_dtype())
    measurement.file.close()
    code, out, err = call("nxtoascii", "x.h5", "-o", "-")
    assert (code, out) == (1, TABLE)
    for name in ("chunked", "plain"):
        assert f"lost: x.h5: '/1.1/measurement/{name}' declares 1000000000000 values" in err
    assert "lost: x.h5: '/1.1/measurement/texts' holds 1000000000000 texts" in err


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("name", ["csv", "spec"])
def test_a_file_that_was_cut_is_an_error_and_leaves_nothing(call: Call, home: Path, name: str, part: float) -> None:
    measurement = make("x.h5")
    measurement.create_dataset("more", data=np.random.default_rng(1).random(5000), chunks=(500,), compression="gzip")
    measurement.file.close()
    whole = (home / "x.h5").read_bytes()
    (home / "x.h5").write_bytes(whole[: int(part * len(whole))])
    code, out, err = call("nxtoascii", "x.h5", "--to", name, "-q")
    assert (code, out) == (1, "")
    assert err.startswith("x.h5: ")
    assert os.listdir() == ["x.h5"]


WRITING = """
import sys, h5py
with h5py.File("x.h5", "w", libver="latest") as file:
    entry = file.create_group("1.1")
    entry.attrs["NX_class"] = "NXentry"
    data = entry.create_dataset("measurement/det", (2,), "f8", maxshape=(None,), chunks=(16,))
    data[...] = [1.5, 2.5]
    if sys.argv[1] == "swmr":
        file.swmr_mode = True
    file.flush()
    print("ready", flush=True)
    sys.stdin.readline()
"""


@pytest.mark.parametrize("mode", ["swmr", "alone"])
def test_a_file_that_another_process_writes_is_read_where_its_writer_allows_it(
    call: Call, home: Path, mode: str
) -> None:
    words = [sys.executable, "-c", WRITING, mode]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        try:
            result: Any = call("nxtoascii", "x.h5", "-o", "-", "-q")
        finally:
            writer.communicate("\n")
    code, out, err = result
    if mode == "swmr":
        assert (code, out, err) == (0, TABLE, "")
    else:
        assert (code, out) == (1, "")
        assert err.startswith("x.h5: cannot be opened as HDF5: ")
        assert err.endswith("\n  hint: is it complete, and not being written?\n")
    assert os.listdir() == ["x.h5"]
    assert call("nxtoascii", "x.h5", "-o", "-", "-q") == (0, TABLE, "")
