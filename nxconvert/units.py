"""Units: one spelling for each, whether two measure the same kind of thing, and conversion.

The spelling is what UDUNITS and pint both understand (``degree``, ``angstrom``, ``um``, ``degC``). pint is imported
only when two different units meet.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

#: Spellings found in data and mappings, and the one that every tool understands; "" is dimensionless.
_SPELLINGS = {
    "degree": ("deg", "degs", "degrees", "°", "Degree", "Degrees", "Deg"),
    "rad": ("radian", "radians"),
    "mrad": ("mradian", "milliradian", "milliradians"),
    "angstrom": ("Angstrom", "Angstroms", "angstroms", "Å", "Å", "Ang", "ang"),
    "1/angstrom": (
        "1/Angstrom",
        "1/Å",
        "1/A",
        "A-1",
        "A^-1",
        "Å-1",
        "Å^-1",
        "angstrom^-1",
        "Angstrom^-1",
        "angstrom-1",
    ),
    "um": ("µm", "μm", "micron", "microns", "micrometer", "micrometre"),
    "nm": ("nanometer", "nanometre"),
    "mm": ("millimeter", "millimetre"),
    "1/nm": ("nm^-1", "nm-1"),
    "1/cm": ("cm^-1", "cm-1"),
    "s": ("sec", "secs", "Sec", "second", "seconds", "Seconds"),
    "us": ("µs", "μs", "microsecond", "microseconds"),
    "ms": ("msec", "millisecond", "milliseconds"),
    "minute": ("min", "minutes"),
    "hour": ("h", "hours"),
    "counts": ("cts", "count", "Counts", "Cts"),
    "counts/s": ("cts/s", "cps", "count/s", "counts/sec", "counts per second"),
    "K": ("kelvin", "Kelvin"),
    "degC": ("celsius", "Celsius", "°C", "℃"),
    "eV": ("ev", "EV"),
    "keV": ("kev", "KeV", "KEV"),
    "g/cm^3": ("g/cm3", "g/cc"),
    "%": ("percent",),
    "pixel": ("pixels", "px"),  # pint takes px for a length
    "": ("1", "dimensionless", "unitless", "none", "None"),
}
#: Units with small exponents: pint calculates what it reads, 9**9**9 too.
_PLAIN = re.compile(r"(1/)?[^\W\d_]*(\^?-?[1-9])?([ */][^\W\d_]+(\^?-?[1-9])?)*")
_SPELL = {other: unit for unit, others in _SPELLINGS.items() for other in others}


#: Letters that mean a temperature where one is expected, and a charge or a capacity anywhere else.
_TEMPERATURES = {"C": "degC", "F": "degF"}


def spell(units: str, like: str | None = None) -> str:
    """Give the common spelling of *units*; what is not known stays as it is.

    *like*: units of the kind that is expected, which decide what ``C`` and ``F`` mean.
    """
    text = units.strip()
    if text in _TEMPERATURES and like is not None and same_kind("K", like):
        return _TEMPERATURES[text]
    return _SPELL.get(text, text)


def same_kind(units: str, other: str) -> bool | None:
    """Tell whether two units measure the same kind of thing (mm and um do); None where one is unknown."""
    units, other = spell(units), spell(other)
    if units == other:
        return True
    first, second = _base(units), _base(other)
    return None if first is None or second is None else first == second


def convert(value: Any, units: str, target: str) -> Any:
    """Convert a number or an array to *target*, as float64; ValueError where the kinds differ or are unknown."""
    units, target = spell(units), spell(target)
    if units == target:
        return value
    if not same_kind(units, target):
        raise ValueError(f"'{units}' cannot be converted to '{target}'")
    return _registry().Quantity(value, units).to(target).magnitude


def of_quantity(quantity: Any) -> tuple[Any, str]:
    """Take a quantity of pint apart: its value, and the common spelling of its units."""
    text = f"{quantity.units:~C}".replace("**", "^")
    for sign, word in (("µ", "u"), ("Å", "angstrom"), ("°C", "degC"), ("°F", "degF")):
        text = text.replace(sign, word)
    return quantity.magnitude, spell(text)


@cache
def _registry() -> Any:
    import pint

    return pint.UnitRegistry(on_redefinition="ignore")


@cache
def _base(units: str) -> str | None:
    """Give the base units as text, which tells kinds apart (degree is not a count), None for an unknown unit."""
    if units in ("", "%", "counts"):
        return "dimensionless"
    if len(units) > 60 or not _PLAIN.fullmatch(units):
        return None
    try:
        base = str(_registry().get_base_units(units, check_nonmult=False)[1])
    except Exception:  # pint raises many kinds of error for text that is no unit
        return None
    if "0.5" in base:
        return None  # a Gaussian unit: its base says nothing about the SI kind
    return base.replace("count", "1")
