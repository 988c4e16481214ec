"""What the tests of batches share: runs in this process, runs of the command, and a format that makes trouble."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from nxconvert.batch.asked import Request
from nxconvert.batch.job import Job, Limits, Result, do
from nxconvert.batch.local import LocalEngine
from nxconvert.batch.run import Batch
from nxconvert.request import ConvertOptions, Outcome

TROUBLE = """
import os, signal, time
from nxconvert.readers.spec import READER as SPEC
from nxconvert.registry import Match, Reader

def sniff(head, name):
    return Match(1.0 if head.startswith(b"TROUBLE") else 0.0, "the first word")

def open_file(path):
    with open(path) as file:
        text = file.read()
    if "crash" in text:
        os.kill(os.getpid(), signal.SIGSEGV)
    if "killed" in text:
        os.kill(os.getpid(), signal.SIGKILL)
    mark = os.path.join(os.path.dirname(path), ".been-here")
    if "once" in text and not os.path.exists(mark):
        open(mark, "w").close()
        os.kill(os.getpid(), signal.SIGSEGV)
    if "memory" in text:
        kept = []
        while True:
            kept.append(b"x" * (1 << 20))
    if "sleep" in text:
        folder, name = os.path.split(path)
        open(os.path.join(folder, ".sleeps-" + name), "w").close()
        time.sleep(float(text.split("sleep")[1].split()[0]))
    if "noise" in text:
        os.write(1, b"a library prints " * 20)
    return SPEC.open(path)

READER = Reader("trouble", "files that make trouble", (".trouble",), sniff, open_file)
"""


SCAN = "#S 1 ascan th 0 1 1 1\n#N 2\n#L th  det\n0 5\n1 7\n"


def spec(text: str = "") -> str:
    """Give a small SPEC file, with something in it that makes it different."""
    return f"#F data.spec\n#E 1455180875\n#C {text}\n\n{SCAN}"


class Ran:
    """What a batch did: its outcomes by source, and how many inputs were as they were."""

    def __init__(self, outcomes: list[Outcome], unchanged: int) -> None:
        self.outcomes = {outcome.source: outcome for outcome in outcomes}
        assert len(self.outcomes) == len(outcomes)
        self.unchanged = unchanged

    def statuses(self, root: Path) -> dict[str, str]:
        """Give the status of each input by its path below *root*."""
        return {os.path.relpath(source, root): item.status for source, item in sorted(self.outcomes.items())}


class Here:
    """An engine that converts in this very process: quick, for all that is not about processes."""

    def run(self, jobs: Iterable[Job]) -> Iterator[Result | None]:
        """Do one job after the other."""
        return map(do, jobs)

    def close(self) -> None:
        """Nothing is held."""


def run(
    folder: Path,
    *sources: Path,
    jobs: int = 0,
    limits: Limits | None = None,
    engine: Callable[[], Any] | None = None,
    retry: bool = False,
    **request: Any,
) -> Ran:
    """Run a batch; its conversions in *jobs* processes or under *limits*, else in this very process."""
    if engine is None:
        engine = (lambda: LocalEngine(jobs or 1, limits or Limits())) if jobs or limits else Here
    options = request.pop("options", ConvertOptions())
    asked = Request(tuple(map(str, sources)), str(folder), options, **request)
    with Batch(asked, engine) as batch:
        if retry:
            batch.retry()
        else:
            batch.discover()
        outcomes = [outcome for outcome in batch.run() if outcome is not None]
        return Ran(outcomes, batch.unchanged)


def wait_until(holds: Callable[[], object], longest: float = 60.0) -> None:
    """Wait until something holds; the test fails when it does not in a long time."""
    end = time.monotonic() + longest
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def wait_for_sleepers(folder: Path, *names: str) -> None:
    """Wait until the files of these names, of which the reader says 'sleep', are being converted."""
    wait_until(lambda: all((folder / f".sleeps-{name}").exists() for name in names))


def command(*arguments: str | Path, **settings: Any) -> subprocess.CompletedProcess[str]:
    """Run ``nxconvert batch`` to its end."""
    words = [sys.executable, "-m", "nxconvert", "batch", *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, timeout=250, check=False, **settings)
