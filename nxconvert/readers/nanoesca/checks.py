"""What a measurement says of itself in several ways must agree: counts of points and repeats, averages of images."""

from __future__ import annotations

import numpy as np

from nxconvert.arrays import Array, FrameArray
from nxconvert.errors import Place, Problem
from nxconvert.readers.nanoesca import axes
from nxconvert.readers.nanoesca.arrange import Arranged
from nxconvert.readers.nanoesca.facts import Facts
from nxconvert.readers.nanoesca.stack import ImageStack

#: The program rounds in a way that is not known.
_TOLERANCE = 1.0


def counts(facts: Facts, arranged: Arranged, folder: str) -> None:
    """Compare the numbers of points and repeats that are stated with the images; problems go to *arranged*.

    A measurement with fewer images than stated was aborted.
    """
    problems = arranged.problems
    formula, listed = axes.points(facts), facts.count("axis_count")
    if formula is not None and listed is not None and formula != listed:
        place = facts.find("axis_count")
        assert place is not None
        found = f"{listed} points for the axis"
        problems.append(Problem(place.place, found, f"start, stop and step give {formula}", "the images decide"))
    wanted = formula or listed
    measured, repeats = arranged.points, arranged.repeats
    if wanted is not None and measured > wanted:
        problems.append(
            Problem(
                Place(folder),
                f"images of {measured} points",
                f"the axis has {wanted}",
                "the energies go on with the same step",
            )
        )
    stated = facts.count("repeats")
    if stated is not None and repeats > stated:
        problems.append(Problem(Place(folder), f"images of {repeats} repeats", f"{stated} are stated"))
    too_few = [
        f"{have} of {want} {what}s"
        for have, want, what in ((measured, wanted, "point"), (repeats, stated, "repeat"))
        if want is not None and 0 < have < want
    ]
    if arranged.interrupted:
        too_few.append(f"{measured - arranged.interrupted} of {measured} points in the last repeat")
    if too_few:
        arranged.aborted = True
        problems.append(Problem(Place(folder), f"the measurement was aborted: {', '.join(too_few)}"))


def averages(raw: ImageStack, averaged: FrameArray, is_sum: bool, folder: str) -> list[Problem]:
    """Compare the averages (or sums) of the program with ours, at the first, the middle and the last point.

    They may differ by one count; points with missing images are passed over. All points would be read twice.
    """
    steps, repeats = raw.shape[:2]
    for step in sorted({0, steps // 2, steps - 1}):
        frames = [raw.frame(step * repeats + repeat) for repeat in range(repeats)]
        theirs = averaged.frame(step)
        present = [frame for frame in frames if frame is not None]
        if theirs is None or len(present) < repeats or theirs.shape != raw.frame_shape:
            continue
        ours: Array = np.zeros(raw.frame_shape, np.float64)
        for frame in present:
            ours += frame
        if not is_sum:
            ours /= repeats
        worst = float(np.max(np.abs(ours - theirs)))
        if worst > _TOLERANCE:
            what = "sum" if is_sum else "average"
            return [
                Problem(
                    Place(folder),
                    f"the {what} image of point {step + 1} differs by {worst:g} from the {what} of the raw images",
                    f"at most {_TOLERANCE:g} count expected where no background was taken off",
                    "both are written as they are",
                )
            ]
    return []
