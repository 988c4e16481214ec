"""Recognising EDF files by their first bytes."""

from __future__ import annotations

import os
import re
from typing import Any

from nxconvert.registry import Match, Reader
from nxconvert.scan import ScanFile

_BEGIN = re.compile(rb"(?:\xef\xbb\xbf)?[\s\0]*\{\s*([^={}]{1,120}?)\s*=")
_KEYS = re.compile(
    rb"[{\n;]\s*(HeaderID|ByteOrder|DataType|Dim_[12]|Size|Image|EDF_\w+|VersionNumber)\s*=", re.IGNORECASE
)


def sniff(head: bytes, _name: str) -> Match:
    """Say how well the first bytes of a file fit EDF, and why."""
    if not head.strip():
        return Match(0.0, "the file is empty")
    begin = _BEGIN.match(head)
    if begin is None:
        return Match(0.0, "it does not begin with '{' and a key")
    if begin[1].upper() == b"HEADER_BYTES":
        return Match(0.0, "'HEADER_BYTES' belongs to the images of ADSC detectors")
    keys = {match[1].lower() for match in _KEYS.finditer(head, 0, 1 << 16)}
    if {b"dim_1", b"datatype"} <= keys or b"edf_dataformatversion" in keys:
        return Match(1.0, "an EDF header with shape and type of its data")
    if len(keys) >= 2:
        return Match(0.9, "an EDF header")
    if keys:
        return Match(0.5, f"'{{' and the key '{keys.pop().decode()}' of EDF")
    return Match(0.0, f"the key '{begin[1][:30].decode('latin-1')}' is none of those with which EDF headers begin")


def _folders(path: str) -> Match:
    from nxconvert.readers.edf.folders import folders

    return folders(path)


def open_file(path: str, **settings: Any) -> ScanFile:
    """Open an EDF file, or a series of them; numpy and the parser are imported now and not before."""
    if _is_series(path) or any(settings.get(name) for name in _SERIES):
        from nxconvert.readers.edf.series import open_series

        return open_series(path, **settings)
    settings.pop("allow_missing", None)
    from nxconvert.readers.edf.reader import EdfScanFile

    return EdfScanFile(path, **settings)


def _is_series(path: str) -> bool:
    """Tell whether a path is a folder or a pattern, not a file."""
    if os.path.lexists(path):
        return os.path.isdir(path)
    from nxconvert.readers.edf.patterns import is_pattern

    return is_pattern(path)


def check(frames: str = "", pattern: str = "", regex: str = "", **_others: Any) -> None:
    """Refuse what is no selection of frames, pattern or expression, whatever the input has; RequestError."""
    if frames:
        from nxconvert.readers.edf.chosen import check_selection

        check_selection(frames)
    if pattern or regex:
        from nxconvert.readers.edf import patterns

        if pattern:
            patterns.parse(pattern)
        if regex:
            patterns.parse_expression("", regex)


#: settings that choose several files
_SERIES = ("files", "stack", "pattern", "regex")

READER = Reader(
    name="edf",
    description="EDF images of the ESRF and of Lima: single frames, multiframe files",
    extensions=(".edf", ".ehf", ".cor", ".ccd", ".ge5"),
    sniff=sniff,
    open=open_file,
    command="edf2nx",
    settings=("roots", "frames", "stack_axis", "allow_missing", *_SERIES),
    folders=_folders,
    check=check,
    hashes=False,
)
