"""Scans as SPEC text: what is made of those that were not SPEC, hostile names, and every number bit for bit."""

from __future__ import annotations

import io
import os
import tempfile
from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from specparse import parse_spec

from nxconvert.arrays import load
from nxconvert.errors import Place
from nxconvert.exporters.spec import EXPORTER
from nxconvert.readers.spec import READER
from nxconvert.scan import Field, Scan

SETTINGS = {"precision": "", "output": "folder/iron.spec"}


def scan_of(columns: dict[str, Any], **more: Any) -> Scan:
    fields = {name: Field(name, np.asarray(value), ("point",)) for name, value in columns.items()}
    return Scan(more.pop("number", 3), more.pop("order", 1), 0, Place("x.h5:/3.1"), columns=fields, **more)


def text_of(*scans: Scan) -> str:
    stream = io.StringIO(newline="")
    assert EXPORTER.book is not None
    book = EXPORTER.book(stream, SETTINGS)
    for scan in scans:
        book.add(scan)
    book.close()
    return stream.getvalue()


def read_back(text: str) -> list[Scan]:
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x.spec")
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        with READER.open(path) as opened:
            return list(opened)


def test_a_scan_that_was_not_spec_gets_all_headers() -> None:
    zone = timezone(timedelta(hours=1))
    scan = scan_of(
        {"sx": [0.0, 0.5], "det": [7, 9]},
        title="ascan sx 0 0.5 1 0.1",
        start_time=datetime(2024, 3, 5, 10, 0, 5, 123456, zone),
        end_time=datetime(2024, 3, 5, 10, 0, 9, tzinfo=zone),
        status="aborted",
        order=2,
        positioners={
            name: Field(name, value)
            for name, value in (("sx", np.float64(1.25)), ("Two Theta", np.float64(-3)), ("broken", "ERR"))
        },
        user={"name": Field("name", "jane")},
        metadata={"count_time": Field("count_time", 0.1)},
        notes={"note_01": Field("note_01", "first\n#S 9 not a scan")},
    )
    spectra = np.arange(40).reshape(2, 20)
    scan.detectors["mca1"] = {
        "data": Field("data", spectra, ("point", "channel")),
        "calibration": Field("calibration", np.array([0.5, 0.01]), ("coefficient",)),
        "live_time": Field("live_time", 0.25),
        "roi_name": Field("roi_name", ["Fe Ka"], ("roi",)),
        "roi_first": Field("roi_first", np.array([3]), ("roi",)),
        "roi_last": Field("roi_last", np.array([5]), ("roi",)),
    }
    assert text_of(scan) == (
        "#F iron.spec\n#E 1709629205\n#D Tue Mar  5 10:00:05 2024\n#C nxconvert  User = jane\n#O0 sx  Two Theta\n"
        "\n"
        "#S 3  ascan sx 0 0.5 1 0.1\n#D Tue Mar  5 10:00:05 2024\n#T 0.1  (Seconds)\n#C subscan 2\n"
        "#C Acquisition started at 2024-03-05T10:00:05.123456+01:00\n"
        "#C Acquisition ended at 2024-03-05T10:00:09+01:00\n"
        "#C note_01: first\n#C note_01: #S 9 not a scan\n"
        "#P0 1.25 -3\n"
        "#@MCA %16C\n#@DET_0 mca1\n#@CHANN 20 0 19 1\n#@CALIB 0.5 0.01 0\n#@CTIME nan 0.25 nan\n#@ROI Fe Ka 3 5 0\n"
        "#N 2\n#L sx  det\n"
        "0.0 7\n@A 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15\\\n 16 17 18 19\n"
        "0.5 9\n@A 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35\\\n 36 37 38 39\n"
        "#C Scan aborted after 2 points.\n"
    )
    assert EXPORTER.losses(scan, SETTINGS) == ["spec has no place for positions that are no numbers: 'broken'"]
    [again] = read_back(text_of(scan))
    assert load(again.detectors["mca1"]["data"].value).tolist() == spectra.tolist()  # type: ignore[arg-type]
    assert (again.status, again.end_time) == ("aborted", scan.end_time)


def test_names_that_would_be_cut_are_told_and_others_stay() -> None:
    scan = scan_of(
        {"a  b": [1.0], "c\nd": [2.0], "#L": [3.0], "x/y": [4.0], "@A": [5.0], "": [6.0]}, title="#S 4 ct\n@A 1"
    )
    text = text_of(scan)
    assert "#S 3  #S 4 ct @A 1\n" in text
    assert "#L a b  c d  #L  x/y  @A  unnamed\n1.0 2.0 3.0 4.0 5.0 6.0\n" in text
    assert EXPORTER.losses(scan, SETTINGS) == [
        "one blank stands for the line ends, tabs and several blanks in names: 'a  b', 'c\nd', ''"
    ]
    [again] = read_back(text)
    assert list(again.columns) == ["a b", "c d", "#L", "x/y", "@A", "unnamed"]


