"""What a scan offers to a mapping: all its values in one flat list, and a signature of their kinds.

A file has thousands of scans that differ in their numbers only. So a scan is flattened in one sweep that costs some
tens of microseconds: the values, by position, and the signature, which is equal for two scans exactly when the same
plan serves both: the same names, types, shapes, dimensions, units, and the same fields in the same plots.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from nxconvert.arrays import LazyArray
from nxconvert.mapping.references import Reference
from nxconvert.scan import ITEMS, Field, Plot, Scan

_NAMESPACES = (
    "columns",
    "positioners",
    "metadata",
    "grid",
    "sample",
    "user",
    "instrument",
    "monitor",
    "notes",
    "axes",
    "given",
)
#: Begins the names of dimensions that have no name of their own.
NAMELESS = "dimension_"


class _Shaped(dict[type, bool]):
    """Tells of each class of values whether it has shape and dtype; asking an abstract class each time is slow."""

    def __missing__(self, kind: type) -> bool:
        self[kind] = found = issubclass(kind, (np.ndarray, LazyArray))
        return found


_SHAPED = _Shaped()


class Values(list[Any]):
    """The values of a scan, by position; ``results`` keeps what functions made of them, each once."""

    __slots__ = ("results",)

    def __init__(self, values: Iterable[Any] = ()) -> None:
        super().__init__(values)
        self.results: dict[object, Any] = {}


@dataclass(slots=True)
class Flat:
    """A flattened scan: ``names`` and ``kinds`` are its signature, ``values`` the items and then the fields' values."""

    scan: Scan
    names: tuple[Any, ...]
    kinds: list[Any]
    fields: list[Field]
    values: Values


def flatten(scan: Scan) -> Flat:
    """Flatten a scan."""
    fields = [
        *scan.columns.values(),
        *scan.positioners.values(),
        *scan.metadata.values(),
        *scan.grid.values(),
        *scan.sample.values(),
        *scan.user.values(),
        *scan.instrument.values(),
        *scan.monitor.values(),
        *scan.notes.values(),
        *scan.axes.values(),
        *scan.given.values(),
    ]
    deep: list[Any] = []
    for name, items in scan.detectors.items():
        fields += items.values()
        deep += (name, *items)
        deep.append(None)
    for name, plot in scan.plots.items():
        parts = plot_fields(plot)
        fields += parts
        deep += (name, [axis is None for axis in plot.axes], [part.name for part in parts])
    points = scan.points
    values = Values()
    values += [
        scan.title or None,
        scan.command or None,
        scan.start_time,
        scan.end_time,
        *((scan.number, scan.order, scan.identifier) if scan.order else (None, None, None)),
        scan.status,
        points,
    ]
    values += [field.value for field in fields]
    # the last one of equal fields stands for all of them: which are equal is part of the signature
    last = {id(field): index for index, field in enumerate(fields)}
    names = (
        tuple(scan.columns),
        tuple(scan.positioners),
        tuple(scan.metadata),
        tuple(scan.grid),
        tuple(scan.sample),
        tuple(scan.user),
        tuple(scan.instrument),
        tuple(scan.monitor),
        tuple(scan.notes),
        tuple(scan.axes),
        tuple(scan.given),
    )
    classes = [value.__class__ for value in values]
    shaped = [value for value, kind in zip(values, classes, strict=True) if _SHAPED[kind]]
    # what differs most often stands first, so that unequal kinds are told apart early
    kinds: list[Any] = [
        [value.shape for value in shaped],
        classes,
        [value.dtype for value in shaped],
        [len(value) for value in values if value.__class__ is list],
        [field.dims for field in fields],
        [field.units for field in fields],
        [field.long_name for field in fields],
        [last[id(field)] for field in fields],
        deep,
    ]
    return Flat(scan, names, kinds, fields, values)


def plot_fields(plot: Plot) -> list[Field]:
    """Give the fields of a plot: the signal, the axes that there are, and the further coordinates."""
    return [plot.signal, *(axis for axis in plot.axes if axis is not None), *plot.extra]


@dataclass(frozen=True, slots=True)
class Offer:
    """One value that a scan offers: where it lies in the flat list, what it is, and what the source calls it.

    ``identity`` is the same for offers that are one field under two references. ``shape`` is None for what has none
    because it is no array and no scalar of numbers or text (there is nothing such now).
    """

    reference: str
    namespace: str
    name: str
    item: str
    index: int
    identity: int
    kind: str
    dtype: Any
    shape: tuple[int, ...]
    dims: tuple[str, ...]
    units: str | None
    long_name: str


