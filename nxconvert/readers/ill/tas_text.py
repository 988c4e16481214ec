"""Single values in the text of triple-axis files: numbers as Fortran writes them, and dates of every control system."""

from __future__ import annotations

import re
from datetime import datetime

from nxconvert.numtext import parse_number

#: D instead of E; no letter at all before an exponent of three digits
_FORTRAN = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:[dDqQ]([+-]?\d{1,3})|([+-]\d{3}))", re.ASCII)
#: a number that does not fit its field: Fortran fills it with stars
_STARS = re.compile(r"[+-]?\*+")

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CLOCK = r"(?P<hour>\d\d?):(?P<minute>\d\d):(?P<second>\d\d)(?:\.(?P<fraction>\d{1,6}))?"
_FORMS = tuple(
    re.compile(form, re.ASCII)
    for form in (
        rf"(?P<day>\d\d?)-(?P<month>[A-Za-z]{{3}})-(?P<year>\d{{4}}|\d\d)[ T]+{_CLOCK}",  # ILL, HZB, old PSI
        rf"(?P<year>\d{{4}})-(?P<month>\d\d)-(?P<day>\d\d)[ T]+{_CLOCK}",  # NICOS
        rf"[A-Za-z]{{3}} +(?P<month>[A-Za-z]{{3}}) +(?P<day>\d\d?) +{_CLOCK} +(?P<year>\d{{4}})",  # IN22
    )
)
#: two digits of a year from here on are of the last century
_PIVOT = 70


def number(text: str) -> float | None:
    """Read one number, also ``20732.``, ``1.5D-3``, ``1.234-101``; nan for stars, None for what is no number."""
    value = parse_number(text)
    if value is not None:
        return value
    if match := _FORTRAN.fullmatch(text):
        return float(f"{match[1]}E{match[2] or match[3]}")
    return float("nan") if _STARS.fullmatch(text) else None


def is_overflow(text: str) -> bool:
    """Tell whether these are the stars of a number that did not fit its field."""
    return _STARS.fullmatch(text) is not None


def find_date(text: str) -> datetime | None:
    """Find a date with time in a line, such as ``31-Oct-10 11:07:23``; without zone, since no such file has one."""
    return next((date for form in _FORMS if (match := form.search(text)) and (date := _date(match))), None)


def _date(match: re.Match[str]) -> datetime | None:
    parts = match.groupdict()
    month = parts["month"].lower()
    if month.isalpha() and month not in _MONTHS:
        return None
    year = int(parts["year"])
    if len(parts["year"]) == 2:
        year += 1900 if year >= _PIVOT else 2000
    try:
        return datetime(
            year,
            _MONTHS.index(month) + 1 if month.isalpha() else int(month),
            int(parts["day"]),
            int(parts["hour"]),
            int(parts["minute"]),
            int(parts["second"]),
            int((parts["fraction"] or "0").ljust(6, "0")),
        )
    except ValueError:
        return None
