"""Types, units and ranks as the NeXus definitions state them, which nexusformat reads but does not insist on.

The definitions (NXDL) are those that nexusformat brings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

from nxconvert import units
from nxconvert.validate.findings import Finding
from nxconvert.validate.nodes import Node, Value

#: The rules of this module.
RULES = {
    "type": "a value is not of the type that the definition demands",
    "unit-category": "units are of another kind than NeXus demands",
    "unit-missing": "a field has no units, and the definition names their kind",
    "rank": "a field has more dimensions than the definition allows",
}
_SPACE = "{http://definition.nexusformat.org/nxdl/3.1}"

#: A unit of each category; of categories that are not here, nothing is demanded.
_CATEGORIES = {
    "NX_ANGLE": "degree",
    "NX_AREA": "mm^2",
    "NX_CHARGE": "C",
    "NX_CROSS_SECTION": "m^2",
    "NX_CURRENT": "mA",
    "NX_ENERGY": "eV",
    "NX_FREQUENCY": "Hz",
    "NX_LENGTH": "mm",
    "NX_MASS": "g",
    "NX_MASS_DENSITY": "g/cm^3",
    "NX_PERIOD": "s",
    "NX_POWER": "W",
    "NX_PRESSURE": "mbar",
    "NX_TEMPERATURE": "K",
    "NX_TIME": "s",
    "NX_TIME_OF_FLIGHT": "s",
    "NX_VOLTAGE": "V",
    "NX_VOLUME": "mm^3",
    "NX_WAVELENGTH": "angstrom",
    "NX_WAVENUMBER": "1/angstrom",
    "NX_DIMENSIONLESS": "",
    "NX_UNITLESS": "",
}
#: The manual's 9 numbers in a row are what scippnexus cannot load: everybody writes (3, 3).
_ANY_RANK = ("orientation_matrix",)


@dataclass(slots=True)
class Demand:
    """What a definition says of a field: type, category of units, rank (None: nothing said), and what it may be."""

    type: str = ""
    category: str = ""
    rank: int | None = None
    required: bool = False
    choices: tuple[str, ...] = ()
    link: str = ""


@dataclass(slots=True)
class Part:
    """A group of a definition: its class, its name (empty: any), its fields and groups."""

    nx_class: str
    name: str = ""
    required: bool = True
    fields: dict[str, Demand] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)


def check(entry: Node, folder: Path, silenced: frozenset[str] = frozenset()) -> list[Finding]:
    """Judge an entry: units everywhere by its base classes, types and ranks where a definition is claimed."""
    found: list[Finding] = []
    for node in entry.walk():
        if node.kind != "group":
            continue
        found += _units(node, folder)
        definition = node.children.get("definition")
        if node.nx_class in ("NXentry", "NXsubentry") and definition is not None and definition.value is not None:
            part = application(definition.value.text, folder)
            if part is not None:
                found += _part(node, part)
    return [item for item in dict.fromkeys(found) if item.rule not in silenced]


def _units(group: Node, folder: Path) -> Iterator[Finding]:
    fields = base_class(group.nx_class, folder)
    for name, child in group.children.items():
        demand = fields.get(name)
        if demand is not None and child.kind == "field":
            yield from _unit(child, demand)


def _unit(node: Node, demand: Demand) -> Iterator[Finding]:
    like = _CATEGORIES.get(demand.category)
    value = node.attributes.get("units")
    if like is None or value is None or not value.is_text or value.shape:
        return
    own = units.spell(value.text)
    if demand.category == "NX_FREQUENCY" and units.same_kind(own, "rpm"):
        return  # choppers turn so many times a minute; pint counts turns as angles
    wrong = own not in ("", "counts", "%") if like == "" else units.same_kind(own, like) is False
    if wrong and not (demand.category in ("NX_ANGLE",) and own == ""):
        hint = f"units such as '{like}' are expected" if like else "no units, or the empty text, are expected"
        yield Finding("error", "unit-category", node.path, f"the units '{value.text}' are no {demand.category}", hint)


def _part(node: Node, part: Part) -> Iterator[Finding]:
    for name, demand in part.fields.items():
        child = node.children.get(name)
        if child is None or child.kind != "field" or child.value is None:
            continue
        if demand.link:
            continue  # judged where it leads
        yield from _unit(child, demand)
        if _CATEGORIES.get(demand.category) and "units" not in child.attributes and not child.value.is_text:
            hint = f"units such as '{_CATEGORIES[demand.category]}' are expected; pynxtools calls it not valid"
            yield Finding("warning", "unit-missing", child.path, f"no units, where {demand.category} is demanded", hint)
        if not _is_of_type(child.value, demand.type):
            wanted = demand.type or "NX_CHAR"
            yield Finding("error", "type", child.path, f"the value is {_called(child.value)}, no {wanted}")
        if demand.rank is not None and len(child.value.shape) > demand.rank and name not in _ANY_RANK:
            text = f"{len(child.value.shape)} dimensions"
            yield Finding("error", "rank", child.path, text, f"the definition allows {demand.rank}")
    for inner in part.parts:
        for child in node.groups(inner.nx_class):
            if not inner.name or inner.name == child.name:
                yield from _part(child, inner)


_TYPES = {
    "NX_INT": ("iu",),
    "NX_UINT": ("u",),
    "NX_POSINT": ("iu",),
    "NX_FLOAT": ("f",),
    "NX_NUMBER": ("iuf",),
}


def _is_of_type(value: Value, wanted: str) -> bool:
    if value.form in ("empty", "other"):
        return True
    if wanted in _TYPES:
        return value.form == "number" and value.dtype is not None and value.dtype.kind in _TYPES[wanted][0]
    if wanted in ("", "NX_CHAR", "NX_DATE_TIME", "ISO8601"):
        return value.is_text
    if wanted == "NX_BOOLEAN":
        return value.form == "bool" or (value.dtype is not None and value.dtype.kind in "iu")
    return True


def _called(value: Value) -> str:
    if value.is_text:
        return "text"
    return str(value.dtype) if value.form == "number" else f"a {value.form}"


@dataclass(frozen=True, slots=True)
class Item:
    """Something that a definition requires: the class and name of each group (empty: any), the field, and more."""

    groups: tuple[tuple[str, str], ...]
    field: str
    demand: Demand

    def __str__(self) -> str:
        steps = [f"{name}:{nx_class}" if name else nx_class for nx_class, name in self.groups]
        return "/".join([*steps, self.field])


def required(name: str, folder: Path) -> list[Item]:
    """List what an application definition requires, in its order; empty for an unknown one."""
    part = application(name, folder)
    return [] if part is None else list(_required(part, ()))


def _required(part: Part, groups: tuple[tuple[str, str], ...]) -> Iterator[Item]:
    for name, demand in part.fields.items():
        if demand.required:
            yield Item(groups, name, demand)
    for inner in part.parts:
        if inner.required:
            yield from _required(inner, (*groups, (inner.nx_class, inner.name)))


def names(folder: Path) -> list[str]:
    """List the application definitions there are."""
    return sorted(path.name.removesuffix(".nxdl.xml") for path in (folder / "applications").glob("NX*.nxdl.xml"))


# the definitions


@cache
def base_class(nx_class: str, folder: Path) -> dict[str, Demand]:
    """Give the fields of a base class, those that it inherits too; empty for an unknown one."""
    root = _parse(folder / "base_classes", nx_class)
    if root is None:
        return {}
    fields = {} if root.get("extends") in (None, "NXobject") else dict(base_class(root.get("extends", ""), folder))
    fields.update(_fields(root))
    return fields


@cache
def application(name: str, folder: Path) -> Part | None:
    """Give what an application definition demands, None for an unknown one."""
    root = _parse(folder / "applications", name)
    entry = None if root is None else root.find(f"{_SPACE}group")
    return None if entry is None else _read(entry)


def _parse(folder: Path, name: str) -> ElementTree.Element | None:
    path = folder / f"{name}.nxdl.xml"
    if not re.fullmatch(r"NX\w+", name) or not path.is_file():
        return None
    return ElementTree.parse(path).getroot()


def _read(element: ElementTree.Element) -> Part:
    name = element.get("name", "") if element.get("nameType", "specified") == "specified" else ""
    part = Part(element.get("type", ""), name, _is_required(element), _fields(element))
    part.parts = [_read(child) for child in element.findall(f"{_SPACE}group")]
    return part


def _fields(element: ElementTree.Element) -> dict[str, Demand]:
    fields = {}
    for child in element.findall(f"{_SPACE}field"):
        if child.get("nameType", "specified") != "specified":
            continue
        dimensions = child.find(f"{_SPACE}dimensions")
        rank = None if dimensions is None else dimensions.get("rank", "")
        listed = child.find(f"{_SPACE}enumeration")
        fields[child.get("name", "")] = Demand(
            child.get("type", ""),
            child.get("units", ""),
            int(rank) if rank and rank.isdigit() else None,
            _is_required(child),
            () if listed is None else tuple(item.get("value", "") for item in listed),
        )
    for child in element.findall(f"{_SPACE}link"):
        demand = Demand(required=_is_required(child), link=child.get("target", "").removeprefix("/NXentry/"))
        fields.setdefault(child.get("name", ""), demand)
    return fields


def _is_required(element: ElementTree.Element) -> bool:
    """In application definitions everything is required that is not called otherwise."""
    flags = [element.get(name) for name in ("optional", "recommended")]
    return "true" not in flags and element.get("minOccurs") != "0"
