"""What formats of one curve share: which columns it is, in which units, and the points that can be written.

A curve is an abscissa, intensities over it, and where they are known their standard deviations. What is not known is
never guessed: a unit that no one states is asked for by ``--x-units``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from math import log10
from typing import Any

import numpy as np

from nxconvert import units
from nxconvert.arrays import Array, LazyArray
from nxconvert.digits import column_lines
from nxconvert.errors import Problem, WriteError, near_names
from nxconvert.registry import Setting, Settings
from nxconvert.scan import Field, Plot, Scan
from nxconvert.tabular import CELLS, aligned, held_as_columns, listed, losses, numbers

Y = Setting("y", "Column, or plot, of the intensities. Default: what the scan is plotted by.", "", "COLUMN")
SIGMA = Setting(
    "sigma",
    "Column of the standard deviations; 'poisson': the square root of counts, 1 where there are none; 'none': without."
    " Default: <y>_errors, errors or <y>dev.",
    "",
    "COLUMN|poisson|none",
)
X_UNITS = Setting("x_units", "Unit of the scanned column, instead of the one that the file states.", "", "UNIT")


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve: its fields, and what it is made of. ``sigma`` is None where nothing is known of the deviations."""

    x: Field
    y: Field
    sigma: Field | None
    name: str
    #: further fields that belong to its points, by name: the columns, or what stands in its plot
    others: dict[str, Field]
    #: the fields of the scan that it is made of
    used: tuple[Field, ...]


def find_curve(name: str, scan: Scan, settings: Settings, unit: str = "", sigma: bool = False) -> Curve:
    """Find the curve that the settings name, or that the scan is plotted by, for the format called *name*.

    *unit*: one that the abscissa must be convertible to; with *sigma* standard deviations are needed. WriteError, with
    all that is missing.
    """
    x, y, others, own = _points(name, scan, settings["y"])
    stated = replace(x, units=settings["x_units"]) if settings["x_units"] else x
    wanted = settings.get("sigma", "none")
    deviations, problem = _sigma(scan, y, others, wanted)
    if sigma and deviations is None and wanted in ("", "none"):
        found = f"{name} needs the standard deviations of '{own}'"
        hint = "--sigma COLUMN names their column, --sigma poisson makes them of counts"
        problem = Problem(scan.place, found, hint=hint, severity="lost")
    problems = [problem, _wrong_unit(scan, stated, unit) if unit else None]
    if any(problems):
        raise WriteError(*(item for item in problems if item is not None))
    used = tuple(item for item in (x, y, deviations) if item is not None)
    return Curve(stated, y, deviations, own, others, used)


def abscissa(scan: Scan, columns: dict[str, Any]) -> str:
    """Give the column that the others stand over: the scanned one, or without it the first; empty without columns.

    ``--columns`` may have put others before it.
    """
    return next((name for name in scan.axes if name in columns), next(iter(columns), ""))


def no_curve(scan: Scan, _settings: Settings) -> str:
    """Give the reason why there is no curve in a scan, empty where there may be one; what exporters take as `skips`."""
    plotted = any(numbers(plot.signal) is not None and plot.signal.dims != ("point",) for plot in scan.plots.values())
    if plotted or scan.points:
        return ""
    return "its columns have no points" if scan.columns else "it has no columns"


def _points(name: str, scan: Scan, wanted: str) -> tuple[Field, Field, dict[str, Field], str]:
    """Give abscissa and intensities, the other fields that are as long, and the name of the intensities."""
    columns = {key: field for key, field in scan.columns.items() if numbers(field) is not None}
    own = wanted if wanted in columns else ""
    if not own:
        for key, plot in scan.plots.items():
            if wanted in ("", key, _owner(scan, plot)) and (found := _of_plot(scan, key, plot, columns)) is not None:
                return found
        if wanted in scan.plots:
            shown = scan.plots[wanted]
            known = listed(list(beside(scan, shown)))
            why = f"is no curve: it has {len(shown.axes)} dimensions"
            if len(shown.axes) == 1:
                why = "stands over nothing that is as long"
            hint = f"--x names it: {known}" if known else ""
            raise WriteError.at(scan.place, f"'{wanted}' {why}", hint=hint)
        if wanted:
            raise WriteError.at(
                scan.place,
                f"there is no column '{wanted}'",
                near_names(wanted, [*columns, *scan.plots, *scan.detectors]),
            )
        if not columns:
            raise WriteError.at(scan.place, "has no column with one number per point")
        if len(columns) != 2:
            among = f"of {listed(list(columns))}"
            raise WriteError.at(scan.place, f"{name} needs one column of intensities", among, "--y names it")
    first = abscissa(scan, columns)
    if own == first:
        message = f"'{own}' is the column over which {name} has the intensities"
        raise WriteError.at(scan.place, message, hint="--x names another")
    own = own or next(name for name in columns if name != first)
    return columns[first], columns[own], columns, own


