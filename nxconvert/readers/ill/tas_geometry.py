"""Energies, and the orientation of the crystal, from the constants in the header of a triple-axis file."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from nxconvert.arrays import Array
from nxconvert.scan import Field
from nxconvert.triple_axis import CELL, PLANE

#: hbar² / (2 neutron masses) in meV angstrom² (CODATA 2018): E = 2.0721... k²
HBAR2_2M = 1.054571817e-34**2 / (2 * 1.67492749804e-27) / 1.602176634e-22 * 1e20
#: the wave vector that the angle of a crystal gives may differ so much from KFIX
_TOLERANCE = 0.03
#: lengths in angstrom and wave vectors in 1/angstrom beyond these are damage
_LENGTHS, _MOST_K = (1e-2, 1e5), 1e3


def energies(
    param: Mapping[str, float], columns: Mapping[str, Field], varia: Mapping[str, float], transfer: float | None
) -> tuple[dict[str, Field], str]:
    """Give ``ei`` and ``ef`` in meV, per point or constant, and the reason where they are not known.

    From the columns KI, KF, EI and EF where they are; else FX says whether ki (1) or kf (2) is fixed at KFIX, and EN,
    the energy transfer Ei - Ef (*transfer* where it is no column), gives the other. PSI's files state FX the other way
    round, so it is believed only where it agrees with the angle A2 or A6 of the crystal that is fixed.
    """
    found: dict[str, Field] = {}
    for name, wave in (("ei", "KI"), ("ef", "KF")):
        if wave.replace("K", "E") in columns:
            found[name] = columns[wave.replace("K", "E")]
        elif wave in columns and (waves := _numbers(columns[wave])) is not None:
            found[name] = Field(name, HBAR2_2M * waves**2, ("point",), "meV")
    column = _numbers(columns["EN"]) if "EN" in columns else None
    en = column if column is not None else transfer
    fixed, other, sign = ("ei", "ef", -1.0) if param.get("FX") == 1 else ("ef", "ei", 1.0)
    if fixed not in found and param.get("FX") in (1, 2) and 0 < (k := param.get("KFIX", 0.0)) < _MOST_K:
        if reason := _disagreement(param, varia, fixed, k):
            return found, reason
        found[fixed] = Field(fixed, HBAR2_2M * k**2, (), "meV")
    for known, unknown, way in ((fixed, other, sign), (other, fixed, -sign)):
        if known in found and unknown not in found and en is not None:
            value = _numbers(found[known])
            if value is not None:
                derived = value + way * en
                if derived.ndim:
                    found[unknown] = Field(unknown, derived, ("point",), "meV")
                else:
                    found[unknown] = Field(unknown, float(derived), (), "meV")
    return found, ""


def _numbers(field: Field) -> Array | None:
    """Give the numbers of a field as float64, None where it is text."""
    return np.asarray(field.value, np.float64) if isinstance(field.value, (np.ndarray, float)) else None


def _disagreement(param: Mapping[str, float], varia: Mapping[str, float], fixed: str, k: float) -> str:
    """Say why FX cannot be right, where the angle of a crystal says that it is not."""
    spacing, name = ("DM", "A2") if fixed == "ei" else ("DA", "A6")
    sine = math.sin(math.radians(abs(varia.get(name, math.nan))) / 2) * param.get(spacing, math.nan)
    if not sine > 0 or abs(math.pi / sine / k - 1) <= _TOLERANCE:
        return ""
    wave = "ki" if fixed == "ei" else "kf"
    return f"FX says that {wave} is fixed at {k:g} 1/angstrom, but {name} and {spacing} give {math.pi / sine:.4f}"


def cell(param: Mapping[str, float]) -> Array | None:
    """Give a, b, c in angstrom and alpha, beta, gamma in degree; None where they are no cell."""
    values = np.array([param.get(name, math.nan) for name in CELL])
    lowest, highest = _LENGTHS
    if not ((lowest < values[:3]) & (values[:3] < highest)).all() or not ((values[3:] > 0) & (values[3:] < 180)).all():
        return None
    cosines = np.cos(np.radians(values[3:]))
    volume = 1 - (cosines**2).sum() + 2 * cosines.prod()
    return values if volume > 1e-9 else None


def b_matrix(values: Array) -> Array:
    """Give the matrix B (3, 3) of Busing and Levy, without 2 pi: |B h| = 1/d in 1/angstrom."""
    cosines, sines = np.cos(np.radians(values[3:])), np.sin(np.radians(values[3:]))
    volume = math.sqrt(1 - float((cosines**2).sum()) + 2 * float(cosines.prod()))
    # reciprocal lengths, and cosines of the reciprocal angles
    lengths = sines / (values[:3] * volume)
    beta = (cosines[0] * cosines[2] - cosines[1]) / (sines[0] * sines[2])
    gamma = (cosines[0] * cosines[1] - cosines[2]) / (sines[0] * sines[1])
    sin_beta, sin_gamma = math.sqrt(max(0.0, 1 - beta**2)), math.sqrt(max(0.0, 1 - gamma**2))
    return np.array(
        [
            [lengths[0], lengths[1] * gamma, lengths[2] * beta],
            [0.0, lengths[1] * sin_gamma, -lengths[2] * sin_beta * cosines[0]],
            [0.0, 0.0, 1 / values[2]],
        ]
    )


def orientation(values: Array, param: Mapping[str, float]) -> Array | None:
    """Give the orientation matrix U (3, 3) of Busing and Levy; None where the two vectors span no plane.

    U B h are coordinates in the scattering plane: x along the first vector (AX AY AZ), y in the plane on the side of
    the second one (BX BY BZ), z normal to it.
    """
    vectors = np.array([param.get(name, math.nan) for name in PLANE]).reshape(2, 3)
    if not np.isfinite(vectors).all() or np.abs(vectors).max() > 1e6:
        return None
    first, second = (b_matrix(values) @ vectors.T).T
    normal = np.cross(first, second)
    if not np.linalg.norm(normal) > 1e-9 * np.linalg.norm(first) * np.linalg.norm(second):
        return None
    x, z = first / np.linalg.norm(first), normal / np.linalg.norm(normal)
    return np.array([x, np.cross(z, x), z]) + 0.0  # no -0.0
