"""Scans as triple-axis files: what the file says, that every column comes back bit for bit, and what is lost."""

from __future__ import annotations

import io
import math
import struct
import tempfile
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tasgen
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tasgen import simple

from nxconvert.arrays import Array, LazyArray, load
from nxconvert.errors import Place, WriteError
from nxconvert.exporters.ill_tas import EXPORTER
from nxconvert.readers.ill.tas import TasFile, sniff_tas
from nxconvert.scan import Field, Scan
from nxconvert.streams import open_source
from nxconvert.tabular import CELLS

SETTINGS = {"precision": ""}


class Cut(LazyArray):
    """An array that gives its values in blocks of three."""

    def __init__(self, values: Array) -> None:
        self.values = values
        self.shape, self.dtype = values.shape, values.dtype

    def blocks(self) -> Iterator[Array]:
        for start in range(0, len(self.values), 3):
            yield self.values[start : start + 3]


def scan_of(columns: dict[str, Any], **more: Any) -> Scan:
    fields = {name: Field(name, value, ("point",)) for name, value in columns.items()}
    return Scan(12, 1, 0, Place("x.nxs:/scan_12"), columns=fields, **more)


def text_of(scan: Scan, precision: str = "") -> str:
    stream = io.StringIO(newline="")
    assert EXPORTER.write is not None
    EXPORTER.write(scan, stream, {"precision": precision})
    return stream.getvalue()


def losses(scan: Scan) -> list[str]:
    return EXPORTER.losses(scan, SETTINGS)


def read(data: bytes) -> Scan:
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        with TasFile(open_source(file.name)) as opened:
            (scan,) = opened
    return scan


def again(scan: Scan) -> Scan:
    text = text_of(scan).encode()
    assert sniff_tas(text[:65536], "x").confidence == 1.0
    return read(text)


def bits(value: Any) -> Any:
    """Give a value so that equal means equal in every bit; nan is one value."""
    if isinstance(value, float):
        return "nan" if math.isnan(value) else struct.pack("<d", value)
    return value


def same(field: Field, other: Field) -> None:
    """Compare two fields bit for bit, their units and names too."""
    value, found = field.value, other.value
    if isinstance(value, (np.ndarray, LazyArray)):
        assert isinstance(found, np.ndarray)
        values = load(value)
        assert values.dtype == found.dtype
        assert [bits(item) for item in values.ravel().tolist()] == [bits(item) for item in found.ravel().tolist()]
    else:
        assert bits(value) == bits(found)
    assert (field.name, field.dims, field.units, field.long_name) == (
        other.name,
        other.dims,
        other.units,
        other.long_name,
    )


def same_scan(scan: Scan, other: Scan) -> None:
    """Compare everything that the format holds."""
    for attribute in ("number", "title", "command", "start_time", "end_time", "status"):
        assert getattr(scan, attribute) == getattr(other, attribute), attribute
    for namespace in ("columns", "positioners", "sample", "user", "instrument", "monitor", "metadata"):
        fields, found = getattr(scan, namespace), getattr(other, namespace)
        fields = {name: field for name, field in fields.items() if name not in ("FORMT", "date")}
        found = {name: field for name, field in found.items() if name != "date"}
        assert sorted(fields) == sorted(found), namespace
        for name, field in fields.items():
            same(field, found[name])
    assert list(scan.columns) == list(other.columns)
    assert list(scan.axes) == list(other.axes)
    assert list(scan.detectors) == list(other.detectors)
    for name, items in scan.detectors.items():
        for item, field in items.items():
            same(field, other.detectors[name][item])


