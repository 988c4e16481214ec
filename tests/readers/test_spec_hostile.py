"""Damaged, cut and absurd files: problems with their lines, bounded time and memory, and no other exception."""

from __future__ import annotations

import contextlib
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nxconvert.arrays import load
from nxconvert.errors import ReadError
from nxconvert.readers.spec import READER
from nxconvert.scan import Scan

SAMPLE = """#F sample.spec
#E 1455180875
#D Thu Feb 11 09:54:35 2016
#C fourc  User = me
#O0 Two Theta  Theta
#O1 SX
#o0 tth th
#o1 sx

#S 1 ascan th 0 1 2 1
#D Thu Feb 11 09:55:20 2016
#T 1  (Seconds)
#G1 1 1 1 90 90 90 1 1 1 90 90 90
#P0 1.5 2
#P1 3
#@CHANN 3 0 2 1
#@CALIB 0 0.5 0
#N 4
#L Theta  Epoch  I0  det
0 60 100 1.5
@A 1 2\\
 3
0.5 61 101 2.5
@A 4 5\\
 6
#C a comment
1 62 102 3.5
@A 7 8\\
 9
#R peak

#S 2 mesh sx 0 1 1 th 0 1 1 1
#P0 1.5 2
#P1 3
#N 3
#L SX  Theta  det
0 0 1
1 0 2
0 1 3
1 1 4
"""


def read_bytes(data: bytes) -> tuple[list[Scan], list[str]]:
    """Read bytes as a SPEC file; the arrays are loaded and checked."""
    handle, path = tempfile.mkstemp()
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        with READER.open(path) as source:
            scans = list(source)
            for scan in scans:
                check(scan)
            return scans, [str(problem) for problem in source.problems]
    finally:
        os.unlink(path)


def check(scan: Scan) -> None:
    """What holds for every scan whatever the file."""
    assert len({np.shape(field.value) for field in scan.columns.values()}) <= 1  # type: ignore[arg-type]
    for fields in (scan.columns, scan.grid, scan.metadata, scan.sample, *scan.detectors.values()):
        for name, field in fields.items():
            assert field.name == name
            if hasattr(field.value, "shape"):
                values = load(field.value)  # type: ignore[arg-type]
                assert (values.shape, values.dtype) == (field.value.shape, field.value.dtype)
                assert len(field.dims) == values.ndim
    for field in scan.axes.values():
        assert scan.columns[field.name] is field
    for problem in scan.problems:
        assert problem.place.line is not None
        assert "cannot be understood" not in problem.found
        assert "\n" not in problem.found + problem.expected + problem.hint
    for plot in scan.plots.values():
        shape = plot.signal.value.shape  # type: ignore[union-attr]
        assert len(plot.axes) == len(shape)
        for axis, length in zip(plot.axes, shape, strict=True):
            assert axis is None or axis.value.shape == (length,)  # type: ignore[union-attr]


def row_values(scan: Scan) -> list[tuple[float, ...]]:
    return list(zip(*(field.value.tolist() for field in scan.columns.values()), strict=True))  # type: ignore[union-attr]


def test_the_sample_itself_has_no_problems() -> None:
    scans, problems = read_bytes(SAMPLE.encode())
    assert problems == []
    assert [scan.problems for scan in scans] == [[], []]
    assert [scan.points for scan in scans] == [3, 4]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_file_cut_anywhere_keeps_its_complete_rows_unchanged(end: str) -> None:
    text = SAMPLE.replace("\n", end).encode()
    whole, _ = read_bytes(text)
    rows = [row_values(scan) for scan in whole]
    for length in range(len(text)):
        cut = text[:length]
        if length < len("#F"):
            with pytest.raises(ReadError, match="SPEC"):
                read_bytes(cut)
            continue
        scans, _ = read_bytes(cut)
        for scan, expected in zip(scans, rows, strict=False):
            begin = scan.place.offset or 0
            own = cut[begin : begin + scan.length]
            # every row that has its line end is complete
            complete = sum(line[:1].isdigit() for line in own.split(end.encode())[:-1])
            ended = cut.endswith(end.encode()) or begin + scan.length < length
            found = row_values(scan)
            if len(scan.columns) == len(whole[scan.index].columns):
                assert found[:complete] == expected[:complete], length
                if len(found) > complete and not ended:
                    assert scan.problems, length


def test_a_cut_that_can_be_seen_is_told() -> None:
    for cut, found in (
        ("0.5 61 1", "row has 3 values"),
        ("0.5 61 101 2.", "the file ends within this line"),
        ("0.5 61 101 2.5e", "row has '2.5e' in column 4"),
        ("0.5 61 101 2.5\n@A 4 5\\\n", "@A: arrays of 2, 3 values"),
        ("0.5 61 101 2.5\n", "@A: 1 arrays for 2 points"),
    ):
        text = SAMPLE[: SAMPLE.index("0.5 61 101")] + cut
        scans, _ = read_bytes(text.encode())
        assert any(problem.found == found for problem in scans[0].problems), cut


