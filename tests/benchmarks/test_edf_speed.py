"""EDF to NeXus against silx convert and a loop over fabio: the same data, one run, the ratio printed."""

from __future__ import annotations

import itertools
import json
import math
import statistics
import sys
import time
from functools import cache, partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from peers import fabio_loop
from seriesgen import edf
from timing import FOLDER, Measured, fresh, measure, ours, race, show, silx_for_edf

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(3600)]

OWN = FOLDER / "edf_own.nxs"
PEER = FOLDER / "edf_peer.h5"
RAW = FOLDER / "limit.raw"


def items(number: int, motors: int = 20, keys: int = 0) -> dict[str, object]:
    """A header as SPEC and Lima write it: positions of motors, a counter that changes, text that does not."""
    return {
        "title": "ascan th 0 1 100 0.1",
        "time_of_day": f"{1.7e9 + number / 7:.6f}",
        "count_time": "0.1",
        "motor_mne": " ".join(f"motor{k}" for k in range(motors)),
        "motor_pos": " ".join(f"{k * 1.2345:.6f}" for k in range(motors - 1)) + f" {number * 0.01:.6f}",
        **{f"key_{k}": f"value {k} {number if k < 4 else 0}" for k in range(keys)},
    }


def stack(name: str, count: int, shape: tuple[int, ...], **options: int) -> Path:
    """Give one file of many frames of counts, made once."""
    path = FOLDER / f"{name}.edf"
    if not path.exists():
        FOLDER.mkdir(exist_ok=True)
        with path.open("wb") as file:
            for number in range(count):
                file.write(edf(noise(number, shape), items(number, **options), number + 1))
    return path


def files(name: str, count: int, shape: tuple[int, ...], **options: int) -> Path:
    """Give a folder of files with one frame each, made once."""
    folder = FOLDER / name
    if not folder.exists():
        folder.mkdir(parents=True)
        for number in range(count):
            block = edf(noise(number, shape), items(number, **options), number + 1)
            (folder / f"image_{number:04d}.edf").write_bytes(block)
    return folder


@cache
def counts(number: int) -> Any:
    return np.random.default_rng(0).poisson(20, number).astype("<u2")


def noise(number: int, shape: tuple[int, ...]) -> Any:
    """Give counts that are others in every frame, without much work or memory."""
    size = math.prod(shape)
    pool = counts(max(1 << 22, 2 * size))
    first = (number * 7919) % (len(pool) - size)
    return pool[first : first + size].reshape(shape)


def peer(name: str, **options: object) -> list[str]:
    """The command of one of the peers in peers.py."""
    return [sys.executable, str(Path(__file__).with_name("peers.py")), json.dumps({"peer": name, "options": options})]


def silx(source: Path, *options: str) -> list[str]:
    inputs = ["--file-pattern", str(source / "image_%04d.edf")] if source.is_dir() else [str(source)]
    return [silx_for_edf(), "convert", *inputs, "-o", str(PEER), *options]


def paths(source: Path) -> list[str]:
    return [str(path) for path in sorted(source.iterdir())] if source.is_dir() else [str(source)]


def line(figure: Measured, output: Path, pixels: float) -> str:
    return (
        f"{figure.seconds:6.2f} s {pixels / 1e6 / figure.seconds:6.0f} MB/s, {figure.work:6.2f} s of processors, "
        f"{figure.memory:5.0f} MiB "
        f"{output.stat().st_size / 1e6:6.1f} MB"
    )


