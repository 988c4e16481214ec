"""The files of ESRF's nxtoascii 0.0.1, byte for byte, for programs that were written for them.

Columns of one number per point in the order of their names, cut to the shortest, as ``%.18e``; the dates are those of
the conversion. Everything else of a scan is left out.

::

    #F converted/Foil_0001.dat (absolute)        # ascan th 0 1 10 1        th,det
    #D Fri Mar 15 10:01:05 2024                  # th det                   0.0...,1.0...
                                                 0.0... 1.0...
    #S 1.1 ascan th 0 1 10 1
    #D Fri Mar 15 10:01:05 2024
    #N 2
    #L th  det
    0.0... 1.0...
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import IO

import numpy as np

from nxconvert.digits import matrix_lines
from nxconvert.errors import WriteError
from nxconvert.registry import Exporter, Settings
from nxconvert.scan import Scan
from nxconvert.tabular import aligned, table

_FORM = "%.18e"
_ROWS = 1 << 12


def _skips(scan: Scan, _settings: Settings) -> str:
    """Bliss writes the values of a count as scalars, which nxtoascii left out."""
    if scan.points == 1 and scan.title.split(" ")[0] in ("ct", "sct"):
        return "nxtoascii 0.0.1 wrote no counts"
    return "" if table(scan) else "it has no columns"


def _rows(scan: Scan, stream: IO[str], separator: str) -> None:
    columns = table(scan)
    if not columns:
        raise WriteError.at(scan.place, "has no column with one number per point")
    for block in aligned(list(columns.values()), _ROWS):
        values = np.stack([column.astype(np.float64) for column in block], axis=1)
        stream.writelines(f"{line.decode()}\n" for line in matrix_lines(values, separator.encode(), _FORM))


def _csv(scan: Scan, stream: IO[str], _settings: Settings) -> None:
    stream.write(",".join(table(scan)) + "\n")
    _rows(scan, stream, ",")


def _ascii(scan: Scan, stream: IO[str], _settings: Settings) -> None:
    names = " ".join(name.replace(" ", "") for name in table(scan))
    stream.write(f"# {scan.title}\n# {names}\n")
    _rows(scan, stream, " ")


def _spec(scan: Scan, stream: IO[str], settings: Settings) -> None:
    _Spec(stream, settings).add(scan)


class _Spec:
    """A SPEC file as nxtoascii wrote it."""

    def __init__(self, stream: IO[str], settings: Settings) -> None:
        self._stream = stream
        self._date = time.ctime(settings["when"])
        self._name = os.path.abspath(settings["output"])
        self._begun = False

    def add(self, scan: Scan) -> None:
        """Write one scan below the others."""
        columns = table(scan)
        head = [] if self._begun else [f"#F {self._name}", f"#D {self._date}"]
        entry = scan.place.path.rpartition(":/")[2]
        head += ["", f"#S {entry} {scan.title}", f"#D {self._date}", f"#N {len(columns)}", f"#L {'  '.join(columns)}"]
        self._stream.writelines(f"{line}\n" for line in head)
        _rows(scan, self._stream, " ")
        self._begun = True

    def close(self) -> None:
        """Write nothing more."""


def _exporter(name: str, write: Callable[[Scan, IO[str], Settings], None] | None) -> Exporter:
    return Exporter(
        name=name,
        description=f"the files that nxtoascii 0.0.1 made with --format {name.upper()}",
        extensions=(".dat",),
        losses=lambda _scan, _settings: [],
        write=write,
        book=None if write else _Spec,
        skips=_skips,
    )


#: by the names of its formats in lower case
EXPORTERS = {
    name: _exporter(name, write)
    for name, write in (("multispec", None), ("spec", _spec), ("csv", _csv), ("ascii", _ascii))
}
