"""Which images the headers of a SPEC file refer to, known without reading its data.

The reader of SPEC files finds the images of each scan by the same lines; here it is only asked which files may be
meant, so that they are not converted a second time as images of their own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence

from nxconvert.errors import NxconvertError

#: bytes of a file that are searched at a time, and the longest line that may lie across two of these blocks
BLOCK = 1 << 24
LINE = 4096

_SCAN = re.compile(rb"(?:^|[\r\n])#[SFE][ \t]")
_LINES = re.compile(rb"^#(?:C (?:imageFile|DIRECTORY|RADIX)\b|ULIMA_|UCCD\b)[^\r\n]{0,4000}", re.MULTILINE)
_IMAGE_FILE = re.compile(
    r"#C imageFile dir\[(.*?)\] prefix\[(.*?)\] (?:idxFmt\[(.*?)\] )?nextNr\[\d+\] suffix\[(.*?)\]"
)
_LIMA = re.compile(r"#ULIMA_\S+\s+(\S.*?)\s*$")
_CCD = re.compile(r"#UCCD\s+(\S.*?)\s*$")
_ZAP = re.compile(r"#C (DIRECTORY|RADIX) *: *(.*?)\s*$")
_NUMBER = re.compile(r"%0?\d*d|\d+")
_COMPRESSED = re.compile(r"\.(?:gz|bz2|Z)$")
_ENDING = r"(?:\.gz|\.bz2|\.Z)?"

#: a folder as the header states it, and a regular expression for the names of the images in it
Reference = tuple[str, str]


def references(path: str) -> list[Reference]:
    """Give what the headers of a file say of images, each once; nothing for a file that is not SPEC or unreadable."""
    from nxconvert.streams import open_source

    found: dict[Reference, None] = {}
    folder = ""
    try:
        with open_source(path) as source:
            head = source.read_at(0, 1 << 16)
            # a NUL: binary data that hold the headers of a SPEC file, such as our own output
            if b"\0" in head or not _SCAN.search(head):
                return []
            seen: set[bytes] = set()
            for start in range(0, source.size, BLOCK):
                for match in _LINES.finditer(source.read_at(start, BLOCK + LINE)):
                    if match[0] in seen:
                        continue
                    seen.add(match[0])
                    line = match[0].decode("latin-1")
                    if zap := _ZAP.match(line):
                        if zap[1] == "DIRECTORY":
                            folder = zap[2]
                        else:
                            found[(folder, rf"{re.escape(zap[2])}_.*\.edf{_ENDING}")] = None
                    elif reference := _reference(line):
                        found[reference] = None
    except (NxconvertError, OSError):
        return []  # its conversion will say why
    return list(found)


def _reference(line: str) -> Reference | None:
    if match := _IMAGE_FILE.match(line):
        folder, prefix, style, suffix = match[1], match[2], match[3] or "%d", _COMPRESSED.sub("", match[4])
        return folder, re.escape(prefix) + _any_number(style) + re.escape(suffix) + _ENDING
    if match := _LIMA.match(line):
        folder, name = os.path.split(match[1].replace("\\", "/"))
        return folder, _last_number(_COMPRESSED.sub("", name)) + _ENDING
    if match := _CCD.match(line):
        stated = match[1].split()[-1]
        folder = os.path.dirname(stated) if os.path.splitext(stated)[1] else stated
        return folder, rf".*_\d+_\d+_\d+\.\w+{_ENDING}"
    return None


def _any_number(style: str) -> str:
    return "".join(r"\d+" if _NUMBER.fullmatch(part) else re.escape(part) for part in re.split(r"(%0?\d*d)", style))


def _last_number(name: str) -> str:
    """Make an expression for names that differ in the last number of their stem."""
    stem, dot, ending = name.partition(".")
    parts = re.split(r"(\d+)", stem)
    if len(parts) > 1:
        parts[-2] = ""
        head, tail = "".join(parts[:-2]), parts[-1]
        return re.escape(head) + r"\d+" + re.escape(tail + dot + ending)
    return re.escape(name)


def meant(found: Iterable[Reference], roots: Sequence[str]) -> list[str]:
    """Give the files below *roots* that references can mean, by name in order: those of the first folder with any."""
    from nxconvert.images import Roots

    known = Roots(roots)
    paths: dict[str, None] = {}
    for stated, expression in found:
        regex = re.compile(expression)
        for folder in known.folders(stated):
            try:
                names = sorted(name for name in os.listdir(folder) if regex.fullmatch(name))
            except OSError:
                continue
            if names:
                paths.update((os.path.join(folder, name), None) for name in names)
                break
    return list(paths)
