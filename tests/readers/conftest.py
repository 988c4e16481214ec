"""Reading a text as a SPEC file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from nxconvert.errors import Problem
from nxconvert.readers.spec import READER
from nxconvert.scan import Scan


@dataclass
class Result:
    """The scans of a file and the problems of the file as a whole."""

    path: Path
    scans: list[Scan]
    problems: list[Problem]

    @property
    def scan(self) -> Scan:
        (scan,) = self.scans
        return scan

    def told(self, scan: Scan | None = None) -> list[str]:
        """The problems of a scan (or of the only scan) as text, without the path."""
        problems = (scan or self.scan).problems
        return [str(problem).removeprefix(f"{self.path}:") for problem in problems]


Read = Callable[["str | bytes"], Result]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Write a text to a file and read it as SPEC."""

    def inner(text: str | bytes) -> Result:
        path = tmp_path / "a.spec"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        with READER.open(str(path)) as file:
            scans = list(file)
        return Result(path, scans, file.problems)

    return inner
