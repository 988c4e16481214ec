"""What will be written: groups, fields, attributes and links of one NXentry, without any HDF5.

A tree is a skeleton, which trees of equally built scans share, and the values that differ, reached through slots. So
a file of a thousand like scans costs one skeleton, and a writer may build it once and copy it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nxconvert.arrays import Array, LazyArray

AttributeValue = str | int | float | bool | tuple[str, ...] | Array


@dataclass(frozen=True, slots=True)
class Slot:
    """Stands for the value number ``index`` of a tree."""

    index: int


Leaf = str | int | float | bool | list[str] | Array | LazyArray


@dataclass(slots=True, eq=False)
class Dataset:
    """A field: a value (or its slot), the names of its dimensions, and attributes.

    Bytes, and arrays of them, are text of fixed length. ``linked`` says that links point here, so that the writer adds
    ``@target``, the field's own absolute path. ``shared`` says that the value is mostly the same from entry to entry
    (a file header): the writer stores equal values once and links the other entries to it.
    """

    value: Leaf | bytes | Slot
    dims: tuple[str, ...] = ()
    attributes: dict[str, AttributeValue | Slot] = field(default_factory=dict)
    linked: bool = False
    shared: bool = False


@dataclass(slots=True, eq=False)
class Link:
    """A hard link to another place of the same tree, given as its path below the entry (``measurement/det``)."""

    target: str


@dataclass(slots=True, eq=False)
class Group:
    """A group: its NeXus class, attributes, and children in the order in which they are written."""

    nx_class: str
    attributes: dict[str, AttributeValue | Slot] = field(default_factory=dict)
    children: dict[str, Group | Dataset | Link] = field(default_factory=dict)
    linked: bool = False


@dataclass(slots=True, eq=False)
class Tree:
    """One NXentry to be written: its name in the file, the skeleton, and the values of the skeleton's slots.

    Trees with the same ``entry`` object have equal structure: the same groups, names, attributes and links, and
    values of equal type and shape but for derived ones.
    """

    name: str
    entry: Group
    values: tuple[Leaf, ...] = ()

    def value(self, item: Any) -> Any:
        """Give *item* itself, or the value that it stands for when it is a slot."""
        return self.values[item.index] if isinstance(item, Slot) else item

    def walk(self) -> Iterator[tuple[str, Group | Dataset | Link]]:
        """Give every node below the entry with its path (``instrument/name``), parents first, in order."""

        def inner(prefix: str, group: Group) -> Iterator[tuple[str, Group | Dataset | Link]]:
            for name, child in group.children.items():
                yield prefix + name, child
                if isinstance(child, Group):
                    yield from inner(f"{prefix}{name}/", child)

        return inner("", self.entry)

    def dump(self) -> str:
        """Give the tree as text: one line per group, field, attribute and link; for people and for golden files."""
        lines = [f"{self.name}: {self.entry.nx_class}"]
        self._dump_attributes(lines, "  ", self.entry, f"/{self.name}")
        for path, node in self.walk():
            depth = path.count("/") + 1
            indent, name = "  " * depth, path.rpartition("/")[2]
            if isinstance(node, Link):
                lines.append(f"{indent}{name} -> /{self.name}/{node.target}")
                continue
            if isinstance(node, Group):
                lines.append(f"{indent}{name}: {node.nx_class}")
            else:
                lines.append(f"{indent}{name} = {describe(self.value(node.value))}")
            self._dump_attributes(lines, indent + "  ", node, f"/{self.name}/{path}")
        return "\n".join(lines) + "\n"

    def _dump_attributes(self, lines: list[str], indent: str, node: Group | Dataset, path: str) -> None:
        for key, item in node.attributes.items():
            lines.append(f"{indent}@{key} = {describe(self.value(item))}")
        if node.linked:
            lines.append(f"{indent}@target = {describe(path)}")


def describe(value: Any) -> str:
    """Give a value as one short line: text quoted, small arrays in full, larger ones by type, shape and ends."""
    if isinstance(value, str):
        text = repr(value)
        return text if len(text) <= 100 else f"{text[:80]}... ({len(value)} characters)"
    if isinstance(value, LazyArray):
        return f"{value.dtype}{list(value.shape)} (in the source)"
    if isinstance(value, np.ndarray) and value.ndim > 0:
        head = f"{value.dtype}{list(value.shape)}"
        flat = value.reshape(-1)
        if flat.size <= 6:
            return f"{head} {flat.tolist()}"
        return f"{head} {flat[:3].tolist()} ... {flat[-1:].tolist()}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(repr(item) for item in value) + "]"
    if isinstance(value, (np.generic, np.ndarray)):
        return f"{value.item()!r}"
    return repr(value)
