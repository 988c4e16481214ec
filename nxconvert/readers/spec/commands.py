"""Scan commands (``#S``): which motors were moved, from where to where, and whether on a grid.

==========================================================  ===========================================
``ascan m s f n t``, ``a2scan m1 s1 f1 m2 s2 f2 n t`` ...    n intervals, n + 1 points
``dscan``, ``d2scan`` ..., ``lup``                           the same, relative
``mesh m1 s1 f1 n1 m2 s2 f2 n2 t``, ``amesh``, ``dmesh``     motor 1 varies fastest
``hklmesh Q1 s1 f1 n1 Q2 s2 f2 n2 t``                        in reciprocal space
``zapimage m1 s1 f1 n1 t m2 s2 f2 n2``, ``kmap``             n1 and n2 are pixels, not intervals
``hklscan h0 h1 k0 k1 l0 l1 n t``, ``hscan s f n t`` ...     columns H, K, L
``th2th s f n t``                                            two motors, tth and th
==========================================================  ===========================================
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import NamedTuple

from nxconvert.numtext import parse_number

#: more points than any grid has
_MOST = 1 << 31


class Motion(NamedTuple):
    """One motor of a command: its name as in the command, start, stop, and number of points (0: not known)."""

    name: str
    start: float = 0.0
    stop: float = 0.0
    points: int = 0


class Command(NamedTuple):
    """What a command says: its motors in the order of the columns; ``grid``: each further one is slower.

    ``relative``: starts and stops are distances from where the motors stood. ``pixels``: the points are pixels,
    recorded anywhere within them. ``points``: all points of a scan that is complete, 0 when not known. ``first``:
    without motors by name, so many first columns are the scanned ones.
    """

    motions: tuple[Motion, ...] = ()
    grid: bool = False
    relative: bool = False
    pixels: bool = False
    points: int = 0
    first: int = 1


_LINEAR = re.compile(r"[ad](\d?)scan(?:c|ct)?$")
_GRIDS = {"mesh": False, "amesh": False, "dmesh": True, "smesh": False, "hklmesh": False, "meshct": False}
_PIXELS = ("zapimage", "kmap")


@lru_cache(maxsize=4096)
def parse_command(text: str) -> Command:
    """Read a scan command; one that is not known moves what the first column holds."""
    if len(text) > 4096:
        return Command()
    words = text.split()
    if not words:
        return Command()
    name, arguments = words[0], words[1:]
    parsed: Command | None = None
    if name in _GRIDS:
        parsed = _mesh(arguments, 4, relative=_GRIDS[name])
    elif name in _PIXELS:
        parsed = _mesh(arguments, 5, pixels=True)
    elif match := _LINEAR.match(name):
        parsed = _linear(arguments, int(match[1] or 1), relative=name[0] == "d")
    elif name == "lup":
        parsed = _linear(arguments, 1, relative=True)
    elif name == "hklscan":
        parsed = _hklscan(arguments)
    elif name in ("hscan", "kscan", "lscan"):
        parsed = _one(name[0].upper(), arguments)
    elif name == "th2th":
        parsed = _points(Command(first=2), arguments, 2)
    elif name == "Escan":
        parsed = _points(Command(), arguments, 2)
    elif name.partition("(")[0] in ("ct", "count"):
        parsed = Command(first=0)
    return parsed if parsed is not None else Command()


def _number(words: list[str], at: int) -> float | None:
    value = parse_number(words[at]) if at < len(words) else None
    return value if value is not None and math.isfinite(value) else None


def _count(words: list[str], at: int) -> int | None:
    """Read a number of intervals; None when it is no whole number that makes sense."""
    value = _number(words, at)
    if value is None or not 0 <= value < _MOST or value != int(value):
        return None
    return int(value)


def _motion(words: list[str], at: int, extra: int) -> Motion | None:
    start, stop, count = _number(words, at + 1), _number(words, at + 2), _count(words, at + 3)
    if start is None or stop is None or count is None or count + extra == 0:
        return None
    return Motion(words[at], start, stop, count + extra)


def _mesh(words: list[str], slow: int, relative: bool = False, pixels: bool = False) -> Command | None:
    """Read both motors of a mesh: name, start, stop and number each, the second beginning at word *slow*."""
    extra = 0 if pixels else 1
    first, second = _motion(words, 0, extra), _motion(words, slow, extra)
    if first is None or second is None:
        return None
    return Command((first, second), True, relative, pixels, first.points * second.points)


def _linear(words: list[str], motors: int, relative: bool) -> Command | None:
    if motors == 0 or len(words) < 3 * motors:
        return None
    intervals = _count(words, 3 * motors)
    points = 0 if intervals is None else intervals + 1
    motions = []
    for at in range(0, 3 * motors, 3):
        start, stop = _number(words, at + 1), _number(words, at + 2)
        if start is None or stop is None:
            return Command(first=motors)
        motions.append(Motion(words[at], start, stop, points))
    return Command(tuple(motions), relative=relative, points=points)


def _hklscan(words: list[str]) -> Command | None:
    numbers = [_number(words, at) for at in range(6)]
    intervals = _count(words, 6)
    if None in numbers or intervals is None:
        return None
    ends = [number for number in numbers if number is not None]
    motions = [Motion(name, ends[at], ends[at + 1], intervals + 1) for name, at in (("H", 0), ("K", 2), ("L", 4))]
    # the one that moves farthest is the axis of the plot
    motions.sort(key=lambda motion: -abs(motion.stop - motion.start))
    moving = [motion for motion in motions if motion.start != motion.stop] or motions[:1]
    return Command(tuple(moving), points=intervals + 1)


def _one(name: str, words: list[str]) -> Command | None:
    start, stop, intervals = _number(words, 0), _number(words, 1), _count(words, 2)
    if start is None or stop is None or intervals is None:
        return None
    return Command((Motion(name, start, stop, intervals + 1),), points=intervals + 1)


def _points(command: Command, words: list[str], at: int) -> Command:
    intervals = _count(words, at)
    return Command(first=command.first, points=0 if intervals is None else intervals + 1)