@settings(max_examples=200)
@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_refused_or_read(data: bytes) -> None:
    for text in (data, b"#S 1 " + data, b"#S 1 x\n" + data, b"#F x\n" + data):
        with contextlib.suppress(ReadError):
            read_bytes(text)


TOKENS = st.sampled_from(
    [
        "1",
        "2.5",
        "-3",
        "nan",
        "x",
        "None",
        "1e5",
        "-0",
        "007",
        "9" * 30,
        "18446744073709551615",
        "\\",
        "#C z",
        "@A",
        "\t",
        "\x00",
        "é",
        "1e999",
    ]
)
LINES = st.one_of(
    st.sampled_from(SAMPLE.split("\n")),
    st.sampled_from(
        [
            "1 2 3",
            "1 2 3",
            "4 5",
            "#N 3",
            "#N 1 3",
            "#N 4 2",
            "#L a  b  c",
            "#L a b c",
            "#S 5",
            "#E 7",
            "@x 1 2",
            "#@MCA 2",
        ]
    ),
    st.sampled_from(
        [
            "#S 3 dmesh a 0 1 1 b 0 1 2 1",
            "#S 4 kmap a 0 1 2 1 b 0 1 2 1",
            "#C Scan aborted after 1 points",
            "@CALIB 1 2",
            "#@ROI a 1 2",
        ]
    ),
    st.lists(TOKENS, max_size=5).map(" ".join),
    st.text(max_size=20),
)


@settings(max_examples=500)
@given(st.lists(LINES, max_size=30), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
def test_arbitrary_lines_of_spec_files_are_read(lines: list[str], end: str, final: bool) -> None:
    text = "#S 1 ascan th 0 1 2 1\n" + end.join(lines) + (end if final else "")
    scans, _ = read_bytes(text.encode("utf-8", "surrogatepass"))
    assert scans[0].number == 1


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, list[dict[str, Any]]]:
    """A SPEC file and what is in it."""
    names = st.from_regex(r"[A-Za-z][A-Za-z0-9_./()%]{0,7}( [a-z]{1,3})?", fullmatch=True)
    number = st.one_of(st.integers(-(10**6), 10**6), st.floats(allow_nan=False, allow_infinity=False))
    motors = draw(st.lists(names, max_size=10, unique=True))
    text = "#F a.spec\n#E 1000\n"
    for at in range(0, len(motors), 8):
        text += f"#O{at // 8} {'  '.join(motors[at : at + 8])}\n"
    text += "\n"
    scans = []
    for index in range(draw(st.integers(1, 4))):
        labels = draw(st.lists(names, min_size=1, max_size=6, unique=True))
        whole = [draw(st.booleans()) for _ in labels]
        count = draw(st.integers(0, 5))
        positions = [draw(number) for _ in motors]
        channels = draw(st.integers(0, 5))
        before = draw(st.booleans())
        scan: dict[str, Any] = {
            "number": draw(st.integers(0, 5)),
            "motors": dict(zip(motors, map(float, positions), strict=True)),
            "columns": {label: [] for label in labels},
            "whole": dict(zip(labels, whole, strict=True)),
            "spectra": [],
        }
        text += f"#S {scan['number']} cmd {index}\n"
        for at in range(0, len(motors), 8):
            text += f"#P{at // 8} {' '.join(map(repr, positions[at : at + 8]))}\n"
        text += f"#N {len(labels)}\n#L {'  '.join(labels)}\n"
        for _ in range(count):
            row = [draw(st.integers(-(2**63), 2**63 - 1)) if own else draw(st.floats()) for own in whole]
            for label, value in zip(labels, row, strict=True):
                scan["columns"][label].append(value)
            spectrum = [draw(st.integers(0, 10**9)) for _ in range(channels)]
            scan["spectra"].append(spectrum)
            line = " ".join(map(repr, row)) + "\n"
            array = "@A " + "\\\n ".join(map(str, spectrum)) + "\n" if channels else ""
            text += array + line if before else line + array
        text += "\n"
        scans.append(scan)
    return text, scans


@settings(max_examples=200)
@given(documents())
def test_what_was_written_is_what_is_read(document: tuple[str, list[dict[str, Any]]]) -> None:
    text, expected = document
    scans, problems = read_bytes(text.encode())
    assert problems == []
    assert len(scans) == len(expected)
    for scan, wanted in zip(scans, expected, strict=True):
        assert scan.number == wanted["number"]
        assert {name: float(field.value) for name, field in scan.positioners.items()} == wanted["motors"]  # type: ignore[arg-type]
        assert list(scan.columns) == list(wanted["columns"])
        for at, (label, values) in enumerate(wanted["columns"].items()):
            found = scan.columns[label].value
            assert isinstance(found, np.ndarray)
            is_float = at == 0 or label in wanted["motors"] or not wanted["whole"][label]
            if values:
                assert found.dtype == (np.float64 if is_float else np.int64)
            for one, two in zip(found.tolist(), values, strict=True):
                two = float(two) if is_float else two
                assert one == two or (math.isnan(one) and math.isnan(two))
                assert not isinstance(one, float) or math.isnan(one) or math.copysign(1, one) == math.copysign(1, two)
        if wanted["spectra"] and wanted["spectra"][0]:
            data = scan.detectors["mca_0"]["data"].value
            assert isinstance(data, np.ndarray)
            assert data.tolist() == wanted["spectra"]
        else:
            assert scan.detectors == {}


