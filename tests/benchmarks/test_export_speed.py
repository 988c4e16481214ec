"""NeXus to SPEC text against numpy.savetxt, its cost per entry, and its memory: one run, the ratio printed."""

from __future__ import annotations

import io
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
import specgen
from timing import FOLDER, measure, ours, show

from nxconvert.errors import Place
from nxconvert.exporters.spec.book import SpecBook
from nxconvert.scan import Field, Scan

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(3600)]


def export(source: Path, output: Path) -> list[str]:
    """The command that exports a NeXus file to SPEC."""
    return [
        sys.executable,
        "-m",
        "nxconvert",
        "nxtoascii",
        str(source),
        "--to",
        "spec",
        "-o",
        str(output),
        "--overwrite",
        "-q",
    ]


def nexus(name: str, count: int, points: int) -> Path:
    """Give a NeXus file made from a SPEC file of this size, made once."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{name}.nxs"
    if not path.exists():
        source = FOLDER / f"{name}.spec"
        specgen.scans(source, count, points)
        measure(ours(source, path), path, runs=1)
    return path


def test_text_of_tables_against_savetxt(capsys: pytest.CaptureFixture[str]) -> None:
    path, output = nexus("tables", 20, 20000), FOLDER / "own.txt"
    with h5py.File(path) as file:
        names = sorted(file, key=lambda name: int(name.split("_")[1]))
        tables = [
            {name: item[()] for name, item in file[entry]["measurement"].items() if item.ndim == 1} for entry in names
        ]
    began = time.process_time()
    for columns in tables:
        np.savetxt(io.StringIO(), np.stack(list(columns.values()), axis=1).astype(float), fmt="%.17g")
    theirs = time.process_time() - began
    began = time.process_time()
    text = io.StringIO(newline="")
    book = SpecBook(text, {"precision": "", "output": "x.spec"})
    for number, columns in enumerate(tables, 1):
        fields = {name: Field(name, value, ("point",)) for name, value in columns.items()}
        book.add(Scan(number, 1, number - 1, Place("x.nxs"), title="scan", columns=fields))
    mine = time.process_time() - began
    whole = measure(export(path, output), output)
    rows = [line.split() for line in text.getvalue().split("\n") if line[:1].isdigit()]
    read = np.array(rows, float).reshape(len(tables), -1, len(tables[0]))
    same = all(
        (read[at, :, k] == value).all() for at, item in enumerate(tables) for k, value in enumerate(item.values())
    )
    show(
        capsys,
        "20 scans x 20000 points x 23 columns to text",
        nxconvert=f"{mine:.2f} s of processor time",
        savetxt=f"{theirs:.2f} s",
        ratio=f"{theirs / mine:.1f} times as fast, {'every' if same else 'NOT EVERY'} double the same",
        whole_command=f"{whole.seconds:.2f} s with start and reading HDF5, {whole.memory:.0f} MiB",
    )
    assert same


def test_cost_is_linear_in_entries(capsys: pytest.CaptureFixture[str]) -> None:
    rows, base = {}, 0.0
    for count in (500, 5000):
        path, output = nexus(f"entries_{count}", count, 50), FOLDER / "own.txt"
        figure = measure(export(path, output), output, runs=1)
        base = base or figure.seconds / count
        rows[f"{count}_entries"] = (
            f"{figure.seconds:.2f} s, {figure.seconds / count * 1e3:.2f} ms per entry, {figure.memory:.0f} MiB, "
            f"{figure.seconds / count / base:.2f} times the first per entry"
        )
    show(capsys, "cost per entry", **rows)


def test_memory_for_two_gigabytes(capsys: pytest.CaptureFixture[str]) -> None:
    path, output = FOLDER / "large.nxs", FOLDER / "own.txt"
    FOLDER.mkdir(exist_ok=True)
    points, channels = 28_000, 9_000
    with h5py.File(path, "w") as file:
        entry = file.create_group("1.1")
        entry.attrs["NX_class"] = "NXentry"
        entry["title"] = "ascan th 0 1 24999 1"
        detector = entry.create_group("instrument/mca")
        entry["instrument"].attrs["NX_class"] = "NXinstrument"
        detector.attrs["NX_class"] = "NXdetector"
        data = detector.create_dataset("data", (points, channels), "f8")
        for begin in range(0, points, 1000):
            data[begin : begin + 1000] = np.arange(channels) % 97 + begin
        measurement = entry.create_group("measurement")
        measurement.attrs["NX_class"] = "NXcollection"
        for column in range(20):
            measurement[f"ctr{column}"] = np.random.default_rng(column).random(points)
        measurement["mca"] = h5py.SoftLink("/1.1/instrument/mca/data")
    size = path.stat().st_size
    figure = measure(export(path, output), output, runs=1)
    show(
        capsys,
        f"{size / 1e9:.1f} GB of doubles to SPEC",
        nxconvert=f"{figure.seconds:.1f} s, {size / 1e6 / figure.seconds:.0f} MB/s, peak memory {figure.memory:.0f} MiB",
    )
    for made in (path, output):
        made.unlink()
