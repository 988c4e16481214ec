"""The mechanics of NXdata: signal, axes, indices of the axes, index axes where there is none, the default plot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nxconvert.arrays import Array
from nxconvert.mapping.names import Names
from nxconvert.mapping.offers import NAMELESS
from nxconvert.scan import Field
from nxconvert.tree import Dataset, Group

if TYPE_CHECKING:
    from nxconvert.mapping.offers import Offers
    from nxconvert.mapping.skeleton import Node
    from nxconvert.mapping.values import Value


def signal(node: Node, offers: Offers) -> str | None:
    """Give the name of the signal in an NXdata, None where nothing in it can be plotted.

    It is what the mapping states as ``NXdata@signal``, else the signal of the plot that filled the group, else the
    field ``data``, else the only field of the highest rank.
    """
    plottable = {name: item.value for name, item in node.placed.items() if item.value.is_number and item.value.shape}
    stated = node.stated.get("signal")
    if isinstance(stated, str):
        return stated if stated in plottable else None
    if node.plot is not None:
        return _name_of(node, offers, offers.scan.plots[node.plot].signal)
    if "data" in plottable:
        return "data"
    rank = max((len(value.shape) for value in plottable.values()), default=0)
    highest = [name for name, value in plottable.items() if len(value.shape) == rank]
    return highest[0] if len(highest) == 1 else None


def finish(node: Node, offers: Offers) -> None:
    """Write the attributes of an NXdata, and the index axes that it lacks."""
    assert node.group is not None
    name = signal(node, offers)
    assert name is not None
    value = node.placed[name].value
    if node.plot is not None:
        plot = offers.scan.plots[node.plot]
        axes = [None if axis is None else _name_of(node, offers, axis) for axis in plot.axes]
        axes = (axes + [None] * len(value.shape))[: len(value.shape)]
        extra = [found for found in (_name_of(node, offers, item) for item in plot.extra) if found is not None]
    else:
        axes, extra = _guessed(node, name, value)
    attributes = node.group.attributes
    attributes["signal"] = name
    chosen: list[str] = []
    for dimension, axis in enumerate(axes):
        length = value.shape[dimension]
        if axis is None or axis == name or not _is_axis(node.placed[axis].value, length) or axis in chosen:
            axis = _index_axis(node, value.dims[dimension], length)
        chosen.append(axis)
    attributes["axes"] = tuple(chosen)
    for dimension, axis in enumerate(chosen):
        attributes[f"{axis}_indices"] = dimension
    for item in extra:
        if item not in chosen and item != name:
            found = _indices(node.placed[item].value, value)
            if found is not None:
                attributes[f"{item}_indices"] = found
    if len(value.shape) >= 3:
        attributes["interpretation"] = "spectrum" if value.dims[-1] == "channel" else "image"


def _name_of(node: Node, offers: Offers, field: Field) -> str | None:
    """Give the name of a field of the scan in the group, None where it is not there or no array of numbers."""
    identity = offers.identity(field)
    for name, placement in node.placed.items():
        if placement.value.identity == identity:
            return name if placement.value.is_number and placement.value.shape else None
    return None


def _is_axis(value: Value, length: int) -> bool:
    return value.is_number and value.shape == (length,)


def _guessed(node: Node, name: str, value: Value) -> tuple[list[str | None], list[str]]:
    """Find axes for a group that no plot describes: by the names of dimensions, else by length, first come."""
    axes: list[str | None] = [None] * len(value.shape)
    extra = []
    for other, placement in node.placed.items():
        item = placement.value
        if other == name or not item.is_number or len(item.shape) != 1:
            continue
        fitting = [n for n, length in enumerate(value.shape) if length == item.shape[0]]
        if not item.dims[0].startswith(NAMELESS) and not value.dims[0].startswith(NAMELESS):
            fitting = [n for n in fitting if value.dims[n] == item.dims[0]]
        free = [n for n in fitting if axes[n] is None]
        if free:
            axes[free[0]] = other
        elif fitting:
            extra.append(other)
    return axes, extra


def _indices(item: Value, value: Value) -> int | Array | None:
    """Give the dimensions of the signal along which a further coordinate runs."""
    if item.shape == value.shape and len(value.shape) > 1:
        return np.arange(len(value.shape), dtype=np.int64)
    if len(item.shape) == 1 and item.shape[0] in value.shape:
        if item.dims[0] in value.dims:
            return value.dims.index(item.dims[0])
        return value.shape.index(item.shape[0])
    return None


def _index_axis(node: Node, dimension: str, length: int) -> str:
    """Add an axis that counts from 0, named after the dimension."""
    assert node.group is not None
    names: Names = node.names
    name = names.claim(dimension)
    node.group.children[name] = Dataset(np.arange(length, dtype=np.float64), (dimension,), {"units": ""})
    return name


def defaults(root: Node, first_plot: str | None) -> None:
    """Write the chain of ``default``: the first plot of the scan, else the first NXdata, else a subentry's."""
    assert root.group is not None
    data = [node for node in root.groups.values() if node.nx_class == "NXdata" and node.group is not None]
    subentries = [node for node in root.groups.values() if node.nx_class == "NXsubentry" and node.group is not None]
    for node in subentries:
        inner = [child for child in node.groups.values() if child.nx_class == "NXdata" and child.group is not None]
        if inner:
            _set_default(node.group, inner[0].name)
            data += [node]
    chosen = next((node for node in data if node.plot is not None and node.plot == first_plot), None)
    if chosen is None and data:
        chosen = data[0]
    if chosen is not None:
        _set_default(root.group, chosen.name)


def _set_default(group: Group | None, name: str) -> None:
    assert group is not None
    group.attributes = {"default": name, **group.attributes}