def test_the_file_of_a_plain_scan() -> None:
    scan = scan_of(
        {"th": np.array([0.0, 0.5, 1.0]), "det": np.array([5, 7, 6])},
        title="ascan th 0 1 2 1",
        command="ascan th 0 1 2 1",
        start_time=datetime(2024, 1, 2, 3, 4, 5),
        end_time=datetime(2024, 1, 2, 3, 5, 0),
        positioners={"th": Field("th", 0.1), "Two Theta": Field("Two Theta", 3.0), "tz": Field("tz", math.nan)},
        user={"name": Field("name", "me")},
        monitor={"mode": Field("mode", "timer"), "preset": Field("preset", 1.0, units="s")},
        sample={
            "unit_cell_abc": Field("unit_cell_abc", np.array([4.0, 5.0, 6.5]), ("abc",), "angstrom"),
            "unit_cell_alphabetagamma": Field("unit_cell_alphabetagamma", np.array([90.0, 90.0, 120.0]), ("angle",)),
        },
    )
    scan.axes["th"] = scan.columns["th"]
    assert text_of(scan).split("\n") == [
        "R" * 80,
        "      12       1       0",
        "ILL TAS data in the new ASCII format follow after the line VV...V",
        "A" * 80,
        "      80       0",
        "      me          02-Jan-24 03:04:05",
        "V" * 80,
        "INSTR: ",
        "EXPNO: ",
        "USER_: me",
        "LOCAL: ",
        "FILE_: 000012",
        "DATE_: 02-Jan-24 03:04:05",
        "TITLE: ascan th 0 1 2 1",
        "COMND: ascan th 0 1 2 1",
        "STEPS: th      = 0.5",
        "PARAM: AS      = 4, BS      = 5, CS      = 6.5, AA      = 90",
        "PARAM: BB      = 90, CC      = 120, TI      = 1",
        "VARIA: th      = 0.1, tz      = **********",
        "FORMT:",
        "DATA_:",
        "PNT th det",
        "1 0.0 5",
        "2 0.5 7",
        "3 1.0 6",
        "Finished at 02-Jan-24 03:05:00",
        "",
    ]
    assert losses(scan) == ["ill-tas has no place for positioners: 'Two Theta'"]
    found = again(scan)
    assert list(found.axes) == ["th"]
    assert found.sample["unit_cell"].value.tolist() == [4.0, 5.0, 6.5, 90.0, 90.0, 120.0]
    assert (found.start_time, found.end_time) == (scan.start_time, scan.end_time)


def test_the_sample_comes_back_whole() -> None:
    scan = read(tasgen.energy_scan().tas.data)
    assert losses(scan) == []
    same_scan(scan, again(scan))
    assert text_of(again(scan)) == text_of(scan)


def test_what_a_file_states_twice_and_in_words_comes_back() -> None:
    rows = [["1.", "1.", "0.5", "in", "5.", "1e-7"], ["1.", "2.", "0.5", "out", "6.", "*****"]]
    tas = simple(rows, "PNT PAL GL BEF CNTS GL", after=["Finished at 02-Jan-2074 03:10:00"])
    tas.header += ["POLAN: i1 1.5", "POLAN: co", "TARGET: GL=1.0", "CURVE: MONO= auto", "OWNER: a word"]
    scan = read(tas.data)
    assert list(scan.columns) == ["PNT", "PAL", "GL", "BEF", "CNTS", "GL_1"]
    assert losses(scan) == []
    same_scan(scan, again(scan))
    lines = text_of(scan).split("\n")
    assert "PNT PAL GL BEF CNTS GL" in lines
    assert "1 1 0.5 in 5 1e-7" in lines
    assert "POLAN: i1 1.5" in lines
    assert "OWNER: a word" in lines
    assert "Finished at 02-Jan-2074 03:10:00" in lines


@pytest.mark.parametrize("name", ["flat", "multi"])
@pytest.mark.parametrize("most", [300, 123_456])
def test_multi_detectors_come_back(name: str, most: int) -> None:
    generator = np.random.default_rng(3)
    points = 7
    counts = generator.integers(0, most, (points, tasgen.CELLS if name == "flat" else 31))
    counts[:, 155:] = 0
    rows = [[str(at + 1), f"{at}.5", "58.0", f"{counts[at].sum()}."] for at in range(points)]
    if name == "flat":
        after_row = {at: tasgen.flat_lines(counts[at].tolist(), 7) for at in range(points)}
        scan = read(simple(rows, "PNT A3 A4 CNTS", after_row=after_row).data)
    else:
        block = ["MULTI:", *("".join(f"{count:8d}" for count in row) for row in counts.tolist())]
        scan = read(simple(rows, "PNT A3 A4 CNTS", after=block).data)
    assert losses(scan) == []
    same_scan(scan, again(scan))
    # from a file, in blocks, and with a channel that has no count
    data = scan.detectors[name]["data"]
    value = data.value.astype(np.float64)
    value[2] = np.nan
    data.value = Cut(value)
    found = again(scan)
    np.testing.assert_array_equal(found.detectors[name]["data"].value, value)


