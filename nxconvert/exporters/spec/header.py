"""The header lines of a file and of a scan: those that the source had, or made ones."""

from __future__ import annotations

import os
import re
from datetime import datetime, timezone

import numpy as np

from nxconvert.digits import number_text
from nxconvert.exporters.spec.motors import in_rows, is_number, name_lines, positions, value_lines
from nxconvert.exporters.spec.words import LONGEST, is_key, note, one_line, plain_name, rows_of, safe_line
from nxconvert.scan import Field, Scan

_COMMAND = re.compile(r"#S\s+\d+[ \t]*", re.ASCII)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
#: notes of so many lines become comments
_NOTE_LINES = 50

#: the motor names in force, row by row
Rows = list[list[str]]


def file_header(scan: Scan, text: str, output: str) -> list[str]:
    """Give the file header that the source had, beginning with ``#F``, else one made from its first scan."""
    kept = [line for line in text.split("\n") if line.strip()]
    first = [line for line in kept if is_key(line, "F")][:1]
    lines = [one_line(line) for line in first] or [f"#F {os.path.basename(output)}"]
    if kept:
        rest = [line for line in kept if not first or line is not first[0]]
        return lines + [one_line(line) if is_key(line, "E") else safe_line(line) for line in rest]
    if scan.start_time is not None:
        # without a zone the clock is taken for that of UTC, as the date below it says
        zoned = scan.start_time if scan.start_time.tzinfo else scan.start_time.replace(tzinfo=timezone.utc)
        lines += [f"#E {int(zoned.timestamp())}", f"#D {_ctime(scan.start_time)}"]
    user = scan.user.get("name")
    lines.append(f"#C nxconvert  User = {plain_name(str(user.value)).replace(' ', '_')}" if user else "#C nxconvert")
    return lines + name_lines(in_rows(positions(scan)[0]))


def _ctime(time: datetime) -> str:
    return f"{_DAYS[time.weekday()]} {_MONTHS[time.month - 1]} {time.day:2d} {time:%H:%M:%S} {time.year:04d}"


def scan_header(scan: Scan, motors: Rows, spectra: bool) -> tuple[list[str], list[str]]:
    """Give the lines before the labels and those after the data; *motors* are the names that the file header has.

    *spectra*: the ``#@`` lines are written anew.
    """
    kept = note(scan, "scan_header")
    return _kept(scan, kept, motors, spectra) if kept else _made(scan, motors)


def _kept(scan: Scan, text: str, motors: Rows, spectra: bool) -> tuple[list[str], list[str]]:
    """Give the lines that the source had; those about motors, labels and spectra are written anew."""
    command, rest = _command(scan, text.split("\n"))
    lines = [line for line in rest if line.strip()]
    early, late = lines[: (cut := _cut(scan, lines))], lines[cut:]
    before = [f"#S {scan.number}  {one_line(command, LONGEST - 30)}"]
    after: list[str] = []
    moved = _position_lines(scan, motors, [line for line in early if is_key(line, "O0", "o0")])
    seen: set[str] = set()
    for line in early:
        if is_key(line, "O0", "P0"):
            before += moved
            moved = []
        elif is_key(line, "L", "N") and line[1] not in seen:
            seen.add(line[1])
        elif is_key(line, "L", "N"):
            before.append(safe_line(f"#C {line}"))
        elif not (is_key(line, "o0") or (spectra and line.startswith("#@"))):
            before.append(safe_line(line))
    for line in late:
        if spectra and line.startswith("#@"):
            continue
        safe = safe_line(f"#C {line}" if is_key(line, "L", "N", "O0", "o0", "P0") else line)
        # silx takes any @ below the first row for a spectrum
        (before if "@" in safe and spectra else after).append(safe)
    return before + moved, after


def _command(scan: Scan, lines: list[str]) -> tuple[str, list[str]]:
    """Give the command of ``#S`` and the other lines; the arguments of a plan of Bluesky may be on several lines."""
    match = _COMMAND.match(lines[0])
    if match is None:
        return scan.command or scan.title, lines
    more = scan.command.count("\n")
    if more and " ".join([lines[0][match.end() :], *lines[1 : more + 1]]).split() == scan.command.split():
        return scan.command, lines[more + 1 :]
    return lines[0][match.end() :], lines[1:]


def _cut(scan: Scan, lines: list[str]) -> int:
    """Give how many of the lines stand before the data."""
    if scan.status != "aborted" and any("abort" in line.lower() for line in lines):
        return len(lines)  # it went on: rows must follow the comment that says so
    for at, line in enumerate(lines):
        if is_key(line, "L"):
            return at + 1
    cut = len(lines)
    while cut and is_key(lines[cut - 1], "C", "R", "U"):
        cut -= 1
    return cut


def _position_lines(scan: Scan, motors: Rows, own: list[str]) -> list[str]:
    """Give the ``#P`` lines, below ``#O`` lines where the names in force do not fit.

    *own*: the lines of names that the scan itself has, which count instead of those of the file header.
    """
    names, values = positions(scan)
    rows = rows_of(own, "O") if any(is_key(line, "O0") for line in own) else motors
    if [name for row in rows for name in row] == names:
        return [safe_line(line) for line in own] + value_lines(in_rows(values, [len(row) for row in rows]))
    if not names:
        return [safe_line(line) for line in own]
    return name_lines(in_rows(names)) + value_lines(in_rows(values))


def _made(scan: Scan, motors: Rows) -> tuple[list[str], list[str]]:
    """Make the lines of a scan that was not SPEC."""
    lines = [f"#S {scan.number}  {one_line(scan.command or scan.title, LONGEST - 30)}"]
    if scan.start_time is not None:
        lines.append(f"#D {_ctime(scan.start_time)}")
    mode, counted = scan.monitor.get("mode"), scan.monitor.get("name")
    if mode is not None and mode.value == "monitor" and (preset := _number(scan.monitor.get("preset"))):
        lines.append(f"#M {preset}  ({plain_name(str(counted.value)) if counted else 'monitor'})")
    elif seconds := _number(scan.metadata.get("count_time")):
        lines.append(f"#T {seconds}  (Seconds)")
    hkl = scan.metadata.get("hkl")
    if hkl is not None and isinstance(hkl.value, np.ndarray) and hkl.value.shape == (3,):
        lines.append("#Q " + " ".join(number_text(value) for value in hkl.value.tolist()))
    if scan.order > 1:
        lines.append(f"#C subscan {scan.order}")
    for word, time in (("started", scan.start_time), ("ended", scan.end_time)):
        if time is not None:
            lines.append(f"#C Acquisition {word} at {time.isoformat()}")
    for name, text in comments(scan).items():
        said = [line for line in text.split("\n") if line.strip()]
        lines += [safe_line(f"#C {plain_name(name)}: {line}") for line in said]
    aborted = f"#C Scan aborted after {scan.points} points."
    return lines + _position_lines(scan, motors, []), [aborted] if scan.status == "aborted" else []


def _number(field: Field | None) -> str:
    return number_text(np.asarray(field.value).item()) if field is not None and is_number(field.value) else ""


def comments(scan: Scan) -> dict[str, str]:
    """Give the notes that are short enough to be comments, by name."""
    found = {}
    for name, field in scan.notes.items():
        text = "\n".join(field.value) if isinstance(field.value, list) else field.value
        if name not in ("scan_header", "file_header") and isinstance(text, str) and text.count("\n") < _NOTE_LINES:
            found[name] = text
    return found
