"""Numbers in columns of fixed width: whatever Fortran writes comes back, whatever it is not is told."""

from __future__ import annotations

import illgen
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nxconvert.readers.ill import fields

WIDE = {"I": (8, 10, -9_999_999, 99_999_999), "J": (10, 8, -999_999_999, 9_999_999_999)}


def lines_of(values: list[int], letter: str) -> bytes:
    """The data lines of a block."""
    return illgen.integers(values, letter=letter).split("\n", 2)[2].encode()


@given(data=st.data(), letter=st.sampled_from("IJ"))
def test_integers_come_back_with_their_type(data: st.DataObject, letter: str) -> None:
    low, high = WIDE[letter][2:]
    values = data.draw(st.lists(st.integers(low, high), min_size=1, max_size=45))
    found = fields.decode(lines_of(values, letter), letter, len(values))
    assert found.values.tolist() == values
    assert found.values.dtype == fields.DTYPES[letter]
    assert not found.stars
    assert not found.bad
    assert not found.long


@given(data=st.data(), letter=st.sampled_from("IJ"))
def test_integers_come_back_from_lines_without_trailing_blanks_and_with_any_line_end(
    data: st.DataObject, letter: str
) -> None:
    low, high = WIDE[letter][2:]
    values = data.draw(st.lists(st.integers(low, high), min_size=1, max_size=45))
    lines = [line.rstrip() for line in lines_of(values, letter).splitlines()]
    end = data.draw(st.sampled_from([b"\n", b"\r\n"]))
    last = data.draw(st.sampled_from([b"", end]))
    found = fields.decode(end.join(lines) + last, letter, len(values))
    assert found.values.tolist() == values


@given(
    cells=st.lists(st.binary(min_size=8, max_size=8).filter(lambda cell: not set(cell) & set(b"\r\n\0")), max_size=40)
)
def test_a_field_is_what_its_text_says_and_nothing_else(cells: list[bytes]) -> None:
    text = b"".join(b"".join(cells[at : at + 10]).ljust(80) + b"\n" for at in range(0, len(cells), 10))
    found = fields.decode(text, "I", len(cells))
    expected = []
    for cell in cells:
        token = cell.strip(b" \t")
        digits = token[1:] if token[:1] in (b"+", b"-") else token
        expected.append(int(token) if digits and all(48 <= byte <= 57 for byte in digits) else fields.OVERFLOW["I"])
    assert found.values.tolist() == expected
    assert len(found.stars) + len(found.bad) == expected.count(fields.OVERFLOW["I"])


def test_a_block_longer_than_what_is_decoded_at_once() -> None:
    values = np.random.default_rng(5).integers(0, 10**8, 123_457)
    text = lines_of(values.tolist(), "I")
    assert np.array_equal(fields.decode(text, "I", len(values)).values, values)


@settings(max_examples=200)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=23))
def test_floats_come_back_with_eight_digits_and_any_exponent(values: list[float]) -> None:
    text = illgen.floats(values).split("\n", 2)[2].encode()
    found = fields.decode(text, "F", len(values))
    assert np.allclose(found.values, values, rtol=1e-7, atol=0)
    assert not found.bad


@pytest.mark.parametrize(
    ("token", "value"),
    [
        ("1.50000000e+00", 1.5),
        ("0.15D+01", 1.5),
        ("1.234-101", 1.234e-101),
        ("-0.5d-3", -5e-4),
        ("7", 7.0),
        (".5", 0.5),
    ],
)
def test_exponents_in_every_spelling(token: str, value: float) -> None:
    assert fields.decode(f"{token:>16}\n".encode(), "F", 1).values.tolist() == [value]


def test_stars_are_not_a_number_and_counts_get_a_value_that_no_column_can_hold() -> None:
    found = fields.decode(b"*" * 16 + b"  0.10000000E+01\n", "F", 2)
    assert np.isnan(found.values[0])
    assert (found.values[1], found.stars) == (1.0, [0])
    found = fields.decode(b"       1********       3\n", "I", 3)
    assert (found.values.tolist(), found.stars, found.bad) == ([1, -(2**31), 3], [1], [])


def test_glued_numbers_are_told_apart_by_their_columns() -> None:
    assert fields.decode(b"12345678-1234567       1\n", "I", 3).values.tolist() == [12345678, -1234567, 1]


def test_fewer_lines_than_announced_give_fewer_numbers() -> None:
    assert len(fields.decode(lines_of(list(range(20)), "I"), "I", 99_999_999).values) == 20


def test_text_behind_the_last_column_is_told() -> None:
    text = lines_of(list(range(10)), "I").rstrip(b"\n") + b" and more\n"
    assert fields.decode(text, "I", 10).long


@pytest.mark.parametrize(
    ("line", "numbers"),
    [
        (b"  280447       0       4", [280447, 0, 4]),
        (b"\t   80      0", [80, 0]),
        (b"  057276      1      0", [57276, 1, 0]),
        (b"  16347", [16347]),
        (b"12 3 456", [12, 3, 456]),
        (b"", []),
        (b"      31", [31]),
        (b"      31********", [31, None]),
    ],
)
def test_control_lines(line: bytes, numbers: list[int | None]) -> None:
    assert fields.control(line) == numbers
