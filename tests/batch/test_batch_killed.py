"""Batches that are killed at any moment: the next one completes the tree, byte for byte."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

import batchtree
import pytest
from batchkit import run, spec

from nxconvert.batch.asked import ledger_path
from nxconvert.batch.book import Book
from nxconvert.request import ConvertOptions

#: files of the tree and moments; a release is tested with 10000 and 20, which the environment says
FILES = int(os.environ.get("NXCONVERT_TEST_BATCH_FILES", "100"))
MOMENTS = int(os.environ.get("NXCONVERT_TEST_BATCH_KILLS", "3"))


def start(root: Path, out: Path) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "nxconvert", "batch", str(root), "-o", str(out), "-j", "2", "-q"]
    return subprocess.Popen(
        words, env=batchtree.environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def statuses(out: Path) -> dict[str, int]:
    with Book(ledger_path(str(out), ""), str(out)) as ledger:
        return ledger.counts()


@pytest.mark.timeout(7200)
def test_sigkill_at_random_moments_and_a_restart_end_in_the_same_tree(tmp_path: Path, epoch: None) -> None:
    root = tmp_path / "in"
    tree = batchtree.make(root, FILES)
    run(tmp_path / "expected", root, options=ConvertOptions(command="nxconvert batch"))
    expected = batchtree.contents(tmp_path / "expected")
    assert set(expected) == tree.outputs
    out = tmp_path / "out"
    pick = random.Random(7)
    killed = 0
    for moment in range(MOMENTS):
        with start(root, out) as process:
            assert process.stdout is not None
            # while it starts, or after some outputs and in the middle of others
            outputs = pick.randrange(int(1.6 * len(expected) / MOMENTS)) if moment else 0
            for _ in islice(process.stdout, outputs):
                pass
            time.sleep(pick.uniform(0, 0.05 if moment else 1.5))
            process.send_signal(signal.SIGKILL)
            killed += process.wait() == -signal.SIGKILL
        # whole or absent, at every moment
        have = batchtree.contents(out) if out.exists() else {}
        finished = {name: data for name, data in have.items() if not name.endswith(".nxpart")}
        assert finished.items() <= expected.items()
    assert killed >= MOMENTS / 2
    with start(root, out) as process:
        process.communicate()
        assert process.returncode == 1  # of what is damaged
    assert batchtree.contents(out) == expected
    assert (
        statuses(out)
        == statuses(tmp_path / "expected")
        == {
            "converted": len(tree.outputs),
            "failed": len(tree.failed),
            "skipped": len(tree.skipped),
            "waiting": 0,
            "running": 0,
        }
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_that_ask_to_stop_leave_nothing_half_written(tmp_path: Path, number: signal.Signals) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    root.mkdir()
    for index in range(400):
        (root / f"{index}.spec").write_text(spec(str(index)))
    words = [sys.executable, "-m", "nxconvert", "batch", str(root), "-o", str(out), "-j", "2", "-q"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert errors.splitlines()[-1] == f"stopped by {number.name}, nothing is left half-written"
    assert not list(out.rglob(".*.nxpart"))
    counts = statuses(out)
    assert (counts["running"], counts["waiting"] > 0) == (0, True)
