"""Constants of a mapping: what a scalar or a list in YAML, or the text of ``--set``, means."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

import numpy as np

from nxconvert.errors import MappingError, Place, Problem
from nxconvert.mapping import document
from nxconvert.mapping.document import Items, Text
from nxconvert.mapping.mistake import Mistake
from nxconvert.mapping.times import is_iso
from nxconvert.tree import Leaf

#: What a value must be, and the words for it in messages.
NX_TYPES = {
    "int": "whole numbers",
    "float": "floating-point numbers",
    "number": "numbers",
    "char": "text",
    "date_time": "a time",
    "bool": "true or false",
}
_INT = re.compile(r"[+-]?[0-9]+")
_FLOAT = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_SPECIAL = {"nan": math.nan, ".nan": math.nan, "inf": math.inf, ".inf": math.inf, "-inf": -math.inf, "-.inf": -math.inf}
_BOOL = {"true": True, "false": False}


class Constant(NamedTuple):
    """A constant as it stands in the mapping; what it becomes depends on ``nx_type``."""

    node: Text | Items

    @property
    def is_none(self) -> bool:
        """Tell whether this is the empty text or the empty list, which mean no value."""
        if isinstance(self.node, Text):
            return self.node.text == "" or self.node.is_null
        return isinstance(self.node, Items) and not self.node.items

    def value(self, nx_type: str | None, problems: list[Problem]) -> Leaf | None:
        """Give the value; a mistake goes to *problems* and gives None."""
        try:
            return _value(self.node, nx_type)
        except Mistake as mistake:
            problems.append(mistake.problem(self.node.place))
            return None


def from_text(text: str, place: Place) -> Constant:
    """Make a constant of what the user typed; ``[1, 2]`` is a list."""
    if text.startswith("[") and text.endswith("]"):
        try:
            (node, *further), problems = document.parse(text, place.path)
        except MappingError:
            return Constant(Text(text, place))
        if isinstance(node, Items) and not problems and not further:
            return Constant(node)
    return Constant(Text(text, place))


def _value(node: Text | Items, nx_type: str | None) -> Leaf:
    if isinstance(node, Text):
        return _scalar(node, nx_type)
    flat = _flat(node)
    if flat is None:
        raise Mistake("a list of lists of different length", "expected values, or equal rows")
    texts, shape = flat
    values = [_scalar(text, nx_type) for text in texts]
    kinds = {type(value) for value in values}
    if kinds == {str} and len(shape) == 1:
        return [str(value) for value in values]
    if kinds <= {int, float} or kinds == {bool}:
        whole = [value for value in values if type(value) is int]
        unsigned = len(whole) == len(values) and min(whole) >= 0 and max(whole) >= 2**63
        array = np.asarray(values, np.uint64 if unsigned else None)
        if array.dtype.kind == "f" and any(int(float(value)) != value for value in whole):
            raise Mistake("numbers that no one type holds", "expected whole numbers of 64 bits, or quotes around them")
        return array.reshape(shape)
    raise Mistake("a list of numbers and texts", "expected one kind of value")


def _flat(node: Items) -> tuple[list[Text], tuple[int, ...]] | None:
    """Give the scalars of nested lists and their shape, None where the lists are ragged."""
    if all(isinstance(item, Text) for item in node.items):
        return [item for item in node.items if isinstance(item, Text)], (len(node.items),)
    parts = [_flat(item) if isinstance(item, Items) else None for item in node.items]
    found = [part for part in parts if part is not None]
    if len(found) < len(parts) or len({shape for _, shape in found}) != 1:
        return None
    return [text for texts, _ in found for text in texts], (len(found), *found[0][1])


def _scalar(node: Text, nx_type: str | None) -> str | int | float | bool:
    """Give the scalar's value as *nx_type*, without one by its look."""
    text = node.text.strip()
    if nx_type == "char":
        return node.text
    if nx_type == "date_time" and is_iso(text):
        return text
    if (nx_type == "bool" or (nx_type is None and node.plain)) and text.lower() in _BOOL:
        return _BOOL[text.lower()]
    if nx_type in ("int", "float", "number") or (nx_type is None and node.plain):
        number = _number(text, as_float=nx_type == "float")
        if number is not None and not (nx_type == "int" and isinstance(number, float)):
            return number
    if nx_type is not None:
        raise Mistake(f"'{node.text}'", f"expected {NX_TYPES[nx_type]} (nx_type {nx_type})", place=node.place)
    return node.text


def _number(text: str, as_float: bool) -> int | float | None:
    if _INT.fullmatch(text) and not as_float and len(text) <= 20 and -(2**63) <= int(text) < 2**64:
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return _SPECIAL.get(text.lower())
