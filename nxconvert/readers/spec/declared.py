"""The control lines of arrays (``#@...``): channels, calibration, times and regions of interest of detectors.

=============================  ========================================================
``#@MCA %16C``                 values per line; without ``C`` lines go on without a backslash
``#@MCADEV 1``                 the lines that follow are about this device
``#@CHANN n first last red``   saved channels and reduction, for all detectors or a line for each
``#@CALIB a b c``              energy = a + b*channel + c*channel**2; a detector's name or number may stand with it
``#@CTIME preset live real``   seconds
``#@ROI name first last``      a region of interest; the name may have blanks, a detector's number may follow
``#@DET_0 name``               name of the first detector (Sardana)
=============================  ========================================================
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from nxconvert.numtext import parse_number
from nxconvert.readers.spec.report import Report

#: key, rest, byte offset, and whether data came before
ArrayLine = tuple[str, str, int, bool]

_Item = TypeVar("_Item")


@dataclass(slots=True)
class Channels:
    """First and last saved channel, and how many were added to one."""

    first: int
    last: int
    reduction: int

    @property
    def length(self) -> int:
        """Number of values of a spectrum."""
        return (self.last - self.first) // self.reduction + 1 if self.last >= self.first else 0


@dataclass(slots=True)
class Calibration:
    """Coefficients, and which detector they are for: a name, a number, or None."""

    coefficients: list[float]
    name: str | None = None
    index: int | None = None


@dataclass(slots=True)
class Roi:
    """A region of interest; ``device`` is the detector's number (from 0) where the line says so, else None.

    ``block``: the number of the device whose lines it stands among, -1 before the first.
    """

    name: str
    first: int
    last: int
    device: int | None
    block: int


@dataclass(slots=True)
class Declared:
    """What the ``#@`` lines of a scan say, in the order in which they say it.

    ``dump``: values per line of array lines that go on without a backslash, 0 when they do not.
    """

    dump: int = 0
    channels: list[Channels] = field(default_factory=list)
    calibrations: list[Calibration] = field(default_factory=list)
    times: list[list[float]] = field(default_factory=list)
    rois: list[Roi] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)
    devices: int = 0

    def expected_length(self) -> int:
        """Give the number of values of every spectrum, 0 where that is not said or differs."""
        lengths = {item.length for item in self.channels}
        return lengths.pop() if len(lengths) == 1 else 0

    @property
    def blocks(self) -> int:
        """Number of devices that have lines of their own."""
        return max(len(self.channels), self.devices)

    @property
    def detectors(self) -> int:
        """Number of detectors that the lines are about, at least 1."""
        return max(self.blocks, len(self.names), 1)

    def rois_of(self, index: int, count: int) -> list[Roi]:
        """Give the regions of detector *index* of *count*: its own, and those that are nobody's."""
        result: list[Roi] = []
        for roi in self.rois:
            device = roi.device if roi.device is not None else roi.block if self.blocks > 1 else -1
            if device == index or not 0 <= device < count:
                result.append(roi)
        return result


def one_of(items: list[_Item], index: int, count: int) -> _Item | None:
    """Give what belongs to detector *index* of *count*: its own item where each has one, else the only one."""
    if len(items) >= count:
        return items[index]
    return items[0] if len(items) == 1 else None


def read_declared(lines: list[ArrayLine], has_rows: bool, report: Report | None = None) -> Declared:
    """Interpret ``#@`` lines; in a scan with rows, those after the first data do not declare detectors."""
    declared = Declared()
    before = [line for line in lines if not line[3]]
    counted = before if has_rows and before else lines
    for key, rest, offset, _ in counted:
        handler = _HANDLERS.get(key)
        if key.startswith("DET_"):
            _name(declared, key, rest)
        elif handler is not None and not handler(declared, rest) and report is not None:
            report.add(
                offset,
                "array control lines that cannot be read",
                f"'#@{key} {rest[:60]}'",
                "numbers expected, as in '#@CHANN 1024 0 1023 1' or '#@CALIB 0 0.01 0'",
                "the line is in the header only",
            )
    if report is not None and counted is before:
        for key, rest, offset, after in lines:
            if after and key == "CALIB":
                tell_change(declared, rest, offset, report)
    return declared


