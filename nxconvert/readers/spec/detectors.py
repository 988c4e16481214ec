"""Detectors out of array lines: which spectrum belongs to which detector and point, and what is known of each."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from nxconvert.arrays import Array
from nxconvert.readers.spec.declared import Calibration, Declared, one_of
from nxconvert.readers.spec.report import Report
from nxconvert.readers.spec.rows import affordable
from nxconvert.readers.spec.store import FLOAT64, POSITIONS, Arrays, Slot, Target
from nxconvert.scan import Field, free_name

#: lengths and types of spectra, with how many there are of each
Kinds = Counter[tuple[int, str]]

_MOST_DETECTORS = 1024


@dataclass(slots=True)
class Detector:
    """One detector: its name, the arrays for its spectra, and for those that belong to no point."""

    slot: Slot
    name: str
    data: Target
    surplus: Target

    @property
    def data_key(self) -> str:
        """Name of the spectra in the scan's table."""
        return f"{self.name} data"

    @property
    def surplus_key(self) -> str:
        """Name of the surplus spectra in the scan's table."""
        return f"{self.name} surplus"


@dataclass(slots=True)
class Plan:
    """The detectors of a scan of so many ``rows``, and how many array lines of each key a point has."""

    rows: int
    detectors: dict[Slot, Detector] = field(default_factory=dict)
    per_point: dict[bytes, int] = field(default_factory=dict)

    def targets(self) -> dict[str, Target]:
        """Give the arrays of all detectors by their names."""
        result: dict[str, Target] = {}
        for detector in self.detectors.values():
            result[detector.data_key] = detector.data
            result[detector.surplus_key] = detector.surplus
        return result

    def route(self, key: bytes, point: int, position: int) -> tuple[str, int | None]:
        """Give where an array line goes, and its row there; None for the next row."""
        count = self.per_point[key]
        if not self.rows:
            return self.detectors[key, position % count].data_key, None
        detector = self.detectors[key, min(position, count - 1)]
        if position >= count or point >= self.rows or not detector.data.count:
            return detector.surplus_key, None
        return detector.data_key, point


def make_plan(arrays: Arrays, rows: int, point: int, declared: Declared, report: Report, at: int) -> Plan:
    """Find the detectors: from how often each key comes at a point, and from what is declared.

    ``point`` is that of the latest array lines: where they stand after the last row, they belong to no point. Problems
    are placed at byte offset *at*.
    """
    plan = Plan(rows)
    beyond = arrays.latest if rows and point >= rows else {}
    for key in dict.fromkeys(key for key, _ in arrays.kinds):
        kinds = [arrays.kinds[slot] for slot in arrays.kinds if slot[0] == key]
        over = [beyond.get(slot, Counter()) for slot in arrays.kinds if slot[0] == key]
        own = [kind - more for kind, more in zip(kinds, over, strict=True)]
        if rows:
            count = _per_point([kind.total() for kind in own], declared)
            surplus = over[:count]
            surplus[-1] = sum(kinds[count:], surplus[-1])
        else:
            together = sum(kinds, Counter[tuple[int, str]]())
            alone = len({key for key, _ in arrays.kinds}) == 1 and together.total() % declared.detectors == 0
            count = declared.detectors if alone else 1
            told_apart = len(kinds) <= POSITIONS
            own = [sum(kinds[at::count], Counter()) if told_apart else together for at in range(count)]
            surplus = [Counter() for _ in range(count)]
        plan.per_point[key] = count
        for position in range(count):
            told = f"@{key.decode('latin-1')}" + (f" ({position + 1} of {count})" if count > 1 else "")
            have = own[position].total() if rows else together.total() // count
            data, extra = _targets(rows or have, have, own[position], surplus[position], told, report, at)
            plan.detectors[key, position] = Detector((key, position), "", data, extra)
    _name(plan, declared)
    return plan


def _per_point(counts: list[int], declared: Declared) -> int:
    """Give how many array lines most points have, from how many points have at least 1, 2, ... of them."""
    counts = [*counts, 0]
    sizes = {size: counts[size - 1] - counts[size] for size in range(1, len(counts))}
    most = max(sizes, key=lambda size: (sizes[size], size == declared.detectors, -size))
    # a point with more array lines than any instrument has detectors was measured again and again
    return most if most <= _MOST_DETECTORS else declared.detectors


