"""Workbooks, read back from their XML by the rules of Office Open XML, and by openpyxl where it is there."""

from __future__ import annotations

import builtins
import gc
import io
import re
import tempfile
import xml.etree.ElementTree as ET
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exporting import Blocks, constants, losses_of, scan_of, settings_of
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nxconvert.errors import RequestError
from nxconvert.export.request import ExportOptions, Request
from nxconvert.exporters import workbook
from nxconvert.exporters.workbook import EXPORTER
from nxconvert.scan import Scan

SPACE = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def written(*scans: Scan) -> bytes:
    pytest.importorskip("xlsxwriter")
    stream = io.BytesIO()
    assert EXPORTER.book is not None
    book = EXPORTER.book(stream, settings_of(EXPORTER))
    for scan in scans:
        book.add(scan)
    book.close()
    return stream.getvalue()


def parse(content: bytes) -> dict[str, list[list[Any]]]:
    """Give the cells of each sheet by its name: integers and floats by their text, others as text, None where empty."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert file.testzip() is None
        book = ET.fromstring(file.read("xl/workbook.xml"))
        links = {item.get("Id"): item.get("Target") for item in ET.fromstring(file.read("xl/_rels/workbook.xml.rels"))}
        sheets = {}
        for sheet in book.iterfind("m:sheets/m:sheet", SPACE):
            name = sheet.get("name") or ""
            assert 1 <= len(name.encode("utf-16-le")) // 2 <= 31
            assert not re.search(r"[\[\]:*?/\\]", name)
            assert name.lower() not in {known.lower() for known in sheets}
            sheets[name] = list(rows(ET.fromstring(file.read(f"xl/{links[sheet.get(LINK)]}"))))
    return sheets


def rows(sheet: ET.Element) -> Any:
    for number, row in enumerate(sheet.iterfind("m:sheetData/m:row", SPACE), 1):
        assert row.get("r") == str(number)
        cells: dict[int, Any] = {}
        for cell in row.iterfind("m:c", SPACE):
            letters = re.fullmatch(r"([A-Z]+)(\d+)", cell.get("r") or "")
            assert letters is not None
            column = 0
            for letter in letters[1]:
                column = column * 26 + ord(letter) - 64
            cells[column] = value_of(cell)
        yield [cells.get(column) for column in range(1, max(cells, default=0) + 1)]


def value_of(cell: ET.Element) -> Any:
    if cell.get("t") == "inlineStr":
        text = "".join(cell.itertext())
        return re.sub(r"_x([0-9A-F]{4})_", lambda match: chr(int(match[1], 16)), text)
    value = cell.findtext("m:v", None, SPACE)
    if cell.get("t") == "b":
        return value == "1"
    return None if value is None else int(value) if re.fullmatch(r"-?\d+", value) else float(value)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.floats(), st.integers(-(2**63), 2**63 - 1), st.booleans()), min_size=1))
def test_every_number_comes_back_bit_for_bit(table: list[tuple[float, int, bool]]) -> None:
    floats, whole, truths = zip(*table, strict=True)
    scan = scan_of({"a": Blocks(np.array(floats)), "b": np.array(whole), "c": np.array(truths)})
    (label, *found) = parse(written(scan))["1.1 a title"]
    assert label == ["a", "b", "c"]
    for (number, count, truth), row in zip(table, found, strict=True):
        expected = None if number != number else str(number) if abs(number) == np.inf else number  # noqa: PLR0124
        assert row[0] == expected
        assert repr(row[0]) == repr(expected) or number == int(number)
        assert row[1] == (count if abs(count) <= 2**53 else str(count))
        assert row[2] is truth


def test_sheets_index_and_details() -> None:
    first = scan_of(
        {"th": np.array([1.5, 0.1 + 0.2]), "who": ["me", "=1+1"], "n": np.array([1, 2])},
        {"th": "deg"},
        title="ascan [th]: 0/1",
        command="ascan th 0 1 1 1",
        start_time=datetime(2024, 3, 15, 10, 0, 5),
        status="complete",
        positioners=constants(chi=(1.25, "deg"), broken="ERR"),
    )
    second = scan_of({"th": np.array([np.nan])}, title="'quoted'", positioners=constants(**{"bad\udcff": 1}))
    second.number = 2
    sheets = parse(written(first, second))
    assert list(sheets) == ["Index", "Details", "1.1 ascan th 0 1", "2.1 'quoted"]
    assert sheets["1.1 ascan th 0 1"] == [["th", "who", "n"], [1.5, "me", 1], [0.30000000000000004, "=1+1", 2]]
    assert sheets["2.1 'quoted"] == [["th"]]
    assert sheets["Index"] == [
        ["sheet", "scan", "title", "command", "start_time", "end_time", "status", "points"],
        ["1.1 ascan th 0 1", "1.1", "ascan [th]: 0/1", "ascan th 0 1 1 1", "2024-03-15T10:00:05", None, "complete", 2],
        ["2.1 'quoted", "2.1", "'quoted'", None, None, None, None, 1],
    ]
    assert sheets["Details"] == [
        ["scan", "kind", "name", "value", "units"],
        ["1.1", "column", "th", None, "deg"],
        ["1.1", "column", "who"],
        ["1.1", "column", "n"],
        ["1.1", "motor", "chi", 1.25, "deg"],
        ["1.1", "motor", "broken", "ERR"],
        ["2.1", "column", "th"],
        ["2.1", "motor", "bad?", 1],
    ]


@settings(deadline=None, max_examples=30)
@given(st.lists(st.text() | st.sampled_from(["a" * 40, "A" * 40, "Index", "history"]), min_size=1, max_size=4))
@example(["00" + "\U00010000" * 13] * 2)
@example(["\ufffe", "a\uffff"])
def test_no_title_makes_a_sheet_that_excel_does_not_open(titles: list[str]) -> None:
    sheets = parse(written(*(scan_of({"th": np.arange(2)}, title=title) for title in titles)))
    assert len(sheets) == 2 + len(titles)


def test_what_does_not_fit_on_a_sheet_goes_on_on_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "_ROWS", 4)
    scan = scan_of({"th": Blocks(np.arange(7))})
    sheets = parse(written(scan))
    assert {name: sheets[name] for name in list(sheets)[2:]} == {
        "1.1 a title": [["th"], [0], [1], [2]],
        "1.1 a title (2)": [["th"], [3], [4], [5]],
        "1.1 a title (3)": [["th"], [6]],
    }
    assert sheets["Index"][1][0] == "1.1 a title, 1.1 a title (2), 1.1 a title (3)"
    assert losses_of(EXPORTER, scan) == ["a sheet has 4 rows: the 7 points of scan 1.1 fill several"]


def test_what_is_said_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "_COLUMNS", 2)
    columns = {"th": np.array([2**53 + 1]), "text": ["x" * 40000], "image": np.zeros((1, 2, 2))}
    scan = scan_of(
        {**columns, "more": np.ones(1)}, {"th": "deg"}, positioners=constants(a=1.0), user=constants(name="me")
    )
    assert losses_of(EXPORTER, scan) == [
        "xlsx has no place for columns that are not one number per point: 'image'",
        "xlsx has no place for user: 'name'",
        "a sheet has 2 columns: 1 of scan 1.1 are left out",
        "a cell has 32767 characters, longer texts are cut: 'text'",
        "Excel rounds whole numbers beyond 2**53, they stand as text: 'th'",
    ]
    assert parse(written(scan))["1.1 a title"] == [["th", "text"], ["9007199254740993", "x" * 32767]]


def test_more_sheets_than_files_can_be_open_and_no_file_stays_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(120, before[0]), before[1]))
    try:
        scans = [scan_of({"th": np.array([number])}) for number in range(200)]
        sheets = parse(written(*scans))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert [sheet[1] for sheet in list(sheets.values())[2:]] == [[number] for number in range(200)]
    assert list(tmp_path.iterdir()) == []


def test_a_workbook_that_is_given_up_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("xlsxwriter")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert EXPORTER.book is not None
    book: Any = EXPORTER.book(io.BytesIO(), settings_of(EXPORTER))
    book.add(scan_of({"th": np.arange(2)}))
    assert list(tmp_path.iterdir()) != []
    files = [sheet.row_data_fh for sheet in book._book.worksheets()]
    del book
    gc.collect()
    assert list(tmp_path.iterdir()) == []
    assert [file.closed for file in files] == [True] * 3


def test_without_xlsxwriter_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.partition(".")[0] == "xlsxwriter":
            raise ImportError(name)
        return plain(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(RequestError) as caught:
        Request(ExportOptions(format="xlsx"))
    assert str(caught.value) == (
        "--to xlsx: the package XlsxWriter is not installed\n  hint: pip install 'nxconvert[excel]'"
    )


def test_openpyxl_reads_it(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    values = np.array([0.1 + 0.2, 1e-300, 5e-324, 1.7976931348623157e308])
    (tmp_path / "x.xlsx").write_bytes(written(scan_of({"a": values, "n": np.arange(4)})))
    book = openpyxl.load_workbook(tmp_path / "x.xlsx")
    assert book.sheetnames == ["Index", "Details", "1.1 a title"]
    cells = [list(row) for row in book["1.1 a title"].iter_rows(values_only=True)]
    assert cells == [["a", "n"], *[[value, number] for number, value in enumerate(values.tolist())]]
    assert book["Index"]["A2"].hyperlink.location == "'1.1 a title'!A1"
