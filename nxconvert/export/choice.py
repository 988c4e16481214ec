"""Which columns are wanted, under which names, and what is calculated from them.

``I*`` and ``det`` choose, ``counts=det`` renames, ``mu=log(I0/I1)`` calculates in the language of mappings, where a
column may stand by its bare name; ``%I 0%`` is one whose name is no single word, ``%positioners.sx%`` a position.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from nxconvert.curves import beside
from nxconvert.errors import Place, Problem, RequestError, WriteError, near_names
from nxconvert.mapping.expressions import CONSTANTS, Expression, ExpressionError, parse
from nxconvert.scan import Field, Scan

_TOKEN = re.compile(r"%[^%\n]+%|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|([A-Za-z_]\w*)(?!\w*\s*\()", re.ASCII)
_NAMED = re.compile(r"\s*%([^%\n]+)%\s*$|\s*([A-Za-z_]\w*)\s*$", re.ASCII)


@dataclass(frozen=True, slots=True)
class Made:
    """A column that gets a name: another one (``source``), or the result of a calculation."""

    name: str
    source: str = ""
    expression: Expression | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """The wanted columns in their order, each a pattern or something made; the others follow unless ``only``."""

    items: tuple[str | Made, ...] = ()
    only: bool = False
    x: str = ""

    def apply(self, scan: Scan, problems: list[Problem], curves: bool = False) -> Scan:
        """Give the scan with the wanted columns; what it lacks is a problem, WriteError where nothing is left.

        With *curves* a spectrum that is plotted can be what is wanted too, and ``x`` what it stands over.
        """
        columns = scan.columns
        if self.items:
            chosen: dict[str, Field] = {}
            taken: set[str] = set()
            for item in self.items:
                for old, field in self._find(item, scan, problems):
                    chosen.setdefault(field.name, field)
                    taken.add(old)
            if self.only and not chosen:
                raise WriteError.at(
                    scan.place, "has none of the wanted columns", near_names(str(self._words()[0]), columns)
                )
            rest = {} if self.only else {name: item for name, item in columns.items() if name not in taken}
            columns = chosen | {name: item for name, item in rest.items() if name not in chosen}
        axes = {name: field for name, field in scan.axes.items() if columns.get(name) is field}
        plots = scan.plots
        if self.x:
            spectra = {key: beside(scan, plot) for key, plot in plots.items()} if curves else {}
            if self.x in columns:
                axes = {self.x: columns[self.x]}
                columns = axes | columns
            elif not any(self.x in fields for fields in spectra.values()):
                known = [*columns, *(name for fields in spectra.values() for name in fields)]
                found = f"--x: there is no column '{self.x}'"
                problems.append(Problem(scan.place, found, near_names(self.x, dict.fromkeys(known))))
                spectra = {}
            # a spectrum that does not stand over x is no curve of this request
            over = {key: replace(plots[key], axes=(fields.get(self.x),)) for key, fields in spectra.items() if fields}
            plots = plots | over
        return replace(scan, columns=columns, axes=axes, plots=plots)

    def _words(self) -> list[str]:
        return [item if isinstance(item, str) else item.source or item.name for item in self.items]

    def _find(self, item: str | Made, scan: Scan, problems: list[Problem]) -> Iterator[tuple[str, Field]]:
        """Give what an item stands for: the name of a column that is used up, and the field."""
        columns = scan.columns
        if isinstance(item, str):
            found = [item] if item in columns else [name for name in columns if fnmatchcase(name, item)]
            if not found:
                problems.append(Problem(scan.place, f"there is no column '{item}'", near_names(item, columns)))
            yield from ((name, columns[name]) for name in found)
        elif item.expression is None:
            if item.source in columns:
                yield item.source, replace(columns[item.source], name=item.name, long_name=None)
            else:
                expected = near_names(item.source, columns)
                problems.append(Problem(scan.place, f"there is no column '{item.source}'", expected))
        else:
            try:
                yield item.name, _calculated(item.name, item.expression, scan)
            except ExpressionError as error:
                problems.append(Problem(scan.place, f"column '{item.name}' cannot be calculated: {error}"))


def parse_choice(words: Sequence[str], only: bool, x: str) -> Choice:
    """Check what the user says about columns; RequestError with every mistake."""
    problems: list[Problem] = []
    items: list[str | Made] = []
    for word in words:
        name, equals, text = word.partition("=")
        name = name.strip()
        if not equals:
            items.append(word)
        elif not name or not text.strip():
            problems.append(Problem(Place("--columns"), f"'{word}'", "NAME, NAME=OLD or NAME=EXPRESSION was expected"))
        elif match := _NAMED.match(text):
            items.append(Made(name, match[1] or match[2]))
        else:
            source = _TOKEN.sub(lambda token: f"%{token[1]}%" if token[1] else token[0], text)
            expression = parse(source, Place("--columns"), problems)
            if expression is not None:
                items.append(Made(name, "", expression))
    if only and not words:
        problems.append(Problem(Place("--only-columns"), "no columns are named", "--columns was expected"))
    if problems:
        raise RequestError(*problems)
    return Choice(tuple(items), only, x)


def _calculated(name: str, expression: Expression, scan: Scan) -> Field:
    def value(wanted: str) -> Any:
        if wanted in scan.columns:
            return scan.columns[wanted].value
        kind, _, own = wanted.partition(".")
        fields = {"columns": scan.columns, "positioners": scan.positioners}.get(kind, {})
        if own in fields:
            return fields[own].value
        if wanted in CONSTANTS:
            return CONSTANTS[wanted]
        near = near_names(wanted, scan.columns)
        raise ExpressionError(f"there is no column '{wanted}'" + (f", {near}" if near else ""))

    result = np.asarray(expression.evaluate(value))
    points = scan.points
    if result.ndim == 0:
        result = np.full(points, result)
    if result.shape != (points,):
        raise ExpressionError(f"it has the shape {list(result.shape)}, not one number for each of {points} points")
    return Field(name, result, ("point",))
