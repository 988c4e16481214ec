"""Runs the command line: in this process (quick), or as a process of its own (signals, pipes, imports)."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from nxconvert import registry
from nxconvert.cli.main import cli
from nxconvert.resources import samples_dir


class Result(NamedTuple):
    """Exit status, and what stood on standard output and standard error."""

    code: int
    out: str
    err: str


Call = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a working folder with a copy of the sample data."""
    place = tmp_path / "place"
    shutil.copytree(samples_dir(), place)
    monkeypatch.chdir(place)
    return place


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    """Give a function that runs a command in this process."""

    def run(*arguments: str | Path, stdin: bytes = b"") -> Result:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as stop:
            cli([str(word) for word in arguments], prog_name="nxconvert")
        out, err = capfd.readouterr()
        return Result(int(stop.value.code or 0), out, err)

    return run


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Give a function that puts one of the packages in tests/plugins on the path, as pip would."""

    def put(name: str) -> None:
        monkeypatch.syspath_prepend(Path(__file__).parent.parent / "plugins" / name)
        registry._readers.cache_clear()

    yield put
    registry._readers.cache_clear()


@pytest.fixture
def shell(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Give a function that runs a line in a shell that finds this nxconvert."""
    programs = tmp_path / "programs"
    programs.mkdir()
    script = programs / "nxconvert"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m nxconvert "$@"\n')
    script.chmod(0o755)
    environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}

    def run(line: str, **settings: Any) -> subprocess.CompletedProcess[str]:
        command = ["bash", "-o", "pipefail", "-c", line]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, **settings)

    return run
