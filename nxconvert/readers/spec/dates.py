"""The dates of SPEC files: every form that control systems write into ``#D`` and comments.

``Thu Feb 11 09:55:20 2016`` (spec, also with ``+01:00`` before the year), ``Sat 2015/03/14 03:53:50`` (ESRF),
``1455180875.0`` (seconds since 1970, old Sardana), ``09/15/17 04:39:10`` (Spock, month first), ISO 8601.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone, tzinfo
from functools import cache, lru_cache

MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}

_WEEKDAY = r"(?:[A-Za-z]{2,9},?\s+)?"
_TIME = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?"
    r"(?:\s*(?P<half>[AaPp])[Mm]\b)?"
)
_ZONE = r"(?P<zone>Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)"
_MONTH = r"(?P<month>[A-Za-z]{3,9})"
_NUMBER = r"(?P<month>\d{1,2})"
_DAY = r"(?P<day>\d{1,2})"
_YEAR = r"(?P<year>\d{4})"
#: compiled when a date needs them: all five take 1 ms at every start, and most dates are of the common form below
_FORMS = (
    rf"{_WEEKDAY}{_MONTH}\s+{_DAY},?\s+{_TIME}\s+(?:{_ZONE}\s+)?{_YEAR}",
    rf"{_WEEKDAY}{_MONTH}\s+{_DAY},?\s+{_TIME}\s+{_YEAR}\s+{_ZONE}",
    rf"{_WEEKDAY}{_YEAR}[-/]{_NUMBER}[-/]{_DAY}(?:[T\s]+{_TIME}\s*{_ZONE}?)?",
    rf"{_NUMBER}/{_DAY}/(?P<year>\d{{4}}|\d\d)\s+{_TIME}\s*{_ZONE}?",
    rf"{_WEEKDAY}{_DAY}[\s-]{_MONTH}[\s-]{_YEAR}\s+{_TIME}\s*{_ZONE}?",
)
_COMMON = re.compile(r"[A-Z][a-z][a-z] ([A-Z][a-z][a-z]) ([ \d]\d) (\d\d):(\d\d):(\d\d) (\d{4})$", re.ASCII)


def parse_date(text: str) -> datetime | None:
    """Read a date; naive where the text has no zone, in UTC for seconds since 1970; None when it is no date."""
    text = text.strip()
    try:
        if (match := _COMMON.match(text)) and (month := MONTHS.get(match[1].lower())):
            return datetime(int(match[6]), month, int(match[2]), int(match[3]), int(match[4]), int(match[5]))
        return _other(text)
    except (ValueError, OverflowError, OSError):
        return None


@cache
def _compiled(form: str) -> re.Pattern[str]:
    return re.compile(form + r"\s*$", re.ASCII)


@lru_cache(maxsize=256)
def _other(text: str) -> datetime | None:
    if re.fullmatch(r"\d{8,10}(\.\d*)?", text):
        return datetime.fromtimestamp(float(text), timezone.utc)
    for form in _FORMS:
        if match := _compiled(form).match(text):
            return _from_parts(match.groupdict())
    return None


def _from_parts(parts: dict[str, str | None]) -> datetime:
    digits, month, day = parts["year"] or "", parts["month"] or "", int(parts["day"] or 0)
    year = int(digits)
    if len(digits) == 2:
        year += 2000 if year < 70 else 1900
    number = MONTHS.get(month[:3].lower(), 0) if month.isalpha() else int(month)
    if number > 12 >= day:
        number, day = day, number
    hour = int(parts["hour"] or 0)
    if half := parts.get("half"):
        if not 1 <= hour <= 12:
            raise ValueError(f"no such hour: {hour}")
        hour = hour % 12 + (12 if half in "Pp" else 0)
    fraction = (parts["fraction"] or "0")[:6].ljust(6, "0")
    zone = _zone(parts.get("zone"))
    return datetime(year, number, day, hour, int(parts["minute"] or 0), int(parts["second"] or 0), int(fraction), zone)


def _zone(text: str | None) -> tzinfo | None:
    if not text:
        return None
    if text[0] not in "+-":
        return timezone.utc
    digits = text[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    return timezone(-offset if text[0] == "-" else offset)


#: zones are whole quarters of an hour off UTC
QUARTER = 900
#: the first point may be this many seconds before the scan's own date (clocks differ) or after it, without and with a
#: clock that is known from the file header
EARLY, LATE, LATE_BY_CLOCK = -60, 300, 3600


def clock_of(date: datetime | None, epoch: float | None) -> float | None:
    """Give how many seconds the local clock of a file header is ahead of UTC; None when its date and epoch differ.

    ``#D`` and ``#E`` are written at the same moment, one in local time and one in UTC.
    """
    utc = _utc(epoch) if epoch is not None else None
    if date is None or date.tzinfo is not None or utc is None:
        return None
    ahead = (date - utc.replace(tzinfo=None)).total_seconds()
    shift = round(ahead / QUARTER) * QUARTER
    return shift if abs(ahead - shift) <= 5 and abs(shift) <= 14 * 3600 else None


def end_from_epoch(start: datetime | None, first: float, last: float, clock: float | None) -> datetime | None:
    """Give the time of the last point by the clock of *start*, from the epochs (UTC) of first and last point.

    A *start* without zone is in local time. How far that is from UTC follows from *clock*, that of the file header,
    else from the first point, which is measured within minutes after the start. None when they contradict each other.
    """
    begin, end = _utc(first), _utc(last)
    if begin is None or end is None or end < begin:
        return None
    if start is None:
        return end
    if start.tzinfo is not None:
        return end.astimezone(start.tzinfo) if end >= start + timedelta(seconds=EARLY) else None
    delay = (begin.replace(tzinfo=None) - start).total_seconds()
    ahead = clock if clock is not None else (EARLY - delay) // QUARTER * QUARTER + QUARTER
    if abs(ahead) > 14 * 3600 or not EARLY <= delay + ahead <= (LATE if clock is None else LATE_BY_CLOCK):
        return None
    local = end.replace(tzinfo=None) + timedelta(seconds=ahead)
    return local if local >= start else None


def _utc(epoch: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(epoch, timezone.utc)
    except (ValueError, OverflowError, OSError):
        return None