# --- absurd sizes

ABSURD = {
    "a control line of 100 MB": ("b'#S 1 x\\n#C ' + b'x' * 100_000_000 + b'\\n#L a\\n1\\n'", 1),
    "a row of 100 MB": ("b'#S 1 x\\n#L a\\n' + b'1 ' * 50_000_000 + b'\\n1\\n'", 1),
    "an array line of 100 MB": ("b'#S 1 x\\n#L a\\n1\\n@A ' + b'1 ' * 50_000_000 + b'\\n'", 1),
    "free text of 100 MB": ("b'#S 1 x\\n#L a\\n1\\n' + b'x' * 100_000_000 + b'\\n'", 1),
    "a first line of 100 MB": ("b'x' * 100_000_000 + b'\\n#S 1 x\\n#L a\\n1\\n'", 0),
    "a million motor names": (
        "b'#F a\\n#O0 ' + b'  '.join(b'm%d' % at for at in range(1_000_000)) + b'\\n#S 1 x\\n#P0 ' + b'1 ' * 1_000_000 + b'\\n#L a\\n1\\n'",
        1,
    ),
    "a million motor names in a scan": (
        "b'#S 1 x\\n#O0 ' + b'  '.join(b'm%d' % at for at in range(300_000)) + b'\\n#P0 ' + b'1 ' * 300_000 + b'\\n#L a\\n1\\n'",
        1,
    ),
    "a million rows of motor names": (
        "b'#S 1 x\\n' + b''.join(b'#O%d a%d\\n#P%d 1\\n' % (at % 99999, at, at % 99999) for at in range(200_000)) + b'#L a\\n1\\n'",
        1,
    ),
    "a million labels": ("b'#S 1 x\\n#L ' + b'  '.join(b'l%d' % at for at in range(400_000)) + b'\\n1\\n'", 1),
    "a million comments": ("b'#S 1 x\\n#L a\\n' + b'#C x\\n1\\n' * 1_000_000", 1),
    "ten million words": ("b'#S 1 x\\n#L a\\n1\\n' + b'x\\n' * 10_000_000", 1),
    "a million kinds of arrays": ("b'#S 1 x\\n#L a\\n1\\n' + b''.join(b'@k%d 1\\n' % at for at in range(500_000))", 1),
    "a million empty scans": ("b'#S 1\\n' * 100_000", 0),
    "a million empty spectra": ("b'#S 1 x\\n#L a\\n1\\n' + b'@A\\n' * 1_000_000", 1),
    "a million bad dates": ("b'#S 1 x\\n#L a\\n1\\n' + b'#D x\\n' * 300_000", 1),
    "absurd channels": ("b'#S 1 x\\n#@CHANN 999999999999 0 999999999998 1\\n#N 999999999\\n#L a\\n1\\n@A 1 2\\n'", 0),
    "an absurd mesh": ("b'#S 1 mesh a 0 1 1999999999 b 0 1 1999999999 1\\n#L a  b  c\\n0 0 1\\n'", 1),
    "nothing but line ends": ("b'#S 1 x\\n' + b'\\n' * 50_000_000", 0),
    "nothing but NUL": ("b'#S 1 x\\n' + bytes(50_000_000)", 0),
    "nothing but backslashes": ("b'#S 1 x\\n@A ' + b'\\\\\\n' * 10_000_000", 1),
    "nothing but at signs": ("b'#S 1 x\\n' + b'@' * 30_000_000", 1),
    "many different rows": (
        "b'#S 1 x\\n#L a  b\\n' + b''.join(b'1 ' * (at % 97) + b'2\\n' for at in range(100_000))",
        1,
    ),
}


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="the memory of a process is told by Linux only")
@pytest.mark.slow
@pytest.mark.parametrize("name", ABSURD)
def test_absurd_sizes_take_bounded_time_and_memory_and_are_told(name: str, tmp_path: Path) -> None:
    expression, told = ABSURD[name]
    path = tmp_path / "absurd.spec"
    path.write_bytes(eval(expression))
    begin = sum(os.times()[2:4])  # processor time of children
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", MEASURE, str(path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    memory, problems = map(int, result.stdout.split())
    assert sum(os.times()[2:4]) - begin < 30
    assert memory < 400 << 20
    assert problems >= told


MEASURE = """
import sys
from nxconvert.readers.spec import READER
problems = 0
with READER.open(sys.argv[1]) as file:
    for scan in file:
        problems += len(scan.problems)
        assert len(str(scan.problems)) < 100_000
    problems += len(file.problems)
with open("/proc/self/status") as status:
    memory = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
print(memory * 1024, problems)
"""
