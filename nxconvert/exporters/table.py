"""Tables of text: the names of the columns, then a line for each point.

``csv`` and ``tsv``, for spreadsheets and data frames::

    Theta,"counts, raw",Detector      names are quoted where they hold a separator, a quote or a line end (RFC 4180)
    14.0,120,0.1                      integers as integers, floats as the shortest text that reads back to the same
    14.05,nan,1e-7                    double; nan, inf and -inf by these words

``dat``, for plotting programs, Larch and Athena: facts in comment lines, of which the last one has the names::

    # scan: 3.1
    # title: ascan th 0 1 10 1
    # start_time: 2016-02-11T09:55:20
    # motor.Sample_X: 1.5
    # ---------------------
    # Theta counts_raw Detector
    14.0 120 0.1
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import IO

import numpy as np

from nxconvert.arrays import Array, LazyArray
from nxconvert.digits import number_text
from nxconvert.errors import WriteError
from nxconvert.registry import Exporter, Setting, Settings
from nxconvert.scan import Scan, free_name
from nxconvert.tabular import PRECISION, listed, losses, read_format, table, table_text

_SEPARATORS = {"comma": ",", "tab": "\t", "blank": " ", "semicolon": ";"}


def read_delimiter(text: str) -> str:
    """Give a separator by its name or as it is; ValueError for what could stand in a number, a name or a line end."""
    text = _SEPARATORS.get(text, "\t" if text == "\\t" else text)
    if not text or len(text) > 8 or re.search(r"[\w.+\-\"#\r\n]", text):
        raise ValueError("comma, tab, blank, semicolon, or another sign that is in no number was expected")
    return text


FORMAT = Setting(
    "format", "Format of floats, such as %.6e, instead of --precision.", "", "FORMAT", read=read_format
)  # fmt: skip
DELIMITER = Setting(
    "delimiter", "Between two values: comma, tab, blank, semicolon ...", "", "SIGN", read=read_delimiter
)
LABELS = Setting("header", "What stands before the numbers.", "labels", choices=("labels", "none"))
HEADER = Setting("header", "What stands before the numbers.", "full", choices=("full", "labels", "none"))


def write_csv(separator: str, scan: Scan, stream: IO[str], settings: Settings) -> None:
    """Write the columns of a scan in the manner of RFC 4180; WriteError when there are none."""
    columns = _columns(scan)
    separator = settings.get("delimiter") or separator
    if settings["header"] != "none":
        stream.write(separator.join(_quoted(name, separator) for name in columns) + "\n")
    stream.writelines(table_text(list(columns.values()), separator, settings["format"] or settings["precision"]))


def write_dat(scan: Scan, stream: IO[str], settings: Settings) -> None:
    """Write the columns of a scan below comment lines; WriteError when there are none."""
    columns = _columns(scan)
    header = settings["header"]
    if header == "full":
        facts = [f"# {name}: {_one_line(text)}\n" for name, text in _facts(scan)]
        stream.writelines([*facts, "# " + "-" * 40 + "\n"])
    if header != "none":
        stream.write("# " + " ".join(_plain_names(columns)) + "\n")
    separator = settings["delimiter"] or " "
    stream.writelines(table_text(list(columns.values()), separator, settings["format"] or settings["precision"]))


def csv_losses(name: str, scan: Scan, settings: Settings) -> list[str]:
    """Say what a table has no place for."""
    found = losses(name, scan)
    if settings["header"] == "none":
        found.append(f"without a header the names of the columns are not in it: {listed(list(table(scan)))}")
    return found


def dat_losses(scan: Scan, settings: Settings) -> list[str]:
    """Say what a table with comment lines has no place for, and which names are changed."""
    header = settings["header"]
    found = losses("dat", scan, ("positioners", "units") if header == "full" else ())
    names = list(table(scan))
    if header == "none":
        found.append(f"without a header the names of the columns are not in it: {listed(names)}")
    elif changed := [name for name, plain in zip(names, _plain_names(names), strict=True) if name != plain]:
        found.append(f"dat has no names with blanks, so '_' stands for them: {listed(changed)}")
    return found


def _columns(scan: Scan) -> dict[str, Array | LazyArray]:
    columns = table(scan)
    if not columns:
        raise WriteError.at(scan.place, "has no column with one number per point")
    return columns


def _facts(scan: Scan) -> Iterator[tuple[str, str]]:
    """Give what a header says: scan, title, times, units, and where the motors stood."""
    yield "scan", scan.identifier
    yield "title", scan.title
    for name, time in (("start_time", scan.start_time), ("end_time", scan.end_time)):
        if time is not None:
            yield name, time.isoformat()
    names = list(table(scan))
    for name, plain in zip(names, _plain_names(names), strict=True):
        if units := scan.columns[name].units:
            yield f"units.{plain}", units
    for field, plain in zip(scan.positioners.values(), _plain_names(list(scan.positioners)), strict=True):
        value = field.value
        text = number_text(value) if isinstance(value, (int, float, np.number)) else str(value)
        yield f"motor.{plain}", f"{text} {field.units}" if field.units else text


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _plain_names(names: Iterable[str]) -> list[str]:
    """Give names without blanks, none twice and none empty."""
    plain: list[str] = []
    for name in names:
        plain.append(free_name(re.sub(r"\s+", "_", name.strip()) or "unnamed", plain))
    return plain


def _quoted(name: str, separator: str) -> str:
    """Quote a name where a reader would cut it; an empty one too, since a line without a character is no line."""
    if name and not any(sign in name for sign in (separator, '"', "\r", "\n")):
        return name
    return '"' + name.replace('"', '""') + '"'


CSV = Exporter(
    name="csv",
    description="the columns, separated by commas",
    extensions=(".csv",),
    losses=partial(csv_losses, "csv"),
    write=partial(write_csv, ","),
    settings=(PRECISION, FORMAT, DELIMITER, LABELS),
)
TSV = Exporter(
    name="tsv",
    description="the columns, separated by tabs",
    extensions=(".tsv",),
    losses=partial(csv_losses, "tsv"),
    write=partial(write_csv, "\t"),
    settings=(PRECISION, FORMAT, LABELS),
)
DAT = Exporter(
    name="dat",
    description="the columns below comment lines with title, times, units and motors",
    extensions=(".dat",),
    losses=dat_losses,
    write=write_dat,
    settings=(PRECISION, FORMAT, DELIMITER, HEADER),
)
