"""The arithmetic of ``dependency_func``: ``sum(%monit_data%)``, ``hc / %energy%``.

``%name%`` is the value of a parameter, or of a reference such as ``%positioners.energy%``. There are numbers, arrays,
``+ - * / **``, parentheses, and the functions and constants below; nothing else. A text is parsed by ``ast`` and
walked, never executed. ``+ - * / **`` work in float64; sum, min, max, first, last, abs and len keep integers.
"""

from __future__ import annotations

import ast
import math
import re
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from nxconvert.arrays import LazyArray, load
from nxconvert.errors import Place, Problem, near_names
from nxconvert.mapping.mistake import Mistake

MAX_LENGTH = 1000
MAX_DEPTH = 50
#: Larger arrays that lie in their file are not loaded for arithmetic; only sum, mean, min, max, first, last and len
#: read them, block by block.
MAX_LOADED = 64 * 2**20

#: CODATA 2018; h in J s, c in m/s, e in C, k in J/K, me and mn in kg, hc in keV angstrom.
CONSTANTS = {
    "pi": math.pi,
    "h": 6.62607015e-34,
    "c": 299792458.0,
    "e": 1.602176634e-19,
    "k": 1.380649e-23,
    "me": 9.1093837015e-31,
    "mn": 1.67492749804e-27,
    "hc": 12.398419843320026,
}


class ExpressionError(Exception):
    """The values at hand do not fit the expression; the text says why."""


class Expression(NamedTuple):
    """A checked expression: its text, the names that it needs, its syntax tree, and how deep that is."""

    text: str
    names: tuple[str, ...]
    tree: ast.expr
    symbols: dict[str, str]
    depth: int = 0

    def evaluate(self, value: Callable[[str], Any]) -> Any:
        """Calculate with ``value(name)`` for each name; ExpressionError where the values do not fit."""
        with np.errstate(all="ignore"):
            result = _Evaluation(self.symbols, value).visit(self.tree)
        return loaded(result)[()]


def parse(text: str, place: Place, problems: list[Problem]) -> Expression | None:
    """Parse an expression; a mistake goes to *problems* and gives None."""
    try:
        return _parse(text)
    except Mistake as mistake:
        found = f"function '{_shown(text)}': {mistake.found}"
        problems.append(Problem(place, found, mistake.expected, mistake.hint))
        return None


