"""What the text blocks of a numor say: instrument, people, title, times.

The first block has fixed columns (instrument 0:4, user 4:14, or 4:10 and local contact 10:14, date 14:23, time 24:32);
the second one has a form per instrument. Times are told by their look, since their columns moved over the years.
Source: real files of D2B, D9, D10, IN6, IN13 and IN16; for D4, D11, D20 and D22 the readers of LAMP, GRASP, Igor,
CrysFML and ToScaNA.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

from nxconvert.readers.ill.numor import Numor, Text

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
_DATE = r"(?P<day{0}>\d{{1,2}})-(?P<month{0}>[A-Za-z]{{3}})-(?P<year{0}>\d{{4}}|\d\d)"
_CLOCK = r"(?P<hour{0}>\d\d):(?P<minute{0}>\d\d):(?P<second{0}>\d\d)"
_MOMENT = re.compile(
    rf"{_DATE.format(1)}\s+{_CLOCK.format(1)}|{_CLOCK.format(2)}\s+{_DATE.format(2)}"  # IN13 and old D20: time first
)
#: two digits of a year from here on are of the century before
_PIVOT = 70
#: instruments that repeat user and local contact before the title
_USER_FIRST = ("IN4", "IN5", "IN6", "D11", "D17", "D22", "D33")


@dataclass(slots=True)
class Facts:
    """What the texts say; empty where they do not."""

    instrument: str = ""
    title: str = ""
    subtitle: str = ""
    scan_type: str = ""
    user: str = ""
    local_contact: str = ""
    proposal: str = ""
    sample: str = ""
    start: datetime | None = None
    end: datetime | None = None
    #: the time in the first block, which is the start or the end of the measurement, by the kind of instrument
    date: datetime | None = None
    odd: list[str] = field(default_factory=list)


def moments(text: str, odd: list[str] | None = None) -> list[datetime]:
    """Give all times in a text, in its order; what looks like one and is none is added to *odd*."""
    found = []
    for match in _MOMENT.finditer(text):
        part = {key[:-1]: value for key, value in match.groupdict().items() if value is not None}
        year = int(part["year"])
        if len(part["year"]) == 2:
            year += 1900 if year >= _PIVOT else 2000
        try:
            found.append(
                datetime(
                    year,
                    _MONTHS.get(part["month"].lower(), 0),
                    int(part["day"]),
                    int(part["hour"]),
                    int(part["minute"]),
                    int(part["second"]),
                )
            )
        except ValueError:
            if odd is not None:
                odd.append(match[0])
    return found


def read_texts(numor: Numor) -> Facts:
    """Read the text blocks of a numor."""
    facts = Facts()
    if not numor.texts:
        return facts
    first = numor.texts[0]
    line = "".join(first.lines[:1]).ljust(80)
    facts.instrument = line[:4].strip().upper()
    if first.descriptions:
        facts.user, facts.local_contact = line[4:10].strip(), line[10:14].strip()
    else:
        facts.user = line[4:14].strip()
    times = moments(line[14:], facts.odd) or moments(line)
    facts.date = times[0] if times else None
    if len(numor.texts) > 1:
        second = numor.texts[1]
        if second.descriptions:
            _scan(second, facts)
        elif facts.instrument in ("D20", "D4", "D4C"):
            _labelled(second, facts)
        else:
            _lines(second, facts, line)
    return facts


def _scan(text: Text, facts: Facts) -> None:
    """Read ``Title ... Scantype``: the title has 72 columns."""
    line = "".join(text.lines[:1])
    facts.title, facts.scan_type = line[:72].strip(), line[72:80].strip()


def _labelled(text: Text, facts: Facts) -> None:
    """Read lines of a label in 20 columns and its value (D20), or of values in this order (D4)."""
    found = {}
    for line in text.lines:
        label = line[:20].strip(" .:").lower()
        if label:
            found[label] = line[20:].strip()
    for label, value in found.items():
        for word, name in (
            ("subtitle", "subtitle"),
            ("title", "title"),
            ("local", "local_contact"),
            ("proposal", "proposal"),
            ("sample", "sample"),
            ("user", "user"),
            ("experimentalist", "user"),
        ):
            if word in label:
                if value:
                    setattr(facts, name, value)
                break
    _take_times(moments("\n".join(text.lines), facts.odd), facts)


def _lines(text: Text, facts: Facts, first: str) -> None:
    """Read the lines of time-of-flight, backscattering and small-angle instruments."""
    lines = [line.ljust(80) for line in text.lines]
    if not lines:
        return
    title = lines[0][:60]
    facts.subtitle = lines[0][60:].strip()
    user = first[4:10].strip()
    if facts.instrument in _USER_FIRST and user and title.startswith(user):
        facts.user = title[:10].strip()
        rest = title[10:]
        contact = first[10:14].strip()
        if contact and rest.startswith(contact):
            facts.local_contact = rest[:6].strip()
            rest = rest[6:]
        title = rest
    facts.title = title.strip()
    _take_times(moments("\n".join(lines), facts.odd), facts)
    if len(lines) > 1 and _MOMENT.search(lines[1]):
        named = lines[1][20:40].strip()
        if named and not _MOMENT.search(lines[1][:40]):
            facts.user = named
    if len(lines) > 2 and facts.instrument == "IN16":
        facts.proposal = lines[2].strip()
        if len(lines) > 5:
            facts.local_contact = lines[5][40:].strip()
    elif len(lines) > 2 and facts.instrument == "IN13":
        facts.scan_type = lines[2].strip()


def _take_times(times: list[datetime], facts: Facts) -> None:
    """Take the first two times as start and end; where they are repeated, they say the same."""
    if len(times) >= 2:
        facts.start, facts.end = times[0], times[1]
    elif times:
        facts.start = times[0]
