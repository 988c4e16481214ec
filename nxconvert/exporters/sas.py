"""Small-angle scattering as columns: q, intensity, its standard deviation, and the resolution where it is known.

::

    # a title
    # q (1/angstrom) I (1/cm) sigma
    0.01 120.5 0.7

q is in 1/angstrom, which SasView takes it for, or by ``--q-units`` in 1/nm, which the ATSAS programs do. Both skip the
comment lines; SasView wants five points at least.
"""

from __future__ import annotations

from typing import IO

from nxconvert.arrays import Array, LazyArray
from nxconvert.curves import (
    SIGMA,
    X_UNITS,
    Curve,
    Y,
    curve_losses,
    deviations_of,
    find_curve,
    finite_count,
    finite_text,
    in_units,
    left_out,
    no_curve,
)
from nxconvert.errors import WriteError
from nxconvert.registry import Exporter, Setting, Settings
from nxconvert.scan import Field, Scan
from nxconvert.tabular import PRECISION, numbers

Q_UNITS = Setting("q_units", "Unit of q.", "1/angstrom", choices=("1/angstrom", "1/nm"))
#: points that SasView needs
_LEAST = 5


def _columns(scan: Scan, settings: Settings) -> tuple[Curve, list[Field], list[Array | LazyArray]]:
    """Give the curve, the fields that are written, and their values; those of q and its deviations in one unit."""
    curve = find_curve("sas", scan, settings, settings["q_units"], sigma=settings["sigma"] != "none")
    fields = [curve.x, curve.y]
    values = [in_units(scan, curve.x, settings["q_units"])]
    values += [value for field in (curve.y, curve.sigma) if field and (value := numbers(field)) is not None]
    if curve.sigma is not None:
        fields.append(curve.sigma)
        resolution = deviations_of(curve.x, curve.others)
        if resolution is not None and resolution is not curve.sigma:
            fields.append(resolution)
            own = Field(resolution.name, resolution.value, resolution.dims, resolution.units or curve.x.units)
            values.append(in_units(scan, own, settings["q_units"]))
    return curve, fields, values


def write(scan: Scan, stream: IO[str], settings: Settings) -> None:
    """Write the columns below two comment lines; WriteError where something is missing, or q has no unit."""
    curve, fields, values = _columns(scan, settings)
    if (count := finite_count(scan, fields, values)) < _LEAST:
        raise WriteError.at(scan.place, f"has {count} points", f"SasView reads no fewer than {_LEAST}")
    labels = [f"q ({settings['q_units']})", f"I ({curve.y.units})" if curve.y.units else "I", "sigma", "dq"]
    stream.write(f"# {_line(scan.title)}\n# {_line(' '.join(labels[: len(fields)]))}\n")
    stream.writelines(finite_text(values, " ", settings["precision"]))


def describe_losses(scan: Scan, settings: Settings) -> list[str]:
    """Say what of a scan is not in the file, and what is changed."""
    curve, fields, values = _columns(scan, settings)
    found = curve_losses("sas", scan, curve, fields, ("units",), settings["q_units"])
    return found + left_out("sas", scan, fields, values)


def _line(text: str) -> str:
    return " ".join(text.split())


EXPORTER = Exporter(
    name="sas",
    description="small-angle scattering as columns: q, intensity, standard deviation",
    extensions=(".dat",),
    losses=describe_losses,
    write=write,
    settings=(PRECISION, X_UNITS, Y, SIGMA, Q_UNITS),
    skips=no_curve,
)