def test_the_spare_counts_of_a_flat_block_come_back() -> None:
    counts = list(range(tasgen.CELLS))
    scan = read(simple([["1", "0.5", f"{sum(counts)}."]], "PNT A3 CNTS", after_row={0: tasgen.flat_lines(counts)}).data)
    same_scan(scan, again(scan))


def test_real_files_come_back_whole(shared_data: Path) -> None:
    for path in sorted((shared_data / "ill-tas").iterdir()):
        scan = read(path.read_bytes())
        assert losses(scan) == [], path.name
        same_scan(scan, again(scan))


def test_what_the_format_cannot_hold_is_said() -> None:
    scan = scan_of(
        {
            "a b": np.array([1.0, 2.0]),
            "image": np.zeros((2, 2, 2)),
            "words": ["in", "1"],
            "flags": np.array([True, False]),
            "A3": np.array([1.0, 2.0]),
            "energy": np.array([1.0, 2.0]),
        },
        start_time=datetime(2024, 1, 2, 3, 4, 5, 600_000, timezone.utc),
        positioners={"th": Field("th", 1.0), "a,b": Field("a,b", 1.0), "text": Field("text", "5")},
        detectors={"mca": {"data": Field("data", np.zeros((2, 4), np.int64), ("point", "channel"))}},
        sample={"name": Field("name", "iron"), "ub_matrix": Field("ub_matrix", np.eye(3), ("row", "column"))},
        user={"name": Field("name", "me"), "email": Field("email", "me@x")},
        instrument={"name": Field("name", "BM23"), "wavelength": Field("wavelength", 1.5)},
        monitor={"mode": Field("mode", "timer"), "integral": Field("integral", 5)},
        metadata={
            "count_time": Field("count_time", 1.0),
            "PARAM_DM": Field("PARAM_DM", 3.3, (), "nm"),
            "PARAM_X": Field("PARAM_X", "a, b"),
        },
        notes={"scan_header": Field("scan_header", "#S 1"), "header": Field("header", "R")},
    )
    scan.columns["A3"].units = "degree"
    scan.columns["energy"].units = "keV"
    assert losses(scan) == [
        "ill-tas has no place for detectors: 'mca'",
        "ill-tas has no place for positioners: 'a,b', 'text'",
        "ill-tas has no place for headers: 'scan_header'",
        "ill-tas has no place for columns that are not one number per point: 'image', 'words'",
        "ill-tas has no place for units: 'energy'",
        "ill-tas has no place for sample: 'name', 'ub_matrix'",
        "ill-tas has no place for user: 'email'",
        "ill-tas has no place for instrument: 'wavelength'",
        "ill-tas has no place for monitor: 'integral'",
        "ill-tas has no place for metadata: 'count_time', 'PARAM_DM', 'PARAM_X'",
        "ill-tas has no names with blanks, so '_' stands for them: 'a b'",
        "ill-tas has no true and false, so 1 and 0 stand for them: 'flags'",
        "ill-tas has no place for the time zone: 'start_time'",
        "ill-tas has no place for fractions of a second: 'start_time'",
    ]
    found = again(scan)
    assert list(found.columns) == ["PNT", "a_b", "flags", "A3", "energy"]


def test_counts_that_are_none_are_no_multi_detector() -> None:
    for data in (np.full((2, 31, 5), -1), np.full((2, 31, 5), 0.5), np.zeros((2, 31, 4)), np.full((2, 31, 5), 10**9)):
        scan = scan_of({"A3": np.array([1.0, 2.0])}, detectors={"flat": {"data": Field("data", data)}})
        assert losses(scan) == ["ill-tas has no place for detectors: 'flat'"]
        assert again(scan).detectors == {}