def _of_plot(
    scan: Scan, key: str, plot: Plot, columns: dict[str, Field]
) -> tuple[Field, Field, dict[str, Field], str] | None:
    """Give the curve that a plot shows: a column over the first one, or a spectrum over its axis."""
    signal, axis = plot.signal, plot.axes[0] if len(plot.axes) == 1 else None
    if signal.dims == ("point",):
        first = abscissa(scan, columns)
        own = next((name for name, field in columns.items() if field is signal or field.name == signal.name), first)
        return (columns[first], columns[own], columns, own) if own != first else None
    value, places = numbers(signal), None if axis is None else numbers(axis)
    if axis is None or value is None or places is None or value.shape != places.shape:
        return None
    return axis, signal, beside(scan, plot), signal.name if key == "data" else key


def _owner(scan: Scan, plot: Plot) -> str:
    """Give the name of the detector whose spectrum is plotted, empty where it is of none."""
    return next((name for name, fields in scan.detectors.items() if fields.get("data") is plot.signal), "")


def beside(scan: Scan, plot: Plot) -> dict[str, Field]:
    """Give what a spectrum that is plotted can stand over: what is as long, of its plot and of its detector."""
    signal, value = plot.signal, numbers(plot.signal)
    if value is None or signal.dims == ("point",):
        return {}
    fields = {item.name: item for item in (*plot.axes, *plot.extra) if item is not None}
    for detector in scan.detectors.values():
        if any(field is signal for field in detector.values()):
            fields |= detector
    return {
        name: field
        for name, field in fields.items()
        if field is not signal and (held := numbers(field)) is not None and held.shape == value.shape
    }


def _sigma(scan: Scan, y: Field, others: dict[str, Field], wanted: str) -> tuple[Field | None, Problem | None]:
    if wanted == "none":
        return None, None
    if wanted == "poisson":
        value = numbers(y)
        assert value is not None
        return Field(f"{y.name}_errors", Poisson(value, y.name, scan), y.dims, y.units), None
    if wanted:
        if wanted in others:
            return others[wanted], None
        return None, Problem(scan.place, f"there is no column '{wanted}'", near_names(wanted, others), severity="lost")
    return deviations_of(y, others, ("errors",)), None


def deviations_of(field: Field, others: dict[str, Field], more: tuple[str, ...] = ()) -> Field | None:
    """Give the standard deviations of a field by the names that NeXus and canSAS have for them, or *more*."""
    for name in (f"{field.name}_errors", f"{field.name}dev", *more):
        if name in others and others[name] is not field:
            return others[name]
    return None


class Poisson(LazyArray):
    """Standard deviations of counts: their square roots, 1 where nothing was counted."""

    def __init__(self, value: Array | LazyArray, name: str, scan: Scan) -> None:
        self._value, self._name, self._scan = value, name, scan
        self.shape = value.shape
        self.dtype = np.dtype(np.float64)

    def blocks(self) -> Iterator[Array]:
        """Give the deviations; WriteError for what cannot be counts."""
        for block in blocks_of(self._value):
            if (block < 0).any():
                raise WriteError.at(
                    self._scan.place, f"'{self._name}' has negative values, which are no counts", hint="--sigma COLUMN"
                )
            yield np.sqrt(np.where(block == 0, 1.0, block))


# --- units


class Converted(LazyArray):
    """An array in other units; by powers of ten the decimal point is moved, so that 7.1 keV are 7100 eV exactly."""

    def __init__(self, value: Array | LazyArray, source: str, target: str) -> None:
        self._value, self._source, self._target = value, source, target
        self._power = _power(source, target)
        self.shape = value.shape
        self.dtype = np.dtype(np.float64)

    def blocks(self) -> Iterator[Array]:
        """Give the blocks in the other units."""
        for block in blocks_of(self._value):
            if self._power is None:
                yield np.asarray(units.convert(block.astype(np.float64), self._source, self._target), np.float64)
            else:
                yield shifted(block, self._power)


def shifted(block: Array, power: int) -> Array:
    """Multiply by a power of ten: what the shortest text of each number says with its decimal point moved."""
    return np.array([float(Decimal(repr(value)).scaleb(power)) for value in block.astype(np.float64).tolist()])


def _power(source: str, target: str) -> int | None:
    """Give n where 10**n is the whole difference of two units."""
    zero, one = units.convert(0.0, source, target), units.convert(1.0, source, target)
    if zero != 0 or one <= 0:
        return None
    power = round(log10(one))
    return power if abs(one / 10.0**power - 1) < 1e-9 else None


def in_units(scan: Scan, field: Field, target: str) -> Array | LazyArray:
    """Give values in *target*; WriteError where the unit is not known, or of another kind."""
    value = numbers(field)
    assert value is not None
    if problem := _wrong_unit(scan, field, target):
        raise WriteError(problem)
    source = units.spell(field.units or "", target)
    return value if source == units.spell(target) else Converted(value, source, target)


def _wrong_unit(scan: Scan, field: Field, target: str) -> Problem | None:
    """Say why a field cannot be converted to *target*."""
    source, expected = units.spell(field.units or "", target), f"{target} is needed"
    if not source:
        found = f"the unit of '{field.name}' is not known"
        return Problem(scan.place, found, expected, f"--x-units {target}", severity="lost")
    if units.same_kind(source, target):
        return None
    return Problem(scan.place, f"'{field.name}' is in {field.units}", expected, severity="lost")


