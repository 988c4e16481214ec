"""Where the data come from, as an NXprocess that all entries of a file share."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone

import numpy as np

from nxconvert.errors import RequestError
from nxconvert.scan import Scan, SourceFile
from nxconvert.tree import Dataset, Group
from nxconvert.version import __version__

#: Name of the NXprocess in every entry.
NAME = "conversion"


def clock(timestamp: float | None) -> float:
    """Give the time of conversion: *timestamp*, else ``SOURCE_DATE_EPOCH``, else now; seconds since 1970."""
    if timestamp is not None:
        return timestamp
    text = os.environ.get("SOURCE_DATE_EPOCH")
    if not text:
        return time.time()
    try:
        return float(int(text))
    except ValueError:
        raise RequestError.at("SOURCE_DATE_EPOCH", f"is '{text}'", "whole seconds since 1970 were expected") from None


def iso_time(seconds: float) -> str:
    """Give a time as ISO 8601 in UTC, to the second."""
    return datetime.fromtimestamp(int(seconds), timezone.utc).isoformat()


def root_attributes(output: str, first: str, when: float) -> dict[str, str]:
    """Give the attributes of the root: the default entry, the file's name and time, the programs that made it."""
    import h5py

    return {
        "NX_class": "NXroot",
        "default": first,
        "file_name": os.path.basename(output),
        "file_time": iso_time(when),
        "HDF5_Version": h5py.version.hdf5_version,
        "h5py_version": h5py.version.version,
        "creator": "nxconvert",
        "creator_version": __version__,
    }


@dataclass(slots=True)
class Provenance:
    """Collects what a run did: its options, its source files, and for each entry the scan that it came from."""

    options: str
    mapping: str
    when: float
    root: str = ""
    entries: list[tuple[str, str, int, int, int, str, str]] = field(default_factory=list)

    def add(self, entry: str, scan: Scan, source: int, given: str) -> None:
        """Note that *entry* was made from *scan* of the source file number *source* (from 0), of the input *given*."""
        place = scan.place.offset or 0
        self.entries.append((entry, scan.identifier, source, place, scan.length, scan.sha256, given))

    def process(self) -> Group:
        """Make the NXprocess, as known before the first scan: program, version, date, options and mapping."""
        return Group(
            "NXprocess",
            children={
                "program": Dataset("nxconvert"),
                "version": Dataset(__version__),
                "date": Dataset(iso_time(self.when)),
                "configuration": _note("effective options", self.options, "application/json"),
                "mapping": _note("the mapping as it was applied", self.mapping, "text/yaml"),
            },
        )

    def sources(self, files: Sequence[SourceFile]) -> Group:
        """Make the table of the source files: name, size, time of change, SHA-256."""
        # there may be 100,000 of them: numpy writes times in a twentieth of the time that datetime takes for each, and
        # text of fixed length, as times and digests are, takes little time and room in the file
        seconds = np.array([file.mtime_ns // 10**9 for file in files], "datetime64[s]")
        modified = np.char.add(np.datetime_as_string(seconds).astype("S"), b"+00:00")
        return Group(
            "NXcollection",
            children={
                "file_name": Dataset(self._all_shown(files)),
                "size": Dataset(np.array([file.size for file in files], np.int64), attributes={"units": "byte"}),
                "modified": Dataset(modified),
                "sha256": Dataset(np.array([file.sha256 for file in files], "S")),
            },
        )

    def scans(self) -> Group:
        """Make the table of the scans: entry, identifier, and where and which bytes of the source it came from."""
        columns = list(zip(*self.entries, strict=True)) or [()] * 7
        return Group(
            "NXcollection",
            children={
                "entry": Dataset(list(columns[0])),
                "identifier": Dataset(list(columns[1])),
                "source": Dataset(np.array(columns[2], np.int64)),
                # the name of the input: a folder or a pattern stands for many source files
                "input": Dataset(list(columns[6])),
                "offset": Dataset(np.array(columns[3], np.int64), attributes={"units": "byte"}),
                "length": Dataset(np.array(columns[4], np.int64), attributes={"units": "byte"}),
                "sha256": Dataset(list(columns[5])),
            },
        )

    def shown(self, path: str) -> str:
        """Give a source's path relative to the input's root, so that the same data give the same bytes anywhere."""
        if not self.root or path == "-":
            return path if path == "-" else os.path.basename(path)
        return os.path.relpath(path, self.root)

    def _all_shown(self, files: Sequence[SourceFile]) -> list[str]:
        """Give what `shown` gives of each file; a folder, which may hold 100,000 of them, is looked at once."""
        prefixes: dict[str, str] = {}
        names = []
        for file in files:
            cut = file.path.rfind(os.sep) + 1
            folder, name = file.path[:cut], file.path[cut:]
            prefix = prefixes.get(folder) if file.path != "-" else ""
            if prefix is None:
                prefix = prefixes[folder] = self.shown(file.path).removesuffix(name)
            names.append(prefix + name)
        return names


def _note(description: str, text: str, kind: str = "text/plain") -> Group:
    return Group(
        "NXnote",
        # validators take only bytes for the data of an NXnote
        children={"type": Dataset(kind), "description": Dataset(description), "data": Dataset(text.encode())},
    )
