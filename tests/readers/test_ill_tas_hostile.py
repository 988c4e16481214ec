"""Cut, damaged and absurd triple-axis files: what could be read stays, all else is told, and no other exception."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
import tasgen
from hypothesis import given, settings
from hypothesis import strategies as st
from tasgen import simple

from nxconvert.arrays import load
from nxconvert.errors import ReadError
from nxconvert.readers.ill.tas import TasFile, sniff_tas
from nxconvert.scan import Scan
from nxconvert.streams import open_source


def read(data: bytes) -> Scan | None:
    """Read bytes as a triple-axis file and check what holds of every scan; None where the file is refused."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        with TasFile(open_source(file.name)) as opened:
            try:
                (scan,) = opened
            except ReadError:
                return None
            check(scan)
            return scan


def check(scan: Scan) -> None:
    """What holds for every scan whatever the file."""
    lengths = {len(field.value) for field in scan.columns.values()}  # type: ignore[arg-type]
    assert len(lengths) <= 1
    for fields in (scan.columns, scan.positioners, scan.metadata, scan.sample, *scan.detectors.values()):
        for name, field in fields.items():
            assert field.name == name
            if isinstance(field.value, np.ndarray):
                assert len(field.dims) == load(field.value).ndim
                assert field.value.dtype in (np.int64, np.uint64, np.float64)
    for field in scan.axes.values():
        assert scan.columns[field.name] is field
    for problem in scan.problems:
        assert "\n" not in problem.found + problem.expected + problem.hint
        assert len(str(problem)) < 500 + len(problem.place.path)
    for plot in scan.plots.values():
        shape = plot.signal.value.shape  # type: ignore[union-attr]
        assert len(plot.axes) == len(shape) == len(plot.signal.dims)
        for axis, length in zip(plot.axes, shape, strict=True):
            assert axis is None or axis.value.shape == (length,)  # type: ignore[union-attr]


def whole() -> bytes:
    """Give a file with everything: spectra after rows, a MULTI: block, text, two states, a footer."""
    counts = [int(value) for value in np.random.default_rng(1).integers(0, 20_000, tasgen.CELLS)]
    counts[155:] = [0] * 5
    rows = [[str(at + 1), str(at % 2 + 1), f"{at}.5", f"{sum(counts)}.", "in"] for at in range(4)]
    multi = ["MULTI:", *("".join(f"{at:8d}" for at in range(31)) for _ in range(4))]
    after_row = {at: tasgen.flat_lines(counts) for at in range(4)}
    return simple(
        rows, "PNT PAL GL CNTS BEF", after_row=after_row, after=[*multi, "Finished at 02-Jan-24 03:28:11"]
    ).data


def test_a_file_cut_after_any_line_keeps_its_points() -> None:
    for data in (whole(), tasgen.energy_scan(4).tas.data):
        lines = data.splitlines(keepends=True)
        table = next(at for at, line in enumerate(lines) if line.startswith(b"DATA_:")) + 2
        refused = 0
        complete = read(data)
        assert complete is not None
        for count in range(len(lines) + 1):
            scan = read(b"".join(lines[:count]))
            if scan is None:
                refused += 1
                continue
            rows = [line for line in lines[table:count] if line.split()[:1] and line.split()[0] in b"1 2 3 4".split()]
            rows = [line for line in rows if len(line.split()) in (5, 16)]
            assert scan.points == len(rows)
            if count < table:
                assert [problem.severity for problem in scan.problems] == ["lost"]
            for name, column in scan.columns.items():
                assert list(column.value) == list(complete.columns[name].value)[: len(rows)]  # type: ignore[arg-type]
        assert refused == 8  # nothing, and the seven lines of the wrapper


def test_a_file_cut_at_any_byte_is_read_or_refused() -> None:
    data = whole()
    points = [scan.points for at in range(0, len(data), 7) if (scan := read(data[:at])) is not None]
    assert points == sorted(points)
    assert set(points) == {0, 1, 2, 3, 4}


