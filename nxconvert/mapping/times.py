"""Times and zones: a zone comes from the data or from the user, never from this machine."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone, tzinfo

_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)")


def zone(text: str) -> tzinfo | None:
    """Give the zone called *text* (``Europe/Paris``, ``UTC``, ``Z``, ``+01:00``), None when there is none."""
    if text in ("UTC", "Z"):
        return timezone.utc
    match = _OFFSET.fullmatch(text)
    if match:
        offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
        if int(match[3]) > 59 or offset > timedelta(hours=14):
            return None
        return timezone(-offset if match[1] == "-" else offset)
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):  # unknown, not a name at all, a folder of the zone files
        return None


def iso(time: datetime, default: tzinfo | None) -> str:
    """Give *time* as ISO 8601 with its own offset, else that of *default*, else without one."""
    if time.tzinfo is None and default is not None:
        time = time.replace(tzinfo=default)
    return time.isoformat()


def is_iso(text: str) -> bool:
    """Tell whether *text* is a full ISO 8601 date and time with an offset."""
    try:
        time = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return False
    return "T" in text and time.tzinfo is not None
