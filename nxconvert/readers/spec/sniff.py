"""Recognising SPEC files by their first bytes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nxconvert.registry import Match, Reader
from nxconvert.scan import ScanFile

_SCAN = re.compile(rb"(?:^|[\r\n])#S[ \t]+\d+([ \t\r\n]|\Z)")
_HEADER = re.compile(rb"(?:^|[\r\n])#(F[ \t\r\n]|E[ \t]+\d)")
_LABELS = re.compile(rb"[\r\n]#[LND][ \t]")
_EMSA = re.compile(rb"(?:^|[\r\n])#(SIGNALTYPE|SPECTRUM|FORMAT[ \t]*:)")


def sniff(head: bytes, _name: str) -> Match:
    """Say how well the first bytes of a file fit SPEC, and why."""
    head = head.removeprefix(b"\xef\xbb\xbf")
    if not head.strip():
        return Match(0.0, "the file is empty")
    if match := _EMSA.search(head):
        return Match(0.0, f"'#{match[1].decode()}' belongs to EMSA spectra")
    scan, header = _SCAN.search(head), _HEADER.search(head)
    first = scan or header
    if first is None:
        return Match(0.0, "no line begins with '#S' and a number, with '#F' or with '#E'")
    before = head[: first.start()].splitlines()
    if foreign := next((line for line in before if line.strip() and not line.startswith(b"#")), None):
        return Match(0.2, f"'{foreign[:30].decode('latin-1')}' stands before the first line of SPEC")
    if scan and header:
        return Match(1.0, "a file header (#F, #E) and scans (#S)")
    if scan:
        if _LABELS.search(head):
            return Match(1.0, "scans (#S) with SPEC control lines")
        return Match(0.7, "a line begins with '#S' and a number")
    if head.count(b"\n#") + head.count(b"\r#") >= 1:
        return Match(0.9, "a file header (#F, #E) without a scan so far")
    return Match(0.6, "a line begins with '#F' or '#E'")


def open_file(path: str, images: Sequence[str] = ()) -> ScanFile:
    """Open a SPEC file; numpy and the parser are imported now and not before."""
    from nxconvert.readers.spec.reader import open_spec

    return open_spec(path, images)


READER = Reader(
    name="spec",
    description="SPEC data files, with MCA spectra and meshes",
    extensions=(".spec", ".dat", ".spc", ".spe", ".mca", ".txt"),
    sniff=sniff,
    open=open_file,
    command="spec2nx",
    settings=("images",),
)
