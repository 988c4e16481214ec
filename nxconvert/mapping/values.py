"""The value of every parameter for one kind of scan: which source serves, what must be converted, what is missing."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from nxconvert import units
from nxconvert.errors import Place
from nxconvert.mapping import casts, references
from nxconvert.mapping.constants import NX_TYPES
from nxconvert.mapping.expressions import ExpressionError, loaded
from nxconvert.mapping.offers import Offer, Offers, Values, describe_value, nameless
from nxconvert.mapping.parameters import Parameter
from nxconvert.mapping.times import is_iso
from nxconvert.tree import Leaf

#: Takes a value out of the flat list of a scan.
Getter = Callable[[Values], Any]


@dataclass(slots=True)
class Value:
    """A value with everything the tree must know of it before it is taken from a scan.

    Equal ``identity`` means one and the same data. ``index`` is its place in the flat list when it is taken as it
    is, ``get`` takes it when it is converted or calculated; ``constant`` is set when neither is.
    """

    identity: Hashable
    kind: str
    shape: tuple[int, ...]
    dims: tuple[str, ...] = ()
    dtype: Any = None
    units: str | None = None
    long_name: str | None = None
    offer: Offer | None = None
    index: int | None = None
    get: Getter | None = None
    constant: Leaf | None = None

    @property
    def is_number(self) -> bool:
        """Tell whether the value is a number or an array of numbers."""
        return self.kind in ("int", "float")

    def take(self, values: Values) -> Any:
        """Take the value out of a scan's flat list."""
        if self.index is not None:
            return values[self.index]
        return self.constant if self.get is None else self.get(values)


@dataclass(slots=True)
class Missing:
    """Why a parameter has no value, in words."""

    reason: str


class Check(NamedTuple):
    """A question to the values that was answered while planning; the plan holds where the answer is the same."""

    question: Callable[[Any], bool]
    value: Value
    answer: bool


