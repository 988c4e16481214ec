"""The rules that nexusformat lacks: what hinders silx, h5web, scippnexus, pynxtools, punx or Mantid.

Each rule has a name, by which it can be silenced, and says what it looks for. A rule that judges a group or field is
called for every node of an entry; those of the root are called once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field

from nxconvert import units
from nxconvert.validate.findings import Finding
from nxconvert.validate.nodes import Node, Value

#: what a check gives: severity, path, what was found, hint
Found = tuple[str, str, str, str]


@dataclass(slots=True)
class Context:
    """What a rule may ask beyond the node: the entry, where each object was met first, and what else the file holds.

    ``lookup`` gives the identity of the object at a path of the file; there is none for a tree.
    """

    entry: Node
    lookup: Callable[[str], Hashable | None] | None = None
    paths: dict[Hashable, list[str]] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its name, what it looks for, and the check of one node."""

    name: str
    about: str
    check: Callable[[Node, Context], Iterator[Found]]


RULES: dict[str, Rule] = {}

_Check = Callable[[Node, Context], Iterator[Found]]


def rule(name: str, about: str) -> Callable[[_Check], _Check]:
    """Register a check as a rule."""

    def register(check: _Check) -> _Check:
        RULES[name] = Rule(name, about, check)
        return check

    return register


def check(
    entry: Node, silenced: frozenset[str] = frozenset(), lookup: Callable[[str], Hashable | None] | None = None
) -> list[Finding]:
    """Judge an entry with everything below it; *lookup* as of `Context`."""
    context = Context(entry, lookup)
    for node in entry.walk():
        context.nodes[node.path] = node
        if node.identity is not None:
            context.paths.setdefault(node.identity, []).append(node.path)
    chosen = [item for item in RULES.values() if item.name not in silenced]
    findings: list[Finding] = []
    told: set[tuple[Hashable, str, str]] = set()
    for node in entry.walk():
        for item in chosen:
            for severity, path, found, hint in item.check(node, context):
                # an object that several links lead to is told of once
                subject = context.nodes.get(path)
                key = (path if subject is None else subject.identity or path, item.name, found)
                if key not in told:
                    told.add(key)
                    findings.append(Finding(severity, item.name, path, found, hint))
    return findings


#: Attributes that are one text.
_SCALARS = ("NX_class", "signal", "default", "units", "target", "interpretation", "long_name")
#: Fields that are one text.
_SCALAR_FIELDS = ("title", "definition", "start_time", "end_time", "entry_identifier", "experiment_identifier")
#: Attributes that are a list of texts.
_LISTS = ("axes", "auxiliary_signals")
_INTERPRETATIONS = (
    *("scalar", "spectrum", "image", "rgb-image", "rgba-image"),
    *("hsl-image", "hsla-image", "cmyk-image", "vertex"),
)


@rule("group-class", "a group has no NX_class, or one that is no NeXus class")
def _group_class(node: Node, _context: Context) -> Iterator[Found]:
    if node.kind == "group" and not node.nx_class:
        yield "error", node.path, "a group without NX_class", "NXcollection takes anything"
    elif node.kind == "group" and not re.fullmatch(r"NX[a-zA-Z0-9_]+", node.nx_class):
        yield "error", node.path, f"NX_class is '{node.nx_class}'", "a class begins with NX"


@rule("text-form", "text that has to be a scalar of variable length is an array, of fixed length, or a number")
def _text_form(node: Node, _context: Context) -> Iterator[Found]:
    found = [(f"@{name}", node.attributes[name]) for name in _SCALARS if name in node.attributes]
    if node.kind == "field":  # before 2014 the signal was a field with @signal = 1
        found = [(name, value) for name, value in found if name != "@signal"]
    if node.kind == "field" and node.value is not None and node.name in _SCALAR_FIELDS:
        found.append((node.name, node.value))
    if node.value is not None and node.value.garbled:
        yield "warning", node.path, "the text is not UTF-8", "h5grove cannot show it; decode it before it is written"
    for name, value in found:
        if value.form == "empty":
            continue
        if not value.is_text:
            yield "error", node.path, f"{name} is no text", "one text is expected"
        elif value.shape:
            shape = list(value.shape)
            yield "error", node.path, f"{name} is an array of texts of shape {shape}", "one scalar text is expected"
        elif value.form == "bytes" and name in ("@NX_class", "definition"):
            yield (
                "warning",
                node.path,
                f"{name} is text of fixed length",
                "pynxtools fails; UTF-8 of any length is safe",
            )


