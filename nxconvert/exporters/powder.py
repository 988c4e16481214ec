"""Powder patterns: an angle, an intensity and its standard deviation in a line, for Rietveld programs.

``xy``, any curve as two columns, and ``xye``, the angle in degrees (TOPAS, GSAS-II, Fityk), without a header, as every
program reads them::

    10.0 120 10.954451150103322
    10.05 118 10.862780491200215

``gsas``, the FXYE records of GSAS and GSAS-II (GSAS technical manual, "Powder data"): lines of 80 characters, a title,
the angle in hundredths of a degree::

    a title
    BANK 1 2 2 CONS 1000 5 0 0 FXYE
    1000.0 120 10.954451150103322

``fullprof``, the free format with INSTRM=10 (FullProf manual, appendix A): six lines, then the angle in degrees::

    XYDATA
    TITLE a title
    FILE x.nxs:/entry
    INTER 1 1 0 0.05                      factors of both columns, no interpolation, mean step
    TEMP 300                              in kelvin; '! the temperature is not known' where it is not
    ! two_theta counts sigma
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import IO

import numpy as np

from nxconvert import units
from nxconvert.arrays import Array, LazyArray
from nxconvert.curves import (
    SIGMA,
    X_UNITS,
    Converted,
    Curve,
    Y,
    ascii_line,
    changed_texts,
    curve_losses,
    find_curve,
    finite_blocks,
    finite_count,
    finite_text,
    in_units,
    increasing,
    left_out,
    no_curve,
    scalar,
    shifted,
)
from nxconvert.digits import number_text
from nxconvert.registry import Exporter, Settings
from nxconvert.scan import Field, Scan
from nxconvert.tabular import PRECISION, numbers

_DEGREE = "degree"
#: characters of a line of GSAS; of one of FullProf
_CARD, _LINE = 80, 132


def _curve(name: str, scan: Scan, settings: Settings) -> tuple[Curve, list[Array | LazyArray], list[Field]]:
    """Give the curve of a format, its values as they are written, and their fields."""
    needed = name in ("xye", "gsas")
    curve = find_curve(name, scan, settings, "" if name == "xy" else _DEGREE, sigma=needed)
    fields = [curve.x, curve.y]
    if curve.sigma is not None and name != "xy":
        fields.append(curve.sigma)
    values = [value for field in fields if (value := numbers(field)) is not None]
    if name != "xy":
        values[0] = in_units(scan, curve.x, _DEGREE)
    return curve, values, fields


def write_columns(name: str, scan: Scan, stream: IO[str], settings: Settings) -> None:
    """Write the columns of a curve and nothing else; WriteError where something is missing."""
    _, values, fields = _curve(name, scan, settings)
    finite_count(scan, fields, values)
    stream.writelines(finite_text(values, " ", settings["precision"]))


def write_gsas(scan: Scan, stream: IO[str], settings: Settings) -> None:
    """Write FXYE records; WriteError where something is missing, or the angle does not increase."""
    curve, values, fields = _curve("gsas", scan, settings)
    increasing("gsas", scan, curve.x, values)
    count = finite_count(scan, fields, values)
    first, step = map(number_text, shifted(np.array(_span(values, count)), 2))
    values[0] = Converted(values[0], _DEGREE, "centidegree")
    stream.write(f"{ascii_line(scan.title, _CARD):<80}\n")
    stream.write(f"{f'BANK 1 {count} {count} CONS {first} {step} 0 0 FXYE':<80}\n")
    for text in finite_text(values, " ", settings["precision"]):
        stream.writelines(f"{line:<80}\n" for line in text.splitlines())


def write_fullprof(scan: Scan, stream: IO[str], settings: Settings) -> None:
    """Write the six lines and the columns; WriteError where something is missing, or the angle does not increase."""
    curve, values, fields = _curve("fullprof", scan, settings)
    increasing("fullprof", scan, curve.x, values)
    _, step = _span(values, finite_count(scan, fields, values))
    temperature = _temperature(scan)
    lines = [
        "XYDATA",
        f"TITLE {ascii_line(scan.title)}",
        f"FILE {ascii_line(scan.place.path)}",
        f"INTER 1 1 0 {number_text(step)}",
        "! the temperature is not known" if temperature is None else f"TEMP {number_text(temperature)}",
        "! " + " ".join(ascii_line(field.name).replace(" ", "_") for field in fields),
    ]
    stream.writelines(f"{line[:_LINE].rstrip()}\n" for line in lines)
    stream.writelines(finite_text(values, " ", settings["precision"]))


def _span(values: Sequence[Array | LazyArray], count: int) -> tuple[float, float]:
    """Give the first abscissa and the mean step, the latter without the noise of its last digits."""
    ends = [float(block[0][at]) for block in finite_blocks(values) if len(block[0]) for at in (0, -1)]
    if count < 2:
        return (ends[0] if ends else 0.0), 0.0
    return ends[0], float(f"{(ends[-1] - ends[0]) / (count - 1):.9g}")


def _temperature(scan: Scan) -> float | None:
    """Give the temperature of the sample in kelvin where it is known."""
    field = scan.sample.get("temperature")
    value = scalar(field)
    if field is None or not isinstance(value, (int, float)) or not np.isfinite(value):
        return None
    source = units.spell(field.units or "", "K")
    return float(units.convert(value, source, "K")) if source and units.same_kind(source, "K") else None


def describe_losses(name: str, scan: Scan, settings: Settings) -> list[str]:
    """Say what of a scan is not in the file, and what is changed."""
    curve, values, fields = _curve(name, scan, settings)
    sample = dict(scan.sample)
    if name == "fullprof" and _temperature(scan) is not None:
        del sample["temperature"]
    found = curve_losses(name, replace(scan, sample=sample), curve, fields, x_units="" if name == "xy" else _DEGREE)
    if name == "fullprof":
        if curve.sigma is None:
            found.append("without standard deviations FullProf takes the square roots of the intensities")
        names = {field.name: field.name for field in fields}
        found += changed_texts(name, {"title": scan.title} | names, _LINE - len("TITLE "))
    elif name == "gsas":
        found += changed_texts(name, {"title": scan.title}, _CARD)
    elif scan.title:
        found.append(f"{name} has no place for the title")
    return found + left_out(name, scan, fields, values)


def _exporter(name: str, description: str, extension: str) -> Exporter:
    write = {"gsas": write_gsas, "fullprof": write_fullprof}.get(name) or partial(write_columns, name)
    return Exporter(
        name=name,
        description=description,
        extensions=(extension,),
        losses=partial(describe_losses, name),
        write=write,
        settings=(PRECISION, X_UNITS, Y) if name == "xy" else (PRECISION, X_UNITS, Y, SIGMA),
        skips=no_curve,
    )


XY = _exporter("xy", "a curve as two columns", ".xy")
XYE = _exporter("xye", "a powder pattern: degrees, intensity, standard deviation", ".xye")
GSAS = _exporter("gsas", "a powder pattern as FXYE records of GSAS", ".fxye")
FULLPROF = _exporter("fullprof", "a powder pattern for FullProf with INSTRM=10", ".dat")