def test_real_files_cut_after_any_line_are_read_or_refused(shared_data: Path) -> None:
    for name in ("ILL_IN20.dat", "MnFeSi_0099.scn", "scan0005"):
        lines = (shared_data / "ill-tas" / name).read_bytes().splitlines(keepends=True)
        scans = [read(b"".join(lines[:count])) for count in range(len(lines) + 1)]
        points = [scan.points for scan in scans if scan is not None]
        assert points == sorted(points)
        assert scans[0] is None
        assert scans[-1] is not None
        assert scans[-1].problems == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data.replace(b"NP 3", b"NP 99999999999999999999"),
        lambda data: data.replace(b"NP 3", b"NP 1e300"),
        lambda data: data.replace(b"NP 3", b"NP nan MN inf"),
        lambda data: data.replace(b"KFIX=", b"KFIX=1e300,X="),
        lambda data: data.replace(b"AS=   4.00000", b"AS=   1e-300"),
        lambda data: data.replace(b"AX=   1.000", b"AX=   1e300"),
        lambda data: data.replace(b"012345", b"9" * 5000),
        lambda data: data.replace(b"  167.", b"9" * 100_000 + b"."),
        lambda data: data.replace(b"  167.", b"1e999999"),
        lambda data: data.replace(b"167.", b"nan"),
        lambda data: data.replace(b"DATA_:", b"DATA_:\n" + b"A" * 1_000_000),
        lambda data: data.replace(b"PNT", b"PNT " * 100_000),
        lambda data: data.replace(b"PARAM: TI", b"PARAM: " + b"A" * 100 + b",TI"),
        lambda data: data.replace(b"COMND: SC", b"COMND: SC " + b"GL 1 " * 100_000),
        lambda data: data + b"MULTI:\n" + b" 1" * 1_000_000,
        lambda data: data + b"flat:" + b"1" * 1_000_000 + b"\n endflat\n",
        lambda data: data + b"flat:\n" * 10_000,
        lambda data: data + b"MULTI:\n" * 10_000,
        lambda data: data + b"\n" * 1_000_000,
        lambda data: data + b"1 2\n" * 100_000,
        lambda data: data.replace(b"VARIA:", b"VARIA: " + b",".join(b"M%d=1" % at for at in range(50_000))),
        lambda data: data.replace(b"V" * 80, b"Q" * 80),
        lambda data: data.replace(b"\n", b""),
        lambda data: data[::-1],
        lambda data: bytes(range(256)) * 1000,
        lambda data: b"INSTR:" + bytes(range(256)) * 1000,
        lambda data: data.replace(b" ", b"\0"),
    ],
)
def test_absurd_values_end_in_bounded_time_in_a_scan_or_a_reason(damage: object) -> None:
    damaged = damage(simple().data)  # type: ignore[operator]
    sniff_tas(damaged[:65536], "x")
    scan = read(damaged)
    assert scan is None or len(scan.problems) < 200


def test_text_behind_multi_is_kept_and_passed_over() -> None:
    scan = read(simple().data + b"MULTI: of what\n" + b" 1" * 93 + b"\nend\n")
    assert scan is not None
    assert scan.detectors["multi"]["data"].value.tolist() == [[1] * 31] * 3  # type: ignore[union-attr]
    assert scan.notes["footer"].value == "MULTI: of what\nend"


def test_many_problems_of_one_kind_are_counted() -> None:
    scan = read(simple().data + b"1 2\n" * 1000)
    assert scan is not None
    assert len(scan.problems) == 21
    assert scan.problems[-1].found == "980 more rows of other lengths like those listed"


TOKENS = st.sampled_from(
    [b"", b"flat:", b" endflat", b"MULTI:", b"DATA_:", b"*****", b"1-2", b"\r", b"PARAM: A=", b"\x1c"]
)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_bytes_changed_anywhere_never_end_in_another_exception(data: st.DataObject) -> None:
    text = bytearray(whole() if data.draw(st.booleans()) else tasgen.energy_scan(3).tas.data)
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(text) - 1))
        if data.draw(st.booleans()):
            text[at : at + data.draw(st.integers(0, 40))] = data.draw(TOKENS)
        else:
            text[at : at + 1] = data.draw(st.binary(max_size=6))
    read(bytes(text))


NUMBERS = st.one_of(
    st.integers(-(2**63), 2**64 - 1).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.integers(0, 10**6).map("{}.".format),
)


@given(st.lists(st.lists(NUMBERS, min_size=4, max_size=4), min_size=1, max_size=20))
@settings(max_examples=150, deadline=None)
def test_every_number_of_a_table_is_read_bit_for_bit(rows: list[list[str]]) -> None:
    scan = read(simple(rows, "PNT X Y CNTS").data)
    assert scan is not None
    for column, words in zip(scan.columns.values(), zip(*rows, strict=True), strict=True):
        values = column.value
        assert isinstance(values, np.ndarray)
        if values.dtype == np.float64:
            np.testing.assert_array_equal(values, [float(word) for word in words])
            assert np.signbit(values).tolist() == [word.startswith("-") for word in words]
        else:
            assert values.tolist() == [int(word.rstrip(".")) for word in words]


COUNTS = st.lists(st.one_of(st.integers(0, 9999), st.integers(0, 99_999)), min_size=155, max_size=155)


@given(st.lists(COUNTS, min_size=1, max_size=3))
@settings(max_examples=25, deadline=None)
def test_every_spectrum_of_over_wide_counts_is_read_exactly(spectra: list[list[int]]) -> None:
    spectra = [[*counts, 0, 0, 0, 0, 0] for counts in spectra]
    rows = [[str(at + 1), f"{at}.5", f"{sum(counts)}."] for at, counts in enumerate(spectra)]
    after = {at: tasgen.flat_lines(counts) for at, counts in enumerate(spectra)}
    scan = read(simple(rows, "PNT A3 CNTS", after_row=after).data)
    assert scan is not None
    assert scan.problems == []
    data = load(scan.detectors["flat"]["data"].value)  # type: ignore[arg-type]
    assert data.reshape(len(spectra), -1).tolist() == [counts[:155] for counts in spectra]
