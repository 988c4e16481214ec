"""Which frames are wanted: ``5``, ``0-99``, ``0-99:2``, ``10-``, and lists of these with commas."""

from __future__ import annotations

import re

from nxconvert.errors import RequestError

_PART = re.compile(r"\s*(\d{1,9})?(?:(-)(\d{1,9})?)?(?::([1-9]\d{0,8}))?\s*")


def check_selection(text: str) -> None:
    """Refuse what is no selection of frames, whatever the input has; RequestError."""
    for part in text.split(","):
        if _PART.fullmatch(part) is None or not part.strip():
            found = f"'{part.strip()}' is no selection of frames"
            raise RequestError.at("--frames", found, "5, 0-99, 0-99:2 or 10- expected")


def select_frames(text: str, count: int) -> list[int]:
    """Give the indices of the wanted ones of *count* frames, in the order asked, each once; both ends are included.

    RequestError for what is no selection, and where no frame is left.
    """
    check_selection(text)
    wanted: dict[int, None] = {}
    for match in map(_PART.fullmatch, text.split(",")):
        assert match is not None
        first = int(match[1] or 0)
        if match[2] or match[1] is None:
            last = int(match[3]) if match[3] else count - 1
        else:
            last = first
        wanted.update(dict.fromkeys(range(first, min(last, count - 1) + 1, int(match[4] or 1))))
    if not wanted:
        raise RequestError.at("--frames", f"'{text}' leaves no frame", f"the input has frames 0 to {count - 1}")
    return list(wanted)
