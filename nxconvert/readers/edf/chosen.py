"""Which frames are wanted: ``5``, ``0-99``, ``0-99:2``, ``10-``, and lists of these with commas."""

from __future__ import annotations

import re

from nxconvert.errors import RequestError

_PART = re.compile(r"\s*(\d{1,9})?(?:(-)(\d{1,9})?)?(?::([1-9]\d{0,8}))?\s*")


def select_frames(text: str, count: int) -> list[int]:
    """Give the indices of the wanted ones of *count* frames, in the order asked, each once; both ends are included.

    RequestError for what is no selection, and where no frame is left.
    """
    wanted: dict[int, None] = {}
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if match is None or not part.strip():
            raise RequestError.at(
                "--frames", f"'{part.strip()}' is no selection of frames", "5, 0-99, 0-99:2 or 10- expected"
            )
        first = int(match[1] or 0)
        if match[2] or match[1] is None:
            last = int(match[3]) if match[3] else count - 1
        else:
            last = first
        wanted.update(dict.fromkeys(range(first, min(last, count - 1) + 1, int(match[4] or 1))))
    if not wanted:
        raise RequestError.at("--frames", f"'{text}' leaves no frame", f"the input has frames 0 to {count - 1}")
    return list(wanted)
