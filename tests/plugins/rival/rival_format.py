"""A reader that claims the files of ``acme``, shrugs at those that say ``perhaps``, and fails at ``boom``."""

from __future__ import annotations

from nxconvert.registry import Match, Reader
from nxconvert.scan import ScanFile


def sniff(head: bytes, name: str) -> Match:
    if head.startswith(b"boom"):
        raise ZeroDivisionError("boom")
    if head.startswith(b"perhaps"):
        return Match(0.3, "it may be one")
    return Match(0.95, "looks familiar") if head.startswith(b"ACME") else Match(0.0, "looks foreign")


def open_rival(path: str) -> ScanFile:
    raise NotImplementedError


READER = Reader("rival", "what Acme also makes", (".rival",), sniff, open_rival)
