"""One view of what is to be judged: a tree that will be written, or the groups and fields of an HDF5 file."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nxconvert.arrays import LazyArray
from nxconvert.tree import Dataset, Group, Link, Tree

#: texts and numbers up to this size are looked at; of larger fields only shape and type
SMALL = 4096


@dataclass(slots=True)
class Value:
    """An attribute, or the value of a field: its form, type and shape, and the content where that is small.

    ``form``: ``text``, ``bytes`` (text of fixed length), ``number``, ``bool``, ``empty`` (null) or ``other``.
    ``garbled``: bytes that are no UTF-8.
    """

    form: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any] | None = None
    content: Any = None
    garbled: bool = False

    @property
    def is_text(self) -> bool:
        """Tell whether this is text, however stored."""
        return self.form in ("text", "bytes")

    @property
    def text(self) -> str:
        """The text of a scalar, or of an array of one; empty for anything else."""
        content = self.content
        if isinstance(content, list) and len(content) == 1:
            content = content[0]
        return content if isinstance(content, str) else ""

    @property
    def texts(self) -> list[str]:
        """The texts of an array; a scalar is an array of one."""
        if isinstance(self.content, str):
            return [self.content]
        return list(self.content) if isinstance(self.content, list) else []


@dataclass(slots=True)
class Node:
    """A group, a field, or a link that is not followed (``kind``: ``group``, ``field``, ``broken``, ``external``).

    Further kinds: ``circle``, a link back to a group above; ``again``, a group that was met too often; ``other``.

    ``identity`` is equal for two links to one object. ``target`` says where a link leads that is not hard, ``lost``
    the file that has a field's numbers and is not there.
    """

    path: str
    kind: str
    attributes: dict[str, Value] = field(default_factory=dict)
    children: dict[str, Node] = field(default_factory=dict)
    value: Value | None = None
    identity: Hashable = None
    link: str = "hard"
    target: str = ""
    lost: str = ""

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def nx_class(self) -> str:
        """The NeXus class of a group, empty without one."""
        found = self.attributes.get("NX_class")
        return "" if found is None else found.text

    def walk(self) -> Iterator[Node]:
        """Give the node and everything below it, parents first."""
        yield self
        for child in self.children.values():
            yield from child.walk()

    def groups(self, nx_class: str) -> list[Node]:
        """Give the groups of a class that lie in this one."""
        return [child for child in self.children.values() if child.kind == "group" and child.nx_class == nx_class]


# trees


def of_tree(tree: Tree) -> Node:
    """Give the view of a tree; its path is that of the entry in the file."""
    nodes: dict[str, Node] = {}
    links: list[tuple[Node, str, str]] = []

    def build(path: str, below: str, item: Group | Dataset) -> Node:
        attributes = {key: _of_python(tree.value(value)) for key, value in item.attributes.items()}
        if item.linked:
            attributes["target"] = _of_python(path)
        node = nodes[below] = Node(path, "field", attributes, identity=id(item))
        if isinstance(item, Dataset):
            node.value = _of_python(tree.value(item.value))
            return node
        node.kind = "group"
        node.attributes["NX_class"] = _of_python(item.nx_class)
        for name, child in item.children.items():
            inner = f"{below}/{name}" if below else name
            if isinstance(child, Link):
                node.children[name] = Node(f"{path}/{name}", "broken", target=child.target)
                links.append((node, name, child.target))
            else:
                node.children[name] = build(f"{path}/{name}", inner, child)
        return node

    root = build(f"/{tree.name}", "", tree.entry)
    for node, name, target in links:
        found = nodes.get(target)
        if found is not None:
            link = Node(node.children[name].path, found.kind, found.attributes, found.children, found.value)
            link.identity = found.identity
            node.children[name] = link
    return root


def _of_python(value: Any) -> Value:
    if isinstance(value, str):
        return Value("text", (), None, value)
    if isinstance(value, bytes):
        return Value("bytes", (), None, value.decode("utf-8", "replace"))
    if isinstance(value, (list, tuple)):
        return Value("text", (len(value),), None, list(value))
    if isinstance(value, LazyArray):
        return Value("number", value.shape, value.dtype)
    array = np.asarray(value)
    form = {"b": "bool"}.get(array.dtype.kind, "number" if array.dtype.kind in "iufc" else "other")
    return Value(form, array.shape, array.dtype, array if array.nbytes <= SMALL else None)
