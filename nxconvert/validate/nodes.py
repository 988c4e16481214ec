"""One view of what is to be judged: a tree that will be written, or the groups and fields of an HDF5 file."""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any

import h5py
import numpy as np

from nxconvert.arrays import LazyArray
from nxconvert.errors import ReadError
from nxconvert.streams import open_regular
from nxconvert.tree import Dataset, Group, Link, Tree

#: texts and numbers up to this size are looked at; of larger fields only shape and type
SMALL = 4096
#: deeper groups are not followed: no NeXus file is that deep, and hard links may go round in a circle
MAX_DEPTH = 40


@dataclass(slots=True)
class Value:
    """An attribute, or the value of a field: its form, type and shape, and the content where that is small.

    ``form``: ``text``, ``bytes`` (text of fixed length), ``number``, ``bool``, ``empty`` (null) or ``other``.
    """

    form: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any] | None = None
    content: Any = None

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

    ``circle`` is the kind of a link back to a group above.

    ``identity`` is equal for two links to one object. ``target`` says where a link leads that is not hard.
    """

    path: str
    kind: str
    attributes: dict[str, Value] = field(default_factory=dict)
    children: dict[str, Node] = field(default_factory=dict)
    value: Value | None = None
    identity: Hashable = None
    link: str = "hard"
    target: str = ""

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


# files


class FileView:
    """The objects of an HDF5 file, one entry after the other; links out of the file are named, not followed."""

    def __init__(self, path: str) -> None:
        self.path = path
        open_regular(path).close()
        try:
            self._file = h5py.File(path, "r", locking=False)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error).partition("\n")[0]
            raise ReadError.at(
                path, f"cannot be opened as HDF5: {reason}", hint="is it complete, and not being written?"
            ) from error

    def root(self) -> Node:
        """Give the root with its attributes and the names of what lies in it, without anything below."""
        node = Node("/", "group", _attributes(self._file), identity=_identity(self._file))
        node.children = {name: self._shallow(name) for name in self._file}
        return node

    def _shallow(self, name: str) -> Node:
        node, item = _linked(self._file, name, f"/{name}")
        if item is not None:
            node.attributes = _attributes(item)
        return node

    def entry(self, name: str) -> Node:
        """Give one object of the root with everything below it."""
        return _build(self._file, name, f"/{name}", ())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _build(parent: Any, name: str, path: str, above: tuple[Hashable, ...]) -> Node:
    node, item = _linked(parent, name, path)
    if item is None:
        return node
    node.attributes = _attributes(item)
    if isinstance(item, h5py.Dataset):
        node.value = _value(item)
    elif node.identity in above or len(above) >= MAX_DEPTH:
        node.kind = "circle"  # it was judged where it was met first
    else:
        inside = (*above, node.identity)
        node.children = {child: _build(item, child, f"{path}/{child}", inside) for child in item}
    return node


def _linked(parent: Any, name: str, path: str) -> tuple[Node, Any]:
    """Look at a link before it is followed."""
    link = parent.get(name, getlink=True)
    if isinstance(link, h5py.ExternalLink):
        return Node(path, "external", link="external", target=f"{link.filename}:{link.path}"), None
    kind = "soft" if isinstance(link, h5py.SoftLink) else "hard"
    target = link.path if isinstance(link, h5py.SoftLink) else ""
    try:
        item = parent[name]
    except (KeyError, OSError, RuntimeError):
        return Node(path, "broken", link=kind, target=target), None
    if not isinstance(item, (h5py.Group, h5py.Dataset)):
        return Node(path, "other", link=kind, target=target), None
    made = Node(path, "field" if isinstance(item, h5py.Dataset) else "group", link=kind, target=target)
    made.identity = _identity(item)
    return made, item


def _identity(item: Any) -> Hashable:
    information = h5py.h5o.get_info(item.id)
    return information.fileno, information.addr


def _attributes(item: Any) -> dict[str, Value]:
    found = {}
    for name in item.attrs:
        try:
            found[name] = _of_hdf5(item.attrs.get_id(name), lambda name=name: item.attrs[name])
        except (OSError, RuntimeError, TypeError, ValueError, UnicodeError):
            found[name] = Value("other", ())
    return found


def _value(dataset: Any) -> Value:
    try:
        return _of_hdf5(dataset.id, lambda: dataset[()])
    except (OSError, RuntimeError, TypeError, ValueError, UnicodeError):
        return Value("other", ())


def _of_hdf5(handle: Any, read: Any) -> Value:
    space, dtype = handle.get_space(), handle.dtype
    if space.get_simple_extent_type() == h5py.h5s.NULL:
        return Value("empty", ())
    shape = tuple(int(length) for length in space.shape)
    text = h5py.check_string_dtype(dtype)
    form = "number" if dtype.kind in "iufc" else "bool" if h5py.check_enum_dtype(dtype) is not None else "other"
    if text is not None:
        form = "text" if text.length is None else "bytes"
    if form == "other" or np.prod(shape, dtype=np.float64) * dtype.itemsize > SMALL:
        return Value(form, shape, dtype)
    content = read()
    if text is not None:
        items = [_text(item) for item in np.asarray(content).reshape(-1)]
        content = items if shape else items[0]
    return Value(form, shape, dtype, content)


def _text(item: Any) -> str:
    return item.decode("utf-8", "replace") if isinstance(item, bytes) else str(item)
