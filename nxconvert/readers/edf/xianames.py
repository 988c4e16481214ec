"""Maps of XIA spectra and counters as zapimage writes them: what the names of the files and the headers say.

==============================================  ==========================================================
``map_xia02_0007_0000_0003.edf``                spectra of detector 2, line 3 of scan 7: (points, channels)
``map_xiast_0007_0000_0003.edf``                statistics, six columns for each detector: (points, 6 * detectors)
``map_xiaS0_..`` ``map_xiaSN_..`` ``map_mca_``  sums of detectors; the spectra of a single analyser
``map_xiact_0007_0000_0003.edf``                counting without motion: channels, then a spectrum per detector
``map_zap_iodet_0007_0000.edf``                 a counter at all points: (lines, points)
==============================================  ==========================================================
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat

import numpy as np

from nxconvert.arrays import Array
from nxconvert.numtext import parse_number
from nxconvert.readers.edf.names import NamesAlike, names_alike

_EDF = r"\.edf(?:\.gz|\.bz2|\.lz4)?$"
_LINE = re.compile(r"(.+?)_(xia\w{2}|mca)_(\d{4,})_0000_(\d{4,})" + _EDF, re.ASCII)
_COUNTER = re.compile(r"(.+?)_((?:zap|arr|xmap|PUZ|mosca)_.+?)_(\d{4,})_0000" + _EDF, re.ASCII)
_COMMAND = re.compile(r"\b(zapimage|zapline|puzzle|mesh|zapenergy)\b")
#: the columns of the statistics of a detector
STATISTICS = ("detector", "events", "icr", "ocr", "live_time", "dead_fraction")
#: their units
UNITS = {"icr": "1/s", "ocr": "1/s", "live_time": "ms", "dead_fraction": "%"}


@dataclass(slots=True)
class XiaMap:
    """The files of one map: ``lines`` by label and line number, ``counters`` by label."""

    radix: str
    number: int
    lines: dict[str, dict[int, str]] = field(default_factory=dict)
    counters: dict[str, str] = field(default_factory=dict)


def find_maps(files: Sequence[NamesAlike]) -> tuple[list[XiaMap], list[NamesAlike]]:
    """Sort files into maps by radix and scan number; gives the maps in natural order, and the files of none.

    Counters belong to a map only where it has spectra. Of two files of one line the first by name is taken.
    """
    others: list[NamesAlike] = []
    candidates: list[tuple[str, str, str]] = []
    for item in files:
        # the zeros of a shape stand for those that the names must have, and for other digits
        if _LINE.match(item.shape) or _COUNTER.match(item.shape):
            candidates += zip(item.paths, item.names, repeat(item.folder))
        else:
            others.append(item)
    maps: dict[tuple[str, str, int], XiaMap] = {}
    counters: list[tuple[tuple[str, str, int], str, str]] = []
    rest = []
    for path, name, folder in sorted(candidates):
        if match := _LINE.match(name):
            radix, label, scan, line = match.groups()
            key = (folder, radix, int(scan))
            if key not in maps:
                maps[key] = XiaMap(radix, key[2])
            if maps[key].lines.setdefault(label, {}).setdefault(int(line), path) != path:
                rest.append(path)
        elif match := _COUNTER.match(name):
            counters.append(((folder, match[1], int(match[3])), match[2], path))
        else:
            rest.append(path)
    for key, label, path in counters:
        if key in maps and label not in maps[key].counters:
            maps[key].counters[label] = path
        else:
            rest.append(path)
    return [maps[key] for key in sorted(maps)], others + names_alike(rest)


@dataclass(frozen=True, slots=True)
class Motion:
    """A motor of a map as the command tells it: from where to where in how many intervals.

    ``moves``: it moves while it is counted, so that the points are the middles of the intervals, not their ends.
    """

    name: str
    start: float
    end: float
    intervals: int
    moves: bool = False

    def positions(self, length: int) -> Array:
        """Give the first *length* positions."""
        step = (self.end - self.start) / max(self.intervals, 1)
        middle = 0.5 if self.moves and length <= self.intervals else 0.0
        return self.start + step * (np.arange(length) + middle)


def motions(items: Mapping[str, str]) -> tuple[Motion | None, Motion | None]:
    """Give the fast and the slow motor from the items of a header, by lower-case key; None for what is not told.

    ``zapimage fast start end points ms slow start end intervals 0`` in the title, or ``fast_mot`` and so on.
    """
    fast, slow = _stated(items, "fast"), _stated(items, "slow")
    words = items.get("title", "").split()
    command = next((at for at, word in enumerate(words) if _COMMAND.fullmatch(word)), None)
    if command is not None:
        words = words[command:]
        if words[0] == "zapimage":
            fast = fast or _motion(words[1:5], moves=True)
            # after the time, which some versions leave out
            rest = words[5:]
            if rest and parse_number(rest[0]) is not None:
                rest = rest[1:]
            slow = slow or _motion(rest[:4])
        elif words[0] in ("zapline", "zapenergy"):
            fast = fast or _motion(words[1:5], moves=True)
        else:
            fast, slow = fast or _motion(words[1:5]), slow or _motion(words[5:9])
    return fast, slow


def _stated(items: Mapping[str, str], which: str) -> Motion | None:
    """Give a motor out of ``fast_mot``, ``fast_start``, ``fast_end`` and the number of points ``fast_nbp``."""
    moves = which == "fast"
    found = _motion([items.get(f"{which}_{key}", "") for key in ("mot", "start", "end", "nbp")], moves)
    return found if found is None or moves else replace(found, intervals=max(found.intervals - 1, 1))


def _motion(words: list[str], moves: bool = False) -> Motion | None:
    if len(words) < 4 or not words[0]:
        return None
    numbers = [parse_number(word) for word in words[1:4]]
    if any(number is None or not abs(number) < 1e300 for number in numbers):
        return None
    start, end, count = (float(number) for number in numbers if number is not None)
    return Motion(words[0], start, end, int(count), moves) if 0 < count < 1e9 else None
