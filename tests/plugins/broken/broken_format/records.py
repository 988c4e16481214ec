"""Records that are not what their entry points say."""

from __future__ import annotations

from nxconvert.registry import Match, Reader
from nxconvert.scan import ScanFile


def sniff(head: bytes, name: str) -> Match:
    return Match(0.0, "never")


def open_file(path: str) -> ScanFile:
    raise NotImplementedError


TEXT = "not a reader"
MISNAMED = Reader("other", "a name of its own", (), sniff, open_file)
SPEC = Reader("spec", "another reader of SPEC files", (), sniff, open_file)
