"""The axes of the images: the energy of each point, and what a pixel means in momentum or on the sample."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from nxconvert.arrays import Array
from nxconvert.errors import Problem
from nxconvert.readers.nanoesca.facts import Facts
from nxconvert.scan import Field

#: so many points has no axis
_MOST = 1_000_000
#: the tables have five decimals
_DECIMALS = 1e-5
_ENERGIES = ("eV", "keV", "meV", "J")
#: by what the images show: names of the axes y and x, and units
_FIELDS = {"momentum": (("ky", "kx"), "1/angstrom"), "space": (("y", "x"), "um")}


def points(facts: Facts) -> int | None:
    """Give the number of points that start, stop and step state; None where they do not say."""
    start, stop, step = facts.number("axis_start"), facts.number("axis_stop"), facts.number("axis_step")
    if start is None or stop is None:
        return None
    if start == stop:
        return 1
    if not step:
        return None
    # the sign of the step is that of the way: the program writes both
    steps = abs((stop - start) / step)
    return int(steps.to_integral_value()) + 1 if steps < _MOST else None


def stated(facts: Facts, count: int) -> Array | None:
    """Give START + i STEP exactly as the decimal numbers say, for *count* points; None where they are not stated."""
    start, stop, step = facts.number("axis_start"), facts.number("axis_stop"), facts.number("axis_step")
    if start is None:
        return None
    if step is None or (not step and stop not in (None, start)):
        return np.array([float(start)]) if count == 1 else None
    if stop is not None and stop != start:
        step = abs(step) if stop > start else -abs(step)
    elif stop == start:
        step = Decimal(0)
    return np.array([float(start + number * step) for number in range(count)])


def energy(facts: Facts, count: int, listed: Array | None) -> Field | None:
    """Give the scanned axis: as the table lists it, else as start, stop and step say; None where nothing does.

    Where both agree to the decimals of the table, the exact numbers are taken. A table that lacks values is completed
    by them.
    """
    exact = stated(facts, count)
    values = exact
    if listed is not None:
        found = np.full(count, np.nan)
        found[: len(listed)] = listed[:count]
        known = ~np.isnan(found)
        if exact is None:
            values = found
        elif not np.allclose(found[known], exact[known], rtol=0, atol=_DECIMALS):
            worst = int(np.nanargmax(np.abs(found - exact)))
            values = np.where(known, found, exact)
            start = facts.find("axis_start")
            assert start is not None
            facts.problems.append(
                Problem(
                    start.place,
                    f"start and step give {exact[worst]:g} for point {worst + 1}",
                    f"the table has {found[worst]:g}",
                    "the values of the table are taken",
                )
            )
    if values is None:
        return None
    units = facts.units("axis_start")
    name = facts.text("axis_name")
    own = "energy" if units in _ENERGIES else name or "axis"
    return Field(own, values, ("point",), units, name or own)


def pixels(facts: Facts, shape: tuple[int, int]) -> tuple[Field, Field] | None:
    """Give the coordinates of rows and columns, counted from the centre of the image; None where nothing states them.

    The field of view is detector_size / magnification; it is shown by detector_size / pixel_pitch pixels of the
    camera, several of which may be binned into one of the image. The second axis goes to the right, the first one
    down, as rows are stored.
    """
    field = _FIELDS.get(facts.text("field"))
    size = facts.number("pixel_size")
    units = facts.units("pixel_size")
    if size is None:
        view, across = facts.number("field_of_view"), None
        units = facts.units("field_of_view")
        detector, pitch = facts.number("detector_size"), facts.number("pixel_pitch")
        if view is None:
            magnification = facts.number("magnification")
            view = detector / magnification if detector and magnification else None
            units = None
        if detector and pitch:
            across = detector / pitch / _binning(facts, shape[1])
        size = view / (across or shape[1]) if view else None
    if size is None or not size or field is None:
        return None
    names, own = field
    made = [
        Field(name, (np.arange(length) - (length - 1) / 2) * float(abs(size)), (dim,), units or own)
        for name, length, dim in zip(names, shape, ("y", "x"), strict=True)
    ]
    return made[0], made[1]


def _binning(facts: Facts, width: int) -> int:
    """Give how many pixels of the camera are one of the image, by the width of the region that was read out."""
    left, right = facts.number("roi_left"), facts.number("roi_right")
    if left is None or right is None or not 0 < right - left < _MOST:
        return 1
    return max(1, int((right - left + 1) // width))