# --- points


def blocks_of(value: Array | LazyArray) -> Iterator[Array]:
    """Give the blocks of an array, which is one where it is in memory."""
    return value.blocks() if isinstance(value, LazyArray) else iter([value])


def finite_blocks(values: Sequence[Array | LazyArray]) -> Iterator[list[Array]]:
    """Give blocks of the rows in which every number is finite."""
    for block in aligned(values, max(1, CELLS // max(1, len(values)))):
        keep = np.logical_and.reduce([np.isfinite(column) for column in block])
        yield block if keep.all() else [column[keep] for column in block]


def finite_text(values: Sequence[Array | LazyArray], separator: str, form: str = "") -> Iterator[str]:
    """Give the rows in which every number is finite as text, each line with its end."""
    for block in finite_blocks(values):
        if len(block[0]):
            yield b"\n".join([*column_lines(block, separator.encode(), form), b""]).decode()


def finite_count(scan: Scan, fields: Sequence[Field], values: Sequence[Array | LazyArray]) -> int:
    """Count the rows in which every number is finite; WriteError where there is none."""
    count = sum(len(block[0]) for block in finite_blocks(values))
    if not values[0].shape[0]:
        raise WriteError.at(scan.place, "its columns have no points")
    if not count:
        raise WriteError.at(
            scan.place,
            f"there is no point at which all of {listed([field.name for field in fields])} are numbers",
            hint="--columns and --only-columns choose others",
        )
    return count


def left_out(name: str, scan: Scan, fields: Sequence[Field], values: Sequence[Array | LazyArray]) -> list[str]:
    """Say how many points are left out, as the format called *name* has no nan and no inf."""
    total = values[0].shape[0]
    lost = total - finite_count(scan, fields, values)
    return [f"{name} has no nan and inf: {lost} of {total} points are left out"] if lost else []


def curve_losses(
    name: str, scan: Scan, curve: Curve, written: Sequence[Field], held: Sequence[str] = (), x_units: str = ""
) -> list[str]:
    """Say what of a scan is not in a file of one curve, of which it has the *written* fields.

    *x_units* are those in which the abscissa is written; without, it stands as it is, without units.
    """
    own = {id(field) for field in (*written, *curve.used)}
    columns = {key: field for key, field in scan.columns.items() if id(field) not in own}
    detectors = {
        key: fields
        for key, fields in scan.detectors.items()
        if not any(id(f) in own for f in fields.values()) and not held_as_columns(scan, fields)
    }
    found = losses(name, replace(scan, columns={}, detectors=detectors), held)
    x = curve.x
    if columns:
        found.insert(
            0, f"{name} holds one curve, '{curve.name}' over '{x.name}'; these are not in it: {listed(list(columns))}"
        )
    units_of = [x, curve.y] if not x_units else [curve.y]
    if "units" not in held and (lost := [field.name for field in units_of if field.units]):
        found.append(f"{name} has no place for units: {listed(lost)}")
    if x_units and units.spell(x.units or "", x_units) != units.spell(x_units):
        found.append(f"'{x.name}' is converted from {x.units} to {x_units}")
    return found


def increasing(name: str, scan: Scan, x: Field, values: Sequence[Array | LazyArray]) -> None:
    """Check that the abscissa, the first of *values*, never falls; WriteError with the first point where it does."""
    last, point = -np.inf, 0
    for block in finite_blocks(values):
        steps = np.diff(np.concatenate([[last], block[0].astype(np.float64)]))
        if (steps < 0).any():
            at = point + int(np.argmax(steps < 0))
            raise WriteError.at(
                scan.place,
                f"'{x.name}' falls at point {at}",
                f"{name} needs it to increase",
                "xy and xye keep any order",
            )
        point += len(block[0])
        last = block[0][-1] if len(block[0]) else last


# --- text


def ascii_line(text: str, longest: int = 0) -> str:
    """Give text as one line of ASCII: one blank for blanks and line ends, '?' for what is not in it."""
    plain = " ".join(re.sub(r"[\0-\x1f\x7f]+", " ", text).split()).encode("ascii", "replace").decode()
    return plain[:longest].rstrip() if longest else plain


def changed_texts(name: str, texts: dict[str, str], longest: int = 0) -> list[str]:
    """Say which texts do not stand as they are but for blanks, by what they are."""
    changed = [kind for kind, text in texts.items() if ascii_line(text, longest) != " ".join(text.split())]
    limit = f" of {longest} characters" if longest else ""
    return [f"{name} has lines{limit} of ASCII, and '?' for what is not in it: {listed(changed)}"] if changed else []


def scalar(field: Field | None) -> Any:
    """Give a constant number or text, None where a field is none."""
    if field is None or isinstance(field.value, (LazyArray, list)):
        return None
    value = field.value
    if isinstance(value, np.ndarray):
        return value.reshape(-1)[0].item() if value.size == 1 and value.dtype.kind in "biuf" else None
    return value.item() if isinstance(value, np.generic) else value