def _targets(
    points: int, have: int, own: Kinds, surplus: Kinds, key: str, report: Report, at: int
) -> tuple[Target, Target]:
    """Decide shape and type of a detector's arrays: nan where spectra or channels are missing, if that is few."""
    lengths = Counter[int]()
    for (length, _), count in own.items():
        lengths[length] += count
    widest = max(lengths, default=0)
    measured = sum(length * count for length, count in lengths.items())
    if have and not affordable(have * widest, measured):
        commonest = max(lengths, key=lambda length: lengths[length])
        report.add(
            at,
            "detectors with arrays cut",
            f"{key}: arrays of {widest} values among others of {commonest}",
            "equal lengths expected",
            f"all are cut to {commonest} values",
            "lost",
        )
        widest = commonest
    elif len(lengths) > 1:
        report.add(
            at,
            "detectors with arrays of different lengths",
            f"{key}: arrays of {', '.join(str(length) for length in sorted(lengths)[:5])} values",
            "equal lengths expected",
            "the shorter ones are filled up with nan",
        )
    if have and not affordable(points * widest, measured):
        report.add(
            at,
            "detectors with few arrays",
            f"{key}: {have} arrays for {points} points",
            "one per point expected",
            "they are kept apart as 'surplus', without their points",
        )
        return Target(0, widest, FLOAT64), Target(surplus.total() + have, *_shape(own + surplus))
    if have < points:
        report.add(
            at,
            "detectors with missing arrays",
            f"{key}: {have} arrays for {points} points",
            "one per point expected",
            "nan stands for those that are missing",
        )
    if surplus:
        report.add(
            at,
            "detectors with surplus arrays",
            f"{key}: {surplus.total()} arrays more than the {points} points need",
            "one per point expected",
            "they are kept apart as 'surplus'",
        )
    dtype = _shape(own)[1] if have == points and len(lengths) == 1 else FLOAT64
    return Target(points, widest, dtype), Target(surplus.total(), *_shape(surplus))


def _shape(kinds: Kinds) -> tuple[int, np.dtype[np.generic]]:
    """Give the length of the longest spectrum, and the type that holds them all."""
    lengths = {length for length, _ in kinds}
    types = {kind for _, kind in kinds}
    dtype = np.dtype(types.pop()) if len(lengths) == 1 == len(types) else FLOAT64
    return max(lengths, default=0), dtype


def _name(plan: Plan, declared: Declared) -> None:
    taken: set[str] = set()
    for (key, position), detector in plan.detectors.items():
        word = key.decode("latin-1")
        digits = word[1:] if word[0] == "A" and word[1:].isdecimal() and len(word) < 8 else ""
        if word == "A":
            name = declared.names.get(position) or f"mca_{position}"
        elif digits:
            name = declared.names.get(int(digits)) or f"mca_{int(digits)}"
        else:
            name = word
        detector.name = free_name(name, taken)
        taken.add(detector.name)


def describe(detector: Detector, index: int, count: int, declared: Declared) -> dict[str, Field]:
    """Make the fields of detector *index* of *count* beside its data: channel numbers, energy, times, regions."""
    fields: dict[str, Field] = {}
    length = detector.data.channels or detector.surplus.channels
    fitting = [item for item in declared.channels if item.length == length]
    channels = one_of(declared.channels, index, count)
    if channels not in fitting:
        channels = fitting[0] if fitting else None
    numbers: Array = np.arange(length, dtype=np.int64)
    if channels is not None:
        numbers = channels.first + channels.reduction * numbers
    fields["channel"] = Field("channel", numbers, ("channel",))
    calibration = _calibration(detector, index, count, declared)
    if calibration is not None:
        energy = np.zeros(length)
        with np.errstate(over="ignore", invalid="ignore"):
            for coefficient in reversed(calibration.coefficients):
                energy = energy * numbers + coefficient
        fields["energy"] = Field("energy", energy, ("channel",))
        fields["calibration"] = Field("calibration", np.array(calibration.coefficients), ("coefficient",))
    for what, value in zip(
        ("preset_time", "live_time", "real_time"), one_of(declared.times, index, count) or (), strict=False
    ):
        fields[what] = Field(what, value, units="s")
    if rois := declared.rois_of(index, count):
        fields["roi_name"] = Field("roi_name", [roi.name for roi in rois], ("roi",))
        fields["roi_first"] = Field("roi_first", np.array([roi.first for roi in rois], np.int64), ("roi",))
        fields["roi_last"] = Field("roi_last", np.array([roi.last for roi in rois], np.int64), ("roi",))
    if channels is not None:
        fields["reduction"] = Field("reduction", channels.reduction)
    word = f"@{detector.slot[0].decode('latin-1')}"
    named = declared.names.get(detector.slot[1]) if word == "@A" else None
    fields["description"] = Field("description", named or word)
    return fields


def _calibration(detector: Detector, index: int, count: int, declared: Declared) -> Calibration | None:
    word = detector.slot[0].decode("latin-1")
    names = {detector.name, word, f"mca{index + 1}"}
    if word[:1] == "A" and word[1:]:
        names.add(f"mca{word[1:]}")
    for item in declared.calibrations:
        if item.name in names or (item.name is None and item.index == index):
            return item
    return one_of([item for item in declared.calibrations if item.index is None], index, count)
