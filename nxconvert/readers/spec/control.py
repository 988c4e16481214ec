"""Control lines: one small function for each key, in a table. Nothing is interpreted here that needs other lines.

====================  ==========================================================
``#S 3 ascan ...``    number and command
``#D`` ``#E`` ``#F``  date, epoch of the file, its name
``#T`` ``#M`` ``#I``  counting time, monitor counts, intensity factor
``#N`` ``#L``         number of columns, labels
``#O0`` ``#P0``       motor names and positions, row by row; ``#o0`` mnemonics
``#J0`` ``#j0``       counter names and mnemonics
``#G0`` ``#Q``        geometry, hkl
``#H0`` ``#V0``       UNICAT names and values
``#UMI0`` ``#UMI1``   machine status, names and values
``#C`` ``#U`` ``#R``  comments, user lines, results
``#X`` ``#UXML``      temperature, XML
``#MD``               Bluesky metadata
``#@...``             arrays (MCA), see ``declared``
====================  ==========================================================

All lines are kept verbatim as well, those without a meaning here too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from nxconvert.numtext import JOIN
from nxconvert.readers.spec.report import Report

#: a longer control line is cut, and so are the lines of a block together: no real one comes near
LONGEST_LINE = 1 << 20
LONGEST_HEAD = 16 << 20
#: what a line takes in memory beside its text
_PER_LINE = 64
#: is in no control line
_SEPARATOR = b"\n#"


@dataclass(slots=True)
class Control:
    """What the control lines of a file header or a scan say, mostly still as text.

    ``rows``: the numbered families by letter and row number (``rows["O"][0]``). ``labels``: the ``#L`` lines as text,
    byte offset, and whether data came before. ``arrays``: the ``#@`` lines likewise, after their key. ``single``: keys
    of which the first line counts, with offset. ``lines``: every line verbatim with its offset, free text among the
    data too.
    """

    lines: list[tuple[int, str]] = field(default_factory=list)
    rows: dict[str, dict[int, str]] = field(default_factory=dict)
    labels: list[tuple[str, int, bool]] = field(default_factory=list)
    widths: tuple[int, ...] = ()
    arrays: list[tuple[str, str, int, bool]] = field(default_factory=list)
    single: dict[str, str] = field(default_factory=dict)
    # the byte offsets of the date and of the rows of motor positions
    date_offset: int = 0
    position_offsets: dict[int, int] = field(default_factory=dict)
    comments: list[tuple[str, int]] = field(default_factory=list)
    user_lines: list[str] = field(default_factory=list)
    results: list[str] = field(default_factory=list)
    uxml: list[str] = field(default_factory=list)
    pairs: list[tuple[str, str]] = field(default_factory=list)
    free_text: list[str] = field(default_factory=list)
    size: int = 0
    # where the line stands that is just being read, and whether data came before it
    offset: int = 0
    after: bool = False

    def add(self, line: str) -> None:
        """Take a control line, given without its ``#``."""
        self.lines.append((self.offset, "#" + line))
        key, _, rest = line.partition(" ")
        if "\t" in key:
            key, _, rest = line.partition("\t")
        handler = _TABLE.get(key) or _resolve(key)
        if handler is not None:
            handler(self, rest)

    def verbatim(self) -> str:
        """Give all lines word for word in their order."""
        self.lines.sort(key=_offset)
        return "\n".join([line for _, line in self.lines])


def _offset(line: tuple[int, str]) -> int:
    return line[0]


def read_control(control: Control, lines: list[tuple[int, bytes]], data_from: int | None, report: Report) -> None:
    """Decode lines, UTF-8 where that is possible for all of them and else Latin-1, and take them in.

    ``data_from``: the byte offset where data began, None without data so far.
    """
    if not lines:
        return
    text = _SEPARATOR.join([line for _, line in lines])
    if len(text) > LONGEST_LINE:
        lines = [_shorten(offset, line, report) for offset, line in lines]
        text = _SEPARATOR.join([line for _, line in lines])
    control.size += len(text) + _PER_LINE * len(lines)
    if control.size > LONGEST_HEAD:
        fitting = _fitting(lines, control.size - len(text) - _PER_LINE * len(lines))
        report.add(
            lines[fitting][0],
            "control lines beyond any reason",
            f"{len(lines) - fitting} control lines after very many others",
            "fewer expected",
            "they are left out",
            "lost",
        )
        if fitting == 0:
            return
        lines = lines[:fitting]
        text = _SEPARATOR.join([line for _, line in lines])
    for (offset, _), line in zip(lines, decode(text).split(_SEPARATOR.decode()), strict=True):
        control.offset = offset
        control.after = data_from is not None and offset > data_from
        control.add(line)


