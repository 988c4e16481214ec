"""A file that is written while it is measured: every append makes its datasets one point longer.

The one exception to whole-or-absent: it grows in place, so that others can look at it. Its root says
``status = "running"``; a file that says so after a crash holds all points that were appended.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np

from nxconvert.arrays import Array, LazyArray
from nxconvert.errors import RequestError, WriteError
from nxconvert.tree import Dataset, Group, Link, Tree
from nxconvert.writer.values import is_text, number_array, text_array

#: the first dimension of what grows
POINT = "point"
#: bytes of one chunk of a growing dataset
CHUNK = 64 * 1024


class Grown(LazyArray):
    """All points of a growing dataset, which stay in the file."""

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset
        self.shape = dataset.shape
        self.dtype = dataset.dtype

    def blocks(self) -> Iterator[Array]:
        """Give blocks of about 1 MiB."""
        step = max(1, (1 << 20) // max(1, self.nbytes // max(1, self.shape[0])))
        for start in range(0, self.shape[0], step):
            yield self._dataset[start : start + step]


class LiveFile:
    """The file of a running measurement, made from the tree of its first point.

    Values whose first dimension is ``point`` grow, all others are written once. With *swmr* others may read while it
    is written (HDF5's single writer, multiple readers). RequestError for text per point with *swmr*, which HDF5
    cannot do; WriteError when the folder cannot be written or the disk is full.
    """

    def __init__(self, path: str, tree: Tree, attributes: dict[str, Any], swmr: bool, replace: bool = True) -> None:
        self.path = path
        self.points = 0
        self.swmr = swmr
        self._growing: dict[str, Any] = {}
        for place, node in _per_point(tree).items():
            if swmr and is_text(tree.value(node.value)):
                hint = "HDF5 can let others read along numbers only"
                raise RequestError.at(place, "text at every point", "numbers were expected", hint)
        try:
            # HDF5 1.10 is the oldest that knows SWMR, and marks files that are open: after a crash only h5clear opens
            # them again, so the older form is better without SWMR. A lock would keep everybody from looking at the file
            bounds = ("v110" if swmr else "v108", "v110")
            mode = "w" if replace else "x"
            self._file = h5py.File(path, mode, libver=bounds, track_order=True, locking=False)
            self._build(tree, attributes)
            if swmr:
                self._file.swmr_mode = True
            self._file.flush()
        except OSError as error:
            raise self._failed(error) from error

    def _build(self, tree: Tree, attributes: dict[str, Any]) -> None:
        for key, value in (attributes | {"status": "running"}).items():
            self._attribute(self._file, key, value)
        self._group(self._file, tree.name, "", tree.entry, tree)
        for path, node in tree.walk():
            if isinstance(node, Link):
                self._file[f"{tree.name}/{path}"] = self._file[f"{tree.name}/{node.target}"]

    def _group(self, parent: Any, name: str, path: str, group: Group, tree: Tree) -> None:
        made = parent.create_group(name, track_order=True)
        self._attribute(made, "NX_class", group.nx_class)
        self._attributes(made, path, group, tree)
        for key, child in group.children.items():
            below = f"{path}/{key}" if path else key
            if isinstance(child, Group):
                self._group(made, key, below, child, tree)
            elif isinstance(child, Dataset):
                self._attributes(self._dataset(made, key, below, child, tree), below, child, tree)

    def _dataset(self, parent: Any, name: str, path: str, node: Dataset, tree: Tree) -> Any:
        value = tree.value(node.value)
        if is_text(value):
            array, dtype = text_array(value), h5py.string_dtype()
        elif isinstance(value, bytes):
            return parent.create_dataset(name, data=np.bytes_(value))
        else:
            array = number_array(value)
            dtype = array.dtype
        if node.dims[:1] != (POINT,):
            return parent.create_dataset(name, data=array, dtype=dtype)
        row = max(1, array.nbytes)
        chunks = (max(1, CHUNK // row), *(max(1, length) for length in array.shape[1:]))
        # the first point too comes by append
        made = parent.create_dataset(
            name, (0, *array.shape[1:]), dtype, maxshape=(None, *array.shape[1:]), chunks=chunks
        )
        self._growing[path] = made
        return made

    def _attributes(self, made: Any, path: str, node: Group | Dataset, tree: Tree) -> None:
        for key, item in node.attributes.items():
            self._attribute(made, key, tree.value(item))
        if node.linked:
            self._attribute(made, "target", f"/{tree.name}/{path}")

    @staticmethod
    def _attribute(made: Any, key: str, value: Any) -> None:
        if is_text(value):
            made.attrs.create(key, text_array(value), dtype=h5py.string_dtype())
        else:
            made.attrs.create(key, number_array(value))

    def append(self, tree: Tree) -> None:
        """Add the point that *tree* holds: each growing value with a first dimension of 1.

        RequestError, before anything is written, where a value is missing or has another shape or type.
        """
        found = _per_point(tree)
        for path in found:
            if path not in self._growing:
                raise RequestError.at(self.path, f"point {self.points} has '{path}'", "the first point had it not")
        rows = {}
        for path, dataset in self._growing.items():
            node = found.get(path)
            if node is None:
                raise RequestError.at(self.path, f"point {self.points} has no '{path}'", "the first point had it")
            value = tree.value(node.value)
            if isinstance(node.value, np.ndarray):  # an axis that counts the points
                value = np.full(1, self.points, dataset.dtype)
            array = text_array(value) if is_text(value) else number_array(value)
            if array.shape != (1, *dataset.shape[1:]):
                raise RequestError.at(
                    self.path,
                    f"point {self.points} has '{path}' of shape {list(array.shape[1:])}",
                    f"{list(dataset.shape[1:])} was expected, as at the first point",
                )
            if array.dtype != dataset.dtype and not is_text(value) and not _holds(array, dataset.dtype):
                raise RequestError.at(
                    self.path,
                    f"point {self.points} has '{path}' of type {array.dtype}",
                    f"{dataset.dtype} was expected, as at the first point",
                    "give the first point in the type that holds all of them",
                )
            rows[path] = array
        try:
            for path, array in rows.items():
                dataset = self._growing[path]
                dataset.resize(self.points + 1, axis=0)
                dataset[self.points :] = array
            self._file.flush()
        except OSError as error:
            raise self._failed(error) from error
        self.points += 1

    def update(self, tree: Tree) -> None:
        """Write what has no value per point and is new or another one; while others read along it waits for `leave`."""
        if self.swmr:  # HDF5 lets nothing be added then
            return
        entry = self._file[tree.name]
        try:
            for path, node in tree.walk():
                parent, _, name = path.rpartition("/")
                above = entry[parent] if parent else entry
                if isinstance(node, Group) and name not in above:
                    made = above.create_group(name, track_order=True)
                    self._attribute(made, "NX_class", node.nx_class)
                    self._attributes(made, path, node, tree)
                elif isinstance(node, Dataset) and node.dims[:1] != (POINT,):
                    self._constant(above, name, path, node, tree)
            for path, node in tree.walk():
                if isinstance(node, Link) and path not in entry and node.target in entry:
                    entry[path] = entry[node.target]
            self._file.flush()
        except OSError as error:
            raise self._failed(error) from error

    def _constant(self, parent: Any, name: str, path: str, node: Dataset, tree: Tree) -> None:
        value = tree.value(node.value)
        if name in parent:
            array = text_array(value) if is_text(value) else np.asarray(value)
            old = parent[name]
            if is_text(value) and old.shape == array.shape and old.dtype.kind == "O":
                old[...] = array
                return
            if old.dtype == array.dtype and old.shape == array.shape:
                old[...] = array
                return
            del parent[name]
        self._attributes(self._dataset(parent, name, path, node, tree), path, node, tree)

    def leave(self, tree: Tree) -> None:
        """End with what is there, still called running, and with the values of *tree* that are not per point."""
        self.close()
        if self.swmr:
            try:
                self._file = h5py.File(self.path, "r+", libver=("v110", "v110"), locking=False)
            except OSError as error:
                raise self._failed(error) from error
            self.swmr = False
            self.update(tree)
            self.close()

    def grown(self, path: str) -> Grown | list[str]:
        """Give all points of the dataset at *path* below the entry; texts are loaded."""
        dataset = self._growing[path]
        return dataset.asstr()[()].tolist() if dataset.dtype.kind == "O" else Grown(dataset)

    def close(self) -> None:
        """Close the file; the arrays that `grown` gave cannot be read any more."""
        try:
            self._file.close()
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> WriteError:
        reason = os.strerror(error.errno) if error.errno else str(error).partition("\n")[0]
        return WriteError.at(self.path, f"cannot be written: {reason}", hint="what was appended before is in the file")


def _per_point(tree: Tree) -> dict[str, Dataset]:
    """Give the fields of a tree that have a value per point, by path."""
    return {path: node for path, node in tree.walk() if isinstance(node, Dataset) and node.dims[:1] == (POINT,)}


def _holds(array: Array, dtype: np.dtype[Any]) -> bool:
    """Tell whether *dtype* holds the values without a change."""
    return bool(np.can_cast(array.dtype, dtype, "safe")) or bool(np.all(array.astype(dtype) == array))
