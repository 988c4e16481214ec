"""SPEC to NeXus against silx convert and spec2nexus: the same data, one run, the ratio printed."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import specgen
from timing import FOLDER, Measured, measure, ours, show, silx, spec2nexus

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(3600)]

CASES: dict[str, Callable[[Path], None]] = {
    "5000 scans x 50 points, every motor moves": lambda path: specgen.scans(path, 5000, 50, moving=28),
    "5000 scans x 50 points, four motors move": lambda path: specgen.scans(path, 5000, 50, moving=4),
    "20 scans x 20000 points": lambda path: specgen.scans(path, 20, 20000),
    "10000 spectra x 1024 channels": lambda path: specgen.spectra(path, 10000),
}


def made(name: str, make: Callable[[Path], None]) -> Path:
    """Give the data file of a case, made once."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / (name.replace(" ", "_").replace(",", "") + ".spec")
    if not path.exists():
        make(path)
    return path


@pytest.mark.parametrize("name", CASES)
def test_conversion(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    source = made(name, CASES[name])
    own, peer = FOLDER / "own.nxs", FOLDER / "silx.h5"
    mine = measure(ours(source, own), own)
    theirs = measure(silx(source, peer), peer)
    megabytes = source.stat().st_size / 1e6

    def line(figure: Measured, output: Path) -> str:
        return (
            f"{figure.seconds:7.2f} s {megabytes / figure.seconds:7.1f} MB/s {figure.memory:6.0f} MiB "
            f"{output.stat().st_size / 1e6:7.1f} MB"
        )

    show(
        capsys,
        name,
        nxconvert=line(mine, own),
        silx_convert=line(theirs, peer),
        ratio=f"{theirs.seconds / mine.seconds:.1f} times as fast as silx, "
        f"{own.stat().st_size / peer.stat().st_size:.2f} of its size",
    )


@pytest.mark.parametrize("name", ["500 scans x 50 points", "1000 spectra x 1024 channels"])
def test_conversion_against_spec2nexus(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Smaller files: its cost grows with the square of the number of scans."""
    count = int(name.split()[0])
    source = made(
        name,
        lambda path: (specgen.scans if "scans" in name else specgen.spectra)(path, count, *([50] * ("scans" in name))),
    )
    own, peer = FOLDER / "own.nxs", FOLDER / "peer.s2n.h5"
    mine = measure(ours(source, own), own)
    theirs = measure(spec2nexus(source, FOLDER / "peer.h5"), peer, runs=1)
    show(
        capsys,
        name,
        nxconvert=f"{mine.seconds:7.2f} s {own.stat().st_size / 1e6:7.1f} MB",
        spec2nexus=f"{theirs.seconds:7.2f} s",
        ratio=f"{theirs.seconds / mine.seconds:.1f} times as fast",
    )


def test_cost_is_linear_in_scans(capsys: pytest.CaptureFixture[str]) -> None:
    rows = {}
    base = 0.0
    for count in (5000, 50000):
        source = made(f"{count} scans x 50 points, every motor moves", partial(specgen.scans, count=count, points=50))
        output = FOLDER / "own.nxs"
        figure = measure(ours(source, output), output, runs=3 if count == 5000 else 1)
        base = base or figure.seconds
        rows[f"{count}_scans"] = (
            f"{figure.seconds:7.2f} s {figure.seconds / count * 1e6:7.0f} us/scan {figure.memory:6.0f} MiB "
            f"{figure.seconds / base:5.2f} times the first"
        )
        output.unlink()
    show(capsys, "cost per scan", **rows)


@pytest.mark.parametrize("kind", ["many scans", "one scan", "spectra"])
def test_memory_for_a_gibibyte(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The text of a smaller file is repeated, so that making the file does not take longer than converting it."""
    path = FOLDER / f"gibibyte_{kind.replace(' ', '_')}.spec"
    FOLDER.mkdir(exist_ok=True)
    if not path.exists():
        part = FOLDER / "part.spec"
        if kind == "many scans":
            specgen.scans(part, 500, 50)
            head, body = part.read_bytes().split(b"#S ", 1)
            body = b"#S " + body
        elif kind == "one scan":
            specgen.scans(part, 1, 20000)
            start = part.read_bytes().index(b"\n", part.read_bytes().index(b"#L ")) + 1
            head, body = part.read_bytes()[:start], part.read_bytes()[start:].rstrip(b"\n") + b"\n"
        else:
            specgen.spectra(part, 2000)
            start = part.read_bytes().index(b"\n", part.read_bytes().index(b"#L ")) + 1
            head, body = part.read_bytes()[:start], part.read_bytes()[start:]
        with path.open("wb") as file:
            file.write(head)
            while file.tell() < 2**30:
                file.write(body)
        part.unlink()
    output = FOLDER / "own.nxs"
    figure = measure(ours(path, output), output, runs=1)
    show(
        capsys,
        f"1 GiB, {kind}",
        nxconvert=f"{figure.seconds:7.2f} s {path.stat().st_size / 1e6 / figure.seconds:7.1f} MB/s, peak memory {figure.memory:.0f} MiB",
    )
    output.unlink()
    path.unlink()


def test_start(capsys: pytest.CaptureFixture[str]) -> None:
    path = made("ten kilobytes", lambda file: specgen.scans(file, 1, 50))
    output = FOLDER / "own.nxs"
    mine = measure(ours(path, output), output, runs=9)
    imports = measure([sys.executable, "-c", "import click, numpy, h5py"], runs=9)
    version = measure([sys.executable, "-m", "nxconvert", "--version"], runs=9)
    show(
        capsys,
        "start",
        a_file_of_10_kB=f"{mine.seconds:.3f} s, {mine.seconds / imports.seconds:.2f} times the imports",
        click_numpy_h5py=f"{imports.seconds:.3f} s",
        version=f"{version.seconds:.3f} s",
    )


def test_where_the_time_goes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from nxconvert.mapping.engine import load
    from nxconvert.registry import reader
    from nxconvert.writer.hdf5 import NexusWriter

    rows = {}
    for name in list(CASES):
        source = made(name, CASES[name])
        mapping = load(["spec"])
        spent = {"read": 0.0, "map": 0.0, "write": 0.0}
        with reader("spec").open(str(source)) as file, NexusWriter(str(tmp_path / "t.nxs")) as writer:
            iterator = iter(file)
            while True:
                began = time.perf_counter()
                scan = next(iterator, None)
                read = time.perf_counter()
                spent["read"] += read - began
                if scan is None:
                    break
                tree, _problems = mapping.tree(scan)
                mapped = time.perf_counter()
                writer.write(tree)
                spent["map"] += mapped - read
                spent["write"] += time.perf_counter() - mapped
        rows[name] = "  ".join(f"{stage} {seconds:.2f} s" for stage, seconds in spent.items())
    show(capsys, "where the time goes", **rows)
