"""What a NeXus file says of itself, for data catalogues: under ICAT's keys, as SciCat's JSON, or flat by path."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from nxconvert.validate.files import FileView
from nxconvert.validate.nodes import Node

FORMATS = ("icat", "scicat", "flat")
#: a catalogue takes words and numbers: longer texts and arrays are data, and stay in the file
MAX_TEXT = 1000
MAX_LENGTH = 16
#: what is measured, and the notes of the program: none of it describes the measurement
_DATA = ("NXdata", "NXnote", "NXprocess", "NXsubentry")


def metadata(path: str, style: str, keys: Mapping[str, str] | None = None) -> Iterator[dict[str, Any]]:
    """Give the metadata of each NXentry: ``{"file", "entry", "metadata"}``, ready for JSON.

    *style* ``icat``: a list of ``{"name": "InstrumentSource_current", "value", "units"}``, names made of the classes
    of the groups as ESRF's ICAT does it; ``scicat``: ``{"InstrumentSource_current": {"value", "unit"}}``, the form of
    scientificMetadata; ``flat``: ``{"instrument/source/current": value, "instrument/source/current@units": ...}``.
    *keys*: what to take, as path of classes by key (``{"current": "NXinstrument/NXsource/current"}``); without it
    everything short. JSON has no NaN: a scalar is the text ``nan`` or ``inf`` then,
    in a list null. ReadError where the file is no HDF5 file.
    """
    view = FileView(path)
    try:
        for name in view.root().children:
            entry = view.entry(name)
            if entry.kind == "group" and entry.nx_class == "NXentry":
                found = _everything(entry, style == "flat") if keys is None else _chosen(entry, keys)
                yield {"file": path, "entry": name, "metadata": _STYLES[style](found)}
    finally:
        view.close()


def _everything(entry: Node, by_path: bool) -> dict[str, Node]:
    """Give every short field below an entry, each object once, by its key or its path."""
    found: dict[str, Node] = {}
    seen = set()

    def visit(group: Node, prefix: str) -> None:
        for name, child in group.children.items():
            if child.kind == "field" and child.identity not in seen and _value(child) is not None:
                seen.add(child.identity)
                key = child.path[len(entry.path) + 1 :] if by_path else f"{prefix}_{name}" if prefix else name
                number = 2
                while key in found:
                    key, number = f"{key.removesuffix(f'_{number - 1}')}_{number}", number + 1
                found[key] = child
        for word, child in _words(group):
            visit(child, prefix + word)

    visit(entry, "")
    return found


def _words(group: Node) -> Iterator[tuple[str, Node]]:
    """Give the groups in a group with the word of each: its class, numbered where there are several."""
    groups = [child for child in group.children.values() if child.kind == "group" and child.nx_class not in _DATA]
    words = [child.name if child.nx_class == "NXcollection" else child.nx_class[2:] for child in groups]
    counts: dict[str, int] = {}
    for word, child in zip(words, groups, strict=True):
        counts[word] = counts.get(word, 0) + 1
        number = f"{counts[word]:02d}" if words.count(word) > 1 else ""
        yield word[:1].upper() + word[1:] + number, child


def _chosen(entry: Node, keys: Mapping[str, str]) -> dict[str, Node]:
    """Give the field of each key by its path of classes; a key whose path leads nowhere is left out."""
    found = {}
    for key, path in keys.items():
        *steps, name = path.split("/")
        groups = [entry]
        for step in steps:
            own, _, nx_class = step.rpartition(":")
            groups = [child for group in groups for child in group.groups(nx_class) if not own or child.name == own]
        field = next((group.children[name] for group in groups if name in group.children), None)
        if field is not None and field.kind == "field" and _value(field) is not None:
            found[key] = field
    return found


def _value(node: Node) -> Any:
    """Give the value of a short field as JSON has it, None for what is data."""
    value = node.value
    if value is None or value.content is None:
        return None
    if value.is_text:
        content = value.content
        if isinstance(content, str):
            return content if len(content) <= MAX_TEXT else None
        return content if len(value.shape) == 1 and sum(map(len, content)) <= MAX_TEXT else None
    array = np.asarray(value.content)
    if array.size > MAX_LENGTH or array.dtype.kind not in "biuf":
        return None
    return _plain(array.tolist())


def _plain(value: Any) -> Any:
    """Give numbers as JSON has them: what is not finite becomes null, but a scalar the text ``nan`` or ``inf``."""
    if isinstance(value, list):
        return [None if isinstance(item, float) and not math.isfinite(item) else _plain(item) for item in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _units(node: Node) -> str:
    units = node.attributes.get("units")
    return "" if units is None else units.text


def _icat(found: dict[str, Node]) -> list[dict[str, Any]]:
    return [{"name": key, "value": _value(node), "units": _units(node)} for key, node in found.items()]


def _scicat(found: dict[str, Node]) -> dict[str, Any]:
    return {key: {"value": _value(node), "unit": _units(node)} for key, node in found.items()}


def _flat(found: dict[str, Node]) -> dict[str, Any]:
    record = {}
    for key, node in found.items():
        record[key] = _value(node)
        if _units(node):
            record[f"{key}@units"] = _units(node)
    return record


_STYLES = {"icat": _icat, "scicat": _scicat, "flat": _flat}