@rule("text-list", "@axes or @auxiliary_signals is one text instead of a list")
def _text_list(node: Node, _context: Context) -> Iterator[Found]:
    for name in _LISTS:
        value = node.attributes.get(name)
        if value is None or node.kind != "group" or value.form == "empty":
            continue
        if not value.is_text:
            yield "error", node.path, f"@{name} is no text", "a list of the names of fields is expected"
        elif not value.shape:
            yield "warning", node.path, f"@{name} is a scalar", "scippnexus fails; write a list of one name"


@rule("empty-value", "a null value of HDF5")
def _empty(node: Node, _context: Context) -> Iterator[Found]:
    found = [f"@{name}" for name, value in node.attributes.items() if value.form == "empty"]
    if node.value is not None and node.value.form == "empty":
        found.append("the field")
    for name in found:
        yield "error", node.path, f"{name} is null", "scippnexus fails; leave it out, or write an empty text"


@rule("byte-order", "numbers are stored big-endian")
def _byte_order(node: Node, _context: Context) -> Iterator[Found]:
    value = node.value
    if value is not None and value.dtype is not None and value.dtype.byteorder == ">" and value.form == "number":
        yield (
            "warning",
            node.path,
            f"numbers are big-endian ({value.dtype.str})",
            "scippnexus fails; store them swapped",
        )


@rule("storage", "values of a kind that programs cannot load")
def _storage(node: Node, _context: Context) -> Iterator[Found]:
    value = node.value
    if value is None or value.form != "other" or value.dtype is None:
        return
    if value.dtype.names is not None:
        yield (
            "warning",
            node.path,
            "the values are tables (compound)",
            "scippnexus fails; write a field for each column",
        )
    elif value.dtype.kind == "V":
        yield (
            "error",
            node.path,
            "the values are opaque bytes",
            "nexusformat and scippnexus fail; write numbers or text",
        )
    else:
        yield "warning", node.path, f"the values are of type {value.dtype}", "write numbers or text"


_LEGAL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.]*[A-Za-z0-9_])?")
_ENDINGS = ("_end", "_errors", "_increment_set", "_indices", "_mask", "_set", "_weights", "_scaling_factor", "_offset")
_BEGINNINGS = ("BLUESKY_", "DECTRIS_", "IDF_", "NDAttr", "NX_", "PDBX_", "SAS_", "SILX_")


@rule("name", "a name that NeXus does not allow, or advises against")
def _name(node: Node, _context: Context) -> Iterator[Found]:
    name = node.name
    if not _LEGAL.fullmatch(name) or len(name) > 63:
        hint = "letters, digits and '_', 63 of them at most; the source's own name fits into @long_name"
        yield "error", node.path, f"the name '{name}' is not legal", hint
    elif name[0].isdigit() or "." in name:
        hint = "nexusformat refuses it: begin with a letter or '_', and leave out dots"
        yield "warning", node.path, f"the name '{name}' begins with a digit or has a dot", hint
    for name in node.attributes:
        if not _LEGAL.fullmatch(name):
            yield "warning", node.path, f"the name '@{name}' is not legal", "punx refuses it: letters, digits and '_'"


