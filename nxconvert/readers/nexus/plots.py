"""NXdata groups as plots: signal and axes by today's rules and by the older ones, and meshes placed on their grid."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from nxconvert.readers.nexus.nodes import Group, text
from nxconvert.readers.nexus.stored import look
from nxconvert.readers.nexus.values import own_keys, own_name
from nxconvert.scan import Field, Plot, free_name

if TYPE_CHECKING:
    from nxconvert.readers.nexus.entry import Making

#: the dimensions of a mesh
_GRID = ("row", "column")
#: bytes of a grid that is worth placing
_LARGEST_GRID = 1 << 28


def add_plots(making: Making) -> None:
    """Add every NXdata of the entry that has a signal; the default one is first and called ``data``."""
    found = [(group, signal) for group in _groups(making.entry) if (signal := _signal(group)) is not None]
    for group, signal in found:
        own = group.text_attribute("long_name") or group.name
        name = "data" if group is found[0][0] else free_name(own, {"data", *making.scan.plots})
        plot = _plot(making, group, signal)
        if plot is not None:
            making.scan.plots[name] = plot
            making.plotted[name] = group


def _groups(entry: Group) -> Iterator[Group]:
    """Give the NXdata groups, the default one first."""
    groups = list(entry.groups("NXdata"))
    default = entry.text_attribute("default")
    first = None if default is None else entry.group(default.strip("/"))
    chosen = next((group for group in groups if first is not None and group.key == first.key), None)
    if chosen is not None:
        yield chosen
    yield from (group for group in groups if group is not chosen)


def _words(value: Any) -> list[str]:
    if value is None or isinstance(value, h5py.Empty):
        return []
    if isinstance(value, np.ndarray):
        return [text(part) for part in value.reshape(-1)]
    return [part.strip() for part in re.split(r"[:,]", text(value).strip("[] "))]


def _signal(group: Group) -> str | None:
    """Give the name of the signal: ``@signal`` of the group, else the dataset that has ``@signal=1``."""
    stated = group.text_attribute("signal")
    if stated:
        name = stated.rpartition("/")[2]
        return name if group.data(name) is not None else None
    for name, data in group.datasets():
        if data.text_attribute("signal") == "1":
            return name
    return None


def _axes(group: Group, signal: str, rank: int) -> list[str | None]:
    """Give the names of the axes, one for each dimension."""
    names = _words(group.attribute("axes"))
    data = group.data(signal)
    if not names and data is not None:
        names = _words(data.attribute("axes"))
    if not names:
        numbered = {
            int(number): name
            for name, item in group.datasets()
            if (number := (item.text_attribute("axis") or "").strip("[] ")).isdecimal()
        }
        names = [numbered.get(n + 1, ".") for n in range(rank)]
    axes: list[str | None] = [name if name not in (".", "") else None for name in names]
    return axes + [None] * (rank - len(axes))


def _plot(making: Making, group: Group, signal: str) -> Plot | None:
    data = group.data(signal)
    found = None if data is None else look(data)
    if data is None or found is None or found.text or not found.shape:
        return None
    rank = len(found.shape)
    names = _axes(group, signal, rank)
    if _add_grid(making, group, signal, names[:rank], found.shape):
        fields = making.loader.fields
        items = dict(group.datasets())
        return Plot(fields[data.key], tuple(fields[items[name].key] for name in names[:2] if name is not None))
    dims = making.dims(data, found, signal)
    made = making.loader.field(data, own_name(data, signal), dims)
    if made is None or made.value is None:
        return None
    axes = [_axis(making, group, name, dims[n], found.shape[n]) for n, name in enumerate(names[:rank])]
    extra = []
    for name, item in group.datasets():
        if name != signal and name not in names[:rank]:
            known = making.loader.fields.get(item.key)
            if known is not None or name in names or group.attribute(f"{name}_indices") is not None:
                field = known or making.loader.field(item, own_name(item, name))
                if field is not None and not isinstance(field.value, (str, list)):
                    extra.append(field)
    return Plot(made, tuple(axes), tuple(extra))


def _axis(making: Making, group: Group, name: str | None, dim: str, length: int) -> Field | None:
    """Give an axis; None for one that only counts, as nxconvert writes where a signal has none."""
    data = None if name is None else group.data(name)
    if data is None or name is None:
        return None
    known = making.loader.fields.get(data.key)
    if known is not None:
        return known
    found = look(data)
    if found is None or found.text or not found.shape:
        return None
    if making.own and data.text_attribute("units") == "" and found.shape == (length,) and length * 8 <= 1 << 22:
        values = making.loader.value(data)
        if isinstance(values, np.ndarray) and np.array_equal(values, np.arange(length)):
            return None
    return making.loader.field(data, own_name(data, name), (dim,))


def _add_grid(making: Making, group: Group, signal: str, axes: list[str | None], shape: tuple[int, ...]) -> bool:
    """Take a group for the grid of a mesh scan: values of columns in two dimensions, with two columns as axes."""
    columns, scan = making.scan.columns, making.scan
    if len(shape) != 2 or scan.grid or None in axes or any(length == 0 for length in shape):
        return False
    keys = {link: key for link, (key, _) in own_keys(dict(group.datasets())).items()}
    names = [keys.get(name or "", "") for name in (signal, *axes)]
    if not all(name in columns for name in names):
        return False
    if math.prod(shape) * 8 * len(columns) > _LARGEST_GRID:
        return False
    parts: dict[str, Field] = {}
    for link, data in group.datasets():
        name, found = keys[link], look(data)
        if found is None or found.text or name not in columns or data.key in making.loader.fields:
            continue
        first, last = (axes.index(link), axes.index(link) + 1) if link in axes else (0, 2)
        if found.shape == shape[first:last]:
            field = making.loader.field(data, name, _GRID[first:last], columns[name].long_name)
            if field is not None:
                parts[name] = field
    if not all(name in parts for name in names):
        for field in parts.values():  # no grid after all
            making.forget(field)
        return False
    # the axes come first, the slow one before the fast one, then the rest in the order of the columns
    order = [*names[1:], *(name for name in columns if name in parts and name not in names[1:])]
    scan.grid.update((name, parts[name]) for name in order)
    scan.scan_shape = shape
    return True


def plot_axes(making: Making) -> list[Field]:
    """Give the columns that the default plot says were scanned, the fast one of a mesh first."""
    scan = making.scan
    plot = scan.plots.get("data")
    if plot is None:
        return []
    if scan.grid and plot.signal in scan.grid.values():
        return [scan.columns[axis.name] for axis in reversed(plot.axes) if axis is not None]
    by_identity = {id(field): field for field in scan.columns.values()}
    wanted = [axis for axis in (*plot.axes[:1], *plot.extra) if axis is not None]
    return [by_identity[id(axis)] for axis in wanted if id(axis) in by_identity]
