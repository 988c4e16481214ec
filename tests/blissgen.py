"""Makes HDF5 files laid out as those of Bliss: 1.x, 2.x and 3.x, scans of every kind, masters of external links."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np

TEXT = h5py.string_dtype()


def group(parent: Any, path: str, nx_class: str = "NXcollection") -> Any:
    """Make a group with its class, as well as those above it."""
    for step in path.split("/"):
        parent = parent.require_group(step)
    parent.attrs["NX_class"] = nx_class
    return parent


def put(parent: Any, name: str, value: Any, units: str | None = None) -> Any:
    """Write a dataset."""
    data = parent.create_dataset(name, data=value, dtype=TEXT if isinstance(value, str) else None)
    if units is not None:
        data.attrs["units"] = units
    return data


class Bliss:
    """A file under construction; ``version`` is the major one of Bliss.

    1 states neither how a scan ended nor that it was written, 2 does both, and so does 3, whose ``measurement`` has
    hard links and keeps the order of the counters.
    """

    def __init__(self, path: Path, version: int = 2) -> None:
        self.version = version
        self.file = h5py.File(path, "w")
        self.file.attrs.update({"NX_class": "NXroot", "creator": "Bliss" if version == 1 else "blissdata"})

    def __enter__(self) -> Bliss:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def scan(self, name: str, title: str, ended: str | None = "SUCCESS", measured: bool = True) -> Scan:
        """Begin a scan; ``ended`` None: it is being written."""
        entry = group(self.file, name, "NXentry")
        put(entry, "title", title)
        put(entry, "start_time", "2024-03-15T10:00:05.123456+01:00")
        group(entry, "instrument", "NXinstrument")
        group(entry, "scan_parameters", "NXparameters").create_dataset("count_time", data=0.5).attrs["units"] = "s"
        if self.version > 1:
            put(group(entry, "writer", "NXnote"), "status", "RUNNING" if ended is None else "SUCCEEDED")
        if ended is not None:
            put(entry, "end_time", "2024-03-15T10:01:05.5+01:00")
            if self.version > 1:
                put(entry, "end_reason", ended)
        return Scan(self, entry, measured)


class Scan:
    """A scan under construction."""

    def __init__(self, bliss: Bliss, entry: Any, measured: bool) -> None:
        self.entry, self.bliss = entry, bliss
        self.measurement = None
        if measured:
            tracked = bliss.version == 3
            self.measurement = entry.create_group("measurement", track_order=tracked)
            self.measurement.attrs["NX_class"] = "NXcollection"
        self.positioners = group(entry, "instrument/positioners")
        self.start = group(entry, "instrument/positioners_start")

    def _measured(self, name: str, path: str) -> None:
        if self.measurement is not None:
            target = f"{self.entry.name}/{path}"
            self.measurement[name] = self.entry[path] if self.bliss.version == 3 else h5py.SoftLink(target)

    def motors(self, **positions: Any) -> None:
        """Write motors that do not move; a text is a motor that is broken."""
        for name, value in positions.items():
            put(self.positioners, name, value, None if isinstance(value, str) else "mm")
            put(self.start, name, value, None if isinstance(value, str) else "mm")

    def moving(self, name: str, values: Any, start: float | None = None, units: str = "mm") -> None:
        """Write a motor that is scanned."""
        put(group(self.entry, f"instrument/{name}", "NXpositioner"), "value", values, units)
        path = f"instrument/{name}/value"
        self.positioners[name] = h5py.SoftLink(f"{self.entry.name}/{path}")
        if start is not None:
            put(self.start, name, start, units)
        self._measured(name, path)

    def counter(self, name: str, values: Any, quantity: str = "signal", units: str | None = None) -> None:
        """Write a counter, which has its values and a link ``data`` to them."""
        detector = group(self.entry, f"instrument/{name}", "NXdetector")
        put(detector, quantity, values, units)
        put(detector, "type", "samplingcounter")
        if quantity != "data":
            detector["data"] = h5py.SoftLink(quantity)
        self._measured(name, f"instrument/{name}/{quantity}")

    def spectra(self, name: str, values: Any, **rois: Any) -> None:
        """Write an MCA with its spectra, and counts in regions of interest, which are counters too."""
        detector = group(self.entry, f"instrument/{name}", "NXdetector")
        put(detector, "spectrum", values).attrs["interpretation"] = "spectrum"
        put(detector, "type", "mca")
        detector["data"] = h5py.SoftLink("spectrum")
        self._measured(name, f"instrument/{name}/spectrum")
        for roi, counts in rois.items():
            put(detector, roi, counts)
            self._measured(f"{name}_{roi}", f"instrument/{name}/{roi}")

    def images(self, name: str, files: list[tuple[str, int]], shape: tuple[int, int]) -> None:
        """Write a camera, whose images are a virtual dataset over *files* with so many frames each."""
        total = sum(count for _, count in files)
        layout = h5py.VirtualLayout((total, *shape), np.uint16)
        first = 0
        for path, count in files:
            source = h5py.VirtualSource(path, "/entry_0000/measurement/data", (count, *shape))
            layout[first : first + count] = source
            first += count
        detector = group(self.entry, f"instrument/{name}", "NXdetector")
        detector.create_virtual_dataset("image", layout, fillvalue=0).attrs["interpretation"] = "image"
        detector["data"] = h5py.SoftLink("image")
        put(detector, "type", "lima")
        self._measured(name, f"instrument/{name}/image")


def lima(path: Path, frames: Any) -> None:
    """Write the images of a camera as Lima does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        entry = group(file, "entry_0000", "NXentry")
        group(entry, "measurement").create_dataset("data", data=frames, chunks=(1, *frames.shape[1:]))


def master(path: Path, links: dict[str, tuple[str, str]]) -> None:
    """Write a master file: external links to the entries of others."""
    with h5py.File(path, "w") as file:
        file.attrs["NX_class"] = "NXroot"
        for name, (other, entry) in links.items():
            file[name] = h5py.ExternalLink(other, entry)
