"""What a parameter is filled from: references into the scan model, such as ``columns.det`` or ``detectors.*.data``."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from nxconvert.errors import Place, Problem, near_names
from nxconvert.scan import ITEMS, NAMESPACES

#: The namespace of what is given by hand for a parameter; no mapping refers to it.
GIVEN = "given"
#: Namespaces with two levels of names: the detector or plot, and what belongs to it.
DEEP = ("detectors", "plots")


class Reference(NamedTuple):
    """A parsed reference: an item of the scan, or a namespace with a name and, for two levels, an item."""

    text: str
    namespace: str
    name: str
    item: str = ""

    @property
    def is_wildcard(self) -> bool:
        """Tell whether the reference may match several values."""
        return "*" in self.text

    def match(self, name: str, item: str = "") -> tuple[str, ...] | None:
        """Give what each star stands for when *name* (and *item*) match, None when they do not."""
        return _matched(self.name, name, self.item, item)


def _matched(name_pattern: str, name: str, item_pattern: str, item: str) -> tuple[str, ...] | None:
    first = _pattern(name_pattern).fullmatch(name)
    second = _pattern(item_pattern).fullmatch(item)
    return None if first is None or second is None else (*first.groups(), *second.groups())


@lru_cache(maxsize=1024)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile("(.*)".join(re.escape(part) for part in text.split("*")), re.DOTALL)


def parse(text: str, place: Place, problems: list[Problem]) -> Reference | None:
    """Parse a reference; a mistake goes to *problems* and gives None."""
    namespace, dot, rest = text.partition(".")
    if not dot:
        if text in ITEMS:
            return Reference(text, "", text)
        known = near_names(text, (*ITEMS, *NAMESPACES, *DEEP))
        problems.append(Problem(place, f"the source '{text}' is no item of a scan", hint=known))
        return None
    if namespace in DEEP:
        name, _, item = rest.rpartition(".")
        if name and item:
            return _bounded(Reference(text, namespace, name, item), place, problems)
        problems.append(Problem(place, f"the source '{text}'", f"expected {namespace}.NAME.ITEM"))
        return None
    if namespace not in NAMESPACES:
        known = near_names(namespace, (*NAMESPACES, *DEEP))
        problems.append(Problem(place, f"the source '{text}' begins with the unknown '{namespace}'", hint=known))
        return None
    if not rest:
        problems.append(Problem(place, f"the source '{text}'", f"expected {namespace}.NAME"))
        return None
    return _bounded(Reference(text, namespace, rest), place, problems)


def _bounded(reference: Reference, place: Place, problems: list[Problem]) -> Reference | None:
    """Refuse many stars in one name: they would make matching slow beyond bounds."""
    if max(reference.name.count("*"), reference.item.count("*")) > 2:
        problems.append(Problem(place, f"the source '{reference.text}'", "expected two stars at most in a name"))
        return None
    return reference


def of_name(name: str) -> Reference | None:
    """Give the reference that the name of a parameter is, None where it is just a name."""
    if "." not in name and name not in ITEMS:
        return None
    return parse(name, Place(""), [])
