"""Single facts from control lines: motor positions, sample, user, monitor, times and other metadata."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from nxconvert.numtext import parse_number
from nxconvert.readers.spec.control import Control
from nxconvert.readers.spec.dates import clock_of, parse_date
from nxconvert.readers.spec.names import fit_names, split_names
from nxconvert.readers.spec.report import Report
from nxconvert.scan import Field, Scan, free_name

#: no instrument has so many motors or counters; a file that says so is damaged
MOST_NAMES = 20_000

_USER = re.compile(r"(.*?)\s*\buser\s*=\s*(\S+)", re.IGNORECASE)
_STARTED = re.compile(r"Acquisition started at (.*)")
_ENDED = re.compile(r"Acquisition ended at (.*)")

Fields = dict[str, Field]


@lru_cache(maxsize=512)
def numbers_in(text: str) -> npt.NDArray[np.float64] | None:
    """Read a line of numbers (read-only array); None when it has none or a word among them."""
    numbers = [parse_number(word) for word in text.split()]
    if not numbers or None in numbers or len(text) > 65536:
        return None
    result = np.array(numbers, dtype=np.float64)
    result.flags.writeable = False
    return result


@dataclass(slots=True, eq=False)
class Header:
    """A file header: its control lines, and what every scan below it takes from it.

    ``names``: motor names by the lengths of the ``#P`` rows.
    ``begun``: it begins with ``#F`` or ``#E``. ``clock``: seconds from UTC to local time.
    """

    control: Control
    epoch: float | None = None
    clock: float | None = None
    metadata: Fields = field(default_factory=dict)
    user: Fields = field(default_factory=dict)
    notes: Fields = field(default_factory=dict)
    names: dict[tuple[int, ...], tuple[str, ...] | None] = field(default_factory=dict)
    motors: frozenset[str] = frozenset()
    mnemonics: dict[str, str] = field(default_factory=dict)
    begun: bool = False


def make_header(control: Control) -> Header:
    """Interpret a file header."""
    header = Header(control)
    verbatim = control.verbatim()
    if verbatim:
        header.notes["file_header"] = Field("file_header", verbatim)
    single = control.single
    if (words := single.get("E", "").split()) and (epoch := parse_number(words[0])) is not None:
        header.epoch = epoch
        put(header.metadata, "epoch", epoch, units="s")
    for key, name in (("F", "file_name"), ("D", "file_date")):
        if text := single.get(key):
            put(header.metadata, name, text)
    header.clock = clock_of(parse_date(single.get("D", "")), header.epoch)
    for text, _ in control.comments[:1]:
        match = _USER.match(text)
        if application := match[1] if match else text if len(text.split()) == 1 else "":
            put(header.metadata, "application", application)
        if match:
            header.user["name"] = Field("name", match[2])
    add_names(header.metadata, control)
    header.motors, header.mnemonics = motor_names(control)
    return header


def motor_names(control: Control) -> tuple[frozenset[str], dict[str, str]]:
    """Give all motor names, and the names by their mnemonics."""
    rows = control.rows.get("O", {})
    names: list[str] = []
    by_mnemonic: dict[str, str] = {}
    for row in sorted(rows):
        mnemonics = control.rows.get("o", {}).get(row, "").split()
        own = fit_names(rows[row], len(mnemonics)) if mnemonics else split_names(rows[row])
        names.extend(own[: MOST_NAMES - len(names)])
        if len(mnemonics) == len(own):
            by_mnemonic.update(zip(mnemonics, own, strict=True))
    return frozenset(names), by_mnemonic


def add_names(metadata: Fields, control: Control) -> None:
    """Add the lists of mnemonics and counter names."""
    for letter, name, split in (
        ("o", "positioner_mnemonics", str.split),
        ("j", "counter_mnemonics", str.split),
        ("J", "counter_names", split_names),
    ):
        if rows := control.rows.get(letter):
            words = [word for row in sorted(rows) for word in split(rows[row])]
            if words:
                put(metadata, name, words[:MOST_NAMES], ("name",))


def put(fields: Fields, name: str, value: object, dims: tuple[str, ...] = (), units: str | None = None) -> None:
    """Add a field under a name that may be taken already."""
    own = free_name(name, fields)
    fields[own] = Field(own, value, dims, units, name if own != name else None)  # type: ignore[arg-type]


def add_metadata(scan: Scan, control: Control, header: Header, report: Report) -> None:
    """Fill in what single control lines say; columns are not needed for it."""
    metadata, single = scan.metadata, control.single
    metadata.update(header.metadata)
    if text := single.get("T"):
        _preset(scan, text, "count_time", "timer")
    if text := single.get("M"):
        _preset(scan, text, "monitor_counts", "monitor")
    if (text := single.get("Q")) and (hkl := numbers_in(text)) is not None and len(hkl) in (2, 3):
        metadata["hkl"] = Field("hkl", hkl, ("hkl",))
    if (text := single.get("I")) and (factor := parse_number(text.split()[0])) is not None:
        metadata["intensity_factor"] = Field("intensity_factor", factor)
    if text := single.get("X"):
        metadata["temperature_setpoint"] = Field("temperature_setpoint", text)
    if geometry := control.rows.get("G"):
        _geometry(scan, geometry)
    for name, lines in (
        ("results", control.results),
        ("comments", [text for text, _ in control.comments]),
        ("user_lines", control.user_lines),
        ("free_text", control.free_text),
    ):
        if lines:
            metadata[name] = Field(name, lines, ("line",))
    if control.uxml:
        metadata["uxml"] = Field("uxml", "\n".join(control.uxml))
    for name, text in control.pairs:
        put(metadata, name, text)
    if "V" in control.rows:
        _unicat(metadata, control.rows["V"], control.rows.get("H") or header.control.rows.get("H", {}))
    if "UMI" in control.rows:
        _machine_status(metadata, control.rows["UMI"])
    if "O" in control.rows or "o" in control.rows or "j" in control.rows or "J" in control.rows:
        for name in ("positioner_mnemonics", "counter_mnemonics", "counter_names"):
            metadata.pop(name, None)
        add_names(metadata, control)
    scan.user.update(header.user)
    _dates(scan, control, report)


def _preset(scan: Scan, text: str, name: str, mode: str) -> None:
    value, _, rest = text.partition(" ")
    number = parse_number(value)
    if number is None:
        return
    scan.metadata[name] = Field(name, number, units="s" if mode == "timer" else None)
    scan.monitor["mode"] = Field("mode", mode)
    scan.monitor["preset"] = Field("preset", number, units="s" if mode == "timer" else None)
    if mode == "monitor" and (label := rest.strip().strip("()").strip()):
        scan.monitor["name"] = Field("name", label)


def _geometry(scan: Scan, rows: dict[int, str]) -> None:
    """Keep all ``#G`` rows; G1 has the lattice where it is long enough for three dimensions, G3 the UB matrix."""
    for row in sorted(rows):
        numbers = numbers_in(rows[row])
        if numbers is None:
            continue
        scan.metadata[f"G{row}"] = Field(f"G{row}", numbers, ("parameter",))
        if row == 1 and len(numbers) >= 12 and (numbers[:6] > 0).all():
            scan.sample["unit_cell_abc"] = Field("unit_cell_abc", numbers[:3], ("abc",), "angstrom")
            scan.sample["unit_cell_alphabetagamma"] = Field(
                "unit_cell_alphabetagamma", numbers[3:6], ("angle",), "degree"
            )
        if row == 3 and len(numbers) >= 9 and numbers[:9].any():
            scan.sample["ub_matrix"] = Field("ub_matrix", numbers[:9].reshape(3, 3), ("ub_row", "ub_column"))