class Resolver:
    """Resolves the parameters of a mapping against the offers of one scan."""

    def __init__(
        self,
        parameters: dict[tuple[str, str], Parameter],
        offers: Offers,
        write_time: Callable[[Any], str],
        convert_units: bool,
    ) -> None:
        self.parameters = parameters
        self.offers = offers
        self.write_time = write_time
        self.convert_units = convert_units
        self.checks: list[Check] = []
        #: what is wrong with a value, what was expected, and the definition that it is for
        self.problems: list[tuple[str, str, str]] = []
        self._known: dict[tuple[str, str], Value | Missing] = {}

    def value(self, parameter: Parameter) -> Value | Missing:
        """Give the value of a parameter that is no wildcard, or why there is none."""
        key = (parameter.application, parameter.name)
        if key not in self._known:
            self._known[key] = self._find(parameter)
        return self._known[key]

    def matches(self, parameter: Parameter) -> list[tuple[Value, tuple[str, ...]]]:
        """Give all values of a wildcard parameter, each with what its stars stand for."""
        found = []
        for offer, stars in self.offers.match(parameter.sources[0]):
            value = self._fit(self._of_offer(offer), parameter, offer.reference)
            if isinstance(value, Value):
                found.append((self._with_units(value, parameter), stars))
        return found

    def _find(self, parameter: Parameter) -> Value | Missing:
        if parameter.setting is not None:
            identity = ("setting", parameter.name, *describe_value(parameter.setting))
            return self._with_units(_constant(identity, parameter.setting), parameter)
        given = self._source(references.Reference(parameter.name, references.GIVEN, parameter.name))
        if isinstance(given, Value):
            fitted = self._fit(given, parameter, parameter.name)
            if isinstance(fitted, Value):
                return self._with_units(fitted, parameter)
            self.problems.append((fitted.reason, "the value that was given is not written", parameter.application))
            return fitted
        reasons = []
        for reference in parameter.sources:
            found = self._source(reference)
            if isinstance(found, Value):
                found = self._fit(found, parameter, _called(reference, found))
            if isinstance(found, Value):
                return self._with_units(found, parameter)
            if found.reason:
                reasons.append(found.reason)
        general = self.parameters.get(("", parameter.name)) if parameter.application else None
        if general is not None and not general.is_wildcard:
            found = self.value(general)
            if isinstance(found, Value):
                found = self._fit(found, parameter, "the entry's value")
                if isinstance(found, Value):
                    return self._with_units(found, parameter)
                reasons.append(found.reason)
        if parameter.dependency_func is not None:
            found = self._calculate(parameter)
            if isinstance(found, Value):
                return found
            reasons.append(found.reason)
        if parameter.constant is not None:
            own = ("parameter", parameter.application, parameter.name)
            return self._with_units(_constant(own, parameter.constant), parameter)
        if reasons:
            return Missing(f"{parameter.name}: {', '.join(reasons)}")
        if not parameter.sources:
            return Missing(f"{parameter.name} is not set")
        tried = [reference.text for reference in parameter.sources]
        listed = ", ".join(tried[:8]) + (", ..." if len(tried) > 8 else "")
        return Missing(f"{parameter.name} has no source ({listed})")

    def _source(self, reference: references.Reference) -> Value | Missing:
        """Give what a reference names; one with stars names the only thing that it matches."""
        if not reference.is_wildcard:
            offer = self.offers.find(reference)
            return Missing("") if offer is None else self._of_offer(offer)
        found = self.offers.match(reference)
        if len(found) > 1:
            return Missing(f"{reference.text} matches {len(found)} values")
        return self._of_offer(found[0][0]) if found else Missing("")

    def _of_offer(self, offer: Offer) -> Value:
        value = Value(
            offer.identity,
            offer.kind,
            offer.shape,
            offer.dims,
            offer.dtype,
            units.spell(offer.units) if offer.units is not None else None,
            offer.long_name,
            offer,
            offer.index,
        )
        if offer.kind == "time":
            index, write = offer.index, self.write_time
            value.index, value.get = None, lambda values: write(values[index])
        return value

    # fitting a value to what the parameter demands

    def _fit(self, value: Value, parameter: Parameter, called: str) -> Value | Missing:
        if parameter.at is not None and value.dims[:1] == ("point",):
            chosen = self._at(value, parameter, called)
            if isinstance(chosen, Missing):
                return chosen
            value = chosen
        if parameter.rank is not None and len(value.shape) != parameter.rank:
            leading = value.shape[: len(value.shape) - parameter.rank]
            if len(value.shape) < parameter.rank or any(length != 1 for length in leading):
                return Missing(f"{called} has {len(value.shape)} dimensions instead of {parameter.rank}")
            value = _changed(value, casts.drop_leading(len(leading)), ("rank", parameter.rank))
            value.shape, value.dims = value.shape[len(leading) :], value.dims[len(leading) :]
        if parameter.nx_type is not None:
            fitted = self._as_type(value, parameter.nx_type)
            if fitted is None:
                return Missing(f"{called} is not {NX_TYPES[parameter.nx_type]}")
            value = fitted
        if parameter.choices and not self._ask(lambda text: isinstance(text, str) and text in parameter.choices, value):
            return Missing(f"{called} is none of '{', '.join(parameter.choices)}'")
        return value

    def _at(self, value: Value, parameter: Parameter, called: str) -> Value | Missing:
        """Give the value at the point that another parameter names; the value itself where that is not set."""
        name = parameter.at or ""
        chooser = self.parameters.get((parameter.application, name)) or self.parameters[("", name)]
        found = self.value(chooser)
        if isinstance(found, Missing):
            return value
        point = int(found.take(self.offers.flat.values))
        self._ask(lambda number: bool(number == point), found)
        if not 0 <= point < value.shape[0]:
            return Missing(f"{called} has {value.shape[0]} points and none at {name} {point}")
        value = _changed(value, casts.pick(point), ("at", point))
        value.shape, value.dims = value.shape[1:], value.dims[1:]
        return value

    def _as_type(self, value: Value, nx_type: str) -> Value | None:
        kind = value.kind
        if nx_type == kind or (nx_type == "number" and value.is_number):
            return value
        if nx_type == "int" and kind == "float" and self._ask(casts.is_whole, value):
            value = _changed(value, casts.to_int, "int")
            value.kind, value.dtype = "int", np.dtype(np.int64)
            return value
        if nx_type == "float" and kind == "int" and self._ask(casts.is_exact, value):
            value = _changed(value, casts.to_float, "float")
            value.kind, value.dtype = "float", np.dtype(np.float64)
            return value
        if nx_type == "char" and kind == "time":
            return value
        if nx_type == "date_time" and (kind == "time" or (kind == "char" and self._ask(_is_time, value))):
            return value
        return None

    def _ask(self, question: Callable[[Any], bool], value: Value) -> bool:
        answer = question(value.take(self.offers.flat.values))
        if value.index is not None or value.get is not None:
            self.checks.append(Check(question, value, answer))
        return answer

    def _with_units(self, value: Value, parameter: Parameter) -> Value:
        """Add ``def_units`` where the data have none; say it where the data's units are of another kind."""
        if parameter.def_units is None:
            return value
        if value.units is None:
            return replace(value, units=parameter.def_units)
        value = replace(value, units=units.spell(value.units, parameter.def_units))
        assert value.units is not None
        if units.same_kind(value.units, parameter.def_units) is False:
            called = value.offer.reference if value.offer is not None else parameter.name
            called = called.removeprefix(f"{references.GIVEN}.")
            found = f"{called} has the units '{value.units}'"
            expected = f"parameter '{parameter.name}' expects units like '{parameter.def_units}'"
            if (found, expected, parameter.application) not in self.problems:
                self.problems.append((found, expected, parameter.application))
        elif self.convert_units and value.is_number and units.same_kind(value.units, parameter.def_units):
            return self._converted(value, parameter.def_units)
        return value

    def _converted(self, value: Value, target: str) -> Value:
        """Give the value in other units, as float64 and data of its own."""
        own = value.units or ""
        if own == target:
            return value
        converted = _changed(value, casts.each_block(lambda block: units.convert(block, own, target)), target)
        return replace(converted, units=target, kind="float", dtype=np.dtype(np.float64))

    # dependency_func

    def _calculate(self, parameter: Parameter) -> Value | Missing:
        expression = parameter.dependency_func
        assert expression is not None
        inputs: dict[str, Getter] = {}
        dims: list[tuple[tuple[int, ...], tuple[str, ...]]] = []
        for name in expression.names:
            found = self._input(parameter, name)
            if isinstance(found, Missing):
                return Missing(f"'{expression.text}' lacks {name}")
            inputs[name] = found.take
            dims.append((found.shape, found.dims))
            wanted = self.parameters.get((parameter.application, name)) or self.parameters.get(("", name))
            if wanted is not None and wanted.def_units and found.units not in (None, wanted.def_units):
                try:
                    units.convert(1.0, found.units or "", wanted.def_units)
                except ValueError as error:
                    return Missing(f"'{expression.text}': {error}")
                inputs[name] = _converting(found, wanted.def_units)

        def get(values: Values) -> Any:
            # functions that use one another, each twice, would else be calculated without end
            if get not in values.results:
                values.results[get] = expression.evaluate(lambda name: inputs[name](values))
            return values.results[get]

        try:
            result = get(self.offers.flat.values)
        except ExpressionError as error:
            return Missing(f"'{expression.text}': {error}")
        kind, dtype, shape = describe_value(result)
        value = Value(
            ("function", parameter.application, parameter.name),
            kind,
            shape,
            next((names for size, names in dims if size == shape), nameless(shape)),
            dtype,
            get=get,
        )
        fitted = self._fit(value, parameter, f"'{expression.text}'")
        return self._with_units(fitted, parameter) if isinstance(fitted, Value) else fitted

    def _input(self, parameter: Parameter, name: str) -> Value | Missing:
        """Give what ``%name%`` stands for: a parameter beside this one, one of the entry, or a reference."""
        found = self.parameters.get((parameter.application, name)) or self.parameters.get(("", name))
        if found is not None:
            return self.value(found)
        reference = references.parse(name, Place(""), [])
        return Missing("") if reference is None else self._source(reference)


def _called(reference: references.Reference, value: Value) -> str:
    """Give the reference, and what the source calls the value where the reference does not tell."""
    if value.long_name is None or value.long_name in reference.text:
        return reference.text
    return f"{reference.text} ({value.long_name})"


def _is_time(value: Any) -> bool:
    return isinstance(value, str) and is_iso(value)


def _constant(identity: Hashable, constant: Leaf) -> Value:
    kind, dtype, shape = describe_value(constant)
    dims = nameless(shape)
    return Value(identity, kind, shape, dims, dtype, constant=constant)


def _changed(value: Value, convert: Callable[[Any], Any], what: Hashable) -> Value:
    """Give the value converted, as data of its own."""
    if value.index is None and value.get is None:
        return replace(value, constant=convert(value.constant), identity=(value.identity, what))
    take = value.take
    return replace(value, index=None, get=lambda values: convert(take(values)), identity=(value.identity, what))


def _converting(value: Value, target: str) -> Getter:
    def get(values: Values) -> Any:
        return units.convert(loaded(value.take(values)), value.units or "", target)

    return get
