"""The values of many headers at once: each is what it is when it is read on its own."""

from __future__ import annotations

from pathlib import Path

import edfgen
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nxconvert.numtext import dtype_for, is_integer, parse_number
from nxconvert.readers.edf.alike import Patience
from nxconvert.readers.edf.build import fingerprint
from nxconvert.readers.edf.file import EdfFile
from nxconvert.readers.edf.gather import HeaderTexts, Values, pairs
from nxconvert.readers.edf.header import decode
from nxconvert.readers.edf.store import value_in, values_in

QUICK = settings(max_examples=100, deadline=None)
#: what may stand in the value of an item
WILD = st.binary(max_size=6).map(lambda value: value.replace(b"\n", b"")) | st.sampled_from(
    [
        b"",
        b" ",
        b";",
        b"a;b",
        b"a ;",
        b"  12",
        b"12  ",
        b"\t7",
        b"7\r",
        b"\0",
        b"\xcd",
        "é".encode(),
        b"\xe9",
        b"=",
        b"1" * 300,
    ]
)


@QUICK
@given(
    values=st.lists(WILD, min_size=1, max_size=8),
    ends=st.lists(st.sampled_from([b" ;", b" ;", b";", b"; ", b" ;\r", b"", b" "]), min_size=1, max_size=3),
    count=st.sampled_from([1, 63, 64, 100]),
)
@example(values=[b"1"], ends=[b" ;"], count=64)
@example(values=[b"1", b""], ends=[b" ;"], count=64)
@example(values=[b"1", b"12"], ends=[b";", b" ;"], count=64)
def test_values_of_many_lines_are_those_of_each(values: list[bytes], ends: list[bytes], count: int) -> None:
    lines = [b"key = " + values[at % len(values)] + ends[at % len(ends)] for at in range(count)]
    assert values_in(lines) == [value_in(line) for line in lines]


TOKENS = st.sampled_from(
    [
        "1",
        "-0",
        "0.5",
        "1e5",
        "nan",
        "-inf",
        "12345678901234567890",
        "9007199254740993",
        "abc",
        "1_0",
        "0x10",
        "é",
        "+3",
        ".5",
        "7",
    ]
)


@QUICK
@given(st.data())
def test_positions_of_many_frames_are_those_of_each(data: st.DataObject) -> None:
    count = data.draw(st.sampled_from([1, 40, 70]))
    first = data.draw(st.lists(TOKENS, min_size=1, max_size=5)) + ["1.25", "3"] * data.draw(st.sampled_from([0, 20]))
    moving = data.draw(st.dictionaries(st.integers(0, len(first) - 1), st.lists(TOKENS, min_size=1, max_size=4)))
    rows = [
        [moving[at][number % len(moving[at])] if at in moving else token for at, token in enumerate(first)]
        for number in range(count)
    ]
    texts = [data.draw(st.sampled_from([" ", "  ", "\t"])).join(row).encode() for row in rows]
    found, odd = pairs(
        Values([" ".join(f"m{at}" for at in range(len(first))).encode()], np.zeros(count, int)),
        Values(texts, np.arange(count)),
    )
    assert (odd, list(found)) == ("", [f"m{at}" for at in range(len(first))])
    for column, tokens in zip(found.values(), zip(*rows, strict=True), strict=True):
        numbers = [parse_number(token) for token in tokens]
        if None in numbers:
            assert column == list(tokens)
            continue
        assert isinstance(column, np.ndarray)
        whole = all(is_integer(token.encode()) for token in tokens)
        dtype = dtype_for(min(map(int, tokens)), max(map(int, tokens))) if whole else np.float64
        assert column.dtype == dtype
        assert (
            column.tobytes() == np.array([*map(int, tokens)] if dtype is not np.float64 else numbers, dtype).tobytes()
        )


@QUICK
@given(st.lists(st.sampled_from([b"a", b"", "é".encode(), b"\xe9", b"\xc3", b"a\0b", b"a\nb"]), max_size=6), st.data())
def test_text_of_frames_is_that_of_each(texts: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.lists(st.integers(-1, len(texts) - 1), max_size=6) | st.just(list(range(len(texts)))))
    found = Values(texts, np.array(index, int)).text()
    assert found == ["" if at < 0 else decode(texts[at]) for at in index]


def test_the_fingerprint_does_not_tell_how_many_headers_were_taken_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.edf"
    # of two lines, the second one changes first
    frames = [edfgen.image(number) for number in range(100)]
    path.write_bytes(edfgen.scan(frames, lambda number: [("late", number // 5 % 2), ("early", number % 5)]))
    with EdfFile(str(path)) as file:
        found = fingerprint(file.frames)
    monkeypatch.setattr(Patience, "ready", lambda _self: False)
    with EdfFile(str(path)) as file:
        assert fingerprint(file.frames) == found


def test_headers_around_thousands_of_missing_frames(tmp_path: Path) -> None:
    path = tmp_path / "a.edf"
    path.write_bytes(edfgen.scan([edfgen.image(), edfgen.image()], lambda number: [("number", number)]))
    with EdfFile(str(path)) as file:
        first, last = file.frames
        blocks = list(HeaderTexts([first, *[None] * 9000, last]).blocks())
    texts = np.concatenate(blocks).tolist()
    assert len(blocks) > 3
    assert (texts[0], {*texts[1:-1]}, texts[-1]) == (first.header_bytes, {b""}, last.header_bytes)
