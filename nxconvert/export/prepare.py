"""A scan as exporters get it: columns of one length, the scanned one first, the wanted ones, and without images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from nxconvert.arrays import Array, LazyArray
from nxconvert.errors import Problem, WriteError
from nxconvert.export.choice import Choice
from nxconvert.scan import Field, Scan
from nxconvert.tabular import numbers

#: whole numbers up to here are exact as floats, among which nan can stand
_EXACT = 2**53
_BLOCK = 1 << 16


class Cut(LazyArray):
    """The first values of an array."""

    def __init__(self, value: Array | LazyArray, count: int) -> None:
        self._value = value
        self.shape = (count, *value.shape[1:])
        self.dtype = value.dtype

    def blocks(self) -> Iterator[Array]:
        """Give the blocks up to the last wanted value."""
        left = self.shape[0]
        for block in self._value.blocks() if isinstance(self._value, LazyArray) else [self._value]:
            if left <= 0:
                break
            yield block[:left]
            left -= len(block)


class Padded(LazyArray):
    """A column as floats with nan behind its last value."""

    def __init__(self, field: Field, value: Array | LazyArray, count: int, scan: Scan) -> None:
        self._name, self._value, self._scan = field.name, value, scan
        self.shape = (count,)
        self.dtype = np.dtype(np.float64)

    def blocks(self) -> Iterator[Array]:
        """Give the blocks, then nan; WriteError for whole numbers that a float cannot hold."""
        left = self.shape[0]
        for block in self._value.blocks() if isinstance(self._value, LazyArray) else [self._value]:
            if block.dtype.kind in "iu" and len(block) and max(int(block.max()), -int(block.min())) > _EXACT:
                raise WriteError.at(
                    self._scan.place,
                    f"column '{self._name}' has whole numbers beyond 2**53, among which nan cannot stand",
                    hint="--ragged truncate cuts all columns to the shortest",
                )
            yield block.astype(np.float64)
            left -= len(block)
        for begin in range(0, left, _BLOCK):
            yield np.full(min(_BLOCK, left - begin), np.nan)


def prepare(scan: Scan, choice: Choice, ragged: str, problems: list[Problem], curves: bool = False) -> Scan:
    """Make a scan ready for an exporter, of *curves* or not; what is not as it should be goes to *problems*.

    WriteError where columns differ in length and *ragged* is ``error``, or where no wanted column is left.
    """
    scan = _in_rows(scan)
    if "scan_header" not in scan.notes:
        first = {name: scan.columns[name] for name in scan.axes if name in scan.columns}
        scan = replace(scan, columns=first | scan.columns)
    return choice.apply(_even(scan, ragged, problems), problems, curves)


def as_nxtoascii(scan: Scan, choice: Choice, problems: list[Problem]) -> Scan:
    """Choose columns as nxtoascii 0.0.1 did: by name, arrays alone, cut to the shortest without a word."""
    columns = {name: item for name, item in sorted(scan.columns.items()) if numbers(item) is not None}
    return choice.apply(_even(replace(scan, columns=columns), "truncate", []), problems)


def _in_rows(scan: Scan) -> Scan:
    """Make a row of single numbers; beside columns they are repeated."""
    single = {
        name: np.asarray(field.value)
        for name, field in scan.columns.items()
        if not isinstance(field.value, (str, list, LazyArray)) and np.ndim(field.value) == 0  # type: ignore[arg-type]
    }
    single = {name: value for name, value in single.items() if value.dtype.kind in "biuf"}
    if not single:
        return scan
    points = next((value.shape[0] for item in scan.columns.values() if (value := numbers(item)) is not None), 1)
    columns = {
        name: replace(item, value=np.full(points, single[name]), dims=("point",)) if name in single else item
        for name, item in scan.columns.items()
    }
    return replace(scan, columns=columns, axes={name: columns[name] for name in scan.axes if name in columns})


def _even(scan: Scan, ragged: str, problems: list[Problem]) -> Scan:
    """Give all columns one length."""
    lengths = {name: value.shape[0] for name, item in scan.columns.items() if (value := numbers(item)) is not None}
    if len(set(lengths.values())) < 2:
        return scan
    found = f"the columns differ in their number of points: {_shown(lengths)}"
    if ragged == "error":
        hint = "--ragged pad fills up with nan, --ragged truncate cuts to the shortest"
        raise WriteError.at(scan.place, found, hint=hint)
    count = (max if ragged == "pad" else min)(lengths.values())
    columns = dict(scan.columns)
    for name, length in lengths.items():
        value = numbers(columns[name])
        if length != count and value is not None:
            made = Padded(columns[name], value, count, scan) if length < count else Cut(value, count)
            columns[name] = replace(columns[name], value=made)
    done = "nan stands for what is missing" if ragged == "pad" else f"all are cut to {count}"
    problems.append(Problem(scan.place, found, hint=done))
    detectors = scan.detectors
    if ragged == "truncate":
        detectors = {name: _cut_spectra(fields, count) for name, fields in detectors.items()}
    axes = {name: columns[name] for name in scan.axes if name in columns}
    return replace(scan, columns=columns, axes=axes, detectors=detectors)


def _shown(lengths: dict[str, int]) -> str:
    """Give the lengths with the columns that have them, the names cut at four."""
    groups: dict[int, list[str]] = {}
    for name, length in lengths.items():
        groups.setdefault(length, []).append(f"'{name}'")
    texts = []
    for length, names in groups.items():
        more = f" and {len(names) - 4} more" if len(names) > 4 else ""
        texts.append(f"{', '.join(names[:4])}{more} {length}")
    return ", ".join(texts)


def _cut_spectra(fields: dict[str, Field], count: int) -> dict[str, Field]:
    cut = {}
    for name, field in fields.items():
        value = field.value
        if field.dims[:1] == ("point",) and isinstance(value, (np.ndarray, LazyArray)) and value.shape[0] > count:
            field = replace(field, value=Cut(value, count))
        cut[name] = field
    return cut
