"""Whether a file holds, value for value, what a tree says: the check of a conversion against its source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np

from nxconvert.arrays import Array, FrameArray, LazyArray
from nxconvert.tree import Dataset, Group, Link, Tree
from nxconvert.validate.findings import Finding

#: The rule under which differences stand.
RULE = "differs"


class Comparison:
    """An output that is read back; a context manager."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._file: Any = None
        self.values = 0

    def __enter__(self) -> Comparison:
        self._file = h5py.File(self.path, "r", locking=False)
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def entries(self) -> list[str]:
        """Give the names of what lies in the root."""
        return list(self._file)

    def differences(self, tree: Tree) -> Iterator[Finding]:
        """Give everything in which the entry of the file is not the tree: missing objects, types, shapes, values.

        Arrays that lie in their source are read block by block, from both sides. NaN equals NaN, bit for bit otherwise.
        """
        entry = self._file.get(tree.name)
        if not isinstance(entry, h5py.Group):
            yield _finding(f"/{tree.name}", "the entry is not there")
            return
        yield from self._attributes(f"/{tree.name}", entry, tree.entry, tree)
        for path, node in tree.walk():
            where = f"/{tree.name}/{path}"
            try:
                item = entry.get(path)
            except (OSError, RuntimeError) as error:
                yield _finding(where, f"cannot be read: {error}")
                continue
            if item is None:
                yield _finding(where, "is not there")
            elif isinstance(node, Link):
                if entry.get(node.target) != item:
                    yield _finding(where, f"is no link to '{node.target}'")
            else:
                yield from self._attributes(where, item, node, tree)
                if isinstance(node, Dataset):
                    yield from self._value(where, item, tree.value(node.value))

    def _attributes(self, where: str, item: Any, node: Group | Dataset, tree: Tree) -> Iterator[Finding]:
        wanted = {name: tree.value(value) for name, value in node.attributes.items()}
        if isinstance(node, Group):
            wanted["NX_class"] = node.nx_class
        for name, value in wanted.items():
            if name not in item.attrs:
                yield _finding(where, f"@{name} is not there")
            else:
                self.values += 1
                found = item.attrs[name]
                if _differ(_plain(found), _plain(value)):
                    yield _finding(where, f"@{name} is {found!r} instead of {value!r}")

    def _value(self, where: str, item: Any, value: Any) -> Iterator[Finding]:
        if not isinstance(item, h5py.Dataset):
            yield _finding(where, "is a group instead of a field")
            return
        if isinstance(value, LazyArray):
            yield from self._lazy(where, item, value)
            return
        self.values += int(np.size(value)) if not isinstance(value, (str, bytes)) else 1
        found = item[()]
        expected = _plain(value)
        if np.shape(expected) != item.shape:
            yield _finding(where, f"has the shape {list(item.shape)} instead of {list(np.shape(expected))}")
        elif _differ(_plain(found), expected):
            yield _finding(where, "has other values than the source")

    def _lazy(self, where: str, item: Any, value: LazyArray) -> Iterator[Finding]:
        if item.shape != value.shape:
            yield _finding(where, f"has the shape {list(item.shape)} instead of {list(value.shape)}")
            return
        if item.dtype.newbyteorder("=") != value.dtype.newbyteorder("="):
            yield _finding(where, f"is of type {item.dtype} instead of {value.dtype}")
            return
        for index, block in _pieces(value):
            self.values += block.size
            if _differ(item[index], block):
                yield _finding(where, f"has other values than the source, from {_shown(index)} on")
                return


def _pieces(value: LazyArray) -> Iterator[tuple[Any, Array]]:
    """Give the parts of an array in its source with their places, each of bounded size."""
    if isinstance(value, FrameArray):
        outer = value.shape[: value.ndim - len(value.frame_shape)]
        for number, place in enumerate(np.ndindex(*outer)):
            frame = value.frame(number)
            yield place, np.full(value.frame_shape, value.fill_value, value.dtype) if frame is None else frame
        return
    start = 0
    for block in value.blocks():
        yield slice(start, start + len(block)), block
        start += len(block)


def _shown(index: Any) -> str:
    return f"point {index.start}" if isinstance(index, slice) else f"frame {', '.join(map(str, index))}"


def _plain(value: Any) -> Any:
    """Give a value as text, a list of texts, or an array of numbers."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, str):
        return _storable(value)
    if isinstance(value, (list, tuple)) and all(isinstance(item, (str, bytes)) for item in value):
        return [_plain(item) for item in value]
    array = np.asarray(value)
    if array.dtype.kind in "OSU":
        return [_plain(item) for item in array.reshape(-1)] if array.shape else _plain(array.item())
    return array


def _storable(text: str) -> str:
    """Give text as HDF5 holds it; see ``writer.values``."""
    text = text.replace("\0", "\u2400")
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def _differ(found: Any, expected: Any) -> bool:
    if isinstance(expected, (str, list)) or isinstance(found, (str, list)):
        return bool(found != expected)
    found, expected = np.asarray(found), np.asarray(expected)
    if found.dtype.kind == "b" or expected.dtype.kind == "b":
        return not np.array_equal(found.astype(bool), expected.astype(bool))
    if found.dtype.newbyteorder("=") != expected.dtype.newbyteorder("="):
        return True
    if found.shape != expected.shape:
        return True
    return not np.array_equal(found, expected, equal_nan=expected.dtype.kind in "fc")


def _finding(where: str, found: str) -> Finding:
    return Finding("error", RULE, where, found)
