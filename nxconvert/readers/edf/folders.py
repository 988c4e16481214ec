"""Which folders and patterns are inputs of this format; looked at by names only."""

from __future__ import annotations

import os

from nxconvert.errors import NxconvertError
from nxconvert.readers.edf import patterns
from nxconvert.readers.edf.names import is_edf_name, names_in
from nxconvert.registry import Match


def folders(path: str) -> Match:
    """Say whether a folder or a pattern has EDF files, and why."""
    if os.path.isdir(path):
        try:
            names = [name for name in names_in(path) if is_edf_name(name)]
        except NxconvertError as error:
            return Match(0.0, str(error))
        if not names:
            return Match(0.0, "no name in this folder ends in .edf or .edf.gz")
        return Match(1.0, f"{len(names)} EDF file{'s' * (len(names) != 1)} in this folder, such as '{names[0]}'")
    if os.path.lexists(path) or not patterns.is_pattern(path):
        return Match(0.0, "it is neither a folder nor a pattern such as scan_%04d.edf")
    if not is_edf_name(path):
        return Match(0.0, "the pattern does not end in .edf or .edf.gz")
    return Match(1.0, "the pattern of a series of EDF files")
