"""Mappings and scans told to people: the resolved mapping, what a scan offers, and a mapping to start from."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, NamedTuple

from nxconvert.errors import Place
from nxconvert.mapping.constants import Constant
from nxconvert.mapping.document import Items, Node, Text
from nxconvert.mapping.loading import words_of
from nxconvert.mapping.names import legal
from nxconvert.mapping.offers import Offer, Offers, flatten
from nxconvert.mapping.parameters import Loaded, Parameter
from nxconvert.mapping.paths import NxPath
from nxconvert.mapping.values import Missing, Resolver
from nxconvert.scan import Scan
from nxconvert.tree import describe

#: A file may hold many thousand scans; a starting mapping looks at the first of them.
MAX_SCANS = 1000


def resolved(loaded: Loaded, entry_name: str, places: bool = True) -> str:
    """Give a loaded mapping as YAML, one document for the entry and each definition: a mapping that does the same.

    With *places*, each statement is followed by the place it comes from; without, the text is the same everywhere.
    """

    def comment(place: Place) -> str:
        return f"  # {place}" if places else ""

    zone = loaded.keys.get("time_zone")
    lines = [f"# from {', '.join(path.name for path in loaded.files)}", f"entry_name: {_quoted(entry_name)}"]
    if zone is not None and zone.value:
        lines.append(f"time_zone: {_quoted(zone.value)}{comment(zone.place)}")
    for application in ("", *loaded.subentries):
        if application:
            lines += ["---", f"application: {application}"]
        lines.append("meta_parameters:")
        for (owner, name), parameter in loaded.parameters.items():
            if owner == application:
                lines.append(f"  {_quoted(name)}:{comment(parameter.place)}")
                for key, value in words_of(parameter).items():
                    lines.append(f"    {key}: {_yaml(value)}{comment(parameter.origins[key])}")
                if parameter.setting is not None:
                    lines.append(f"    # set to {describe(parameter.setting)}")
    return "\n".join(lines) + "\n"


def _yaml(value: Any) -> str:
    """Give a value of a key as YAML on one line."""
    if isinstance(value, Constant):
        return _node(value.node)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_yaml(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_yaml(item)}" for key, item in value.items()) + "}"
    return str(value) if isinstance(value, int) else _quoted(str(value))


def _node(node: Node) -> str:
    if isinstance(node, Text):
        return node.text if node.plain and re.fullmatch(r"[A-Za-z0-9_.+-]+", node.text) else _quoted(node.text)
    assert isinstance(node, Items)
    return "[" + ", ".join(_node(item) for item in node.items) + "]"


def _quoted(text: str) -> str:
    """Give text as YAML: bare where that is safe, else in quotes, on one line."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_/.-]*", text) and text.lower() not in ("null", "true", "false", "nan", "inf"):
        return text
    if text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return json.dumps(text)


class Offered(NamedTuple):
    """One thing that a scan offers: how a mapping refers to it, what it is, and its value in short."""

    reference: str
    type: str
    shape: tuple[int, ...]
    units: str
    value: str


def params(scan: Scan) -> list[Offered]:
    """List everything that a scan offers to a mapping."""
    flat = flatten(scan)
    return [
        Offered(offer.reference, _type(offer), offer.shape, offer.units or "", _short(flat.values[offer.index]))
        for offer in Offers(flat)
    ]


class Origin(NamedTuple):
    """Where a parameter of a definition gets its value: its paths in the definition, what is tried, what came of it.

    ``tried``: references, the function, the constant, in the order in which they are tried. With a scan, ``value`` is
    what it is there and ``found`` the reference or other source that gave it; ``missing`` says why there is none.
    """

    name: str
    place: Place
    paths: tuple[NxPath, ...]
    tried: tuple[str, ...]
    found: str = ""
    value: str = ""
    missing: str = ""