@rule("reserved-name", "a field has a reserved beginning, or a reserved ending without the field it belongs to")
def _reserved(node: Node, context: Context) -> Iterator[Found]:
    for name in node.attributes:
        if name.startswith("SILX_"):
            yield (
                "warning",
                node.path,
                f"@{name} begins with the reserved 'SILX_'",
                "pynxtools refuses it",
            )
    if node.nx_class == "NXdata" and "title" in node.attributes:
        yield "warning", node.path, "@title, which NeXus has as a field", "pynxtools refuses it; write a field 'title'"
    if node.kind != "field":
        return
    parent = context.nodes.get(node.path.rpartition("/")[0])
    siblings = parent.children if parent is not None else {}
    for ending in _ENDINGS:
        base = node.name.removesuffix(ending)
        if base != node.name and base and base not in siblings:
            hint = f"'{ending}' is reserved; add a '_' to the name"
            yield "warning", node.path, f"the name ends with '{ending}', and there is no '{base}' beside it", hint
            return
    for beginning in _BEGINNINGS:
        if node.name.startswith(beginning):
            yield "warning", node.path, f"the name begins with the reserved '{beginning}'", "put a '_' before it"


_TIMES = ("start_time", "end_time", "date", "time_of_first_image", "last_calibration")
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d([.,]\d+)?)?(?P<zone>Z|[+-]\d\d:\d\d)?")


@rule("date", "a time is not written as 2024-06-03T08:00:00+02:00")
def _date(node: Node, context: Context) -> Iterator[Found]:
    found: list[tuple[str, Value]] = []
    parent = context.nodes.get(node.path.rpartition("/")[0])
    free = parent is not None and parent.nx_class in ("NXcollection", "NXparameters")
    if node.kind == "field" and node.value is not None and node.name in _TIMES and not free:
        found.append(("the time", node.value))
    for name in ("start", "file_time"):
        if name in node.attributes and node.attributes[name].is_text:
            found.append((f"@{name}", node.attributes[name]))
    for name, value in found:
        match = _ISO.fullmatch(value.text)
        if not value.is_text or match is None:
            if value.is_text and value.content is None:
                continue
            shown = value.text if value.is_text else "a number"
            yield "error", node.path, f"{name} is '{shown}'", "ISO 8601 is expected: 2024-06-03T08:00:00+02:00"
        elif match["zone"] is None:
            hint = "pynxtools calls it not valid; --timezone says which zone it is"
            yield "warning", node.path, f"{name} '{value.text}' states no zone", hint


#: Units that pint has and UDUNITS has not, or that mean something else than people mean by them (phot, pico-Planck).
_REFUSED = ("pixel", "ph", "ph/s")
#: A Gaussian unit, which every program knows.
_UNDERSTOOD = ("gauss",)


@rule("unit", "units that programs do not understand, or spell otherwise")
def _unit(node: Node, _context: Context) -> Iterator[Found]:
    value = node.attributes.get("units")
    if value is None or value.shape or not value.is_text:
        return
    text = value.text
    spelling = units.spell(text)
    if spelling != text:
        shown = f"'{spelling}'" if spelling else "the empty text"
        yield "warning", node.path, f"the units '{text}' are not understood by all programs", f"write {shown}"
    elif text in _REFUSED:
        yield "warning", node.path, f"the units '{text}' are not understood by all programs", "leave them out"
    elif units.same_kind(text, "m") is None and text not in _UNDERSTOOD:
        yield "warning", node.path, f"the units '{text}' are unknown", "leave them out rather than invent some"


@rule("claim", "a definition is claimed by an attribute, which no program looks at")
def _claim(node: Node, _context: Context) -> Iterator[Found]:
    entry = node.nx_class in ("NXentry", "NXsubentry")
    if entry and "definition" in node.attributes and "definition" not in node.children:
        yield "warning", node.path, "@definition instead of a field 'definition'", "write it as a field"


@rule("interpretation", "@interpretation is none of those that NeXus lists")
def _interpretation(node: Node, _context: Context) -> Iterator[Found]:
    value = node.attributes.get("interpretation")
    if value is not None and value.is_text and value.text not in _INTERPRETATIONS:
        yield "error", node.path, f"@interpretation is '{value.text}'", f"expected {', '.join(_INTERPRETATIONS)}"


