"""A workbook for Excel (.xlsx): an index, what each column and motor is, and a sheet for each scan.

========== =====================================================================================================
sheet      rows
========== =====================================================================================================
Index      for each scan: its sheet, number, title, command, start, end, status, points
Details    for each scan: its columns with their units, and where the motors stood
3.1 title  the names of the columns, then a row for each point; what does not fit goes on in ``3.1 title (2)``
========== =====================================================================================================

Numbers stand with all their digits; nan is an empty cell, inf a text, and so are whole numbers that Excel, which has
doubles only, would round. Rows are written as they come (XlsxWriter in constant memory).
"""

from __future__ import annotations

import re
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from math import isfinite, isnan
from typing import IO, Any

from nxconvert.arrays import Array, LazyArray
from nxconvert.curves import scalar
from nxconvert.errors import RequestError
from nxconvert.registry import Exporter, Settings
from nxconvert.scan import Scan
from nxconvert.tabular import CELLS, aligned, held_as_columns, listed, losses, table

#: rows and columns of a sheet, characters of its name and of a cell, whole numbers that a double holds
_ROWS, _COLUMNS, _NAME, _CELL, _EXACT = 1_048_576, 16_384, 31, 32_767, 2**53
#: what is no character for XML, besides controls, for which XlsxWriter has a way
_NO_CHARACTERS = re.compile("[\ufffe\uffff]")
_INDEX = ("sheet", "scan", "title", "command", "start_time", "end_time", "status", "points")
_DETAILS = ("scan", "kind", "name", "value", "units")


def check() -> None:
    """Check that XlsxWriter is installed; RequestError where it is not."""
    try:
        import xlsxwriter  # noqa: F401 - only whether it is there
    except ImportError as error:
        raise RequestError.at(
            "--to xlsx", "the package XlsxWriter is not installed", hint="pip install 'nxconvert[excel]'"
        ) from error


class Workbook:
    """A workbook while it is written."""

    def __init__(self, stream: IO[bytes], _settings: Settings) -> None:
        import xlsxwriter
        from xlsxwriter.worksheet import Worksheet

        class Exact(Worksheet):  # type: ignore[misc]
            """A sheet that writes numbers with the digits they have, not with 16."""

            def _xml_number_element(self, number: float, attributes: Any = ()) -> None:
                own = "".join(f' {key}="{value}"' for key, value in attributes)
                self.fh.write(f"<c{own}><v>{number!r}</v></c>")

        # XlsxWriter leaves its files where they are, and open, when a workbook is given up
        folder = tempfile.mkdtemp()
        self._kind = Exact
        self._book = xlsxwriter.Workbook(
            stream, {"constant_memory": True, "tmpdir": folder, "strings_to_urls": False, "use_zip64": True}
        )
        self._clean = weakref.finalize(self, _give_up, self._book, folder)
        self._bold = self._book.add_format({"bold": True})
        self._taken: set[str] = set()
        self._index, self._details = self._sheet("Index", _INDEX), self._sheet("Details", _DETAILS)

    def add(self, scan: Scan) -> None:
        """Write one scan."""
        values = dict(list(_columns(scan).items())[:_COLUMNS])
        names: list[str] = []
        sheet, row = None, 0
        for cells in _rows(values):
            if sheet is None or row == _ROWS:
                if sheet is not None:
                    sheet.put_away()
                sheet, row = self._sheet(_title(scan, len(names) + 1), values), 1
                names.append(sheet.sheet.name)
            sheet.write(cells)
            row += 1
        if sheet is None:
            sheet = self._sheet(_title(scan, 1), values)
            names.append(sheet.sheet.name)
        sheet.put_away()
        times = [time.isoformat() if time is not None else "" for time in (scan.start_time, scan.end_time)]
        texts = [", ".join(names), scan.identifier, scan.title, scan.command, *times, scan.status or ""]
        self._index.write([*texts, scan.points], f"internal:'{names[0].replace(chr(39), chr(39) * 2)}'!A1")
        for name in values:
            self._details.write([scan.identifier, "column", name, None, scan.columns[name].units or ""])
        for name, field in scan.positioners.items():
            self._details.write([scan.identifier, "motor", name, scalar(field), field.units or ""])

    def close(self) -> None:
        """Put the sheets together."""
        self._book.close()
        self._clean()

    def _sheet(self, name: str, labels: Any) -> _Sheet:
        """Begin a sheet with a row of labels; no two have one name."""
        own, number = name, 2
        while own.lower() in self._taken:
            ending = f" ({number})"
            own, number = _cut(name, _NAME - len(ending)) + ending, number + 1
        self._taken.add(own.lower())
        made = _Sheet(self._book.add_worksheet(own, self._kind))
        made.sheet.freeze_panes(1, 0)
        made.write(list(labels), style=self._bold)
        return made


def _give_up(book: Any, folder: str) -> None:
    """Close the files of the sheets that are still open, and remove them all."""
    for sheet in book.worksheets():
        sheet._opt_close()
    shutil.rmtree(folder, ignore_errors=True)


