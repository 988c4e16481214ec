"""The objects of an HDF5 file, looked at without following any link or reference to another file."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Callable, Hashable
from typing import Any

import h5py
import numpy as np
from h5py import h5d, h5s

from nxconvert.arrays import Array
from nxconvert.errors import ReadError
from nxconvert.streams import open_regular
from nxconvert.validate.nodes import SMALL, Node, Value

#: deeper groups are not followed: no NeXus file is that deep
MAX_DEPTH = 40
#: a group that is met this often in one entry is not looked into again: hard links can multiply without end
MAX_VISITS = 20
#: objects of one entry, links that are met again counted again
MAX_NODES = 1_000_000
#: soft links that lead to soft links
MAX_STEPS = 16

_DAMAGE = (OSError, RuntimeError, KeyError, TypeError, ValueError, UnicodeError, NotImplementedError)


class FileView:
    """The objects of an HDF5 file, one entry after the other; links out of the file are named, not followed.

    ``outside`` collects the files beyond the file's own folder that something in it leads to, and ``multiplied`` says
    that hard links lead to the same groups again and again.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.outside: list[str] = []
        self.multiplied = False
        self._visits: Counter[Hashable] = Counter()
        self._count = 0
        open_regular(path).close()
        try:
            self._file = h5py.File(path, "r", locking=False)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error).partition("\n")[0]
            raise ReadError.at(
                path, f"cannot be opened as HDF5: {reason}", hint="is it complete, and not being written?"
            ) from error
        # where a symbolic link is used, files may lie beside the link and beside what it leads to
        self._folders = [os.path.dirname(os.path.abspath(path)), os.path.dirname(os.path.realpath(path))]

    def root(self) -> Node:
        """Give the root with its attributes and the names of what lies in it, without anything below."""
        node = Node("/", "group", _attributes(self._file), identity=_identity(self._file))
        for name in self._names(self._file):
            node.children[name], item = self._linked(self._file, name, f"/{name}")
            if item is not None:
                node.children[name].attributes = _attributes(item)
        return node

    def entry(self, name: str) -> Node:
        """Give one object of the root with everything below it; ReadError where that is more than any entry is."""
        self._visits.clear()
        self._count = 0
        return self._build(self._file, name, f"/{name}", ())

    def identity(self, path: str) -> Hashable | None:
        """Give the identity of the object at an absolute path of this file, None where there is none."""
        found = self._resolve(self._file, path)
        return _identity(found) if isinstance(found, (h5py.Group, h5py.Dataset)) else None

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _names(self, group: Any) -> list[str]:
        try:
            return list(group)
        except _DAMAGE:
            return []

    def _build(self, parent: Any, name: str, path: str, above: tuple[Hashable, ...]) -> Node:
        self._count += 1
        if self._count > MAX_NODES:
            found = f"'{path}' is one of more than {MAX_NODES} objects of its entry"
            raise ReadError.at(self.path, found, hint="hard links that lead to groups of hard links multiply")
        node, item = self._linked(parent, name, path)
        if item is None:
            return node
        node.attributes = _attributes(item)
        if isinstance(item, h5py.Dataset):
            self._field(node, item)
            return node
        self._visits[node.identity] += 1
        if node.identity in above:
            node.kind = "circle"  # it was judged where it was met first
        elif len(above) >= MAX_DEPTH or self._visits[node.identity] > MAX_VISITS:
            node.kind = "again"
            self.multiplied = True
        else:
            inside = (*above, node.identity)
            node.children = {child: self._build(item, child, f"{path}/{child}", inside) for child in self._names(item)}
        return node

    def _linked(self, parent: Any, name: str, path: str) -> tuple[Node, Any]:
        """Look at a link; what it leads to comes too, where that is an object of this file."""
        try:
            link = parent.get(name, getlink=True)
        except _DAMAGE:  # a kind of link that only its own program knows
            return Node(path, "other"), None
        kind = "soft" if isinstance(link, h5py.SoftLink) else "hard"
        target = link.path if isinstance(link, h5py.SoftLink) else ""
        item = self._follow(parent, name, link, 0)
        if isinstance(item, h5py.ExternalLink):
            found = f"{item.filename}:{item.path}"
            return Node(
                path, "external" if self._exists(item.filename) else "broken", link="external", target=found
            ), None
        if item is None:
            return Node(path, "broken", link=kind, target=target), None
        if not isinstance(item, (h5py.Group, h5py.Dataset)):
            return Node(path, "other", link=kind, target=target), None
        made = Node(path, "field" if isinstance(item, h5py.Dataset) else "group", link=kind, target=target)
        made.identity = _identity(item)
        return made, item

    def _resolve(self, parent: Any, path: str, steps: int = 0) -> Any:
        """Give the object at a path, the external link on the way to it, or None where there is nothing."""
        here = self._file if path.startswith("/") else parent
        for part in path.split("/"):
            if part in ("", "."):
                continue
            if not isinstance(here, h5py.Group):
                return None
            try:
                here = self._follow(here, part, here.get(part, getlink=True), steps)
            except _DAMAGE:
                return None
            if here is None or isinstance(here, h5py.ExternalLink):
                return here
        return here

    def _follow(self, parent: Any, name: str, link: Any, steps: int) -> Any:
        """Give what one link leads to, as of `_resolve`."""
        if link is None or isinstance(link, h5py.ExternalLink):
            return link
        if isinstance(link, h5py.SoftLink):
            return self._resolve(parent, link.path, steps + 1) if steps < MAX_STEPS else None
        try:
            return parent[name]
        except _DAMAGE:
            return None

    def _exists(self, name: str) -> bool:
        """Tell whether a file that is named in this one is there, and note it where it lies elsewhere."""
        for folder in self._folders:
            for place in (os.path.join(folder, name), os.path.join(folder, os.path.basename(name))):
                if os.path.exists(place):
                    if not self._inside(place) and name not in self.outside:
                        self.outside.append(name)
                    return True
        return False

    def _inside(self, place: str) -> bool:
        real = os.path.realpath(place)
        return any(
            os.path.commonpath([real, os.path.realpath(folder)]) == os.path.realpath(folder) for folder in self._folders
        )

    def _field(self, node: Node, dataset: Any) -> None:
        try:
            others = self._others(dataset)
            node.lost = next((name for name in others if not self._exists(name)), "")
            handle = dataset.id

            def fill(array: Array) -> None:
                handle.read(h5s.ALL, h5s.ALL, array)

            node.value = _of_hdf5(handle, fill, read=not others)
        except _DAMAGE:
            node.value = Value("other", ())

    def _others(self, dataset: Any) -> list[str]:
        """Give the names of the other files that hold the numbers of a dataset."""
        properties = dataset.id.get_create_plist()
        layout = properties.get_layout()
        if layout == h5d.VIRTUAL:
            names = [properties.get_virtual_filename(number) for number in range(properties.get_virtual_count())]
        elif layout == h5d.CONTIGUOUS:
            names = [properties.get_external(number)[0] for number in range(properties.get_external_count())]
        else:
            return []
        return sorted({os.fsdecode(name) for name in names} - {"."})


