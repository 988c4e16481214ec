"""What stands before the table of a triple-axis file: the wrapper of a numor, then the lines ``KEY__: value``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from nxconvert.errors import Place, ReadError
from nxconvert.readers.ill.tas_report import Report
from nxconvert.readers.ill.tas_text import find_date
from nxconvert.triple_axis import PAIRS

#: more names than this in one namespace are damage
MOST_NAMES = 20_000

# the keys have five characters, padded by "_"; blanks before them and lower case occur in files edited by hand
_KEY = re.compile(r"[ \t]*([A-Za-z][A-Za-z0-9]{1,5})_{0,4}[ \t]*:(.*)", re.ASCII | re.DOTALL)
_BLOCK = re.compile(r"[ \t]*([RAV])\1{79}[ \t]*")
_SPELLINGS = {"TARGE": "TARGET"}
_CONTROLS = bytes(byte if byte in b"\t\n" or byte >= 0x20 else 0x20 for byte in range(256))


@dataclass(slots=True)
class Header:
    """The header: ``texts`` and ``pairs`` by key (without ``_``), the script of POLAN line by line, and where it ends.

    ``numor``, ``instrument``, ``user`` and ``date`` are those of the wrapper. ``names``: those of the columns, None
    where the file ends before them. ``rest``: index of the first line after them. ``lines``: number of the line, from
    1, in which a key stands first.
    """

    numor: int | None = None
    instrument: str = ""
    user: str = ""
    date: str = ""
    texts: dict[str, str] = field(default_factory=dict)
    pairs: dict[str, dict[str, str]] = field(default_factory=dict)
    polan: list[str] = field(default_factory=list)
    names: list[str] | None = None
    rest: int = 0
    lines: dict[str, int] = field(default_factory=dict)
    verbatim: str = ""


def lines_of(data: bytes) -> list[str]:
    """Cut the bytes of a file into lines without their ends: UTF-8 where it is, else latin-1; control bytes blank."""
    data = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n").translate(_CONTROLS)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.split("\n")


def read_header(lines: list[str], report: Report) -> Header:
    """Read the header; ReadError where no line of one is found, a problem where the file ends within it."""
    header = Header()
    at = _wrapper(lines, header)
    found = ""
    while at < len(lines):
        match = _KEY.fullmatch(lines[at])
        at += 1
        if match is None:
            if (line := lines[at - 1].strip()) and _BLOCK.fullmatch(line) is None:
                _odd_line(line, at, report)
            continue
        found = _spelled(match[1])
        header.lines.setdefault(found, at)
        if found == "DATA":
            at = _names(lines, at, header)
            break
        _take(header, found, match[2].strip(), at, report)
    if not found:
        raise ReadError.at(
            Place(report.path, 1),
            "there is no header line such as 'INSTR:' or 'COMND:'",
            "a triple-axis scan expected",
            "the file may be cut; 'nxconvert info' names the format of a file",
        )
    header.rest = at
    header.verbatim = "\n".join(line.rstrip() for line in lines[:at])
    if header.names is None:
        missing = "the names of the columns" if found == "DATA" else "the line DATA_:"
        report.add(
            len(lines) - (not lines[-1] and len(lines) > 1),
            "ends",
            f"the file ends before {missing}",
            "a table of points expected",
            "the file was cut; its header is kept",
            "lost",
        )
    return header


def _spelled(key: str) -> str:
    return _SPELLINGS.get(key.upper(), key.upper())


def _wrapper(lines: list[str], header: Header) -> int:
    """Read the blocks R and A; gives the index of the line after VVV..., 0 without wrapper."""
    start = next((at for at, line in enumerate(lines) if line.strip()), 0)
    if not (match := _BLOCK.fullmatch(lines[start])) or match[1] != "R":
        return 0
    block, since = "R", 0
    for at in range(start + 1, len(lines)):
        line = lines[at]
        if match := _BLOCK.fullmatch(line):
            block, since = match[1], 0
            if block == "V":
                return at + 1
            continue
        if _KEY.fullmatch(line) and line.strip()[:5].upper() == "INSTR":
            return at
        since += 1
        if block == "R" and since == 1:
            # nominally fields of 8 characters; files exist where they are not on their columns
            control = re.match(r"\s*(\d{1,15})(?:\s|$)", line, re.ASCII)
            header.numor = int(control[1]) if control else None
        elif block == "A" and since > 1 and find_date(line):
            _first_record(line, header)
    return len(lines)


def _first_record(line: str, header: Header) -> None:
    """Read instrument (6 characters), user and date of ``IN3   mechthild   31-Oct-10 11:07:23``."""
    date = re.search(r"(?:[A-Za-z]{3} +[A-Za-z]{3} +\d|\d+-\w+-\d)", line[6:], re.ASCII)
    end = 6 + date.start() if date else 18
    header.instrument, header.user, header.date = line[:6].strip(), line[6:end].strip(), line[end:].strip()


def _take(header: Header, key: str, text: str, line: int, report: Report) -> None:
    """Store the value of one header line."""
    if key == "POLAN":
        header.polan.append(text)
    elif key in PAIRS:
        pairs = header.pairs.setdefault(key, {})
        for piece in text.split(","):
            name, equals, value = piece.partition("=")
            name = name.strip()
            if equals and name and (len(pairs) < MOST_NAMES or name in pairs):
                pairs[name] = value.strip()
            elif piece.strip():
                report.add(
                    line,
                    "pieces of header lines",
                    f"'{piece.strip()[:40]}' in the line {key}",
                    "NAME= value expected",
                    "it is kept in the header's text only",
                    "note",
                )
    elif text:
        header.texts[key] = f"{header.texts[key]}\n{text}" if key in header.texts else text


def _names(lines: list[str], at: int, header: Header) -> int:
    """Read the names of the columns; gives the index of the line after them."""
    while at < len(lines):
        if names := lines[at].split():
            # a word of that length is no name, and so many columns has no instrument
            header.names = names[:MOST_NAMES]
            return at + 1
        at += 1
    return at


def _odd_line(line: str, number: int, report: Report) -> None:
    report.add(
        number,
        "lines in the header",
        f"'{line[:40]}' in the header",
        "a key of five characters and a colon expected",
        "it is kept in the header's text only",
        "note",
    )
