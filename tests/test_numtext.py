"""Number text to arrays, with Python's own float() and int() as the oracle."""

from __future__ import annotations

import math
import struct
import threading

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nxconvert.numtext import (
    EXACT,
    dtype_for,
    exact_integer,
    is_integer,
    parse_columns,
    parse_lists,
    parse_number,
    parse_rows,
    parse_tokens,
    tidy,
)


def bits(value: float) -> bytes:
    """The exact representation, so that -0.0 is not 0.0; any nan is nan."""
    return b"nan" if math.isnan(value) else struct.pack("<d", value)


INTEGERS = st.one_of(
    st.integers(-1000, 1000).map(str),
    st.integers(-(2**70), 2**70).map(str),
    st.sampled_from(
        ["0", "-0", "+1", "007", "-05", "9007199254740993", "18446744073709551615", "-9223372036854775808"]
    ),
)
FLOATS = st.one_of(
    st.floats().map(repr),
    st.floats(-1e6, 1e6).map(lambda value: f"{value:.8g}"),
    st.floats(-1e6, 1e6).map(lambda value: f"{value:e}"),
    st.sampled_from(
        [".5", "5.", "-.5e3", "+1.5", "nan", "NaN", "-inf", "inf", "Infinity", "1E5", "1e+06", "-0.0", "-0"]
    ),
    st.sampled_from(
        ["2.17e-310", "4.9e-324", "1.7976931348623159e308", "1e999", "0.1e-400", "1e-05", "0" * 30 + "1.5"]
    ),
)
TEXTS = st.sampled_from(
    ["None", "1_000", "0x1F", "1.0D+03", "1,5", "-", "1-2", "--3", "e5", "abc", "1e", "٣", "1 ", "true", "[1]", '"1"']
)
SEPARATORS = st.sampled_from([" ", "  ", "\t", " \t ", "\x02", " \x02", "\x02\x02 ", "     "])
ENDS = st.sampled_from(["\n", " \n", "\n\n", "\t\n", "\n  "])


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[list[str]], bytes]:
    """Rows of tokens, each column integers or numbers of any kind, and the same as text."""
    columns = draw(st.lists(st.sampled_from([INTEGERS, FLOATS]), min_size=1, max_size=6))
    count = draw(st.integers(1, 6))
    rows = [[draw(column) for column in columns] for _ in range(count)]
    regular = draw(st.booleans())
    text = ""
    for row in rows:
        for at, token in enumerate(row):
            if at:
                text += " " if regular else draw(SEPARATORS)
            text += token
        text += "\n" if regular else draw(ENDS)
    return rows, text.encode()


@given(tables())
@example(([["-0"], ["1.5"]], b"-0\n1.5"))
@example(([["9007199254740993", "nan"]], b"9007199254740993 nan"))
@example(([["1", "1e-05"], ["-0", "-0"]], b"1 1e-05\n-0 -0"))
def test_every_number_is_what_python_reads(table: tuple[list[list[str]], bytes]) -> None:
    tokens, text = table
    rows = parse_rows(text)
    assert rows is not None
    assert rows.values.shape == (len(tokens), len(tokens[0]))
    for at in range(rows.width):
        column = [row[at] for row in tokens]
        whole = all(token.lstrip("+-").isdecimal() for token in column)
        assert rows.integer[at] == whole
        if whole:
            large = any(abs(int(token)) >= EXACT for token in column)
            assert (at in rows.exact) == large
            if large:
                assert rows.exact[at] == [int(token) for token in column]
                assert rows.exact[at] == [exact_integer(token.encode()) for token in column]
            assert rows.values[:, at].tolist() == [float(token) for token in column]
        else:
            assert [bits(value) for value in rows.values[:, at].tolist()] == [bits(float(token)) for token in column]


@given(tables(), st.data())
def test_a_block_with_a_word_or_of_several_widths_is_not_taken(
    table: tuple[list[list[str]], bytes], data: st.DataObject
) -> None:
    tokens, _ = table
    row = data.draw(st.integers(0, len(tokens) - 1))
    if data.draw(st.booleans()):
        tokens[row][data.draw(st.integers(0, len(tokens[row]) - 1))] = data.draw(
            TEXTS.filter(lambda word: " " not in word)
        )
    elif len(tokens) > 1:
        tokens[row].append("1")
    else:
        return
    assert parse_rows("\n".join(" ".join(words) for words in tokens).encode()) is None


@pytest.mark.parametrize(
    "text", [b"", b" ", b"\n\n", b"\t", b"\x02", b",", b"1,2", b"1 2]", b"[1 2", b"1\x00 2", b"\xff"]
)
def test_what_holds_no_numbers_is_not_taken(text: bytes) -> None:
    assert parse_rows(text) is None
    assert parse_lists([text, text]) is None


def test_white_space_that_is_no_blank_separates_no_numbers() -> None:
    assert parse_rows(b"1\r2 -inf 12345678901234567890\n3 4\n5 6") is None
    assert parse_rows(b"1\r2 3\n\r 4") is None
    rows = parse_rows(b"1 2\r\n3 4\r")
    assert rows is not None
    assert rows.values.tolist() == [[1, 2], [3, 4]]


