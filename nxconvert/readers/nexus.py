"""NeXus files back into the scan model: for now those that nxconvert wrote.

::

    /scan_5  NXentry            number and order from entry_identifier ("5.1")
      title start_time end_time
      measurement  NXcollection   -> columns
      instrument   NXinstrument
        positioners  NXcollection -> positioners
        mca_0        NXdetector   -> detectors
      headers      NXcollection   -> notes
      conversion   NXprocess      which bytes of which source file the entry came from
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import h5py
import numpy as np

from nxconvert.arrays import Array, LazyArray
from nxconvert.errors import Place, Problem, ReadError
from nxconvert.registry import Match, Reader
from nxconvert.scan import Field, Scan, ScanFile, SourceFile, Wanted, free_name

SIGNATURE = b"\x89HDF\r\n\x1a\n"
#: bytes of one block of a large dataset
BLOCK = 1024 * 1024
#: the dimension of what a detector has once, where it is not the channel
_DETECTOR_DIMS = {
    "calibration": ("coefficient",),
    "roi_name": (),
    "roi_first": ("roi",),
    "roi_last": ("roi",),
}
#: datasets up to this size are loaded with their scan
SMALL = 64 * 1024


class StoredArray(LazyArray):
    """A dataset that stays in its file."""

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset
        self.shape = dataset.shape
        self.dtype = dataset.dtype

    def blocks(self) -> Iterator[Array]:
        """Give blocks of whole chunks, about 1 MiB each."""
        row = max(1, self.nbytes // max(1, self.shape[0])) if self.shape[0] else 1
        step = max(1, BLOCK // row)
        chunks = self._dataset.chunks
        if chunks is not None:
            step = max(chunks[0], step - step % chunks[0])
        for start in range(0, self.shape[0], step):
            yield self._dataset[start : start + step]


@dataclass(frozen=True, slots=True)
class Written:
    """An entry that nxconvert wrote: its name, and which bytes of which source file it came from."""

    entry: str
    source: str
    identifier: str
    offset: int
    length: int
    sha256: str


class NexusFile(ScanFile):
    """A NeXus file: its entries in natural order (1.1, 2.1, 10.1)."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.problems: list[Problem] = []
        try:
            self._file = h5py.File(path, "r", locking=False)
        except OSError as error:
            raise ReadError.at(
                path, f"cannot be opened as HDF5: {_first_line(error)}", hint="is it complete, and not being written?"
            ) from error

    def entries(self) -> list[str]:
        """Give the names of the NXentry groups in natural order."""
        names = [name for name in self._file if self._class(name) == "NXentry"]
        return sorted(names, key=natural)

    def _class(self, name: str) -> str:
        try:
            item = self._file[name]
        except KeyError:  # a dangling link
            self.problems.append(Problem(Place(self.path), f"the link '/{name}' leads nowhere"))
            return ""
        return text(item.attrs.get("NX_class", "")) if isinstance(item, h5py.Group) else ""

    def scans(self, wanted: Wanted | None = None) -> Iterator[Scan]:
        """Give one scan for each entry, or only those for which ``wanted(number, order)`` holds."""
        for index, name in enumerate(self.entries()):
            entry = self._file[name]
            number, order = _identifier(entry, index)
            if wanted is None or wanted(number, order):
                yield self._scan(entry, name, Scan(number, order, index, Place(f"{self.path}:/{name}")))

    def _scan(self, entry: Any, name: str, scan: Scan) -> Scan:
        scan.title = text(entry["title"][()]) if "title" in entry else name
        scan.start_time = _time(entry, "start_time")
        scan.end_time = _time(entry, "end_time")
        measurement = _group(entry, "measurement")
        if measurement is not None:
            scan.columns = _fields(measurement)
        headers = _group(entry, "headers")
        if headers is not None:
            scan.notes = _fields(headers)
        instrument = _group(entry, "instrument")
        if instrument is not None:
            positioners = _group(instrument, "positioners")
            scan.positioners = {} if positioners is None else _fields(positioners)
            for child in instrument:
                detector = _group(instrument, child)
                if detector is not None and text(detector.attrs.get("NX_class", "")) == "NXdetector":
                    own = text(detector.attrs.get("long_name", child))
                    scan.detectors[own] = {key: _of_detector(item) for key, item in _fields(detector).items()}
        return scan

    def written(self) -> list[Written]:
        """Give, for each entry that nxconvert wrote, where it came from."""
        tables: dict[int, dict[str, Written]] = {}
        found = []
        for name in self.entries():
            conversion = _group(self._file[name], "conversion")
            if conversion is None or "scans" not in conversion:
                continue
            key = h5py.h5o.get_info(conversion.id).addr
            if key not in tables:
                tables[key] = _table(conversion)
            if name in tables[key]:
                found.append(tables[key][name])
        return found

    def mapping_text(self) -> str:
        """Give the mapping as it was applied to the entry that came last, empty without one."""
        for name in reversed(self.entries()):
            conversion = _group(self._file[name], "conversion")
            if conversion is not None and "mapping/data" in conversion:
                return text(conversion["mapping/data"][()])
        return ""

    def sources(self) -> list[SourceFile]:
        """Name the file itself; its SHA-256 is left out, since a large file is not read as a whole."""
        status = os.stat(self.path)
        return [SourceFile(self.path, status.st_size, status.st_mtime_ns, "")]

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def entry_name(scan: Scan) -> str:
    """Give the name of the entry that a scan of a NexusFile was read from; its place says ``file:/entry``."""
    return scan.place.path.rpartition(":/")[2]