def _parse(text: str) -> Expression:
    if len(text) > MAX_LENGTH:
        raise Mistake(f"{len(text)} characters", f"expected {MAX_LENGTH} at most")
    names: list[str] = []

    def symbol(match: re.Match[str]) -> str:
        if match[1] not in names:
            names.append(match[1])
        return f" {_symbol(names.index(match[1]))} "

    if re.search(r"__\d", re.sub(r"%[^%\n]+%", "", text)):
        raise Mistake("a name with '__'", "expected %name%")
    source = re.sub(r"%([^%\n]+)%", symbol, text).strip()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about odd spellings such as 1if
            tree = ast.parse(source, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise Mistake("not an arithmetic expression", _EXPECTED) from None
    symbols = {_symbol(number): name for number, name in enumerate(names)}
    checker = _Checker(symbols)
    checker.check(tree, 0)
    return Expression(text, tuple(names), tree, symbols, checker.depth)


_EXPECTED = "expected numbers, %name%, + - * / **, functions"


def _symbol(number: int) -> str:
    """Give the word that stands for a name while Python's own parser reads the text."""
    return f"__{number}__"


def _shown(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."


class _Checker:
    """Looks for the first thing that the language does not have, and calculates what is constant."""

    def __init__(self, symbols: dict[str, str]) -> None:
        self.symbols = symbols
        self.depth = 0

    def check(self, node: ast.expr, depth: int) -> bool:
        """Check a node; tells whether it is constant."""
        if depth > MAX_DEPTH:
            raise Mistake("nested too deeply", f"expected {MAX_DEPTH} levels at most")
        self.depth = max(self.depth, depth)
        constant = True
        if isinstance(node, ast.Constant):
            if type(node.value) not in (int, float):
                raise Mistake(f"{node.value!r}", "expected numbers")
        elif isinstance(node, ast.Name):
            if node.id in self.symbols:
                return False
            if node.id not in CONSTANTS:
                hint = f"call it: {node.id}(...)" if node.id in FUNCTIONS else near_names(node.id, CONSTANTS)
                raise Mistake(f"the unknown name '{node.id}'", "expected %name% or a constant", hint)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
            constant = self.check(node.operand, depth + 1)
        elif isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            left = self.check(node.left, depth + 1)
            constant = self.check(node.right, depth + 1) and left
        elif isinstance(node, ast.Call):
            parts = [self.check(argument, depth + 1) for argument in self.arguments(node)]
            constant = all(parts)
        else:
            raise Mistake(f"'{_shown(_source(node))}'", _EXPECTED)
        if constant:
            self.finite(node)
        return constant

    def arguments(self, node: ast.Call) -> list[ast.expr]:
        """Give the values that a function is called with."""
        if not isinstance(node.func, ast.Name):
            raise Mistake(f"'{_shown(_source(node.func))}' called", "expected a function")
        name = node.func.id
        if name not in FUNCTIONS:
            raise Mistake(f"the unknown function '{name}'", hint=near_names(name, FUNCTIONS))
        wanted = ARGUMENTS.get(name, ("x",))
        if len(node.args) != len(wanted) or node.keywords or any(isinstance(item, ast.Starred) for item in node.args):
            expected = f"{name}({', '.join(wanted)})" if len(wanted) > 1 else f"one value in {name}(...)"
            raise Mistake(f"'{_shown(_source(node))}'", f"expected {expected}")
        return node.args

    def finite(self, node: ast.expr) -> None:
        """Refuse what is constant and has no finite value; float64 keeps ``9**9**9`` a matter of nanoseconds."""
        try:
            with np.errstate(all="ignore"):
                value = float(_Evaluation({}, lambda name: name).visit(node))
        except OverflowError:
            value = math.inf
        if not math.isfinite(value):
            raise Mistake(f"'{_shown(_source(node))}' has no finite value")


def _source(node: ast.AST) -> str:
    """Give the node as text; deep ones are named only."""
    try:
        # Python 3.10 writes "lambda :"
        return re.sub(r"__\d+__", "%...%", ast.unparse(node)).replace("lambda :", "lambda:")
    except RecursionError:
        return type(node).__name__


class _Evaluation:
    """Walks a checked tree."""

    def __init__(self, symbols: dict[str, str], value: Callable[[str], Any]) -> None:
        self.symbols = symbols
        self.value = value

    def visit(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Constant):
            assert isinstance(node.value, (int, float))
            return np.float64(node.value)
        if isinstance(node, ast.Name):
            if node.id in CONSTANTS:
                return np.float64(CONSTANTS[node.id])
            return _number(self.value(self.symbols[node.id]), self.symbols[node.id])
        if isinstance(node, ast.UnaryOp):
            operand = _float(self.visit(node.operand))
            return -operand if isinstance(node.op, ast.USub) else operand
        if isinstance(node, ast.BinOp):
            return OPERATORS[type(node.op)](*_pair(self.visit(node.left), self.visit(node.right)))
        assert isinstance(node, ast.Call)
        assert isinstance(node.func, ast.Name)
        values = [self.visit(argument) for argument in node.args]
        return FUNCTIONS[node.func.id](*(values if len(values) == 1 else _pair(*values)))


def _number(value: Any, name: str) -> Any:
    """Give a value as numpy number or array, a lazy array as it is; ExpressionError where it is no number."""
    if isinstance(value, LazyArray):
        kind = value.dtype.kind
    else:
        if isinstance(value, int) and not -(2**63) <= value < 2**64:
            raise ExpressionError(f"%{name}% is too large a number")
        value = np.asarray(value)
        kind = value.dtype.kind
    if kind not in "iuf":
        raise ExpressionError(f"%{name}% is not a number")
    return value


def loaded(value: Any) -> Any:
    """Give the values in memory; ExpressionError where an array in its file is too large for that."""
    if isinstance(value, LazyArray):
        if value.nbytes > MAX_LOADED:
            raise ExpressionError(
                f"an array of {value.nbytes} bytes is too large for this, only for sum, mean, min, max"
            )
        return load(value)
    return value


def _float(value: Any) -> Any:
    return np.float64(1) * np.asarray(loaded(value), dtype=np.float64)


def _pair(left: Any, right: Any) -> tuple[Any, Any]:
    """Give two values in float64; ExpressionError where two arrays differ in shape."""
    left, right = _float(left), _float(right)
    if left.ndim and right.ndim and left.shape != right.shape:
        raise ExpressionError(f"the shapes {list(left.shape)} and {list(right.shape)} differ")
    return left, right


def _blocks(value: Any) -> list[Any] | Any:
    """Give the values block by block, flat; an iterable that is walked once."""
    if isinstance(value, LazyArray):
        return (block.reshape(-1) for block in value.blocks())
    return [np.asarray(value).reshape(-1)]


def _sum(value: Any) -> Any:
    """Sum exactly for integers that fit int64, else in float64."""
    if value.dtype.kind == "f":
        return sum((np.sum(block, dtype=np.float64) for block in _blocks(value)), np.float64(0))
    total = 0
    for block in _blocks(value):
        # halves of 32 bits: their sums cannot pass 64 bits in any block that memory holds
        if block.dtype != np.uint64:
            block = block.astype(np.int64, copy=False)
        total += int(np.sum(block >> 32, dtype=np.int64)) * 2**32 + int(np.sum(block & 0xFFFFFFFF, dtype=np.int64))
    return np.int64(total) if -(2**63) <= total < 2**63 else np.float64(total)


def _mean(value: Any) -> Any:
    size = math.prod(value.shape)
    return np.float64(_sum(value)) / size if size else np.float64(np.nan)


def _extreme(choose: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def calculate(value: Any) -> Any:
        found = [choose(block) for block in _blocks(value) if block.size]
        return choose(np.asarray(found, dtype=value.dtype)) if found else np.float64(np.nan)

    return calculate


def _first(value: Any) -> Any:
    for block in _blocks(value):
        if block.size:
            return block[0]
    return np.float64(np.nan)


def _last(value: Any) -> Any:
    found = np.float64(np.nan)
    for block in _blocks(value):
        if block.size:
            found = block[-1]
    return found


def _len(value: Any) -> Any:
    return np.int64(value.shape[0] if value.shape else 1)


def _abs(value: Any) -> Any:
    value = loaded(value)
    if value.dtype.kind == "i" and value.size and value.min() == np.iinfo(value.dtype).min:
        value = value.astype(np.float64)  # |-2**63| is no int64
    return np.abs(value)


def _each(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: function(_float(value))


OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: lambda left, right: left * right,
    ast.Div: lambda left, right: left / right,
    ast.Pow: np.power,
}

#: h**2 / (2 mn) in meV angstrom**2: energy and wavelength of a neutron
_NEUTRON = CONSTANTS["h"] ** 2 / (2 * CONSTANTS["mn"]) / CONSTANTS["e"] * 1e23


def _sin_half(two_theta: Any) -> Any:
    return np.sin(np.radians(two_theta) / 2)


#: The names of what a function takes where that is more than one value.
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "bragg_angle": ("energy", "d"),
    "bragg_energy": ("angle", "d"),
    "q": ("two_theta", "wavelength"),
    "d_spacing": ("two_theta", "wavelength"),
}

#: Angles of the physical functions are in degrees, energies of photons in keV and of neutrons in meV, lengths in
#: angstrom, q in 1/angstrom.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sum": _sum,
    "mean": _mean,
    "min": _extreme(np.min),
    "max": _extreme(np.max),
    "len": _len,
    "first": _first,
    "last": _last,
    "abs": _abs,
    "sqrt": _each(np.sqrt),
    "exp": _each(np.exp),
    "log": _each(np.log),
    "log10": _each(np.log10),
    "sin": _each(np.sin),
    "cos": _each(np.cos),
    "tan": _each(np.tan),
    "asin": _each(np.arcsin),
    "acos": _each(np.arccos),
    "atan": _each(np.arctan),
    "degrees": _each(np.degrees),
    "radians": _each(np.radians),
    "photon_wavelength": _each(lambda energy: CONSTANTS["hc"] / energy),
    "photon_energy": _each(lambda wavelength: CONSTANTS["hc"] / wavelength),
    "neutron_energy": _each(lambda wavelength: _NEUTRON / wavelength**2),
    "neutron_wavelength": _each(lambda energy: np.sqrt(_NEUTRON / energy)),
    "bragg_angle": lambda energy, d: np.degrees(np.arcsin(CONSTANTS["hc"] / (2 * d * energy))),
    "bragg_energy": lambda angle, d: CONSTANTS["hc"] / (2 * d * np.sin(np.radians(angle))),
    "q": lambda two_theta, wavelength: 4 * np.pi * _sin_half(two_theta) / wavelength,
    "d_spacing": lambda two_theta, wavelength: wavelength / (2 * _sin_half(two_theta)),
}
