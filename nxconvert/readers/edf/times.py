"""The dates in EDF headers: ``Thu Feb 11 09:55:20 2016`` in local time, ISO 8601, seconds since 1970."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

_FORMS = (
    "%a %b %d %H:%M:%S %Y",
    "%b %d %H:%M:%S %Y",
    "%a %b %d %H:%M:%S.%f %Y",
    "%d-%b-%Y %H:%M:%S",
    "%d %b %Y %H:%M:%S",
    "%d-%b-%Y",
    "%d/%m/%Y %H:%M:%S",
    "%Y/%m/%d %H:%M:%S",
    "%a %Y/%m/%d %H:%M:%S",
    "%Y-%m-%d %H:%M:%S %z",
    "%Y-%m-%dT%H:%M:%S%z",
    "%Y-%m-%dT%H:%M:%S.%f%z",
    "%Y-%m-%d %H:%M:%S.%f%z",
)
#: zones are whole quarters of an hour off UTC, and at most this far
_QUARTER, _FARTHEST = 900, 14 * 3600


def parse_date(text: str) -> datetime | None:
    """Read a date; naive where the text states no zone; None when it is no date.

    Seconds are cut to microseconds. English names of days and months, whatever the locale.
    """
    text = re.sub(r"(\.\d{6})\d+", r"\1", " ".join(text.strip("() \t").split()))
    if not text or text.isdecimal():
        return None
    try:
        return datetime.fromisoformat(text.removesuffix("Z") + ("+00:00" if text.endswith("Z") else ""))
    except ValueError:
        pass
    for form in _FORMS:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    return None


def from_epoch(seconds: float) -> datetime | None:
    """Give the time of seconds since 1970 in UTC; None for what cannot be one of an EDF file."""
    if not 3e8 < seconds < 1e10:
        return None
    return datetime.fromtimestamp(seconds, timezone.utc)


def with_zone(local: datetime, utc: datetime) -> datetime:
    """Add to a local time the zone that follows from the same moment in UTC; as it was where they do not agree."""
    if local.tzinfo is not None:
        return local
    ahead = (local - utc.replace(tzinfo=None)).total_seconds()
    shift = round(ahead / _QUARTER) * _QUARTER
    if abs(ahead - shift) > 5 or abs(shift) > _FARTHEST:
        return local
    return local.replace(tzinfo=timezone(timedelta(seconds=shift)))
