"""Names in control lines: splitting ``#L`` and ``#O`` lines, and making repeated names unique."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

_GAP = re.compile(r" {2,}|[ \r]*\t[ \t]*")


#: longer lines are not kept in caches
_LONG = 1 << 14


def split_names(text: str) -> tuple[str, ...]:
    """Split where two or more blanks or a tab are; single blanks belong to the names."""
    return _split(text) if len(text) < _LONG else _split.__wrapped__(text)


def fit_names(text: str, count: int) -> tuple[str, ...]:
    """Split a line of names that should be *count*; fall back to single blanks where that gives the right number.

    Where just one name can be split so that the number is right, it is: one of several separators may be a single
    blank. Otherwise the result has another length than *count*.
    """
    return _fit(text, count) if len(text) < _LONG else _fit.__wrapped__(text, count)


@lru_cache(maxsize=2048)
def _split(text: str) -> tuple[str, ...]:
    text = text.strip()
    return tuple(_GAP.split(text)) if text else ()


@lru_cache(maxsize=2048)
def _fit(text: str, count: int) -> tuple[str, ...]:
    names = split_names(text)
    if len(names) >= count:
        return names
    single = tuple(text.split())
    if len(single) == count or (len(names) == 1 and count > 2 and len(single) > 2):
        return single
    splittable = [at for at, name in enumerate(names) if name.count(" ") == count - len(names)]
    if len(splittable) == 1:
        at = splittable[0]
        return (*names[:at], *names[at].split(" "), *names[at + 1 :])
    return names


def unique(names: tuple[str, ...]) -> tuple[str, ...]:
    """Make names unique: a second ``det`` becomes ``det_1``; empty ones become ``unnamed``."""
    return tuple(_unique(names))


def _unique(names: Iterable[str]) -> Iterator[str]:
    taken: set[str] = set()
    count: dict[str, int] = {}
    wanted = [name or "unnamed" for name in names]
    own = set(wanted)
    for name in wanted:
        new = name
        while new in taken or (new != name and new in own):
            count[name] = count.get(name, 0) + 1
            new = f"{name}_{count[name]}"
        taken.add(new)
        yield new
