"""NanoESCA to NeXus: many images, time and memory beside the bare work of reading, hashing and compressing them."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nanogen
import numpy as np
import pytest
from isal import isal_zlib
from timing import FOLDER, measure, show

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(3600)]

SIDE = 1024


def folder_of(points: int, repeats: int, averages: bool) -> Path:
    """Give a folder of images with the noise of a camera, made once; 16 different images serve all slots."""
    path = FOLDER / f"nanoesca_{points}_{repeats}{'_averages' if averages else ''}"
    if path.exists():
        return path
    made = nanogen.Made(repeats=repeats, points=points, shape=(SIDE, SIDE), step="0.010000", averages="")
    made.config, made.tables = True, False
    scan = path / "Scan"
    scan.mkdir(parents=True)
    noise = np.random.default_rng(1)
    some = [nanogen.tiff(noise.poisson(200, (SIDE, SIDE)).astype("u2"), when=nanogen.BEGUN) for _ in range(16)]
    for number, (repeat, point) in enumerate(made.taken()):
        (scan / made.image(repeat, point)).write_bytes(some[number % 16])
    if averages:
        (path / "Sum").mkdir()
        for point in range(1, points + 1):
            (path / "Sum" / f"{made.name}_AV_{point:03}.TIF").write_bytes(some[point % 16])
    (path / f"{made.name}.meas").write_text(made.meas().replace("BG_SUBTR_IMAGE = FALSE", "BG_SUBTR_IMAGE = TRUE"))
    return path


def command(source: Path, output: Path) -> list[str]:
    """The command that converts a folder."""
    return [sys.executable, "-m", "nxconvert", "nanoesca2nx", str(source), "-o", str(output), "--overwrite", "-q"]


def bare(source: Path, output: Path, hashed: bool) -> float:
    """Read, hash, shuffle, deflate and write all images in two threads, without HDF5: what no converter can beat."""

    def work(path: Path) -> bytes:
        data = path.read_bytes()
        if hashed:
            hashlib.sha256(data).digest()
        shuffled = np.ascontiguousarray(np.frombuffer(data[8 : 8 + SIDE * SIDE * 2], np.uint8).reshape(-1, 2).T)
        return bytes(isal_zlib.compress(shuffled, 1))

    began = time.perf_counter()
    paths = sorted(source.rglob("*.TIF"))
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool, output.open("wb") as file:
        for first in range(0, len(paths), 64):
            for data in pool.map(work, paths[first : first + 64]):
                file.write(data)
    return time.perf_counter() - began


@pytest.mark.parametrize(("points", "repeats"), [(200, 9), (20, 9)])
def test_images_with_averages(points: int, repeats: int, capsys: pytest.CaptureFixture[str]) -> None:
    source = folder_of(points, repeats, True)
    output = FOLDER / "own.nxs"
    own = measure(command(source, output), output, runs=1)
    megabytes = points * (repeats + 1) * SIDE * SIDE * 2 / 1e6
    limit = FOLDER / "bare"
    rows = {
        "nxconvert": f"{own.seconds:7.2f} s {megabytes / own.seconds:7.1f} MB/s {own.memory:6.0f} MiB",
        "size": f"{output.stat().st_size / 1e6:.0f} of {megabytes:.0f} MB",
    }
    for name, hashed in (("bare_with_sha256", True), ("bare_without", False)):
        seconds = bare(source, limit, hashed)
        rows[name] = f"{seconds:7.2f} s, {seconds / own.seconds:.2f} of our time"
    show(capsys, f"{points * (repeats + 1)} images of {SIDE} x {SIDE} uint16, averages by the program", **rows)
    limit.unlink()
    output.unlink()
    if points > 100:
        shutil.rmtree(source)


def test_averages_that_are_derived(capsys: pytest.CaptureFixture[str]) -> None:
    source = folder_of(40, 5, False)
    output = FOLDER / "own.nxs"
    own = measure(command(source, output), output, runs=1)
    megabytes = 200 * SIDE * SIDE * 2 / 1e6
    show(
        capsys,
        "200 images, average over 5 repeats derived",
        nxconvert=f"{own.seconds:7.2f} s {megabytes / own.seconds:7.1f} MB/s {own.memory:6.0f} MiB",
    )
    output.unlink()


def test_the_same_frames_as_edf_files(capsys: pytest.CaptureFixture[str]) -> None:
    """180 raw images and 20 averages here, 200 single-frame files there."""
    source = folder_of(20, 9, True)
    series = FOLDER / "nanoesca_as_edf"
    series.mkdir(exist_ok=True)
    keys = "ByteOrder = LowByteFirst ;\nDataType = UnsignedShort ;\n"
    keys += f"Dim_1 = {SIDE} ;\nDim_2 = {SIDE} ;\nSize = {SIDE * SIDE * 2} ;\n"
    head = ("{\nHeaderID = EH:000001:000000:000000 ;\nImage = 1 ;\n" + keys).ljust(510) + "}\n"
    images = sorted(source.rglob("*.TIF"))
    for number, path in enumerate(images):
        pixels = path.read_bytes()[8 : 8 + SIDE * SIDE * 2]
        (series / f"frame_{number:04}.edf").write_bytes(head.encode() + pixels)
    output = FOLDER / "own.nxs"
    own = measure(command(source, output), output)
    edf = measure([*command(series, output)[:3], "edf2nx", *command(series, output)[4:]], output)
    show(
        capsys,
        f"{len(images)} images as TIFF and as EDF",
        nanoesca2nx=f"{own.seconds:7.2f} s {own.memory:6.0f} MiB",
        edf2nx=f"{edf.seconds:7.2f} s {edf.memory:6.0f} MiB",
        ratio=f"{edf.seconds / own.seconds:.2f} times as fast as the EDF path",
    )
    output.unlink()
    shutil.rmtree(series)