def _unicat(metadata: Fields, values: dict[int, str], labels: dict[int, str]) -> None:
    """Pair the values of ``#V`` with the labels of ``#H``; other sites use both keys for other things."""
    for row in sorted(values):
        names = split_names(labels.get(row, ""))
        if not names:
            continue
        for name, word in zip(names, fit_names(values[row], len(names)), strict=False):
            number = parse_number(word)
            put(metadata, name, word if number is None else number)


def _machine_status(metadata: Fields, rows: dict[int, str]) -> None:
    """Pair the names of ``#UMI0`` with the values of ``#UMI1``; ``#UMI2`` is text."""
    names = rows.get(0, "").split()
    values = fit_names(rows.get(1, ""), len(names))
    if len(values) == len(names):
        for name, word in zip(names, values, strict=True):
            number = parse_number(word)
            put(metadata, f"UMI.{name}", word if number is None else number)
    elif rows.get(1, "").strip():
        put(metadata, "UMI.status", rows[1].strip())
    for row in sorted(rows):
        if row > 1 and (text := rows[row].strip()):
            put(metadata, "UMI.text", text)


def _dates(scan: Scan, control: Control, report: Report) -> None:
    if text := control.single.get("D"):
        scan.metadata["date"] = Field("date", text)
        scan.start_time = parse_date(text)
        if scan.start_time is None:
            report.add(
                control.date_offset,
                "dates that cannot be read",
                f"'{text[:60]}' is not a date",
                "a date such as 'Thu Feb 11 09:55:20 2016' expected",
                "the text is kept; the scan has no start time",
            )
    started, ended = _said(control.comments, _STARTED), _said(control.comments, _ENDED)
    if ended:
        scan.end_time = ended[-1]
    if started and scan.start_time is None:
        scan.start_time = started[0]
    elif started and scan.start_time == started[0].replace(microsecond=0, tzinfo=None):
        # the same clock, with the fraction and the zone that #D has no place for
        scan.start_time = started[0]
    elif started and scan.start_time is not None and scan.start_time.tzinfo is not None and started[0].tzinfo is None:
        # the same moment as seconds since 1970 and in local time: that tells the zone
        ahead = clock_of(started[0], scan.start_time.timestamp())
        if ahead is not None:
            zone = timezone(timedelta(seconds=ahead))
            scan.start_time = scan.start_time.astimezone(zone)
            scan.end_time = ended[-1].replace(tzinfo=zone) if ended and ended[-1].tzinfo is None else scan.end_time
    if started and len(control.user_lines) == 1 and control.user_lines[0] and " " not in control.user_lines[0]:
        # Sardana writes the user's name there
        scan.user["name"] = Field("name", control.user_lines[0])


def _said(comments: Iterable[tuple[str, int]], pattern: re.Pattern[str]) -> list[datetime]:
    found = [parse_date(match[1]) for text, _ in comments if "cquisition" in text and (match := pattern.match(text))]
    return [date for date in found if date is not None]
