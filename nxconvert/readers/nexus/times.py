"""Times as they stand in NeXus files: ISO 8601, and the older forms of ILL and of programs that copy those of SPEC."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone, tzinfo

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TIME = r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?"
_FORMS = tuple(
    re.compile(form, re.ASCII | re.IGNORECASE)
    for form in (
        rf"(?P<year>\d{{4}})-(?P<month>\d\d)-(?P<day>\d\d)(?:[T ]+{_TIME}\s*(?P<zone>Z|[+-]\d\d(?::?\d\d)?)?)?",
        rf"(?P<day>\d{{1,2}})-(?P<month>[a-z]{{3}})-(?P<year>\d{{4}}|\d\d)\s+{_TIME}",
        rf"(?:[a-z]{{3}}\s+)?(?P<month>[a-z]{{3}})\s+(?P<day>\d{{1,2}})\s+{_TIME}\s+(?P<year>\d{{4}})",
    )
)


def parse_time(text: str) -> datetime | None:
    """Read a time; naive where the text has no zone, None where it is no time."""
    for form in _FORMS:
        match = form.fullmatch(text.strip())
        if match:
            try:
                return _made(match.groupdict())
            except ValueError:
                return None
    return None


def _made(parts: dict[str, str | None]) -> datetime:
    digits, month = parts["year"] or "", (parts["month"] or "").lower()
    year = int(digits)
    if len(digits) == 2:  # as in '04-Mar-13'
        year += 2000 if year < 70 else 1900
    number = int(month) if month.isdigit() else _MONTHS.index(month) + 1
    fraction = (parts["fraction"] or "0")[:6].ljust(6, "0")
    hour, minute, second = (int(parts[name] or 0) for name in ("hour", "minute", "second"))
    return datetime(year, number, int(parts["day"] or 0), hour, minute, second, int(fraction), _zone(parts.get("zone")))


def _zone(text: str | None) -> tzinfo | None:
    if not text:
        return None
    if text in "Zz":
        return timezone.utc
    digits = text[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    return timezone(-offset if text[0] == "-" else offset)
