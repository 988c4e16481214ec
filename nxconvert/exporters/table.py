"""Tables of text, separated by commas or tabs: the names of the columns, then a line for each point.

::

    Theta,"counts, raw",Detector      names are quoted where they hold a separator, a quote or a line end (RFC 4180)
    14.0,120,0.1                      integers as integers, floats as the shortest text that reads back to the same
    14.05,nan,1e-07                   double; nan, inf and -inf by these words

Lines end in a newline. A table holds numbers per point and nothing else: `losses` names the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import IO

import numpy as np

from nxconvert.arrays import Array, LazyArray
from nxconvert.errors import WriteError
from nxconvert.registry import Exporter
from nxconvert.scan import Field, Scan

#: cells that are text at one time, whatever the number of columns: about 8 MiB
CELLS = 1 << 16


def losses(name: str, scan: Scan) -> list[str]:
    """Say, one sentence for each kind, what the scan has and the format called *name* cannot hold."""
    table = _table(scan)
    found = {
        "detectors": list(scan.detectors),
        "positioners": list(scan.positioners),
        "headers": list(scan.notes),
        "columns that are not one number per point": [key for key in scan.columns if key not in table],
        "units": [key for key in table if scan.columns[key].units],
        "sample": list(scan.sample),
        "user": list(scan.user),
        "instrument": list(scan.instrument),
        "monitor": list(scan.monitor),
        "metadata": list(scan.metadata),
    }
    return [f"{name} has no place for {kind}: {_quoted(names)}" for kind, names in found.items() if names]


def write(separator: str, scan: Scan, stream: IO[str]) -> None:
    """Write the columns of a scan; WriteError when there are none, or when they differ in length."""
    table = _table(scan)
    if not table:
        raise WriteError.at(scan.place, "has no column with one number per point")
    lengths = {name: value.shape[0] for name, value in table.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"'{name}' {length}" for name, length in lengths.items())
        raise WriteError.at(scan.place, f"the columns differ in their number of points: {listed}")
    stream.write(separator.join(_name(name, separator) for name in table) + "\n")
    rows = max(1, CELLS // len(table))
    for columns in zip(*(_cells(value, rows) for value in table.values()), strict=True):
        stream.write("\n".join(map(separator.join, zip(*columns, strict=True))) + "\n")


def _table(scan: Scan) -> dict[str, Array | LazyArray]:
    """Give the columns that are one number per point."""
    return {name: value for name, field in scan.columns.items() if (value := _numbers(field)) is not None}


def _numbers(field: Field) -> Array | LazyArray | None:
    value = field.value
    if not isinstance(value, (np.ndarray, LazyArray)) or value.ndim != 1:
        return None
    # a long double has digits that repr() of a double would cut off
    return value if value.dtype.kind in "iuf" and value.dtype.itemsize <= 8 else None


def _cells(value: Array | LazyArray, rows: int) -> Iterator[list[str]]:
    """Give the numbers as text, always *rows* of them but for the last ones, however the array is cut into blocks."""
    cells: list[str] = []
    for block in value.blocks() if isinstance(value, LazyArray) else [value]:
        for start in range(0, len(block), rows):
            cells += map(repr, block[start : start + rows].tolist())
            if len(cells) >= rows:
                yield cells[:rows]
                del cells[:rows]
    if cells:
        yield cells


def _name(name: str, separator: str) -> str:
    """Quote a name where a reader would cut it; an empty one too, since a line without a character is no line."""
    if name and not any(sign in name for sign in (separator, '"', "\r", "\n")):
        return name
    return '"' + name.replace('"', '""') + '"'


def _quoted(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


CSV = Exporter("csv", "the columns, separated by commas", (".csv",), partial(losses, "csv"), partial(write, ","))
TSV = Exporter("tsv", "the columns, separated by tabs", (".tsv",), partial(losses, "tsv"), partial(write, "\t"))