def tell_change(declared: Declared, rest: str, offset: int, report: Report) -> None:
    """Take a calibration that stands among the data: it is the first one, the same, or it is told."""
    later = Declared()
    if not _calibration(later, rest):
        return
    if not declared.calibrations:
        declared.calibrations = later.calibrations
    elif all(item.coefficients != later.calibrations[0].coefficients for item in declared.calibrations):
        report.add(
            offset,
            "changes of calibration",
            f"the calibration changes to '{rest[:60]}' within the scan",
            "one calibration per detector and scan expected",
            "the first one is used for all spectra; the line is in the header",
        )


def _integers(words: list[str]) -> list[int] | None:
    """Read words as integers, ``1.0`` too; None when one is none, or larger than any number of channels."""
    result: list[int] = []
    for word in words:
        number = parse_number(word)
        if number is None or not abs(number) < 2**53 or number != int(number):
            return None
        result.append(int(number))
    return result


def _format(declared: Declared, rest: str) -> bool:
    match = re.match(r"%?(\d{1,6})(C?)", rest)
    if match and not match[2]:
        declared.dump = int(match[1])
    return True


def _device(declared: Declared, _: str) -> bool:
    declared.devices += 1
    return True


def _channels(declared: Declared, rest: str) -> bool:
    numbers = _integers(rest.split()[:4])
    if not numbers:
        return False
    first = numbers[1] if len(numbers) > 1 else 0
    last = numbers[2] if len(numbers) > 2 else first + numbers[0] - 1
    declared.channels.append(Channels(first, last, max(numbers[3], 1) if len(numbers) > 3 else 1))
    return True


def _calibration(declared: Declared, rest: str) -> bool:
    words = rest.split()
    name = words.pop(0) if words and parse_number(words[0]) is None else None
    numbers: list[float] = []
    for word in words:
        number = parse_number(word)
        if number is None:
            name = name or word
            break
        numbers.append(number)
    if not 2 <= len(numbers) <= 4:
        return False
    index = None
    if len(numbers) == 4 and words[3].isdecimal() and len(words[3]) < 6:
        index = int(numbers.pop())
    declared.calibrations.append(Calibration(numbers, name, index))
    return True


def _times(declared: Declared, rest: str) -> bool:
    numbers = [parse_number(word) for word in rest.split()[:3]]
    if not numbers or None in numbers:
        return False
    declared.times.append([number for number in numbers if number is not None])
    return True


def _roi(declared: Declared, rest: str) -> bool:
    """Read a region of interest from the right, since its name may have blanks."""
    words = rest.split()
    tail: list[int] = []
    while len(words) > 1 and len(tail) < 3 and (number := _integers(words[-1:])):
        tail.insert(0, number[0])
        words.pop()
    device = None
    if len(tail) == 3:
        if tail[1] >= tail[0] and 0 <= tail[2] < 256:
            device = tail.pop()
        else:
            words.append(rest.split()[len(words)])
            del tail[0]
    if len(tail) < 2:
        return False
    name = " ".join(words)
    if device is None and (match := re.search(r"\bmca(\d{1,3})\b", name, re.ASCII)):
        device = int(match[1]) - 1
    declared.rois.append(Roi(name, tail[0], tail[1], device, declared.blocks - 1))
    return True


def _name(declared: Declared, key: str, rest: str) -> None:
    number = key[len("DET_") :]
    if number.isdecimal() and len(number) < 6 and rest:
        declared.names[int(number)] = rest


_HANDLERS: dict[str, Callable[[Declared, str], bool]] = {
    "MCA": _format,
    "MCADEV": _device,
    "CHANN": _channels,
    "CALIB": _calibration,
    "CTIME": _times,
    "ROI": _roi,
}
