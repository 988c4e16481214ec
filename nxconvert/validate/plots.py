"""The rules of NXdata: whether silx, h5web and NeXpy can draw it."""

from __future__ import annotations

import math
from collections.abc import Iterator

from nxconvert.validate.nodes import Node, Value
from nxconvert.validate.rules import Context, Found, rule


def _field(node: Node, name: str) -> Value | None:
    child = node.children.get(name)
    return child.value if child is not None and child.kind == "field" else None


@rule("signal", "an NXdata has no signal, or one that cannot be plotted")
def _signal(node: Node, _context: Context) -> Iterator[Found]:
    if node.kind != "group" or node.nx_class != "NXdata":
        return
    attribute = node.attributes.get("signal")
    if attribute is None:
        legacy = [name for name, child in node.children.items() if "signal" in child.attributes]
        if legacy:
            hint = "name the field in @signal of the group"
            yield "warning", node.path, f"@signal is on the field '{legacy[0]}', the old way", hint
        else:
            yield "error", node.path, "no @signal", "name the field to be plotted, or make the group an NXcollection"
        return
    if not attribute.is_text or attribute.shape:
        return
    child = node.children.get(attribute.text)
    if child is None or child.kind == "broken":
        yield (
            "error",
            node.path,
            f"@signal names '{attribute.text}', which is not there",
            "the name of a field is expected",
        )
        return
    value = child.value
    if child.kind == "external":
        return
    if value is None or value.form not in ("number", "bool"):
        yield "error", child.path, "the signal is no array of numbers", "nothing can be plotted"
    elif not value.shape:
        yield "warning", child.path, "the signal is a single number", "h5web shows no plot"


@rule("auxiliary", "a further signal of an NXdata is not there, or does not fit the signal")
def _auxiliary(node: Node, _context: Context) -> Iterator[Found]:
    if node.kind != "group" or node.nx_class != "NXdata":
        return
    signal, names = node.attributes.get("signal"), node.attributes.get("auxiliary_signals")
    value = _field(node, signal.text) if signal is not None else None
    for name in names.texts if names is not None and names.is_text else ():
        child = node.children.get(name)
        if child is None or child.kind not in ("field", "external"):
            hint = "silx, h5web and scippnexus show no plot at all"
            yield "error", node.path, f"@auxiliary_signals names '{name}', which is not there", hint
        elif child.value is not None and child.value.form not in ("number", "bool"):
            yield "error", child.path, "a further signal that is no array of numbers", "h5web refuses it"
        elif child.value is not None and value is not None and child.value.shape != value.shape:
            shapes = f"{list(child.value.shape)} instead of {list(value.shape)}"
            yield "error", child.path, f"a further signal of the shape {shapes}", "silx shows no plot at all"


@rule("axes", "the axes of an NXdata do not fit its signal")
def _axes(node: Node, _context: Context) -> Iterator[Found]:
    if node.kind != "group" or node.nx_class != "NXdata":
        return
    signal, axes = node.attributes.get("signal"), node.attributes.get("axes")
    value = _field(node, signal.text) if signal is not None else None
    if value is None or axes is None or not axes.is_text:
        return
    names = axes.texts
    if len(names) != len(value.shape):
        hint = "one name for each dimension is expected"
        yield "error", node.path, f"{len(names)} axes for a signal of {len(value.shape)} dimensions", hint
        return
    for dimension, name in enumerate(names):
        if name == ".":
            hint = "punx refuses it; write an axis that counts"
            yield "warning", node.path, f"dimension {dimension} has no axis but '.'", hint
            continue
        axis = _field(node, name)
        path = f"{node.path}/{name}"
        if axis is None:
            child = node.children.get(name)
            if child is None or child.kind not in ("broken", "external"):
                yield "error", node.path, f"@axes names '{name}', which is not there", "the name of a field is expected"
            continue
        if axis.form != "number":
            yield "error", path, "an axis that is no array of numbers", "h5web refuses it"
        elif len(axis.shape) != 1:
            hint = "silx refuses it; let @axes name axes that count, and keep this field beside them"
            yield "warning", path, f"an axis of {len(axis.shape)} dimensions", hint
        elif axis.shape[0] == value.shape[dimension] + 1:
            hint = "silx and pynxtools refuse edges of bins; write the centres"
            yield "warning", path, f"{axis.shape[0]} values for {value.shape[dimension]} points", hint
        elif axis.shape[0] != value.shape[dimension]:
            hint = "one value for each point is expected"
            yield "error", path, f"{axis.shape[0]} values for {value.shape[dimension]} points", hint
        indices = node.attributes.get(f"{name}_indices")
        if indices is None:
            yield "warning", node.path, f"no @{name}_indices", f"expected {dimension}"


@rule("indices", "an attribute ..._indices is no dimension of the signal")
def _indices(node: Node, _context: Context) -> Iterator[Found]:
    if node.kind != "group" or node.nx_class != "NXdata":
        return
    signal = node.attributes.get("signal")
    value = _field(node, signal.text) if signal is not None else None
    for name, attribute in node.attributes.items():
        if not name.endswith("_indices"):
            continue
        base = name.removesuffix("_indices")
        if base not in node.children:
            yield "warning", node.path, f"@{name}, and there is no '{base}'", "the field is expected in the group"
        elif attribute.form != "number" or attribute.dtype is None or attribute.dtype.kind not in "iu":
            yield "error", node.path, f"@{name} is no whole number", "the dimension of the signal is expected, from 0"
        elif value is not None and attribute.content is not None and attribute.shape in ((), (len(value.shape),), (1,)):
            numbers = [int(attribute.content)] if not attribute.shape else [int(item) for item in attribute.content]
            if any(not 0 <= number < len(value.shape) for number in numbers):
                shown = numbers[0] if len(numbers) == 1 else numbers
                hint = f"the signal has the dimensions 0 to {len(value.shape) - 1}"
                yield "error", node.path, f"@{name} is {shown}", hint


@rule("orientation-matrix", "an orientation matrix is not 3 x 3")
def _matrix(node: Node, _context: Context) -> Iterator[Found]:
    if node.kind == "field" and node.name == "orientation_matrix" and node.value is not None:
        shape = node.value.shape
        if math.prod(shape) % 9 or shape[-2:] != (3, 3):
            yield "warning", node.path, f"the shape is {list(shape)}", "scippnexus fails; write it as (3, 3)"
