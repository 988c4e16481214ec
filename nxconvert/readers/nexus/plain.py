"""Entries without ``measurement``: what can be plotted, the scans of ILL, and what spec2nexus has by its own names."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from nxconvert.arrays import Array, LazyArray, load
from nxconvert.readers.nexus.nodes import LOOSE, Data
from nxconvert.readers.nexus.stored import look
from nxconvert.readers.nexus.values import own_name
from nxconvert.scan import Field, free_name

if TYPE_CHECKING:
    from nxconvert.readers.nexus.entry import Making

#: bytes of the table of a scan at ILL
_LARGEST_TABLE = 1 << 26


def add_plotted(making: Making) -> None:
    """Take columns from the NXdata groups: axis and signal of a curve and what else is as long; the rest as detectors.

    The table is that of the first curve; curves on the same points are further columns.
    """
    scan, loader = making.scan, making.loader
    held = {id(fields["data"]): fields for fields in scan.detectors.values() if "data" in fields}
    points: int | None = None
    for name, plot in scan.plots.items():
        group = making.plotted[name]
        shape = plot.signal.value.shape  # type: ignore[union-attr]
        detector = held.get(id(plot.signal), {})
        if len(shape) == 1 and points in (None, shape[0]) and "channel" not in detector:
            points = shape[0]
            axis = plot.axes[0]
            for field in [axis] if axis is not None else []:
                _add(making, field, group.name)
            for link, data in group.datasets():
                found = look(data)
                if found is not None and not found.text and found.shape == shape:
                    item = loader.field(data, own_name(data, link), ("point",))
                    if item is not None and item is not plot.signal:
                        _add(making, item, group.name)
            _add(making, plot.signal, group.name)
            _add_arrays(making, group.name, points)
        elif not detector:
            own = group.text_attribute("long_name") or group.name
            fields = {"data": plot.signal}
            fields |= {axis.name: axis for axis in plot.axes if axis is not None and axis.name != "data"}
            scan.detectors[free_name(own, scan.detectors)] = fields


def _add(making: Making, field: Field, group: str) -> None:
    columns = making.scan.columns
    if any(field is known for known in columns.values()):
        return
    name = field.name
    if name in columns:
        name = free_name(f"{group}_{name}", columns)
    if field.dims != ("point",):
        field.dims = ("point",)
    columns[name] = field


def _add_arrays(making: Making, name: str, points: int) -> None:
    """Take arrays beside a curve, with as many rows as it has points, as detectors (the spectra of spec2nexus)."""
    scan, loader = making.scan, making.loader
    group = next(group for group in making.plotted.values() if group.name == name)
    for link, data in group.datasets():
        found = look(data)
        if found is None or found.text or len(found.shape) < 2 or found.shape[0] != points:
            continue
        if data.key not in loader.fields:
            field = loader.field(data, "data", making.dims(data, found))
            if field is not None:
                scan.detectors[free_name(own_name(data, link), scan.detectors)] = {"data": field}


# --- ILL


def add_scanned(making: Making) -> None:
    """Take the table of a scan of ILL: a row for each variable, with its name, unit, and whether it was scanned."""
    group = making.entry.group("data_scan/scanned_variables")
    data = None if group is None else group.data("data")
    if group is None or data is None:
        return
    loader, scan = making.loader, making.scan
    found = look(data)
    names = _texts(making, group.data("variables_names/name")) or _texts(making, group.data("variables_names/label"))
    if found is None or found.text or len(found.shape) != 2 or found.nbytes > _LARGEST_TABLE:
        return
    table = loader.value(data)
    table = load(table) if isinstance(table, LazyArray) else table
    units = _texts(making, group.data("variables_names/unit"))
    marks = group.data("variables_names/scanned")
    scanned = None if marks is None else loader.value(marks)
    for row in range(found.shape[0]):
        name = names[row].strip() if row < len(names) and names[row].strip() else f"variable_{row + 1}"
        key = free_name(name, scan.columns)
        unit = units[row].strip() or None if row < len(units) else None
        scan.columns[key] = Field(key, table[row].copy(), ("point",), unit, name if key != name else None)
        if isinstance(scanned, np.ndarray) and scanned.size > row and scanned.reshape(-1)[row] == 1:
            scan.axes[key] = scan.columns[key]
    frames = making.entry.data("data_scan/detector_data/data")
    seen = None if frames is None else look(frames)
    if frames is not None and seen is not None and not seen.text and len(seen.shape) > 1:
        field = loader.field(frames, "data", making.dims(frames, seen, "frames"))
        if field is not None:
            scan.detectors["detector"] = {"data": field}


def _texts(making: Making, data: Data | None) -> list[str]:
    value = None if data is None else making.loader.value(data)
    return value if isinstance(value, list) else []


def add_spectra(making: Making) -> None:
    """Take the spectra of the monitors as columns, and the axes of the instrument that are as long (ILL, one numor)."""
    loader, scan = making.loader, making.scan
    length = 0
    for monitor in making.entry.groups("NXmonitor"):
        data = monitor.data("data")
        found = None if data is None else look(data)
        if data is None or found is None or found.text or math.prod(found.shape) < 2:
            continue
        if max(found.shape) != math.prod(found.shape) or (length and max(found.shape) != length):
            continue
        value = loader.value(data)
        if isinstance(value, np.ndarray):
            length = value.size
            flat: Array = value.reshape(-1)
            field = Field(monitor.name, flat, ("point",), data.text_attribute("units"))
            loader.fields[data.key] = scan.columns[monitor.name] = field
    if not length or making.instrument is None:
        return
    for group in making.instrument.groups():
        for link, data in group.datasets():
            found = look(data)
            if found is not None and not found.text and found.shape == (length,):
                name = free_name(link, scan.columns)
                axis = loader.field(data, name, ("point",))
                if axis is not None:
                    scan.columns[name] = axis


# --- spec2nexus


def add_spec2nexus(making: Making) -> None:
    """Give what spec2nexus writes the names that the SPEC reader gives it: counting time, comments, channels."""
    entry, metadata, loader = making.entry, making.scan.metadata, making.loader
    groups = (entry.group("MCA"), entry.group("instrument/MCA"))
    group = next((group for group in groups if group is not None and group.nx_class in LOOSE), None)
    if making.own or (entry.data("counting_basis") is None and group is None):
        return
    for theirs, ours in (("T", "count_time"), ("M", "monitor_counts")):
        if theirs in metadata and ours not in metadata:
            field = metadata.pop(theirs)
            metadata[ours] = Field(ours, field.value, (), field.units)
    comments = metadata.get("comments")
    if comments is not None and isinstance(comments.value, str):
        metadata["comments"] = Field("comments", comments.value.split("\n"), ("line",))
    detector = making.scan.detectors.get("_mca_")
    if group is None or detector is None:
        return
    numbers = [loader.scalar(group.data(f"calib_{letter}")) for letter in "abc"]
    if None not in numbers:
        detector["calibration"] = Field("calibration", np.array(numbers, np.float64), ("coefficient",))
    first, last = (loader.scalar(group.data(f"{word}_saved")) for word in ("first", "last"))
    channels = detector["data"].value.shape[-1]  # type: ignore[union-attr]
    if first is not None and last is not None and last - first + 1 == channels:
        detector["channel"] = Field("channel", np.arange(int(first), int(last) + 1), ("channel",))