class _Sheet:
    """A sheet while it is written, row by row."""

    def __init__(self, sheet: Any) -> None:
        self.sheet = sheet
        self._row = 0

    def write(self, cells: list[Any], link: str = "", style: Any = None) -> None:
        """Write one row; its first cell leads to *link*."""
        for column, value in enumerate(cells):
            if isinstance(value, str):
                # names that are not UTF-8 in a file have bytes that no text has
                value = _NO_CHARACTERS.sub("\ufffd", value.encode("utf-8", "replace").decode())[:_CELL]
                if link and not column:
                    self.sheet.write_url(self._row, 0, link, style, value)
                elif value:
                    self.sheet.write_string(self._row, column, value, style)
            elif isinstance(value, bool):
                self.sheet.write_boolean(self._row, column, value, style)
            elif isinstance(value, int) and abs(value) > _EXACT:
                self.sheet.write_string(self._row, column, str(value), style)
            elif isinstance(value, float) and not isfinite(value):
                if not isnan(value):
                    self.sheet.write_string(self._row, column, str(value), style)
            elif value is not None:
                self.sheet.write_number(self._row, column, value, style)
        self._row += 1

    def put_away(self) -> None:
        """Close the file that holds the rows until the end: so many cannot be open as a workbook may have sheets."""
        self.sheet._opt_close()


def _columns(scan: Scan) -> dict[str, Array | LazyArray | list[str]]:
    """Give the columns of numbers and of text."""
    found: dict[str, Array | LazyArray | list[str]] = {}
    numbers = table(scan)
    for name, field in scan.columns.items():
        if name in numbers:
            found[name] = numbers[name]
        elif isinstance(field.value, list) and len(field.value) == scan.points:
            found[name] = field.value
    return found


def _rows(columns: dict[str, Array | LazyArray | list[str]]) -> Iterator[list[Any]]:
    """Give the cells row by row."""
    arrays = [value for value in columns.values() if not isinstance(value, list)]
    texts = {at: value for at, value in enumerate(columns.values()) if isinstance(value, list)}
    if not arrays:
        yield from map(list, zip(*texts.values(), strict=True))
        return
    start = 0
    for block in aligned(arrays, max(1, CELLS // len(arrays))):
        lists = [column.tolist() for column in block]
        for at, value in texts.items():
            lists.insert(at, value[start : start + len(block[0])])
        start += len(block[0])
        yield from map(list, zip(*lists, strict=True))


def _title(scan: Scan, part: int) -> str:
    """Give the name of a sheet without the characters that Excel does not allow in it."""
    plain = re.sub(r"[\[\]:*?/\\\0-\x1f\x7f\ufffe\uffff]+", " ", f"{scan.identifier} {scan.title}")
    ending = f" ({part})" if part > 1 else ""
    return _cut(" ".join(plain.split()).strip("'"), _NAME - len(ending)).rstrip(" '") + ending


def _cut(text: str, length: int) -> str:
    """Cut a text to a length as Excel counts it, in units of UTF-16."""
    return text.encode("utf-16-le", "replace")[: 2 * length].decode("utf-16-le", "ignore")


def describe_losses(scan: Scan, _settings: Settings) -> list[str]:
    """Say what of a scan is not in the workbook, and what stands in it otherwise."""
    columns = _columns(scan)
    left = {name: field for name, field in scan.columns.items() if name not in columns}
    others = {name: fields for name, fields in scan.detectors.items() if not held_as_columns(scan, fields)}
    rest = Scan(scan.number, scan.order, scan.index, scan.place, columns=left, detectors=others)
    rest.notes, rest.sample, rest.user = scan.notes, scan.sample, scan.user
    rest.instrument, rest.monitor, rest.metadata = scan.instrument, scan.monitor, scan.metadata
    found = losses("xlsx", rest)
    if len(columns) > _COLUMNS:
        found.append(
            f"a sheet has {_COLUMNS} columns: {len(columns) - _COLUMNS} of scan {scan.identifier} are left out"
        )
    if scan.points >= _ROWS:
        found.append(f"a sheet has {_ROWS} rows: the {scan.points} points of scan {scan.identifier} fill several")
    long = [name for name, value in columns.items() if isinstance(value, list) and any(len(t) > _CELL for t in value)]
    if long:
        found.append(f"a cell has {_CELL} characters, longer texts are cut: {listed(long)}")
    whole = [name for name, value in columns.items() if not isinstance(value, list) and _is_big(value)]
    if whole:
        found.append(f"Excel rounds whole numbers beyond 2**53, they stand as text: {listed(whole)}")
    return found


def _is_big(value: Array | LazyArray) -> bool:
    """Tell whether an array has whole numbers that a double does not hold."""
    if value.dtype.kind not in "iu" or value.dtype.itemsize < 8:
        return False
    blocks = value.blocks() if isinstance(value, LazyArray) else [value]
    return any(block.size and max(int(block.max()), -int(block.min())) > _EXACT for block in blocks)


EXPORTER = Exporter(
    name="xlsx",
    description="a workbook for Excel: a sheet for each scan, and an index",
    extensions=(".xlsx",),
    losses=describe_losses,
    book=Workbook,
    binary=True,
    check=check,
)
