"""Recognising the configurations and folders of the NanoESCA."""

from __future__ import annotations

import os
import re

from nxconvert.errors import ReadError
from nxconvert.registry import Match, Reader
from nxconvert.scan import ScanFile

_PROGRAM = re.compile(rb"PRONANOESCA", re.IGNORECASE)
_TABLE = re.compile(rb'(?:^|\n)FILE_ID = "PRONANOESCA EXPDAT')
_AXIS = re.compile(rb"(?:^|[\r\n])AXIS_(START|STOP|STEP) *=")
_SECTION = re.compile(rb"(?:^|[\r\n])\[(CONFIG|HEAD|MEAS\d+_CONFIG)\]")


def sniff(head: bytes, name: str) -> Match:
    """Say how well the first bytes of a file fit a configuration or table of the NanoESCA, and why."""
    if head[:4] in (b"II*\0", b"MM\0*"):
        return Match(0.0, "a single TIFF image; the folder of its measurement can be read")
    if _TABLE.search(head[:4096]):
        return Match(1.0, "a table of ProNanoESCA (FILE_ID)")
    section = _SECTION.search(head)
    if section is None:
        return Match(0.0, "no section [CONFIG] or [HEAD]")
    if _PROGRAM.search(head):
        return Match(1.0, f"ProNanoESCA and a section [{section[1].decode()}]")
    if _AXIS.search(head) and name.lower().endswith((".meas", ".exp")):
        return Match(0.9, f"a section [{section[1].decode()}] and the keys of an axis")
    return Match(0.0, f"a section [{section[1].decode()}], but nothing of ProNanoESCA")


def folders(path: str) -> Match:
    """Say whether a folder holds a measurement of the NanoESCA, or an experiment of several."""
    if not os.path.isdir(path):
        return Match(0.0, "no folder")
    from nxconvert.readers.nanoesca import folder, instrument

    try:
        found = folder.find(path, instrument.load())
    except ReadError:
        return Match(0.0, "no .meas file, and no images by the names of ProNanoESCA")
    configured = sum(item.config is not None for item in found)
    if configured:
        return Match(1.0, f"{configured} measurement{'s' * (configured != 1)} of ProNanoESCA (.meas)")
    return Match(0.9, f"images of {len(found)} measurement{'s' * (len(found) != 1)} by the names of ProNanoESCA")


def open_folder(path: str, instrument: str | None = None) -> ScanFile:
    """Open a folder or configuration; *instrument*: the YAML description of another set-up.

    The reader is imported now and not before.
    """
    from nxconvert.readers.nanoesca import instrument as descriptions
    from nxconvert.readers.nanoesca.reader import open_measurements

    return open_measurements(path, descriptions.load(instrument))


def check(instrument: str | None = None) -> None:
    """Refuse a description of a set-up that cannot be read; RequestError with every mistake of it."""
    from nxconvert.readers.nanoesca import instrument as descriptions

    descriptions.load(instrument)


READER = Reader(
    name="nanoesca",
    description="NanoESCA measurements: folders of TIFF images with their configuration",
    extensions=(".meas", ".exp"),
    sniff=sniff,
    open=open_folder,
    command="nanoesca2nx",
    settings=("instrument",),
    folders=folders,
    check=check,
    hashes=False,
)
