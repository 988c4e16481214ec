"""xy and xye: two or three numbers in a line and nothing else, the same numbers bit for bit."""

from __future__ import annotations

import re

import numpy as np
import pytest
from exporting import FINITE, bits, constants, losses_of, scan_of, text_of
from hypothesis import given, settings
from hypothesis import strategies as st

from nxconvert.errors import WriteError
from nxconvert.exporters.powder import XY, XYE


def parse(text: str, columns: int) -> list[list[float]]:
    """Read rows as the strictest programs do: numbers between single blanks, no header, each line with its end."""
    assert text == "" or text.endswith("\n")
    rows = [line.split(" ") for line in text.splitlines()]
    assert all(len(row) == columns for row in rows)
    assert all(re.fullmatch(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", cell) for row in rows for cell in row)
    return [list(column) for column in zip(*[[float(cell) for cell in row] for row in rows], strict=True)]


@settings(deadline=None)
@given(st.lists(st.tuples(FINITE, FINITE, FINITE), min_size=1))
def test_every_number_comes_back_bit_for_bit(rows: list[tuple[float, float, float]]) -> None:
    x, y, s = (np.array(column, np.float64) for column in zip(*rows, strict=True))
    scan = scan_of({"tth": x, "I": y, "I_errors": s}, {"tth": "deg"}, "I")
    assert [bits(column) for column in parse(text_of(XYE, scan), 3)] == [bits(x), bits(y), bits(s)]
    assert [bits(column) for column in parse(text_of(XY, scan), 2)] == [bits(x), bits(y)]


def test_what_is_written_and_what_is_said_of_it() -> None:
    columns = {"tth": np.array([0.1, np.nan, 0.3]), "I": np.array([9, 4, 0]), "mon": np.ones(3)}
    scan = scan_of(columns, {"tth": "rad", "I": "counts"}, "I", positioners=constants(th=1.0))
    assert text_of(XY, scan) == "0.1 9\n0.3 0\n"
    assert losses_of(XY, scan) == [
        "xy holds one curve, 'I' over 'tth'; these are not in it: 'mon'",
        "xy has no place for positioners: 'th'",
        "xy has no place for units: 'tth', 'I'",
        "xy has no place for the title",
        "xy has no nan and inf: 1 of 3 points are left out",
    ]
    assert text_of(XYE, scan, sigma="poisson", precision="6") == "5.72958 9 3\n17.1887 0 1\n"
    assert losses_of(XYE, scan, sigma="poisson") == [
        "xye holds one curve, 'I' over 'tth'; these are not in it: 'mon'",
        "xye has no place for positioners: 'th'",
        "xye has no place for units: 'I'",
        "'tth' is converted from rad to degree",
        "xye has no place for the title",
        "xye has no nan and inf: 1 of 3 points are left out",
    ]


def test_an_angle_without_a_unit_is_not_guessed() -> None:
    scan = scan_of({"tth": np.array([1.5]), "I": np.array([4])})
    with pytest.raises(WriteError) as caught:
        text_of(XYE, scan, sigma="poisson")
    assert (
        str(caught.value) == "x.nxs:/scan_1: the unit of 'tth' is not known, degree is needed\n  hint: --x-units degree"
    )
    assert text_of(XYE, scan, sigma="poisson", x_units="deg") == "1.5 4 2.0\n"
    assert text_of(XY, scan) == "1.5 4\n"


def test_q_is_no_angle() -> None:
    scan = scan_of({"q": np.array([1.5]), "I": np.array([4])}, {"q": "1/nm"})
    with pytest.raises(WriteError, match="'q' is in 1/nm, degree is needed"):
        text_of(XYE, scan, sigma="poisson")


def test_all_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(WriteError) as caught:
        text_of(XYE, scan_of({"tth": np.array([1.5]), "I": np.array([4])}), sigma="none")
    assert str(caught.value) == (
        "x.nxs:/scan_1: xye needs the standard deviations of 'I'\n"
        "  hint: --sigma COLUMN names their column, --sigma poisson makes them of counts\n"
        "x.nxs:/scan_1: the unit of 'tth' is not known, degree is needed\n  hint: --x-units degree"
    )


def test_a_scan_without_points_is_skipped() -> None:
    assert XY.skips is not None
    assert XY.skips(scan_of({"tth": np.array([1.5])}), {}) == ""
    empty = scan_of({"tth": np.array([]), "I": np.array([])})
    assert XY.skips(empty, {}) == "its columns have no points"
    with pytest.raises(WriteError, match=r"^x\.nxs:/scan_1: its columns have no points"):
        text_of(XY, empty)
    empty.columns.clear()
    assert XY.skips(empty, {}) == "it has no columns"
