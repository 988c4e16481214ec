"""The powder pattern of D2B: 128 tubes of 128 pixels that stand 1.25 degrees apart, moved in small steps.

The angle in the file is that of the last tube. Checked on numor 121459: with this rule the 14 strongest peaks between
34 and 151 degrees are those of one primitive cubic cell, within 0.2 % of sin2(theta).
"""

from __future__ import annotations

import numpy as np

from nxconvert.arrays import Array
from nxconvert.errors import Place, Problem
from nxconvert.readers.ill.build import Making, add_plot
from nxconvert.readers.ill.fields import OVERFLOW
from nxconvert.readers.ill.numor import Counts
from nxconvert.scan import Field

TUBES, PIXELS, SPACING = 128, 128, 1.25
CELLS = TUBES * PIXELS
#: monitor counts of the frames that differ by more than this make their counts incomparable
_EVEN = 0.01
RULE = (
    "derived: counts summed along each tube of each frame, all sums put in the order of their angles; "
    "the angle of a tube is that in the file less 1.25 degrees for each tube between it and the last one"
)


def unreverse(values: Array) -> Array:
    """Turn every second tube round: they are read from the other end."""
    tubes = values.reshape(TUBES, PIXELS).copy()
    tubes[1::2] = tubes[1::2, ::-1]
    return tubes


def add_pattern(making: Making, detector: dict[str, Field], items: list[Counts], angle: Field) -> None:
    """Add the angles of the tubes (point, tube) to the detector, and the powder pattern as a detector of its own."""
    scan = making.scan
    last = np.asarray(angle.value)
    # the file has thousandths of a degree
    angles = np.round(last[:, np.newaxis] - SPACING * np.arange(TUBES - 1, -1, -1), 6)
    detector["polar_angle"] = Field("polar_angle", angles, ("point", "tube"), "degree")
    sums = np.empty((len(items), TUBES), np.int64)
    for row, item in zip(sums, items, strict=True):
        counts = making.reading.decode(item)
        if int(counts.min()) == OVERFLOW[item.letter]:
            scan.problems.append(
                Problem(
                    Place(making.numor.place.path, item.line),
                    "this frame has fields that are no counts",
                    "counts expected",
                    "there is no powder pattern",
                )
            )
            return
        row[:] = counts.reshape(TUBES, PIXELS).sum(axis=1, dtype=np.int64)
    order = np.argsort(angles, axis=None, kind="stable")
    pattern = Field("powder_pattern", sums.reshape(-1)[order], ("angle",))
    polar = Field("polar_angle", angles.reshape(-1)[order], ("angle",), "degree")
    making.detector("powder_pattern", data=pattern, polar_angle=polar, description=Field("description", RULE))
    add_plot(scan, "powder_pattern", pattern, (polar,))
    monitor = scan.columns.get("monitor")
    if monitor is not None and scan.points:
        low, high = float(np.min(monitor.value)), float(np.max(monitor.value))  # type: ignore[arg-type]
        if high - low > _EVEN * high:
            scan.problems.append(
                Problem(
                    making.numor.place,
                    f"the frames have {low:.0f} to {high:.0f} monitor counts",
                    "equal ones expected",
                    "the powder pattern holds plain sums, it is not normalised",
                    "note",
                )
            )