def test_a_scan_without_a_column_of_numbers_is_refused() -> None:
    with pytest.raises(WriteError) as caught:
        text_of(scan_of({"names": ["a", "b"]}))
    assert str(caught.value) == "x.nxs:/scan_12: has no column with one number per point"


def test_free_text_cannot_break_the_header() -> None:
    scan = scan_of({"A3": np.array([1.0])}, title="a\nDATA_:\n1 2", command="x\r\x85PARAM: A=1\x00", user={})
    scan.positioners["A1\n"] = Field("A1\n", 1.0)
    found = again(scan)
    assert (found.title, found.command, found.points) == ("a DATA_: 1 2", "x PARAM: A=1", 1)
    assert found.positioners == {}


def test_a_precision_cuts_the_floats_of_the_table() -> None:
    text = text_of(scan_of({"A3": np.array([1 / 3]), "CNTS": np.array([12345])}), "%.3g")
    assert "\n1 0.333 12345\n" in text


def test_more_rows_than_are_text_at_one_time_stay_in_step() -> None:
    count = CELLS // 3 + 100
    index = np.arange(count)
    words = ["in" if at % 3 else "out" for at in range(count)]
    scan = scan_of({"PNT": index, "x": Cut(index * 0.5), "w": words, "n": Cut(index * 3)})
    lines = text_of(scan).split("\n")
    start = lines.index("PNT x w n") + 1
    assert all(line == f"{n} {n * 0.5!r} {words[n]} {n * 3}" for n, line in enumerate(lines[start : start + count]))
    assert len(lines) == start + count + 1


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)
WORDS = st.text(st.sampled_from("abcXYZ_09"), min_size=1, max_size=5).map("w{}".format)


@st.composite
def tables(draw: st.DrawFn) -> dict[str, Any]:
    rows = draw(st.integers(1, 8))
    columns: dict[str, Any] = {}
    kinds = draw(st.lists(st.sampled_from(["i8", "u8", "f8", "f8", "lazy", "text"]), min_size=1, max_size=6))
    known = st.sampled_from(["PNT", "QH", "EN", "A3", "M1", "CNTS", "PAL", "TIME", "flat:", "DATA_:", "MULTI:"])
    for kind in kinds:
        name = draw(st.one_of(NAMES, known))
        if kind == "text":
            columns[name] = draw(st.lists(WORDS, min_size=rows, max_size=rows))
            continue
        dtype = "f8" if kind == "lazy" else kind
        one = {"i8": st.integers(-(2**63), 2**63 - 1), "u8": st.integers(0, 2**64 - 1), "f8": st.floats()}[dtype]
        values = np.array(draw(st.lists(one, min_size=rows, max_size=rows)), dtype=dtype)
        columns[name] = Cut(values) if kind == "lazy" else values
    columns["last"] = np.arange(rows)
    return columns


@given(tables())
@example({"TIME": np.array([np.inf, -np.inf]), "last": np.arange(2)})
@settings(max_examples=200, deadline=None)
def test_whatever_the_columns_every_value_comes_back(columns: dict[str, Any]) -> None:
    scan = again(scan_of(columns))
    found = list(scan.columns.values())
    if isinstance(columns.get("PNT", []), list):
        assert found.pop(0).value.tolist() == list(range(1, len(columns["last"]) + 1))
    else:  # the format has it first
        columns = {"PNT": columns["PNT"], **columns}
    assert len(found) == len(columns)
    if all(name.isascii() and name.isalnum() for name in columns) and not isinstance(columns.get("PNT"), list):
        assert [field.name for field in found] == list(columns)
    for field, value in zip(found, columns.values(), strict=True):
        values = value if isinstance(value, list) else load(value).tolist()
        read_back = field.value if isinstance(field.value, list) else field.value.tolist()
        assert [bits(item) for item in read_back] == [bits(item) for item in values]
        if not isinstance(value, list) and value.dtype == np.float64:
            assert field.value.dtype == np.float64
