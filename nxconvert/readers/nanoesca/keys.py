"""Configuration files: ``[SECTION]``, ``KEY = value`` and, in ``.DAT`` files, sections of rows separated by tabs.

Strings stand in double quotes, ``TRUE`` and ``FALSE`` are truth values, numbers have a dot. Keys may hold ``/`` and
``-``. The encoding is stated nowhere: UTF-8 is tried first, then Windows' western one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from nxconvert.errors import Place, Problem, ReadError
from nxconvert.scan import SourceFile
from nxconvert.streams import open_source

#: no configuration is larger; the largest seen has 60 kB
MAX_BYTES = 32 << 20
#: problems of one file that are listed one by one
LISTED = 20

_SECTION = re.compile(r"\[([^\]]*)\]\s*$")
_INTEGER = re.compile(r"[+-]?\d{1,18}")
#: an integer with more digits stays text: no number of 64 bits holds it
_NUMBER = re.compile(r"[+-]?(\d{1,40}\.\d{0,40}|\.\d{1,40}|\d{1,18}(?=[eE]))([eE][+-]?\d{1,3})?")

Plain = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Entry:
    """The text of a value as it stands in the file, and its line."""

    text: str
    line: int

    @property
    def value(self) -> Plain:
        """The value: text without its quotes, truth value, integer, float, else the text as it is."""
        text = self.text
        if len(text) >= 2 and text[0] == text[-1] == '"':
            return text[1:-1]
        if text.upper() in ("TRUE", "FALSE"):
            return text.upper() == "TRUE"
        if _INTEGER.fullmatch(text):
            return int(text)
        return float(text) if _NUMBER.fullmatch(text) else text


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: its fields as text, and its line."""

    fields: tuple[str, ...]
    line: int


@dataclass(slots=True)
class Config:
    """A parsed file: sections by name with their keys in order, rows of the tables, and the text word for word."""

    path: str
    text: str
    source: SourceFile
    sections: dict[str, dict[str, Entry]] = field(default_factory=dict)
    tables: dict[str, list[Row]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def place(self, entry: Entry | Row) -> Place:
        """Give the place of an entry or a row."""
        return Place(self.path, entry.line)


def read_config(path: str, is_table: re.Pattern[str] | None = None) -> Config:
    """Read a configuration file; *is_table* matches the names of the sections that hold rows.

    ReadError where the file cannot be read, is too large or is no text. Odd lines and keys that stand twice are
    problems; of a key that stands twice in a section, the last one counts.
    """
    with open_source(path) as source:
        if source.size > MAX_BYTES:
            raise ReadError.at(path, f"{source.size} bytes", f"a configuration of at most {MAX_BYTES} expected")
        data = source.read(source.size)
        config = Config(path, "", source.source_file(), problems=list(source.problems))
    config.text = _decode(data, config)
    _parse(config, is_table)
    return config


def _decode(data: bytes, config: Config) -> str:
    at = data.find(b"\0")
    if at >= 0:
        raise ReadError.at(
            Place(config.path, data.count(b"\n", 0, at) + 1, offset=at),
            "a NUL byte",
            "a text of sections and keys expected",
            "name the folder of the measurement, or its .meas or .exp file",
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = Place(config.path, data.count(b"\n", 0, error.start) + 1)
        found = f"byte {data[error.start]:#04x} is no UTF-8"
        config.problems.append(Problem(place, found, "the file is read as Windows-1252", severity="note"))
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _parse(config: Config, is_table: re.Pattern[str] | None) -> None:
    section = ""
    odd = 0
    in_table = False
    # str.splitlines would also cut at characters that may stand in a comment
    for number, line in enumerate(re.split(r"\r\n|\r|\n", config.text), 1):
        stripped = line.strip()
        if not stripped:
            continue
        if match := _SECTION.match(stripped):
            section = match[1].strip()
            in_table = is_table is not None and is_table.fullmatch(section) is not None
            if in_table:
                config.tables.setdefault(section, [])
        elif in_table:
            config.tables[section].append(Row(tuple(part.strip() for part in line.strip("\n").split("\t")), number))
        elif "=" in stripped:
            key, _, value = stripped.partition("=")
            _add(config, section, key.strip(), Entry(value.strip(), number))
        elif stripped[0] not in "#;":
            odd += 1
            if odd <= LISTED:
                found = f"'{stripped[:60]}'"
                config.problems.append(Problem(Place(config.path, number), found, "KEY = value or [SECTION] expected"))
    if odd > LISTED:
        config.problems.append(Problem(Place(config.path), f"{odd - LISTED} more lines like those listed"))


def _add(config: Config, section: str, key: str, entry: Entry) -> None:
    keys = config.sections.setdefault(section, {})
    before = keys.get(key)
    keys[key] = entry
    if before is not None:
        same = before.text == entry.text
        config.problems.append(
            Problem(
                config.place(entry),
                f"'{key}' stands twice in [{section}]",
                f"first in line {before.line}" + ("" if same else f" with {before.text[:40]}, here {entry.text[:40]}"),
                "" if same else "the last one counts; correct the file if that is wrong",
                "note" if same else "warning",
            )
        )
