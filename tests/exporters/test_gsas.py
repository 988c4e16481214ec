"""FXYE records of GSAS, read by a parser that follows its manual: lines of 80 characters, hundredths of a degree."""

from __future__ import annotations

import numpy as np
import pytest
from exporting import FINITE, MEASURED, bits, losses_of, moved, scan_of, text_of
from hypothesis import given, settings
from hypothesis import strategies as st

from nxconvert.errors import WriteError
from nxconvert.exporters.powder import GSAS


def parse(text: str) -> tuple[str, float, float, list[list[float]]]:
    """Read title, start, step and columns; every rule that is not kept is an AssertionError."""
    lines = text.split("\n")
    assert lines.pop() == ""
    assert all(len(line) == 80 and line.isascii() for line in lines)
    title, bank, *rows = lines
    words = bank.split()
    assert words[:2] == ["BANK", "1"]
    channels, records = int(words[2]), int(words[3])
    assert channels == records == len(rows)
    assert words[4] == "CONS"
    assert words[7:] == ["0", "0", "FXYE"]
    cells = [[float(cell) for cell in row.split()] for row in rows]
    assert all(len(row) == 3 for row in cells)
    columns = [list(column) for column in zip(*cells, strict=True)]
    assert columns[0] == sorted(columns[0])
    assert float(words[5]) == columns[0][0]
    return title.rstrip(), float(words[5]), float(words[6]), columns


@settings(deadline=None)
@given(st.lists(st.tuples(MEASURED, FINITE, FINITE), min_size=1))
def test_every_number_comes_back_bit_for_bit(rows: list[tuple[float, float, float]]) -> None:
    x, y, s = (np.array(column, np.float64) for column in zip(*rows, strict=True))
    x.sort()
    scan = scan_of({"tth": x, "I": y, "I_errors": s}, {"tth": "degree"}, "I")
    columns = parse(text_of(GSAS, scan))[3]
    assert [bits(column) for column in columns] == [bits(moved(x.tolist(), 2)), bits(y), bits(s)]
    assert bits(moved(columns[0], -2)) == bits(x)


def test_the_file_as_it_is() -> None:
    scan = scan_of(
        {"tth": np.array([10.0, 10.05, 10.1]), "I": np.array([100, 81, 64])}, {"tth": "degree"}, title="Å\n2"
    )
    text = text_of(GSAS, scan, sigma="poisson")
    assert [line.rstrip() for line in text.splitlines()] == [
        "? 2",
        "BANK 1 3 3 CONS 1000 5 0 0 FXYE",
        "1000.0 100 10.0",
        "1005.0 81 9.0",
        "1010.0 64 8.0",
    ]
    assert parse(text)[:3] == ("? 2", 1000.0, 5.0)
    assert losses_of(GSAS, scan, sigma="poisson") == [
        "gsas has lines of 80 characters of ASCII, and '?' for what is not in it: 'title'"
    ]


def test_an_angle_that_falls_is_refused() -> None:
    scan = scan_of({"tth": np.array([2.0, 1.0]), "I": np.array([1, 1])}, {"tth": "degree"})
    with pytest.raises(WriteError, match="'tth' falls at point 1, gsas needs it to increase"):
        text_of(GSAS, scan, sigma="poisson")


def test_points_that_are_left_out_are_not_counted() -> None:
    scan = scan_of({"tth": np.array([1.0, 2.0, 3.0]), "I": np.array([1, np.nan, 1])}, {"tth": "degree"})
    assert parse(text_of(GSAS, scan, sigma="poisson"))[2] == 200.0
    assert losses_of(GSAS, scan, sigma="poisson") == ["gsas has no nan and inf: 1 of 3 points are left out"]