def add_free(control: Control, lines: list[tuple[int, bytes]], report: Report) -> None:
    """Take lines that are neither control lines, arrays nor rows of numbers; they are kept as text."""
    for at, (offset, line) in enumerate(lines):
        control.size += min(len(line), LONGEST_LINE) + _PER_LINE
        if control.size > LONGEST_HEAD:
            report.add(
                offset,
                "lines of text beyond any reason",
                f"{len(lines) - at} lines of text after very many others",
                "fewer expected",
                "they are left out",
                "lost",
            )
            return
        text = decode(_shorten(offset, line.replace(JOIN, b" "), report)[1].rstrip())
        control.lines.append((offset, text))
        control.free_text.append(text.strip())


def _fitting(lines: list[tuple[int, bytes]], size: int) -> int:
    """Give how many lines fit into what is left beyond *size*."""
    for at, (_, line) in enumerate(lines):
        size += len(line) + 1 + _PER_LINE
        if size > LONGEST_HEAD:
            return at
    return len(lines)


def _shorten(offset: int, line: bytes, report: Report) -> tuple[int, bytes]:
    if len(line) <= LONGEST_LINE:
        return offset, line
    report.add(
        offset,
        "very long lines",
        f"line of {len(line)} bytes",
        f"at most {LONGEST_LINE} expected",
        "the rest of the line is left out",
        "lost",
    )
    return offset, line[:LONGEST_LINE]


def decode(text: bytes) -> str:
    """Decode text whose encoding the file does not state."""
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("latin-1")


Handler = Callable[[Control, str], None]


def _single(key: str) -> Handler:
    def store(control: Control, rest: str) -> None:
        control.single.setdefault(key, rest.strip())

    return store


def _row(letter: str, row: int) -> Handler:
    def store(control: Control, rest: str) -> None:
        rows = control.rows.get(letter)
        if rows is None:
            rows = control.rows[letter] = {}
        rows[row] = rest

    return store


def _position_row(row: int) -> Handler:
    store_row = _row("P", row)

    def store(control: Control, rest: str) -> None:
        store_row(control, rest)
        control.position_offsets[row] = control.offset

    return store


def _array(key: str) -> Handler:
    def store(control: Control, rest: str) -> None:
        control.arrays.append((key, rest.strip(), control.offset, control.after))

    return store


def _date(control: Control, rest: str) -> None:
    if "D" not in control.single:
        control.single["D"] = rest.strip()
        control.date_offset = control.offset


def _widths(control: Control, rest: str) -> None:
    words = rest.split()[:2]
    if not control.widths and words and all(word.isdecimal() and len(word) < 19 for word in words):
        control.widths = tuple(map(int, words))


def _labels(control: Control, rest: str) -> None:
    control.labels.append((rest, control.offset, control.after))


def _comment(control: Control, rest: str) -> None:
    control.comments.append((rest.strip(), control.offset))


def _user_line(control: Control, rest: str) -> None:
    control.user_lines.append(rest.strip())


def _result(control: Control, rest: str) -> None:
    control.results.append(rest.strip())


def _uxml(control: Control, rest: str) -> None:
    control.uxml.append(rest.rstrip())


def _pair(control: Control, rest: str) -> None:
    name, equals, value = rest.partition("=")
    if equals and name.strip():
        control.pairs.append((name.strip(), value.strip()))


_TABLE: dict[str, Handler] = {
    **{key: _single(key) for key in ("S", "E", "F", "T", "M", "I", "Q", "X")},
    "D": _date,
    "N": _widths,
    "L": _labels,
    "C": _comment,
    "U": _user_line,
    "R": _result,
    "UXML": _uxml,
    "MD": _pair,
}
_FAMILY = re.compile(r"(O|o|J|j|P|G|H|V|UMI)(\d{1,5})$", re.ASCII)


def _resolve(key: str) -> Handler | None:
    """Find the handler of a key that is not in the table: a numbered one, which is put there, or an array line."""
    if match := _FAMILY.match(key):
        row = int(match[2])
        handler = _position_row(row) if match[1] == "P" else _row(match[1], row)
        if len(match[2]) <= 3:
            _TABLE[key] = handler
        return handler
    if key.startswith("@"):
        return _array(key[1:].upper())
    return None