def test_the_width_of_a_single_row_is_its_number_of_tokens() -> None:
    rows = parse_rows(b"1 2.5 3")
    assert rows is not None
    assert (rows.values.tolist(), list(rows.integer), rows.width) == ([[1, 2.5, 3]], [True, False, True], 3)


def test_many_patterns_of_rows_are_understood() -> None:
    # every row has its own mix of 1 and 1.5, so that no two patterns are alike
    tokens = [[("1.5" if number >> at & 1 else "1") for at in range(8)] for number in range(256)]
    tokens = [[*row, "7"] for row in tokens]
    rows = parse_rows("\n".join(" ".join(row) for row in tokens).encode())
    assert rows is not None
    assert rows.values.tolist() == [[float(token) for token in row] for row in tokens]
    assert list(rows.integer) == [False] * 8 + [True]


@given(st.lists(st.lists(INTEGERS, min_size=3, max_size=3), min_size=1, max_size=5), SEPARATORS)
def test_lists_of_integers_keep_every_digit(lists: list[list[str]], separator: str) -> None:
    values = parse_lists([separator.join(tokens).encode() for tokens in lists])
    assert values is not None
    numbers = [[int(token) for token in tokens] for tokens in lists]
    flat = [number for row in numbers for number in row]
    low, high = min(flat), max(flat)
    if low >= -(2**63) and high < 2**63:
        assert values.dtype == np.int64
    elif low >= 0 and high < 2**64:
        assert values.dtype == np.uint64
    else:
        assert values.dtype == np.float64
        numbers = [[float(token) for token in tokens] for tokens in lists]
    assert values.tolist() == numbers


@given(st.lists(st.lists(FLOATS, min_size=3, max_size=3), min_size=1, max_size=5))
def test_lists_of_floats_are_what_python_reads(lists: list[list[str]]) -> None:
    values = parse_lists([" ".join(tokens).encode() for tokens in lists])
    assert values is not None
    if values.dtype == np.float64:
        expected = [[bits(float(token)) for token in tokens] for tokens in lists]
        assert [[bits(value) for value in row] for row in values.tolist()] == expected
    else:
        assert values.tolist() == [[int(token) for token in tokens] for tokens in lists]


def test_lists_of_different_lengths_are_not_taken() -> None:
    assert parse_lists([b"1 2 3", b"1 2"]) is None
    assert parse_lists([b"1 2 3", b""]) is None
    assert parse_lists([b"1 2 3", b"1 x 3"]) is None


def test_a_continued_list_is_one_list() -> None:
    values = parse_lists([b"1 2\x02\x02 3 4", b"5 6\x02\x02 7 8"])
    assert values is not None
    assert values.tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]
    values = parse_lists([b"1 2\x02\x023 4", b"5 6 \x02\x027 8"])
    assert values is not None
    assert values.tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]


def test_tokens_are_read_one_by_one_with_nan_for_words() -> None:
    values, integer, text = parse_tokens([b"1", b"None", b"2.5", b"1_0", b"+3", b"nan"])
    assert [bits(value) for value in values] == [bits(value) for value in (1.0, math.nan, 2.5, math.nan, 3.0, math.nan)]
    assert integer == [True, False, False, False, True, False]
    assert text == [1, 3]


@given(st.one_of(INTEGERS, FLOATS, TEXTS, st.text(max_size=8)))
def test_a_number_is_what_float_takes_without_underscores(token: str) -> None:
    try:
        expected: float | None = float(token)
    except ValueError:
        expected = None
    if "_" in token:
        expected = None
    value = parse_number(token)
    assert (value is None) == (expected is None)
    if value is not None and expected is not None:
        assert bits(value) == bits(expected)


def test_integers_are_told_by_their_digits() -> None:
    assert [is_integer(token) for token in (b"1", b"-1", b"+007", b"1.", b"1e5", b"nan")] == [True] * 3 + [False] * 3


def test_an_integer_of_any_length_is_read_or_cut() -> None:
    assert exact_integer(b"-" + b"0" * 5000 + b"12") == -12
    assert exact_integer(b"0" * 5000) == 0
    assert exact_integer(b"+" + b"0" * 30 + b"7") == 7
    assert dtype_for(0, exact_integer(b"9" * 5000)) is np.float64
    assert dtype_for(exact_integer(b"-" + b"9" * 5000), 0) is np.float64
    for digits in (25, 26, 400, 5000):
        rows = parse_rows(b"9" * digits + b" 1")
        assert rows is not None
        assert rows.values.tolist() == [[float("9" * digits), 1.0]]
        values = parse_lists([b"9" * digits + b" 1"])
        assert values is not None
        assert values.tolist() == [[float("9" * digits), 1.0]]


def test_the_dtype_follows_the_range() -> None:
    assert dtype_for(-(2**63), 2**63 - 1) is np.int64
    assert dtype_for(0, 2**63) is np.uint64
    assert dtype_for(-1, 2**63) is np.float64
    assert dtype_for(0, 2**64) is np.float64