def natural(name: str) -> list[tuple[int, int, str]]:
    """Give a key that sorts numbers within names by their value."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", name) if part]


def text(value: Any) -> str:
    """Give an HDF5 text, however it was stored."""
    if isinstance(value, np.ndarray):
        value = value.reshape(-1)[0] if value.size else ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _identifier(entry: Any, index: int) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)\.(\d+)", text(entry["entry_identifier"][()]) if "entry_identifier" in entry else "")
    return (int(found[1]), int(found[2])) if found else (index + 1, 1)


def _time(entry: Any, name: str) -> datetime | None:
    if name not in entry:
        return None
    try:
        return datetime.fromisoformat(text(entry[name][()]).replace("Z", "+00:00"))
    except ValueError:
        return None


def _group(parent: Any, name: str) -> Any:
    found = parent.get(name)
    return found if isinstance(found, h5py.Group) else None


def _fields(group: Any) -> dict[str, Field]:
    """Give the datasets under the source's own names; where a name comes again, it is numbered as readers do."""
    fields: dict[str, Field] = {}
    for name, item in group.items():
        if not isinstance(item, h5py.Dataset):
            continue
        own = text(item.attrs.get("long_name", name))
        units = item.attrs.get("units")
        value: Any
        if h5py.check_string_dtype(item.dtype) is not None:
            value = text(item[()]) if item.shape == () else [text(part) for part in item[()].reshape(-1)]
        elif item.shape == () or item.nbytes <= SMALL:
            value = item[()]
        else:
            value = StoredArray(item)
        dims = ("point", "channel", "y", "x")[: len(item.shape)]
        key = free_name(own, fields)
        fields[key] = Field(key, value, dims, None if units is None else text(units), None if key == own else own)
    return fields


def _of_detector(item: Field) -> Field:
    """Give a field of a detector the dimensions that its name and rank say."""
    if len(item.dims) == 1:
        item.dims = _DETECTOR_DIMS.get(item.name, ("channel",))
    return item


def _table(conversion: Any) -> dict[str, Written]:
    scans, names = conversion["scans"], conversion["sources/file_name"][()]
    columns = [scans[key][()] for key in ("entry", "identifier", "source", "offset", "length", "sha256")]
    return {
        text(entry): Written(text(entry), text(names[source]), text(identifier), int(offset), int(length), text(sha))
        for entry, identifier, source, offset, length, sha in zip(*columns, strict=True)
    }


def _first_line(error: OSError) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def sniff(head: bytes, name: str) -> Match:  # noqa: ARG001 - the signature of all readers
    """Know an HDF5 file by its first eight bytes."""
    if head.startswith(SIGNATURE):
        return Match(1.0, "it begins with the signature of HDF5")
    return Match(0.0, "it does not begin with the signature of HDF5")


READER = Reader(
    "nexus",
    "NeXus files written by nxconvert (for info, nxtoascii and --append)",
    (".nxs", ".h5", ".hdf5", ".nx5"),
    sniff,
    NexusFile,
)
