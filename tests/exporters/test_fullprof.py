"""Files for FullProf with INSTRM=10, read by a parser that follows CrysFML: six lines, then free numbers."""

from __future__ import annotations

import numpy as np
from exporting import FINITE, MEASURED, bits, constants, losses_of, scan_of, text_of
from hypothesis import given, settings
from hypothesis import strategies as st

from nxconvert.exporters.powder import FULLPROF
from nxconvert.scan import Scan


def parse(text: str) -> tuple[dict[str, str], list[list[float]]]:
    """Read the header by its keys, and the columns; every rule that is not kept is an AssertionError."""
    lines = text.split("\n")
    assert lines.pop() == ""
    header, rows = lines[:6], lines[6:]
    assert header[0] == "XYDATA"
    assert all(len(line) <= 132 and line.isascii() and not line.startswith("#") for line in header)
    keys = {line.partition(" ")[0]: line.partition(" ")[2] for line in header[1:]}
    factor_x, factor_y, interpolated, step = keys["INTER"].split()
    assert (float(factor_x), float(factor_y), int(interpolated)) == (1, 1, 0)
    assert float(step) >= 0
    columns = [list(column) for column in zip(*[[float(cell) for cell in row.split()] for row in rows], strict=True)]
    assert columns[0] == sorted(columns[0])
    return keys, columns


@settings(deadline=None)
@given(st.lists(st.tuples(MEASURED, FINITE, FINITE), min_size=1), st.booleans())
def test_every_number_comes_back_bit_for_bit(rows: list[tuple[float, float, float]], deviations: bool) -> None:
    x, y, s = (np.array(column, np.float64) for column in zip(*rows, strict=True))
    x.sort()
    columns = {"tth": x, "I": y} | ({"I_errors": s} if deviations else {})
    found = parse(text_of(FULLPROF, scan_of(columns, {"tth": "degree"}, "I")))[1]
    assert [bits(column) for column in found] == [bits(column) for column in columns.values()]


def pattern(**more: object) -> Scan:
    columns = {"2 theta": np.array([10.0, 10.05, 10.1]), "I": np.array([100, 81, 64])}
    return scan_of(columns, {"2 theta": "degree"}, **more)


def test_the_file_as_it_is() -> None:
    scan = pattern(sample=constants(temperature=(26.85, "degC")))
    assert text_of(FULLPROF, scan, sigma="poisson") == (
        "XYDATA\nTITLE a title\nFILE x.nxs:/scan_1\nINTER 1 1 0 0.05\nTEMP 300\n! 2_theta I I_errors\n"
        "10.0 100 10.0\n10.05 81 9.0\n10.1 64 8.0\n"
    )
    assert losses_of(FULLPROF, scan, sigma="poisson") == []


def test_a_temperature_that_is_not_known_is_not_made_up() -> None:
    for sample in (constants(), constants(temperature=300.0), constants(temperature=(np.nan, "K"))):
        lines = text_of(FULLPROF, pattern(sample=sample)).splitlines()
        assert lines[4:7] == ["! the temperature is not known", "! 2_theta I", "10.0 100"]


def test_what_is_said_of_it() -> None:
    assert losses_of(FULLPROF, pattern(title="x" * 200)) == [
        "without standard deviations FullProf takes the square roots of the intensities",
        "fullprof has lines of 126 characters of ASCII, and '?' for what is not in it: 'title'",
    ]
