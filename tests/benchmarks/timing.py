"""Runs whole commands and measures them: wall time and the largest resident memory."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent.parent.parent / ".bench"
#: installed programs are compiled beforehand; from a checkout, the first run compiles for the others
_ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
_LAUNCH = [sys.executable, "-I", "-S", str(Path(__file__).with_name("launch.py"))]


@dataclass(frozen=True)
class Measured:
    """Median wall time and time of all processors in seconds, and peak memory in MiB."""

    seconds: float
    memory: float
    work: float


def measure(command: list[str], output: Path | None = None, runs: int = 3, limit: float = 900) -> Measured:
    """Run a command some times, its output removed before each run."""
    seconds, work, memory = [], [], 0.0
    for _ in range(runs):
        fresh(*([] if output is None else [output]))
        done = subprocess.run([*_LAUNCH, *command], capture_output=True, text=True, env=_ENVIRONMENT, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        took, worked, peak = json.loads(done.stdout)
        seconds.append(took)
        work.append(worked)
        memory = max(memory, peak)
        if sum(seconds) > limit:
            break
    return Measured(statistics.median(seconds), memory, statistics.median(work))


def fresh(*outputs: Path) -> None:
    """Remove outputs, and have the disk written: who makes sure of that in the end must not wait for others' data."""
    for output in outputs:
        output.unlink(missing_ok=True)
    os.sync()


def race(commands: dict[str, tuple[list[str], Path]], runs: int = 3) -> dict[str, Measured]:
    """Run several commands in turns, so that what else the machine does hits all of them alike."""
    rounds = [
        {name: measure(command, output, runs=1) for name, (command, output) in commands.items()} for _ in range(runs)
    ]
    return {
        name: Measured(
            statistics.median(found[name].seconds for found in rounds),
            max(found[name].memory for found in rounds),
            statistics.median(found[name].work for found in rounds),
        )
        for name in commands
    }


def ours(source: Path, output: Path, *options: str, command: str = "spec2nx") -> list[str]:
    """The command that converts a file with nxconvert."""
    return [sys.executable, "-m", "nxconvert", command, str(source), "-o", str(output), "--overwrite", "-q", *options]


def silx(source: Path, output: Path) -> list[str]:
    """The command that converts a SPEC file with silx, compression on."""
    return [sys.executable, "-m", "silx", "convert", str(source), "-o", str(output), "--compression", "gzip"]


def silx_for_edf() -> str:
    """The last silx whose ``convert`` reads EDF headers with text in them, in an environment of its own."""
    return program("silx", "silx==2.2.2", "h5py", "fabio", "hdf5plugin")


def spec2nexus(source: Path, output: Path) -> list[str]:
    """The command of spec2nexus in an environment of its own, made when it is first needed."""
    made = program("spec2nexus", "spec2nexus")
    link = output.with_suffix(source.suffix)
    link.unlink(missing_ok=True)
    link.symlink_to(source)  # it writes beside its input
    return [made, "--quiet", "-f", "-e", ".s2n.h5", str(link)]


def program(name: str, *packages: str) -> str:
    """Give the path of a program in an environment of its own, made when it is first needed."""
    folder = FOLDER / name
    path = folder / "bin" / name
    if not path.exists():
        venv.create(folder, with_pip=True, clear=True)
        done = subprocess.run(
            [str(folder / "bin" / "pip"), "install", "-q", *packages], capture_output=True, check=False
        )
        if done.returncode:
            pytest.skip(f"{name} cannot be installed here")
    return str(path)


def show(capsys: pytest.CaptureFixture[str], title: str, **rows: str) -> None:
    """Print a line for each figure, past pytest's capturing."""
    with capsys.disabled():
        print(f"\n{title}")
        for name, text in rows.items():
            print(f"  {name.replace('_', ' '):<24} {text}")