def _identity(item: Any) -> Hashable:
    information = h5py.h5o.get_info(item.id)
    return information.fileno, information.addr


def _attributes(item: Any) -> dict[str, Value]:
    found = {}
    for index in range(h5py.h5a.get_num_attrs(item.id)):
        attribute = h5py.h5a.open(item.id, index=index)
        name = attribute.name.decode("utf-8", "replace")
        try:
            found[name] = _of_hdf5(attribute, attribute.read)
        except _DAMAGE:
            found[name] = Value("other", ())
    return found


def _of_hdf5(handle: Any, fill: Callable[[Array], None], read: bool = True) -> Value:
    """Look at a dataset or an attribute; *fill* reads its content into an array."""
    shape, dtype = handle.shape, handle.dtype
    if handle.get_space().get_simple_extent_type() == h5py.h5s.NULL:
        return Value("empty", ())
    text = h5py.check_string_dtype(dtype)
    is_bool = dtype.kind == "b" or h5py.check_enum_dtype(dtype) is not None
    form = "bool" if is_bool else "number" if dtype.kind in "iufc" else "other"
    if text is not None:
        form = "text" if text.length is None else "bytes"
    if not read or form == "other" or math.prod(shape) * dtype.itemsize > SMALL:
        return Value(form, shape, dtype)
    array: Array = np.zeros(shape, dtype)
    fill(array)
    content: Any = array[()]
    garbled = False
    if text is not None:
        raw = array.reshape(-1).tolist()
        items = [_text(item) for item in raw]
        garbled = any(_is_garbled(item) for item in raw)
        content = items if shape else items[0]
    return Value(form, shape, dtype, content, garbled)


def _text(item: Any) -> str:
    found = item.decode("utf-8", "replace") if isinstance(item, bytes) else str(item)
    return found if found.isprintable() else found.encode("utf-8", "replace").decode("utf-8")


def _is_garbled(item: Any) -> bool:
    """Tell whether text is no UTF-8; h5py gives bytes, or text with surrogates in the place of what it cannot read."""
    try:
        _ = item.encode("utf-8") if isinstance(item, str) else bytes(item).decode("utf-8")
    except UnicodeError:
        return True
    return False
