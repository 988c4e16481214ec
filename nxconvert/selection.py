"""Which scans are wanted: ``1,3-5,7.2``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nxconvert.errors import RequestError

_PART = re.compile(r"^\s*(\d+)(?:\.(\d+)|-(\d+))?\s*$")


@dataclass(frozen=True, slots=True)
class Selection:
    """Scan numbers, ranges of numbers (both ends included), and single scans by number and order."""

    text: str
    ranges: tuple[tuple[int, int], ...]
    orders: tuple[tuple[int, int], ...]

    def __call__(self, number: int, order: int) -> bool:
        """Tell whether the scan is wanted."""
        return (number, order) in self.orders or any(first <= number <= last for first, last in self.ranges)


def parse_selection(text: str) -> Selection | None:
    """Read a selection such as ``1,3-5,7.2``; None when *text* is empty; RequestError with the part that is wrong."""
    if not text.strip():
        return None
    ranges: list[tuple[int, int]] = []
    orders: list[tuple[int, int]] = []
    for part in text.split(","):
        match = _PART.match(part)
        if match is None or (match[3] is not None and int(match[3]) < int(match[1])):
            raise RequestError.at(
                "--scan",
                f"'{part.strip()}' is not a scan",
                "numbers, ranges and number.order were expected",
                "write it like 1,3-5,7.2",
            )
        if match[2] is not None:
            orders.append((int(match[1]), int(match[2])))
        else:
            ranges.append((int(match[1]), int(match[3] or match[1])))
    return Selection(text, tuple(ranges), tuple(orders))