@rule("errors", "uncertainties under a deprecated name, of another shape, or of integers")
def _errors(node: Node, _context: Context) -> Iterator[Found]:
    if node.kind != "group" or node.nx_class != "NXdata":
        return
    for name, child in node.children.items():
        if child.kind != "field" or child.value is None:
            continue
        if name == "errors" or (name.endswith("_error") and name[: -len("_error")] in node.children):
            yield "warning", child.path, f"'{name}' is deprecated", "call it '<field>_errors'"
        base = node.children.get(name.removesuffix("_errors"))
        if name.endswith("_errors") and base is not None and base.value is not None:
            if base.value.dtype is not None and base.value.dtype.kind in "iu":
                hint = "scippnexus cannot load the file; make the field float"
                yield "warning", child.path, f"uncertainties of the integers '{base.name}'", hint
            if base.value.shape != child.value.shape:
                shapes = f"{list(child.value.shape)} instead of {list(base.value.shape)}"
                yield (
                    "error",
                    child.path,
                    f"the uncertainties have the shape {shapes}",
                    "one for each value is expected",
                )


@rule("default", "@default does not lead to a plot by the names of children")
def _default(node: Node, _context: Context) -> Iterator[Found]:
    if node.kind != "group":
        return
    value = node.attributes.get("default")
    plots = [child for child in node.children.values() if child.nx_class in ("NXdata", "NXentry", "NXsubentry")]
    if value is None:
        if node.nx_class == "NXentry" and any(child.nx_class == "NXdata" for child in plots):
            yield "warning", node.path, "no @default", "silx shows no plot; name the NXdata"
        return
    if not value.is_text or value.shape:
        return
    if "/" in value.text:
        yield "error", node.path, f"@default is the path '{value.text}'", "the name of a child is expected"
    elif value.text not in node.children:
        yield "error", node.path, f"@default names '{value.text}', which is not there", _listed(plots)
    elif node.nx_class in ("NXentry", "NXsubentry"):
        child = node.children[value.text]
        leads_on = child.kind == "group" and "default" in child.attributes
        if child not in plots and not leads_on and child.kind != "external":
            yield "warning", node.path, f"@default names '{value.text}', which is no plot", _listed(plots)


def _listed(plots: list[Node]) -> str:
    return "expected one of " + ", ".join(f"'{plot.name}'" for plot in plots[:5]) if plots else ""


def check_root(root: Node, silenced: frozenset[str] = frozenset()) -> list[Finding]:
    """Judge what stands at the root of a file."""
    found: list[tuple[str, Found]] = []
    if root.nx_class not in ("", "NXroot"):
        found.append(("group-class", ("error", "/", f"NX_class of the root is '{root.nx_class}'", "expected NXroot")))
    entries = root.groups("NXentry")
    default = root.attributes.get("default")
    linked = any(child.kind == "external" for child in root.children.values())
    if not entries and not linked:  # the entries of a master lie in other files
        found.append(("entry", ("error", "/", "there is no NXentry", "a NeXus file holds its data in entries")))
    elif default is None:
        found.append(("default", ("warning", "/", "no @default", "silx shows no plot; name the entry")))
    elif default.is_text and not default.shape and "/" in default.text:
        found.append(("default", ("error", "/", f"@default is the path '{default.text}'", "a name is expected")))
    elif default.is_text and not default.shape and default.text not in root.children:
        hint = _listed(entries)
        found.append(("default", ("error", "/", f"@default names '{default.text}', which is not there", hint)))
    missing = [name for name in ("file_name", "file_time", "HDF5_Version") if name not in root.attributes]
    if missing:
        listed = ", ".join(f"@{name}" for name in missing)
        found.append(("root-attributes", ("warning", "/", f"no {listed}", "cnxvalidate refuses the file")))
    shallow = Node("/", "group", root.attributes)
    for name in ("text-form", "empty-value", "date"):
        found += [(name, item) for item in RULES[name].check(shallow, Context(shallow))]
    return [Finding(item[0], name, *item[1:]) for name, item in found if name not in silenced]


#: Rules that judge the root, or come from elsewhere, with what they are about.
FURTHER = {
    "entry": "the file holds no NXentry",
    "root-attributes": "the root lacks attributes that every NeXus file has",
}
