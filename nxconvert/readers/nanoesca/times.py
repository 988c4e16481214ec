"""When a measurement began and ended, by the times of its raw images."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from nxconvert.errors import Place, Problem
from nxconvert.readers.nanoesca.tiff import Image

_SUFFIX = re.compile(r"_(\d{2})(\d{2})(\d{2})_(\d{2})(\d{2})(\d{2})$")
#: zones lie at most so far from UTC
_ZONES = timedelta(hours=14)
#: nobody waits longer between the preparation of a folder and the first image
_LONGEST_WAIT = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Span:
    """Start and end, and where they come from in words; times of files are in UTC, others have no zone."""

    start: datetime | None = None
    end: datetime | None = None
    source: str = ""


def span(
    images: Sequence[Image], order: Sequence[str], begun: datetime | None, dwell: float | None, path: str
) -> tuple[Span, list[Problem]]:
    """Give the first and the last time of the images, from the first of *order* that has one for all of them.

    *begun*: the time without zone at which the folder was made; *dwell*: seconds for each image. Times of files that
    were copied tell nothing of the measurement: then, or without images, it began at *begun* and its end is unknown.
    """
    problems: list[Problem] = []
    for name in order if images else ():
        if name == "tag":
            taken = [image.taken for image in images if image.taken is not None]
            if len(taken) == len(images):
                return Span(min(taken), max(taken), "DateTime of the TIFF images"), problems
            if taken:
                found = f"{len(images) - len(taken)} of {len(images)} images have no DateTime"
                problems.append(Problem(Place(path), found, "the times of the others do not count"))
        else:
            # the images of one file have its only time
            modified = [image.modified for image in {image.path: image for image in images}.values()]
            each = len(images) / len(modified)
            reason = copied(modified, begun, None if dwell is None else dwell * each)
            if not reason:
                return Span(min(modified), max(modified), "time of the TIFF files"), problems
            problems.append(
                Problem(
                    Place(path),
                    f"the times of the images are those of a copy: {reason}",
                    "start as the configuration states it, no end",
                    "copy folders with their times (cp -p, rsync -t), or --set end_time=...",
                )
            )
    return Span(begun, None, "configuration" if begun else ""), problems


def copied(modified: Sequence[datetime], begun: datetime | None, dwell: float | None) -> str:
    """Say why the times of files cannot be those of the measurement; empty where they can."""
    first, last = min(modified), max(modified)
    length = timedelta(seconds=min((len(modified) - 1) * (dwell or 0.0), 1e9))
    if length > timedelta(seconds=2) and last - first < length / 2:
        return f"all within {(last - first).total_seconds():.0f} s, and {length.total_seconds():.0f} s were measured"
    if begun is None:
        return ""
    since = first.replace(tzinfo=None) - begun
    if since < -_ZONES:
        return f"the first is of {first:%Y-%m-%d %H:%M}, before the measurement began"
    if since > _ZONES + _LONGEST_WAIT:
        return f"the first is of {first:%Y-%m-%d %H:%M}, long after {begun:%Y-%m-%d %H:%M}, when the measurement began"
    return ""


def of_folder(name: str) -> datetime | None:
    """Give the time in the name of a folder (``_240514_102635``), None where there is none."""
    match = _SUFFIX.search(name)
    try:
        return datetime(2000 + int(match[1]), *map(int, match.groups()[1:])) if match else None  # type: ignore[arg-type]
    except ValueError:
        return None
