"""Batches: two processes against one, the cost of a file beside its conversion, and a second run."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import specgen
from timing import Measured, measure, show

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "batch"))

import batchtree

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(7200)]

#: files of the tree
FILES = int(os.environ.get("NXCONVERT_TEST_BATCH_FILES", "10000"))


def batch(root: Path, out: Path, jobs: int, *words: str) -> list[str]:
    """The command; a conversion has one thread."""
    return [sys.executable, "-m", "nxconvert", "batch", str(root), "-o", str(out), "-j", str(jobs), "-q", *words]


def once(command: list[str], status: int = 0) -> Measured:
    """Run a command once that may end with status 1, of files that are damaged."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _pid, end, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(end)
    assert process.returncode == status
    return Measured(time.perf_counter() - began, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime)


def test_two_processes_and_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NXCONVERT_THREADS", "1")
    root = tmp_path / "in"
    root.mkdir()
    for index in range(120):
        specgen.scans(root / f"{index:03d}.spec", 40, 40)
    seconds: dict[int, list[float]] = {1: [], 2: []}
    for turn in range(3):
        for jobs, found in seconds.items():
            found.append(measure(batch(root, tmp_path / f"out{jobs}{turn}", jobs), runs=1).seconds)
    one, two = (statistics.median(found) for found in seconds.values())
    show(
        capsys,
        "batch of 120 SPEC files of 40 scans",
        j1=f"{one:.2f} s",
        j2=f"{two:.2f} s, {one / two:.2f} times as fast",
    )
    assert one / two >= 1.8


def test_the_cost_of_a_small_file_beside_its_conversion(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root, single = tmp_path / "in", tmp_path / "single"
    tree = batchtree.make(root, 1000)
    # the inputs that convert, so that both do the same; by a command that detects formats too
    folders = [folder for run in sorted(root.iterdir()) for folder in (run, run / "tas", run / "numors")]
    files = [
        str(path) for folder in folders for path in sorted(folder.iterdir()) if path.suffix in (".spec", ".scn", "")
    ]
    files = [path for path in files if os.path.isfile(path) and not path.endswith(("empty.spec", "999998", "999999"))]
    assert len(files) > tree.files // 4
    listed = tmp_path / "list"
    listed.write_text("\n".join(files))
    plain = [sys.executable, "-m", "nxconvert", "convert", "--files-from", str(listed), "-o", f"{single}/", "-q"]
    figures = []
    for turn in range(3):
        alone = measure([*plain, "--overwrite"], runs=1)
        words = ["batch", "--files-from", str(listed), "-o", str(tmp_path / f"out{turn}"), "-j", "1", "-q"]
        together = measure([sys.executable, "-m", "nxconvert", *words], runs=1)
        figures.append((alone.work, together.work))
    alone_ms, together_ms = (1000 * statistics.median(column) / len(files) for column in zip(*figures, strict=True))
    show(
        capsys,
        f"{len(files)} small files, processor time of each",
        nxconvert_convert=f"{alone_ms:.2f} ms",
        nxconvert_batch=f"{together_ms:.2f} ms, {100 * (together_ms / alone_ms - 1):.0f} % more",
    )
    assert together_ms < 1.2 * alone_ms


def test_a_second_run_and_the_memory_of_the_parent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    batchtree.make(root, FILES)
    memory: list[tuple[float, float]] = []
    began = time.perf_counter()
    process = subprocess.Popen(batch(root, out, 2), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def look() -> None:
        while process.poll() is None:
            with open(f"/proc/{process.pid}/statm", "rb") as file:
                words = file.read().split()
            if words:
                pages = int(words[1]) - int(words[2])
                memory.append((time.perf_counter() - began, pages * os.sysconf("SC_PAGE_SIZE") / 2**20))
            time.sleep(0.5)

    thread = threading.Thread(target=look)
    thread.start()
    assert process.wait() == 1
    first = time.perf_counter() - began
    thread.join()
    second = statistics.median(once(batch(root, out, 2), status=1).seconds for _ in range(3))
    quarter = [mebibytes for seconds, mebibytes in memory if first / 4 < seconds < first / 2]
    last = [mebibytes for seconds, mebibytes in memory if seconds > 3 * first / 4]
    show(
        capsys,
        f"tree of {FILES} files",
        first_run=f"{first:.1f} s with -j 2",
        second_run=f"{second:.2f} s, {100 * second / first:.2f} % of the first",
        memory_of_the_parent=f"{max(quarter):.0f} MiB in the second quarter, {max(last):.0f} MiB in the last",
    )
    assert max(last) < 1.1 * max(quarter) + 2
    assert second < 0.01 * first