@pytest.mark.parametrize("kind", ["one file", "200 files"])
def test_200_frames_of_1024_by_1024(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    shape, count = (1024, 1024), 200
    source = stack("frames_200", count, shape) if kind == "one file" else files("files_200", count, shape)
    size = count * 2 * 1024 * 1024
    found = race(
        {
            "own": (ours(source, OWN, command="edf2nx"), OWN),
            "silx": (silx(source, "--compression", "gzip", "--chunks", "(1,1024,1024)"), PEER),
            "plain": (
                peer("limit", paths=paths(source), output=str(RAW), header=1024, size=size // count, width=0),
                RAW,
            ),
            "shuffled": (
                peer("limit", paths=paths(source), output=str(RAW), header=1024, size=size // count, width=2),
                RAW,
            ),
        }
    )
    own, work = found["own"].seconds, found["own"].work
    show(
        capsys,
        f"200 frames of 1024x1024 uint16, {kind}",
        nxconvert=line(found["own"], OWN, size),
        silx_2_2_2=line(found["silx"], PEER, size),
        isal_threads_to_raw=line(found["plain"], RAW, size),
        the_same_shuffled=line(found["shuffled"], RAW, size),
        ratio=f"{found['silx'].seconds / own:.1f} times as fast as silx with {work / found['silx'].work:.2f} of its work, "
        f"{OWN.stat().st_size / PEER.stat().st_size:.2f} of its size; "
        f"{found['plain'].seconds / own:.0%} of the speed of isal threads, "
        f"{found['shuffled'].seconds / own:.0%} of them with shuffle",
    )


def against_fabio(capsys: pytest.CaptureFixture[str], name: str, source: Path, size: float) -> None:
    """Compare with loops over fabio: pixels alone, and with the headers, which nxconvert always keeps."""
    loops = {
        "pixels only, gzip": ("auto", False),
        "pixels only, frame chunks": ("frame", False),
        "pixels and headers, gzip": ("auto", True),
        "pixels and headers, frame": ("frame", True),
    }
    commands = {
        text: (peer("fabio", paths=paths(source), output=str(PEER), how=how, headers=headers), PEER)
        for text, (how, headers) in loops.items()
    }
    found = race({"own": (ours(source, OWN, command="edf2nx"), OWN), **commands})
    own = found.pop("own")
    # what both need before they begin: the ratio of the work itself is that of the rest
    start = measure([sys.executable, "-c", "import fabio, h5py, nxconvert.pipeline"], runs=5)
    show(
        capsys,
        name,
        nxconvert=line(own, OWN, size),
        start_of_python=f"{start.seconds:6.2f} s, {start.work:6.2f} s of processors",
        **{
            text: f"{figure.seconds:6.2f} s, {figure.seconds / own.seconds:.1f} times as long as nxconvert, "
            f"{(figure.seconds - start.seconds) / (own.seconds - start.seconds):.1f} without the start; "
            f"{figure.work:6.2f} s of processors, {figure.work / own.work:.1f} times as many, "
            f"{(figure.work - start.work) / (own.work - start.work):.1f} without the start"
            for text, figure in found.items()
        },
    )


def loops_in_one_process(capsys: pytest.CaptureFixture[str], name: str, source: Path) -> None:
    """Compare with the same loops where all of them have started already."""
    from nxconvert.pipeline import ConvertOptions, convert_file

    options = ConvertOptions(reader="edf", existing="overwrite")

    def convert() -> None:
        assert convert_file(str(source), str(OWN), options).status == "converted"

    works = {"own": convert}
    for headers, held in ((False, "pixels only"), (True, "pixels and headers")):
        for how, text in (("auto", "gzip"), ("frame", "frame chunks")):
            works[f"{held}, {text}"] = partial(fabio_loop, paths(source), str(PEER), how, headers)
    times: dict[str, list[float]] = {text: [] for text in works}
    for _ in range(5):
        for text, work in works.items():
            fresh(OWN, PEER)
            began = time.perf_counter()
            work()
            times[text].append(time.perf_counter() - began)
    medians = {text: statistics.median(found) for text, found in times.items()}
    own = medians.pop("own")
    rows = {text: f"{found:6.2f} s, {found / own:.1f} times as long as nxconvert" for text, found in medians.items()}
    show(capsys, f"{name}, all in one process", nxconvert=f"{own:6.2f} s", **rows)


def test_4000_small_frames_with_headers_of_3_kb(capsys: pytest.CaptureFixture[str]) -> None:
    source = stack("frames_4000", 4000, (64, 64), motors=120, keys=37)
    against_fabio(capsys, "4000 frames of 64x64 with headers of 3 kB", source, 4000 * 64 * 64 * 2)
    loops_in_one_process(capsys, "4000 frames of 64x64 with headers of 3 kB", source)


def test_2000_files_of_one_frame(capsys: pytest.CaptureFixture[str]) -> None:
    source = files("files_2000", 2000, (128, 128))
    against_fabio(capsys, "2000 files with one frame of 128x128", source, 2000 * 128 * 128 * 2)
    loops_in_one_process(capsys, "2000 files with one frame of 128x128", source)


def test_links_to_2000_files(capsys: pytest.CaptureFixture[str]) -> None:
    from nxconvert.pipeline import ConvertOptions, convert_file
    from nxconvert.registry import reader

    source = files("files_2000", 2000, (128, 128))
    options = ConvertOptions(reader="edf", existing="overwrite", link="absolute")

    def scan() -> None:
        with reader("edf").open(str(source)) as file:
            assert [scan.points for scan in file] == [2000]

    def link() -> None:
        assert convert_file(str(source), str(OWN), options).status == "converted"

    times: dict[str, list[float]] = {"scan": [], "link": []}
    for _ in range(9):
        for name, work in (("scan", scan), ("link", link)):
            fresh(OWN)
            began = time.perf_counter()
            work()
            times[name].append(time.perf_counter() - began)
    scanned, linked = (statistics.median(times[name]) for name in ("scan", "link"))
    with h5py.File(OWN) as file:
        assert file[f"{file.attrs['default']}/data/data"].shape == (2000, 128, 128)
    show(
        capsys,
        "--link of 2000 files, in one process",
        scan_of_the_headers=f"{scanned:.3f} s",
        whole_conversion=f"{linked:.3f} s, {linked / scanned:.2f} times the scan, {OWN.stat().st_size / 1e3:.0f} kB",
    )


def test_one_pixel_through_1000_frames(capsys: pytest.CaptureFixture[str]) -> None:
    source = stack("frames_1000", 1000, (512, 512))
    rows = {}
    base = 0.0
    for access in ("frames", "balanced", "pixels"):
        figure = measure(ours(source, OWN, "--access", access, command="edf2nx"), OWN, runs=1)
        times = []
        for _ in range(5):
            with h5py.File(OWN) as file:
                data = file[f"{file.attrs['default']}/data/data"]
                began = time.perf_counter()
                values = data[:, 300, 200]
                times.append(time.perf_counter() - began)
                assert values.shape == (1000,)
                began = time.perf_counter()
                data[500]
                frame = time.perf_counter() - began
        pixel = statistics.median(times)
        base = base or pixel
        rows[access] = (
            f"written in {figure.seconds:.2f} s, {figure.memory:.0f} MiB; chunks {data_chunks()}; a pixel "
            f"{pixel * 1e3:.1f} ms ({base / pixel:.0f} times as fast as frames), a frame {frame * 1e3:.1f} ms"
        )
    show(capsys, "one pixel through 1000 frames of 512x512", **rows)


def data_chunks() -> tuple[int, ...]:
    with h5py.File(OWN) as file:
        chunks: tuple[int, ...] = file[f"{file.attrs['default']}/data/data"].chunks
        return chunks


@pytest.mark.parametrize("access", ["frames", "pixels", "balanced"])
def test_memory_for_a_stack_of_4_gib(access: str, capsys: pytest.CaptureFixture[str]) -> None:
    source = stack("frames_4gib", 512, (2048, 2048))
    figure = measure(ours(source, OWN, "--access", access, command="edf2nx"), OWN, runs=1)
    show(
        capsys,
        f"4 GiB, --access {access}",
        nxconvert=f"{line(figure, OWN, 2**32)}, peak memory {figure.memory:.0f} MiB",
    )
    OWN.unlink()


def test_cost_is_linear_in_frames(capsys: pytest.CaptureFixture[str]) -> None:
    """Each row tells what the frames cost that it has more than the row before: the start of the program is in none."""
    rows = {}
    counts_of_frames = (10, 100, 1000, 10_000)
    commands = {
        str(count): (ours(stack(f"frames_{count}_of_128", count, (128, 128)), OWN, command="edf2nx"), OWN)
        for count in counts_of_frames
    }
    found = race(commands, runs=5)
    for fewer, count in itertools.pairwise(counts_of_frames):
        before, figure = found[str(fewer)], found[str(count)]
        each = (figure.seconds - before.seconds) / (count - fewer)
        work = (figure.work - before.work) / (count - fewer)
        rows[f"{fewer}_to_{count}_frames"] = (
            f"{each * 1e6:6.0f} us/frame, {work * 1e6:6.0f} us of processors, {figure.memory:5.0f} MiB"
        )
    show(capsys, "cost per frame of 128x128", **rows)


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_100_files_of_1024_by_2048_into_one(compression: str, capsys: pytest.CaptureFixture[str]) -> None:
    source = files("files_100", 100, (1024, 2048))
    size = 100 * 1024 * 2048 * 2
    options = [] if compression == "none" else ["--compression", "gzip", "--chunks", "(1,1024,2048)"]
    commands: dict[str, tuple[list[str], Path]] = {
        "own": (ours(source, OWN, "--compression", compression, command="edf2nx"), OWN),
        "silx": (silx(source, *options), PEER),
        "fabio": (
            peer(
                "fabio", paths=paths(source), output=str(PEER), how=compression.replace("gzip", "frame"), headers=False
            ),
            PEER,
        ),
    }
    found = race(commands)
    show(
        capsys,
        f"100 files of 1024x2048 uint16 into one, compression {compression}",
        nxconvert=line(found["own"], OWN, size),
        silx_2_2_2=f"{line(found['silx'], PEER, size)}, {found['silx'].seconds / found['own'].seconds:.1f} times as long",
        fabio_loop=f"{found['fabio'].seconds:6.2f} s, {found['fabio'].seconds / found['own'].seconds:.1f} times as long, "
        f"{found['fabio'].work:6.2f} s of processors",
    )
