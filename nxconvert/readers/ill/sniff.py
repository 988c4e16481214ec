"""Recognising ILL files by their first bytes: numors, triple-axis scans, and reduced data that are neither."""

from __future__ import annotations

import re

from nxconvert.errors import ReadError
from nxconvert.readers.ill.tas import TasFile, sniff_tas
from nxconvert.registry import HEAD, Match, Reader
from nxconvert.scan import ScanFile
from nxconvert.streams import open_source

_KEY = re.compile(rb"(?:^|\n)([RSAFIJV])\1{79}[ \t\r]*(?=\n|\Z)")
_INTEGERS = re.compile(rb"[ \t]*\d+(?:[ \t]+\d+){7}[ \t\r]*")
_NUMBER = rb"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_ROW = re.compile(rb"[ \t]*" + _NUMBER + rb"(?:[ \t,]+" + _NUMBER + rb"){1,2}[ \t\r]*")
#: a file of columns has this many rows of numbers at least
_ROWS = 5


def _is_numor(text: bytes) -> bool:
    """Tell whether a line of 80 R comes first, and a block of numbers before any block of text (V)."""
    keys = _KEY.finditer(text)
    first = next(keys, None)
    if first is None or first.start() != 0 or first[1] != b"R":
        return False
    return next((key[1] for key in keys if key[1] in b"VSFIJ"), b"") != b"V"


def _reduced(text: bytes) -> str:
    """Say what kind of reduced data a file holds, nothing where it is none."""
    lines = text.split(b"\n")
    if len(lines) > 2 and _INTEGERS.fullmatch(lines[0]) and not _ROW.fullmatch(lines[1]):
        return "the lines of INX (.inx), reduced data S(theta, omega)"
    rows = [line for line in lines[:-1] if line.strip() and line.lstrip()[:1] not in b"#!"]
    if len(rows) >= _ROWS and all(_ROW.fullmatch(line) for line in rows[-_ROWS:]):
        return "columns of numbers, reduced data"
    return ""


def sniff(head: bytes, name: str) -> Match:
    """Say how well the first bytes of a file fit, and why."""
    text = head.lstrip(b"\r\n \t\0")
    if not text:
        return Match(0.0, "the file is empty")
    if _is_numor(text):
        return Match(1.0, "a line of 80 R begins a numor")
    match = sniff_tas(head, name)
    if match.confidence > 0:
        return match
    if reduced := _reduced(text):
        return Match(0.0, f"{reduced}, not the counts of a numor")
    return match


def open_file(path: str) -> ScanFile:
    """Open a numor or a triple-axis scan; ReadError, with the reason, for what is neither."""
    source = open_source(path)
    try:
        head = source.read_at(0, HEAD)
        text = head.lstrip(b"\r\n \t\0")
        if _is_numor(text):
            from nxconvert.readers.ill.reader import NumorFile

            return NumorFile(source)
        if sniff_tas(head, path).confidence > 0:
            return TasFile(source)
        if source.size == 0:
            raise ReadError.at(
                path, "the file is empty", "a numor or a triple-axis scan expected", "check how it was copied"
            )
        reduced = _reduced(text)
        raise ReadError.at(
            path,
            f"holds {reduced}" if reduced else "begins neither with a line of 80 R nor with INSTR:",
            "a numor or a triple-axis scan expected",
            "raw counts cannot be made of it: convert the numors that it was made of"
            if reduced
            else "'nxconvert info' names the format of a file",
        )
    except BaseException:
        source.close()
        raise


READER = Reader(
    name="ill",
    description="ILL numors and triple-axis scans",
    extensions=(".asc", ".scn", ".dat", ".txt"),
    sniff=sniff,
    open=open_file,
    command="ill2nx",
)