def origins(loaded: Loaded, application: str, scan: Scan | None, write_time: Callable[[datetime], str]) -> list[Origin]:
    """Say of each parameter of a definition where its value comes from."""
    flat = None if scan is None else flatten(scan)
    resolver = None if flat is None else Resolver(loaded.parameters, Offers(flat), write_time, False)
    result = []
    for parameter in loaded.parameters.values():
        if parameter.application != application or not parameter.all_paths:
            continue
        paths = tuple(path.without_subentry() for path in parameter.all_paths)
        origin = Origin(parameter.name, parameter.place, paths, _tried(parameter, loaded))
        if flat is not None and resolver is not None:
            value = resolver.value(parameter)
            if isinstance(value, Missing):
                origin = origin._replace(missing=value.reason)
            else:
                source = value.offer.reference if value.offer is not None else _other_source(parameter)
                origin = origin._replace(found=source, value=_short(value.take(flat.values)))
        result.append(origin)
    return result


def _tried(parameter: Parameter, loaded: Loaded) -> tuple[str, ...]:
    words = [reference.text for reference in parameter.sources]
    if ("", parameter.name) in loaded.parameters:
        words.append(f"the entry's {parameter.name}")
    if parameter.dependency_func is not None:
        words.append(parameter.dependency_func.text)
    if parameter.constant is not None:
        words.append(describe(parameter.constant))
    return (*words, f"--set {parameter.name}")


def _other_source(parameter: Parameter) -> str:
    """Name the source of a value that is none of the scan's."""
    if parameter.setting is not None:
        return f"--set {parameter.name}"
    return "a function" if parameter.dependency_func is not None else "a constant of the mapping"


def _short(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else describe(value)


def _type(offer: Offer) -> str:
    if offer.dtype is not None and offer.kind != "char":
        return str(offer.dtype)
    return {"char": "text", "time": "time"}.get(offer.kind, offer.kind)


def starting_mapping(scans: Iterable[Scan], extends: str = "spec") -> str:
    """Give a mapping to start from: what a file offers, each as a comment that becomes a parameter when uncommented."""
    found: dict[str, tuple[Offer, str]] = {}
    source = ""
    for scan, _ in zip(scans, range(MAX_SCANS), strict=False):
        source = source or scan.place.path
        flat = flatten(scan)
        for offer in Offers(flat):
            if offer.namespace in _SUGGESTED:
                found.setdefault(offer.reference, (offer, _short(flat.values[offer.index])))
    lines = [
        f"# A mapping to start from, made for {source.encode('unicode_escape').decode()}",
        f"# It takes everything from '{extends}'. Take away a '#' below to give a value a place of its own;",
        f"# the place that '{extends}' gives it stays, as a link.",
        f"extends: {extends}",
        "# time_zone: Europe/Paris",
        "# entry_name: scan_{number}",
        "meta_parameters:",
        "  # title: {nx_path: NXentry/title}",
        "  # sample_name: {nx_path: NXentry/NXsample/name, def_value: 'silicon'}",
        "  # source_name: {nx_path: NXentry/NXinstrument/NXsource/name, def_value: 'my synchrotron'}",
    ]
    taken: set[str] = set()
    order = list(_SUGGESTED)
    namespace = ""
    for reference, (offer, value) in sorted(found.items(), key=lambda item: order.index(item[1][0].namespace)):
        if offer.namespace != namespace:
            namespace = offer.namespace
            lines += ["", f"  # {namespace}"]
        path = _SUGGESTED[namespace].format(name=legal(offer.name), item=legal(offer.item))
        while path in taken:
            path += "_"
        taken.add(path)
        shown = value if value.isprintable() else repr(value)
        lines.append(f"  # {_quoted(reference)}: {{nx_path: '{path}'}}  # {shown}")
    return "\n".join(lines) + "\n"


#: Where a starting mapping proposes to put what a namespace holds.
_SUGGESTED = {
    "columns": "NXentry/NXinstrument/counter_{name:.40}:NXdetector/data",
    "positioners": "NXentry/NXinstrument/motor_{name:.40}:NXpositioner/value",
    "metadata": "NXentry/parameters:NXparameters/{name}",
    "detectors": "NXentry/NXinstrument/detector_{name:.40}:NXdetector/{item}",
}