@given(st.text(alphabet="1. \t\n\x02", max_size=40))
def test_a_tidy_block_has_the_same_tokens_line_by_line(text: str) -> None:
    block = tidy(text.encode())
    lines = [line.replace("\x02", " ").split() for line in text.split("\n")]
    assert [line.split(" ") for line in block.decode().split("\n") if line] == [line for line in lines if line]


def test_blocks_are_parsed_in_several_threads_at_once() -> None:
    blocks = [b"\n".join(b"%d %d.5" % (number * factor, number) for number in range(2000)) for factor in range(1, 9)]
    results: dict[int, float] = {}

    def work(at: int) -> None:
        rows = parse_rows(blocks[at])
        assert rows is not None
        results[at] = float(rows.values[:, 0].sum())

    threads = [threading.Thread(target=work, args=(at,)) for at in range(len(blocks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {at: 1999 * 1000 * (at + 1) for at in range(len(blocks))}


#: tokens that may stand in one row where a number stands in another
WILD = st.one_of(
    INTEGERS,
    FLOATS,
    TEXTS,
    st.sampled_from(["", "\0", "1\x022", "\x02", "1\r2", "\r", "é", "\xa01", "1\t2", " 5", "a b"]),
)


@st.composite
def alike(draw: st.DrawFn) -> list[bytes]:
    """Many long rows that differ in few places; sometimes in the blanks, too."""
    tame = st.one_of(INTEGERS, FLOATS)
    first = draw(st.lists(st.one_of(tame, tame, tame, WILD) if draw(st.booleans()) else tame, min_size=1, max_size=12))
    first += draw(st.sampled_from([[], ["12.5"] * 20]))
    moving = draw(st.lists(st.integers(0, len(first) - 1), max_size=6))
    values = [draw(st.lists(WILD if draw(st.booleans()) else tame, min_size=1, max_size=5)) for _ in moving]
    blank = draw(st.sampled_from([" ", " ", "  ", "\t", "\x02", " \r"]))
    width = draw(st.sampled_from([0, 0, 12]))
    rows = []
    for number in range(draw(st.sampled_from([1, 31, 32, 50]))):
        row = list(first)
        for at, own in zip(moving, values, strict=True):
            row[at] = own[number % len(own)]
        rows.append(blank.join(token.rjust(width) for token in row).encode())
    at, other = draw(st.integers(0, len(rows) - 1)), draw(st.sampled_from([b"", b" ", b" 1", b"\t", b"x", b"\0"]))
    rows[at] += other
    return rows


@given(alike())
@example([b"1.5 " * 20 + b"%d" % number for number in range(40)])
@example([b"%d " % number + b"1.5 " * 20 for number in range(40)])
@example([b"-0 " * 20 + b"-0" + b".0" * (number % 2) + b" 9007199254740993" for number in range(40)])
@example([b"1 " * 40 + b"99999999999999999999 " + b"%d" % (2**63 + number) for number in range(40)])
@example([b"7" * 30 + b" 1" * 40 + b" %d" % number for number in range(40)])
@example([b" " * (64 + number) for number in range(40)])
@example([b"x" * 64] * 40)
@example([b"1 " * 40] * 40)
@example([b"1 " * 40 + b"2 3" if number else b"1 " * 40 + b"2\r3" for number in range(40)])
def test_columns_of_rows_that_are_alike_are_those_of_the_block(rows: list[bytes]) -> None:
    block = parse_rows(b"\n".join(rows))
    expected = None if block is None or len(block.values) != len(rows) else [*map(block.column, range(block.width))]
    columns = parse_columns(rows)
    assert (columns is None) == (expected is None)
    if columns is None or expected is None:
        return
    assert [column.dtype for column in columns] == [column.dtype for column in expected]
    tokens = [row.replace(b"\x02", b" ").split() for row in rows]
    for at, (column, simple) in enumerate(zip(columns, expected, strict=True)):
        assert column.shape == (len(rows),)
        assert [bits(value) for value in column.tolist()] == [bits(value) for value in simple.tolist()]
        if {*map(len, tokens)} == {len(columns)}:
            read = int if column.dtype.kind in "iu" else float
            assert [bits(value) for value in column.tolist()] == [bits(read(own[at])) for own in tokens]


def test_what_is_the_same_in_all_rows_is_one_number() -> None:
    columns = parse_columns([b"1.5 " * 30 + b"%d 7 " % number + b"2 " * 30 for number in range(100)])
    assert columns is not None
    assert [column.strides == (0,) for column in columns] == [True] * 30 + [False] + [True] * 31
    assert [column.tolist() for column in columns[29:32]] == [[1.5] * 100, list(range(100)), [7] * 100]


def test_an_integer_that_fits_no_type_is_the_next_float() -> None:
    columns = parse_columns([b"9" * 30 + b" 1"])
    assert columns is not None
    assert [column.tolist() for column in columns] == [[float("9" * 30)], [1]]
