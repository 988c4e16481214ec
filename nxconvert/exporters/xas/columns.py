"""The columns of a spectrum: energy first, in electron volts, then the others under names that are single words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import compress

import numpy as np

from nxconvert import units
from nxconvert.arrays import Array, LazyArray
from nxconvert.curves import abscissa, blocks_of, in_units
from nxconvert.errors import WriteError
from nxconvert.registry import Settings
from nxconvert.scan import Field, Scan
from nxconvert.tabular import listed, table

#: names of columns that programs give a meaning to, and which they know without regard to case
_DEFINED = "energy angle i0 itrans ifluor irefer mutrans mufluor murefer normtrans normfluor normrefer"
DEFINED = frozenset(_DEFINED.split())


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns as they are written: fields, values, names in the file, and the unit of the first one."""

    fields: list[Field]
    values: list[Array | LazyArray]
    labels: list[str]
    units: str
    #: names of columns without any number, which are left out
    empty: list[str]


def find_columns(scan: Scan, settings: Settings, angles: bool, label: Callable[[str], str]) -> Columns:
    """Give the columns of a scan; with *angles* the first may be an angle.

    WriteError where there is none, or where the first is neither an energy nor, with *angles*, an angle.
    """
    found = table(scan)
    if not found:
        raise WriteError.at(scan.place, "has no column with one number per point")
    first = abscissa(scan, found)
    found = {first: found[first], **found}
    x = scan.columns[first]
    stated = settings["x_units"] or x.units or ""
    x = Field(x.name, x.value, x.dims, stated or None)
    fields = [x, *(scan.columns[key] for key in list(found)[1:])]
    kinds = ("eV", "degree") if angles else ("eV",)
    target = next((unit for unit in kinds if stated and units.same_kind(stated, unit)), "eV")
    if stated and not units.same_kind(stated, target):
        expected = f"an energy{' or an angle' if angles else ''} was expected"
        raise WriteError.at(scan.place, f"'{x.name}' is in {stated}", expected, "--x names another column")
    values = [in_units(scan, x, target), *list(found.values())[1:]]
    full = [True, *(scan.points == 0 or _has_numbers(value) for value in values[1:])]
    empty = [field.name for field, kept in zip(fields, full, strict=True) if not kept]
    fields, values = list(compress(fields, full)), list(compress(values, full))
    taken: set[str] = set()
    labels = []
    for number, field in enumerate(fields):
        own = ("energy" if target == "eV" else "angle") if number == 0 else label(field.name)
        labels.append(_free(own, taken))
        taken.add(labels[-1].lower())
    return Columns(fields, values, labels, target, empty)


def _has_numbers(value: Array | LazyArray) -> bool:
    return value.dtype.kind != "f" or any(np.isfinite(block).any() for block in blocks_of(value))


def _free(name: str, taken: set[str]) -> str:
    own, number = name, 1
    while own.lower() in taken:
        own, number = f"{name}_{number}", number + 1
    return own


def word(name: str) -> str:
    """Give a name as one word of ASCII without the sign of comments, those with a meaning in lower case."""
    own = re.sub(r"[^!-~]+|#", "_", name).strip("_") or "column"
    return own.lower() if own.lower() in DEFINED else own


def variable(name: str) -> str:
    """Give a name as one of a variable: letters, digits and '_'."""
    own = re.sub(r"\W+", "_", word(name), flags=re.ASCII).strip("_") or "column"
    own = f"c_{own}" if own[0].isdigit() or own.lower() in _RESERVED else own
    return own.lower() if own.lower() in DEFINED else own


#: what Larch has in every group that it reads
_RESERVED = ("data", "array_labels", "filename", "attrs", "header", "footer", "path", "datatype")


def changes(name: str, columns: Columns) -> list[str]:
    """Say what is renamed, converted, or taken for numbers."""
    found = []
    if columns.empty:
        found.append(f"{name} has no nan and inf: columns without any number are left out: {listed(columns.empty)}")
    renamed = [
        f"{field.name}: {own}" for field, own in zip(columns.fields, columns.labels, strict=True) if field.name != own
    ]
    if renamed:
        found.append(f"{name} has other names for columns: {listed(renamed)}")
    if isinstance(columns.values[0], LazyArray) and columns.values[0] is not columns.fields[0].value:
        found.append(f"'{columns.fields[0].name}' is converted from {columns.fields[0].units} to {columns.units}")
    booleans = [
        field.name for field, value in zip(columns.fields, columns.values, strict=True) if value.dtype == np.bool_
    ]
    if booleans:
        found.append(f"{name} has no true and false, so 1 and 0 stand for them: {listed(booleans)}")
    return found