class Offers:
    """All offers of one flattened scan, to be found by reference."""

    def __init__(self, flat: Flat) -> None:
        self.flat = flat
        self.scan = flat.scan
        self._by_place: dict[tuple[str, str, str], Offer] = {}
        self._by_namespace: dict[str, list[Offer]] = {}
        self._last = {id(field): index for index, field in enumerate(flat.fields)}
        for index, name in enumerate(ITEMS):
            if flat.values[index] is not None:
                self._add("", name, "", index, index, Field(name, flat.values[index]), name)
        position = len(ITEMS)
        for namespace in _NAMESPACES:
            for name, field in getattr(flat.scan, namespace).items():
                position = self._field(namespace, name, "", position, field)
        for name, items in flat.scan.detectors.items():
            for item, field in items.items():
                position = self._field("detectors", name, item, position, field)
        for name, plot in flat.scan.plots.items():
            for field in plot_fields(plot):
                position = self._field("plots", name, field.name, position, field)

    def _field(self, namespace: str, name: str, item: str, position: int, field: Field) -> int:
        self._add(namespace, name, item, position, self.identity(field), field, item or name)
        return position + 1

    def _add(self, namespace: str, name: str, item: str, index: int, identity: int, field: Field, own: str) -> None:
        if (namespace, name, item) in self._by_place:
            return
        kind, dtype, shape = describe_value(field.value)
        reference = ".".join(part for part in (namespace, name, item) if part)
        dims = field.dims if len(field.dims) == len(shape) else nameless(shape)
        offer = Offer(
            reference,
            namespace,
            name,
            item,
            index,
            identity,
            kind,
            dtype,
            shape,
            dims,
            field.units,
            field.long_name or own,
        )
        self._by_place[(namespace, name, item)] = offer
        self._by_namespace.setdefault(namespace, []).append(offer)

    def identity(self, field: Field) -> int:
        """Give the identity of a field of this scan."""
        return len(ITEMS) + self._last[id(field)]

    def __iter__(self) -> Iterator[Offer]:
        return iter(self._by_place.values())

    def find(self, reference: Reference) -> Offer | None:
        """Give what a reference without star names, None where the scan has no such thing.

        ``plots.NAME.signal`` and ``plots.NAME.axis`` are the plot's signal and first axis, whatever they are called.
        """
        if reference.namespace == "plots" and reference.item in ("signal", "axis"):
            plot = self.scan.plots.get(reference.name)
            if plot is None:
                return None
            field = plot.signal if reference.item == "signal" else next(iter(plot.axes), None)
            return None if field is None else self._by_place[("plots", reference.name, field.name)]
        return self._by_place.get((reference.namespace, reference.name, reference.item))

    def match(self, reference: Reference) -> list[tuple[Offer, tuple[str, ...]]]:
        """Give all offers that a reference with stars matches, each with what the stars stand for."""
        found = []
        for offer in self._by_namespace.get(reference.namespace, ()):
            stars = reference.match(offer.name, offer.item)
            if stars is not None:
                found.append((offer, stars))
        return found


def nameless(shape: tuple[int, ...]) -> tuple[str, ...]:
    """Give names for the dimensions of a value whose dimensions nobody named."""
    return tuple(f"{NAMELESS}{n}" for n in range(len(shape)))


def describe_value(value: Any) -> tuple[str, Any, tuple[int, ...]]:
    """Give a value's kind (``char``, ``time``, ``bool``, ``int``, ``float``), its dtype if any, and its shape."""
    if isinstance(value, str):
        return "char", None, ()
    if isinstance(value, datetime):
        return "time", None, ()
    if isinstance(value, list):
        return "char", None, (len(value),)
    if isinstance(value, bool):
        return "bool", None, ()
    if isinstance(value, int):
        return "int", None, ()
    if isinstance(value, (np.ndarray, np.generic, LazyArray)):
        return _KINDS.get(value.dtype.kind, "other"), value.dtype, value.shape
    if isinstance(value, float):
        return "float", None, ()
    raise TypeError(f"a value of a scan cannot be a {type(value).__name__}")


_KINDS = {"i": "int", "u": "int", "f": "float", "b": "bool", "U": "char", "S": "char", "O": "char"}
