"""Names and header lines as they can stand in a SPEC file."""

from __future__ import annotations

import re
from collections.abc import Iterable

from nxconvert.scan import Field, Scan

#: silx and PyMca crash on lines of some 10 000 characters
LONGEST = 4000
_CONTROL = re.compile(r"[\0-\x08\x0b-\x1f\x7f\x85\u2028\u2029]")
#: what begins a scan or a file header for one program or another
_BEGINS = re.compile(r"#[SF]|#E(?=[ \t]|$)")
_REPEATED = re.compile(r"_\d+$")


def own_name(name: str, field: Field) -> str:
    """Give the source's own name: of a second ``det``, which is called ``det_1``, it is ``det``."""
    long_name = field.long_name
    if long_name and name != long_name and _REPEATED.sub("", name) == long_name:
        return long_name
    return name


def plain_name(name: str) -> str:
    """Give a name that readers do not cut: two blanks and tabs separate names, line ends end them."""
    return " ".join(_CONTROL.sub(" ", name).split()) or "unnamed"


def one_line(text: str, longest: int = LONGEST) -> str:
    """Give a text on one line that no reader stumbles over."""
    return _CONTROL.sub(" ", text.replace("\n", " ")).rstrip()[:longest]


def safe_line(line: str) -> str:
    """Give a control line that means only itself."""
    if line[:1] != "#" or _BEGINS.match(line):
        line = f"#C {line}"
    return one_line(line)


def is_key(line: str, *keys: str) -> bool:
    """Tell whether a control line has one of these keys, a digit ``0`` in a key standing for any number."""
    word = re.split(r"[ \t]", line[1:], maxsplit=1)[0]
    return word in keys or (word[1:].isdecimal() and f"{word[:1]}0" in keys)


def rest_of(line: str) -> str:
    """Give what stands behind the key of a control line."""
    parts = re.split(r"[ \t]", line, maxsplit=1)
    return parts[1].strip() if len(parts) > 1 else ""


def rows_of(lines: Iterable[str], letter: str) -> list[list[str]]:
    """Give the names in the rows of a numbered key such as ``#O0``, by their numbers."""
    rows = {}
    for line in lines:
        if is_key(line, f"{letter}0") and line[2:3].isdecimal():
            number = int(re.split(r"[ \t]", line[2:], maxsplit=1)[0])
            rows[number] = [name for name in re.split(r" {2,}|[ \r]*\t[ \t]*", rest_of(line)) if name]
    return [rows[number] for number in sorted(rows)]


def note(scan: Scan, name: str) -> str:
    """Give a header of the scan that was kept word for word, empty without one."""
    field = scan.notes.get(name)
    return field.value if field is not None and isinstance(field.value, str) else ""
