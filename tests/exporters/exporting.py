"""What the tests of exporters share: scans made of columns, an exporter run as the command does, and numbers."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import IO, Any

import numpy as np
from hypothesis import strategies as st

from nxconvert.arrays import Array, LazyArray
from nxconvert.errors import Place
from nxconvert.export.request import read_settings
from nxconvert.registry import Exporter
from nxconvert.scan import Field, Plot, Scan

#: every finite double, and the numbers that people measure
FINITE = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**6), 10**6).map(lambda n: n / 1000)
#: measured angles and energies: up to ten digits
MEASURED = st.integers(0, 10**9).map(lambda n: n / 10**5)


class Blocks(LazyArray):
    """An array that gives its values three at a time."""

    def __init__(self, values: Array) -> None:
        self.values, self.shape, self.dtype = values, values.shape, values.dtype

    def blocks(self) -> Iterator[Array]:
        for start in range(0, len(self.values), 3):
            yield self.values[start : start + 3]


def scan_of(columns: dict[str, Any], units: dict[str, str] | None = None, signal: str = "", **more: Any) -> Scan:
    """Make a scan of columns over the first one; *signal* is what it is plotted by."""
    fields = {name: Field(name, value, ("point",), (units or {}).get(name)) for name, value in columns.items()}
    first = next(iter(fields.values()))
    plots = {"data": Plot(fields[signal], (first,))} if signal else {}
    made: dict[str, Any] = {"axes": {first.name: first}, "plots": plots, "title": "a title", **more}
    return Scan(1, 1, 0, Place("x.nxs:/scan_1"), columns=fields, **made)


def constants(**values: Any) -> dict[str, Field]:
    """Make constants; a pair is a value and its units, and ``__`` stands for a point in the name."""
    pairs = {
        name.replace("__", "."): value if isinstance(value, tuple) else (value, None) for name, value in values.items()
    }
    return {name: Field(name, value, (), units) for name, (value, units) in pairs.items()}


def settings_of(exporter: Exporter, **given: str) -> dict[str, Any]:
    """Give the settings of an exporter as the command line makes them."""
    return {**read_settings(exporter, given), "output": "x.out", "when": 0.0}


def text_of(exporter: Exporter, scan: Scan, **given: str) -> str:
    """Give what an exporter writes of a scan."""
    assert exporter.write is not None
    stream = io.StringIO(newline="")
    exporter.write(scan, stream, settings_of(exporter, **given))
    return stream.getvalue()


def losses_of(exporter: Exporter, scan: Scan, **given: str) -> list[str]:
    """Give what an exporter says before it writes."""
    return exporter.losses(scan, settings_of(exporter, **given))


def parts_of(exporter: Exporter, scan: Scan, **given: str) -> dict[str, str]:
    """Give the files that an exporter writes of a scan, and check that they are those that it named."""
    settings, files = settings_of(exporter, **given), {}

    @contextmanager
    def opened(part: str) -> Iterator[IO[Any]]:
        stream = io.StringIO(newline="")
        yield stream
        files[part] = stream.getvalue()

    assert exporter.parts is not None
    assert exporter.write_parts is not None
    names = list(exporter.parts(scan, settings))
    exporter.write_parts(scan, opened, settings)
    assert list(files) == names
    return files


def bits(values: Sequence[float] | Array) -> list[bytes]:
    """Give the bits of numbers, so that 0 and -0 differ."""
    return [struct.pack("<d", value) for value in np.asarray(values, np.float64).tolist()]


def moved(values: Sequence[float], power: int) -> list[float]:
    """Move the decimal point of numbers in their text."""
    return [float(Decimal(repr(float(value))) * Decimal(10) ** power) for value in values]
