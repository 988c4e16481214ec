"""Tables of text: what is written, what is said to be missing, and that every number comes back bit for bit."""

from __future__ import annotations

import csv
import io
import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nxconvert import registry
from nxconvert.arrays import Array, LazyArray
from nxconvert.errors import Place, RequestError, WriteError
from nxconvert.export.request import read_settings
from nxconvert.exporters.table import CSV, DAT, TSV
from nxconvert.registry import Exporter
from nxconvert.scan import Field, Scan
from nxconvert.tabular import CELLS

ROOT = Path(__file__).resolve().parents[2]


class Cut(LazyArray):
    """An array that gives its values in blocks of the lengths that it is told."""

    def __init__(self, values: Array, lengths: list[int]) -> None:
        self.values, self.lengths = values, lengths
        self.shape, self.dtype = values.shape, values.dtype

    def blocks(self) -> Iterator[Array]:
        start = 0
        for length in [*self.lengths, len(self.values)]:
            yield self.values[start : start + length]
            start += length


def scan_of(columns: dict[str, Any], **more: Any) -> Scan:
    fields = {name: Field(name, value, ("point",)) for name, value in columns.items()}
    return Scan(1, 1, 0, Place("x.nxs:/scan_1"), columns=fields, **more)


def settings_of(exporter: Exporter, **given: str) -> dict[str, Any]:
    """Give the settings of an exporter as the command line makes them."""
    return read_settings(exporter, given)


def text_of(exporter: Exporter, scan: Scan, **given: str) -> str:
    stream = io.StringIO(newline="")
    assert exporter.write is not None
    exporter.write(scan, stream, settings_of(exporter, **given))
    return stream.getvalue()


def test_integers_stay_integers_and_floats_are_the_shortest_text_of_the_same_double() -> None:
    scan = scan_of(
        {
            "n": np.array([1, -(2**63), 2**63 - 1]),
            "u": np.array([0, 1, 2**64 - 1], dtype=np.uint64),
            "x": np.array([1.0, 0.1, 1e-310]),
            "y": np.array([np.nan, -np.inf, -0.0]),
            "single": np.array([0.1, 0.5, 1e30], dtype=np.float32),
            "big": np.array([1.5, 2.5, 1e300], dtype=">f8"),
        }
    )
    assert text_of(CSV, scan) == (
        "n,u,x,y,single,big\n"
        "1,0,1.0,nan,0.10000000149011612,1.5\n"
        "-9223372036854775808,1,0.1,-inf,0.5,2.5\n"
        "9223372036854775807,18446744073709551615,1e-310,-0.0,1.0000000150474662e+30,1e+300\n"
    )


@pytest.mark.parametrize(
    ("exporter", "first"),
    [(CSV, '"a,b","say ""x""","two\nlines","c\rr","",tab\there, blank \n'), (TSV, None)],
    ids=["csv", "tsv"],
)
def test_names_are_quoted_where_a_reader_would_cut_them(exporter: Exporter, first: str | None) -> None:
    names = ["a,b", 'say "x"', "two\nlines", "c\rr", "", "tab\there", " blank "]
    text = text_of(exporter, scan_of({name: np.array([1]) for name in names}))
    separator = "," if exporter is CSV else "\t"
    assert first is None or text.startswith(first)
    assert list(csv.reader(io.StringIO(text, newline=""), delimiter=separator)) == [names, ["1"] * 7]


def test_a_tab_separates_the_columns_of_tsv() -> None:
    scan = scan_of({"a,b": np.array([1, 2]), "c d": np.array([0.5, 1.5])})
    assert text_of(TSV, scan) == "a,b\tc d\n1\t0.5\n2\t1.5\n"


def test_columns_without_points_give_the_line_of_names() -> None:
    empty = np.array([], dtype=np.float64)
    assert text_of(CSV, scan_of({"a": empty, "b": Cut(empty, [])})) == "a,b\n"


def test_a_scan_without_a_column_of_numbers_is_refused() -> None:
    scan = scan_of({"names": ["a", "b"]})
    with pytest.raises(WriteError) as caught:
        text_of(CSV, scan)
    assert str(caught.value) == "x.nxs:/scan_1: has no column with one number per point"


def test_what_a_table_cannot_hold_is_named_and_left_out() -> None:
    columns = {
        "th": np.array([1.0]),
        "image": np.zeros((1, 2, 2)),
        "names": ["a"],
        "constant": np.float64(1.0),
        "complex": np.array([1j]),
        "long": np.array([1.0], dtype=np.longdouble),
    }
    scan = scan_of(
        columns,
        detectors={"mca_0": {}, "mca_1": {}},
        positioners={"Two Theta": Field("Two Theta", np.float64(1.0))},
        notes={"scan_header": Field("scan_header", "#S 1")},
        sample={"name": Field("name", "iron")},
        user={"name": Field("name", "me")},
        instrument={"name": Field("name", "BM23")},
        monitor={"preset": Field("preset", 1.0)},
        metadata={"count_time": Field("count_time", 1.0)},
    )
    scan.columns["th"].units = "deg"
    dropped = [name for name in columns if name != "th" and not (name == "long" and np.longdouble(0).itemsize == 8)]
    listed = ", ".join(f"'{name}'" for name in dropped)
    assert TSV.losses(scan, settings_of(TSV)) == [
        "tsv has no place for detectors: 'mca_0', 'mca_1'",
        "tsv has no place for positioners: 'Two Theta'",
        "tsv has no place for headers: 'scan_header'",
        f"tsv has no place for columns that are not one number per point: {listed}",
        "tsv has no place for units: 'th'",
        "tsv has no place for sample: 'name'",
        "tsv has no place for user: 'name'",
        "tsv has no place for instrument: 'name'",
        "tsv has no place for monitor: 'preset'",
        "tsv has no place for metadata: 'count_time'",
    ]
    assert text_of(TSV, scan).split("\n")[1].startswith("1.0")
    assert CSV.losses(scan_of({"th": np.array([1.0])}), settings_of(CSV)) == []


NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


def bits(value: float | int) -> bytes | int | str:
    """Give a number so that equal means equal in every bit; nan is one value."""
    if isinstance(value, int):
        return value
    return "nan" if math.isnan(value) else struct.pack("<d", value)


@st.composite
def tables(draw: st.DrawFn) -> dict[str, Array | LazyArray]:
    rows = draw(st.integers(0, 12))
    columns: dict[str, Array | LazyArray] = {}
    for name in draw(st.lists(NAMES, min_size=1, max_size=5, unique=True)):
        kind = draw(st.sampled_from(["i8", "u8", "f8"]))
        one = {"i8": st.integers(-(2**63), 2**63 - 1), "u8": st.integers(0, 2**64 - 1), "f8": st.floats()}[kind]
        values = np.array(draw(st.lists(one, min_size=rows, max_size=rows)), dtype=kind)
        lengths = draw(st.lists(st.integers(0, 5), max_size=6))
        columns[name] = Cut(values, lengths) if draw(st.booleans()) else values
    return columns


@given(tables(), st.sampled_from([CSV, TSV]))
@settings(max_examples=150, deadline=None)
def test_whatever_the_blocks_of_the_columns_every_number_comes_back(columns: Any, exporter: Exporter) -> None:
    text = io.StringIO(text_of(exporter, scan_of(columns)), newline="")
    names, *rows = csv.reader(text, delimiter="," if exporter is CSV else "\t")
    assert names == list(columns)
    for number, value in enumerate(columns.values()):
        values = (value.values if isinstance(value, Cut) else value).tolist()
        read = float if value.dtype.kind == "f" else int
        assert [bits(read(row[number])) for row in rows] == [bits(item) for item in values]


def test_more_rows_than_are_text_at_one_time_stay_in_step() -> None:
    count = CELLS + 100  # three columns: several rounds of the table, none of which ends with a block
    index = np.arange(count)
    scan = scan_of({"a": index, "b": Cut(index * 0.5, [1, 30000, 7]), "c": Cut(index * 3, [count - 1])})
    lines = text_of(CSV, scan).split("\n")
    assert len(lines) == count + 2
    assert all(line == f"{n},{n * 0.5!r},{n * 3}" for n, line in enumerate(lines[1:-1]))


def test_dat_has_what_is_known_in_comments_and_names_without_blanks() -> None:
    scan = scan_of({"Two Theta": np.array([14.0, 0.1]), "n": np.array([1, 2])}, title="ascan th\n0 1")
    scan.columns["Two Theta"].units = "deg"
    scan.positioners = {
        "Sample X": Field("Sample X", np.float64(1.5), units="mm"),
        "shutter": Field("shutter", "ERR"),
    }
    line = "-" * 40
    assert text_of(DAT, scan) == (
        f"# scan: 1.1\n# title: ascan th 0 1\n# units.Two_Theta: deg\n# motor.Sample_X: 1.5 mm\n"
        f"# motor.shutter: ERR\n# {line}\n# Two_Theta n\n14.0 1\n0.1 2\n"
    )
    assert DAT.losses(scan, settings_of(DAT)) == ["dat has no names with blanks, so '_' stands for them: 'Two Theta'"]
    assert text_of(DAT, scan, header="none", delimiter="semicolon", format="%.2e") == "1.40e+01;1\n1.00e-01;2\n"
    assert text_of(DAT, scan, header="labels", precision="2") == "# Two_Theta n\n14 1\n0.1 2\n"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "delimiter",
            "e",
            "'e' cannot be, comma, tab, blank, semicolon, or another sign that is in no number was expected",
        ),
        (
            "delimiter",
            "\n",
            "'\n' cannot be, comma, tab, blank, semicolon, or another sign that is in no number was expected",
        ),
        ("format", "%s", "'%s' cannot be, a format of one number such as %.6g or %12.5e was expected"),
        ("precision", "18", "'18' cannot be, a number of digits from 1 to 17 was expected"),
        ("header", "all", "'all' is unknown, 'full' or 'labels' or 'none' was expected"),
        ("edge", "K", "the format 'dat' has no such setting, known: --precision, --format, --delimiter, --header"),
    ],
)
def test_a_wrong_setting_is_a_wrong_request(name: str, text: str, message: str) -> None:
    with pytest.raises(RequestError) as caught:
        settings_of(DAT, **{name: text})
    assert str(caught.value) == f"--{name}: {message}"


def test_the_exporters_are_there_by_name_and_in_the_readme() -> None:
    assert [registry.exporter("csv"), registry.exporter("tsv")] == [CSV, TSV]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in registry.SHIPPED[registry.EXPORTERS]:
        assert f"| `{name}` | `{' '.join(registry.exporter(name).extensions)}` |" in readme
