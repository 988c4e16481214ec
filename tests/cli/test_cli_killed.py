"""However a conversion ends, an output is whole or absent, and an old one is as it was."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import pytest
import specgen

SCANS = 800
#: how often a run is killed; fifty times and more by hand
KILLS = int(os.environ.get("NXCONVERT_TEST_KILLS", "12"))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("source") / "many.spec"
    specgen.scans(path, SCANS, 20, columns=8, motors=9, moving=3)
    return path


def start(source: Path, output: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "nxconvert", "spec2nx", str(source), "-o", str(output), "-q", *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def whole(path: Path) -> bool:
    with h5py.File(path) as file:
        return len(file) == SCANS and file[f"scan_{SCANS}/conversion/scans/entry"].shape == (SCANS,)


def usual_time(source: Path, folder: Path) -> float:
    began = time.monotonic()
    with start(source, folder / "first.nxs") as process:
        assert process.wait() == 0
    return time.monotonic() - began


def test_sigkill_at_random_moments_leaves_no_partial_file_and_the_next_run_cleans_up(
    source: Path, tmp_path: Path
) -> None:
    seconds = usual_time(source, tmp_path)
    (tmp_path / "first.nxs").unlink()
    output = tmp_path / "out.nxs"
    pick = random.Random(5)
    killed = 0
    for round_number in range(5 * KILLS):
        if killed == KILLS:
            break
        if round_number % 10 == 0:
            output.unlink(missing_ok=True)
        before = output.read_bytes() if output.exists() else None
        with start(source, output, "--overwrite", "--timestamp", "0") as process:
            time.sleep(pick.uniform(0, seconds * 1.05))
            process.send_signal(signal.SIGKILL)
            killed += process.wait() == -signal.SIGKILL
        after = output.read_bytes() if output.exists() else None
        assert after == before or whole(output)
    assert killed == KILLS
    with start(source, output, "--overwrite") as process:
        assert process.wait() == 0
    assert whole(output)
    assert list(tmp_path.iterdir()) == [output]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_that_ask_to_stop_leave_nothing(source: Path, tmp_path: Path, number: signal.Signals) -> None:
    output = tmp_path / "out.nxs"
    output.write_bytes(b"old")
    for wait in (0.0, 0.01, 0.03):
        with start(source, output, "--overwrite") as process:
            while not list(tmp_path.glob(".*.nxpart")) and process.poll() is None:
                time.sleep(0.002)
            time.sleep(wait)
            process.send_signal(number)
            _out, errors = process.communicate()
        assert process.returncode == 128 + number
        assert errors == f"stopped by {number.name}, nothing is left half-written\n"
        assert output.read_bytes() == b"old"
        assert list(tmp_path.iterdir()) == [output]


@pytest.mark.parametrize("limit", [10_000, 100_000, 1_000_000])
def test_a_limit_on_the_file_size_is_told_and_leaves_the_old_file(source: Path, tmp_path: Path, limit: int) -> None:
    output = tmp_path / "out.nxs"
    output.write_bytes(b"old")
    done = subprocess.run(
        [sys.executable, "-m", "nxconvert", "spec2nx", str(source), "-o", str(output), "--overwrite", "-q"],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert done.returncode == 1
    assert f"{output}: cannot be written: File too large\n" in done.stderr
    assert "Traceback" not in done.stderr
    assert output.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [output]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no /dev/full")
def test_a_full_device_as_standard_output_is_an_error(source: Path) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "nxconvert", "spec2nx", str(source), "-o", "-", "-q"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