def test_header_lines_that_would_begin_something_else_become_comments() -> None:
    scan = scan_of({"th": [1]}, status="complete")
    scan.notes = {
        "file_header": Field("file_header", "#D today\n#S 9 ct\n#O0 th  chi\n1 2 3"),
        "scan_header": Field("scan_header", "#S 1 ct\n#F other\n#SAMPLE iron\n5 6\n#L old\n#P0 1 2\n#L late\n@A 1 2"),
    }
    assert text_of(scan) == (
        "#F iron.spec\n#D today\n#C #S 9 ct\n#O0 th  chi\n#C 1 2 3\n\n"
        "#S 3  ct\n#C #F other\n#C #SAMPLE iron\n#C 5 6\n#N 1\n#L th\n1\n#C #P0 1 2\n#C #L late\n#C @A 1 2\n"
    )


def test_a_header_line_that_is_too_long_is_cut_and_told() -> None:
    scan = scan_of({"th": [1]}, notes={"scan_header": Field("scan_header", "#S 1 ct\n#C " + "x" * 5000)})
    assert max(map(len, text_of(scan).split("\n"))) == 4000
    assert EXPORTER.losses(scan, SETTINGS) == ["programs crash on header lines of more than 4000 characters: 1 are cut"]


def test_spectra_that_are_missing_or_short_leave_no_trace_but_keep_their_order() -> None:
    nan = np.nan
    scan = scan_of({"th": [1, 2, 3]})
    for name, rows in (
        ("mca_0", [[1.0, 2.0], [nan, nan], [nan, nan]]),
        ("mca_1", [[3.0, nan], [4.0, nan], [nan, nan]]),
    ):
        scan.detectors[name] = {"data": Field("data", np.array(rows), ("point", "channel"))}
    assert text_of(scan).endswith("\n1\n@A 1.0 2.0\n@A 3.0\n2\n@A nan\n@A 4.0\n3\n")


NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1, max_size=8)


@st.composite
def scans(draw: st.DrawFn) -> Scan:
    rows = draw(st.integers(1, 6))
    columns: dict[str, Any] = {}
    for name in draw(st.lists(NAMES, min_size=1, max_size=5, unique=True)):
        kind = draw(st.sampled_from(["i8", "u8", "f8"]))
        one = {"i8": st.integers(-(2**63), 2**63 - 1), "u8": st.integers(2**63, 2**64 - 1), "f8": st.floats()}[kind]
        columns[name] = np.array(draw(st.lists(one, min_size=rows, max_size=rows)), dtype=kind)
    scan = scan_of(columns, title="scan", number=draw(st.integers(0, 10**6)))
    for name in draw(st.lists(NAMES, max_size=12, unique=True)):
        scan.positioners[name] = Field(name, np.float64(draw(st.floats(allow_nan=False))))
    for at in range(draw(st.integers(0, 2))):
        channels = draw(st.integers(2, 40))
        values = draw(st.lists(st.integers(0, 2**40), min_size=rows * channels, max_size=rows * channels))
        data = np.array(values, dtype="i8").reshape(rows, channels)
        scan.detectors[f"mca_{at}"] = {"data": Field("data", data, ("point", "channel"))}
    return scan


@given(scans())
@settings(max_examples=120, deadline=None)
def test_every_number_of_a_scan_comes_back_by_a_parser_and_by_the_reader(scan: Scan) -> None:
    text = text_of(scan)
    [parsed] = parse_spec(text)
    assert (parsed.number, parsed.labels) == (scan.number, list(scan.columns))
    assert parsed.motors == {name: field.value for name, field in scan.positioners.items()}
    for at, field in enumerate(scan.columns.values()):
        same(np.array([row[at] for row in parsed.rows]), np.asarray(field.value).astype(float))
    spectra = [
        spectrum
        for point in zip(*(item["data"].value for item in scan.detectors.values()), strict=True)
        for spectrum in point
    ]  # type: ignore[arg-type]
    assert [list(spectrum) for spectrum in parsed.spectra] == [spectrum.tolist() for spectrum in spectra]
    [again] = read_back(text)
    assert list(again.columns) == list(scan.columns)
    for name, field in scan.columns.items():
        same(load(again.columns[name].value), np.asarray(field.value), exact=name not in again.axes)  # type: ignore[arg-type]
    second = text_of(again)  # scanned columns are floats now, in any case
    assert text_of(*read_back(second)) == second


def same(read: Any, values: Any, exact: bool = True) -> None:
    """Compare bit for bit, nan being one value; a scanned column is one of floats."""
    if not exact or read.dtype != values.dtype:
        read, values = read.astype(float), values.astype(float)
    missing = np.isnan(values)
    assert (np.isnan(read) == missing).all()
    assert read[~missing].tobytes() == values[~missing].tobytes()
