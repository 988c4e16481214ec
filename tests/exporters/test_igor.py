"""Igor text, read by a parser that follows the manual of Igor Pro: waves, their data, and commands."""

from __future__ import annotations

import re

import numpy as np
import pytest
from exporting import bits, constants, losses_of, scan_of, text_of
from hypothesis import given, settings
from hypothesis import strategies as st

from nxconvert.errors import WriteError
from nxconvert.exporters.igor import EXPORTER
from nxconvert.scan import Field, Scan

NAME = r"[A-Za-z][A-Za-z0-9_]{0,30}"
QUOTED = r'"(?:[^"\\\x00-\x1f]|\\["\\])*"'


def number(text: str, whole: bool) -> float | int:
    if whole:
        assert re.fullmatch(r"-?\d+", text)
        return int(text)
    assert re.fullmatch(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?|NaN|-?Inf", text)
    return float(text)


def parse(text: str) -> tuple[dict[str, np.ndarray], list[str]]:
    """Read waves and commands; every rule that is not kept is an AssertionError."""
    lines = text.split("\n")
    assert lines.pop() == ""
    assert lines.pop(0) == "IGOR"
    waves: dict[str, np.ndarray] = {}
    commands = []
    while lines:
        line = lines.pop(0)
        if line.startswith("X "):
            assert re.fullmatch(rf"X (Note {NAME}, {QUOTED}|SetScale d, 0, 0, {QUOTED}, {NAME})", line)
            assert len(line) <= 400
            commands.append(line)
            continue
        head = re.fullmatch(rf"WAVES/(D|L|L/U)(?:/N=\((\d+(?:,\d+)*)\))? ({NAME}(?: {NAME})*)", line)
        assert head is not None, line
        assert lines.pop(0) == "BEGIN"
        end = lines.index("END")
        rows = [[number(cell, head[1] != "D") for cell in row.split()] for row in lines[:end]]
        del lines[: end + 1]
        names = head[3].split()
        assert not {name.lower() for name in names} & {name.lower() for name in waves}
        assert len({name.lower() for name in names}) == len(names)
        kind = {"D": np.float64, "L": np.int64, "L/U": np.uint64}[head[1]]
        if head[2]:
            shape = tuple(map(int, head[2].split(",")))
            (name,) = names
            assert len(rows) == shape[0]
            waves[name] = np.array(rows, kind).reshape(shape)
        else:
            assert all(len(row) == len(names) for row in rows)
            waves |= {name: np.array([row[at] for row in rows], kind) for at, name in enumerate(names)}
    return waves, commands


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.floats(), st.integers(-(2**63), 2**63 - 1), st.integers(0, 2**64 - 1)), min_size=1),
    st.booleans(),
)
def test_every_number_comes_back_bit_for_bit(rows: list[tuple[float, int, int]], small: bool) -> None:
    floats, whole, positive = zip(*rows, strict=True)
    if small:
        whole = tuple(value % 1000 for value in whole)
    columns = {"a": np.array(floats), "b": np.array(whole), "c": np.array(positive, np.uint64), "d": np.array(floats)}
    scan = scan_of(columns)
    scan.detectors["mca"] = {"data": Field("data", np.array([floats, floats]), ("point", "channel"))}
    waves, _ = parse(text_of(EXPORTER, scan))
    for own in (waves["a"], waves["d"], *waves["mca"]):
        assert np.array_equal(own, floats, equal_nan=True)
        assert bits(own[~np.isnan(own)]) == bits([value for value in floats if value == value])  # noqa: PLR0124
    assert [int(value) for value in waves["b"]] == list(whole)
    assert [int(value) for value in waves["c"]] == list(positive)


@settings(deadline=None)
@given(
    st.lists(
        st.text(max_size=40) | st.sampled_from(["time", "Time", "I 0", "I_0", "i_0", "x", "K0", "V_flag", "3d"]),
        min_size=1,
        max_size=8,
        unique=True,
    ),
    st.text(),
)
def test_names_and_texts_never_break_a_file(names: list[str], text: str) -> None:
    units = dict.fromkeys(names, text[:20] or "mm")
    waves, commands = parse(text_of(EXPORTER, scan_of({name: np.ones(2) for name in names}, units, title=text)))
    assert len(waves) == len(names)
    assert len(commands) == 1 + len(names)
    assert not {name.lower() for name in waves} & {"time", "x", "k0", "v_flag"}


def full() -> Scan:
    scan = scan_of(
        {"time": np.array([0.5, np.nan]), "I 0": np.array([1, 2]), "big": np.array([2**53 + 1, 0])},
        {"time": "s"},
        title='say "\\x"',
    )
    scan.detectors = {
        "mca": {"data": Field("data", np.arange(6).reshape(2, 3), ("point", "channel")), **constants(type="mca")},
        "box": constants(state="on"),
        "I 0": {"data": scan.columns["I 0"]},
    }
    return scan


def test_the_file_as_it_is() -> None:
    text = text_of(EXPORTER, full())
    assert text == (
        "IGOR\nWAVES/D w_time I_0\nBEGIN\n0.5 1\nNaN 2\nEND\nWAVES/L big\nBEGIN\n9007199254740993\n0\nEND\n"
        "WAVES/D/N=(2,3) mca\nBEGIN\n0 1 2\n3 4 5\nEND\n"
        'X Note w_time, "say \\"\\\\x\\""\nX SetScale d, 0, 0, "s", w_time\n'
    )
    parse(text)
    assert losses_of(EXPORTER, full()) == [
        "igor has no place for detectors without spectra: 'box'",
        "igor has no place for these of the detectors: 'mca.type'",
        "igor has names of letters, digits and '_' that it does not use itself: 'time', 'I 0' become 'w_time', 'I_0'",
    ]


def test_a_long_title_is_cut_and_told() -> None:
    scan = scan_of({"a": np.ones(1)}, title="\\" * 300)
    assert parse(text_of(EXPORTER, scan))[1] == ['X Note a, "' + "\\\\" * 150 + '"']
    assert losses_of(EXPORTER, scan) == ["igor has commands of limited length: the title is cut to 150 characters"]


def test_spectra_alone_are_enough_and_nothing_is_not() -> None:
    scan = scan_of({"a": np.ones(1)})
    scan.columns.clear()
    with pytest.raises(WriteError) as caught:
        text_of(EXPORTER, scan)
    assert str(caught.value) == "x.nxs:/scan_1: has no column with one number per point, and no spectra"
    scan.detectors["one"] = {"data": Field("data", np.arange(3), ("channel",))}
    assert parse(text_of(EXPORTER, scan))[0]["one"].tolist() == [0, 1, 2]
