"""Reading folders, patterns and lists of EDF files in tests: the scans with their values, and what was told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nxconvert.arrays import Array, LazyArray, load
from nxconvert.readers.edf import READER
from nxconvert.scan import Scan, SourceFile


@dataclass
class Opened:
    """What an input gave; lazy values are loaded."""

    scans: list[Scan]
    problems: list[str]
    sources: list[SourceFile]

    @property
    def scan(self) -> Scan:
        (scan,) = self.scans
        return scan


def read(path: Path | str, folder: Path, **settings: Any) -> Opened:
    """Read an input with all its values; the problems are those of file and scans, without the folder."""
    with READER.open(str(path), **settings) as file:
        scans = []
        for scan in file:
            for fields in scan.detectors.values():
                for field in fields.values():
                    field.value = loaded(field.value)
            for plot in scan.plots.values():
                plot.signal.value = loaded(plot.signal.value)
            scan.notes = {name: _loaded_note(field) for name, field in scan.notes.items()}
            scans.append(scan)
        problems = [*file.problems, *(problem for scan in scans for problem in scan.problems)]
        sources = file.sources()
    return Opened(scans, [str(problem).replace(str(folder), "DIR") for problem in problems], sources)


def _loaded_note(field: Any) -> Any:
    field.value = loaded(field.value)
    return field


def loaded(value: Any) -> Any:
    """Give a value in memory."""
    return load(value) if isinstance(value, LazyArray) else value


def equal(found: Any, expected: Array) -> None:
    """Compare values and type."""
    assert found.dtype == expected.dtype.newbyteorder("<")
    np.testing.assert_array_equal(found, expected)
