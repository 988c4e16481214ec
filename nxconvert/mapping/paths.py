"""Where a parameter goes: the grammar of ``nx_path`` and ``nx_links``.

``NXentry/NXinstrument/mono:NXmonochromator/energy``: steps ``NXclass`` (the group is called after its class) or
``name:NXclass``, then the field. One further step, or ``field@name``, is an attribute of the field; ``NXclass@name``
is an attribute of a group. In the names ``{name}`` and ``{item}`` stand for what the stars of a wildcard matched.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from nxconvert.errors import Place, Problem, near_names
from nxconvert.mapping.classes import BASE_CLASSES
from nxconvert.mapping.mistake import Mistake

PLACEHOLDERS = ("{name}", "{item}")
_GROUP = re.compile(r"(?:([^:/@]*):)?(NX[A-Za-z0-9_]*)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Step(NamedTuple):
    """One group on the way: its name, which may hold placeholders, and its class."""

    name: str
    nx_class: str


class NxPath(NamedTuple):
    """A parsed path: the groups below the entry, the field, and the attribute of the field or of the last group."""

    text: str
    groups: tuple[Step, ...]
    field: str | None
    attribute: str | None

    @property
    def has_placeholder(self) -> bool:
        """Tell whether the path differs from match to match."""
        return any(word in self.text for word in PLACEHOLDERS)

    @property
    def subentry(self) -> str | None:
        """Name of the NXsubentry that holds the path, None where it belongs to the entry itself."""
        if self.groups and self.groups[0].nx_class == "NXsubentry":
            return self.groups[0].name
        return None

    @property
    def names(self) -> tuple[str, ...]:
        """The names below the entry: groups, then the field."""
        return (*(step.name for step in self.groups), *([] if self.field is None else [self.field]))

    def without_subentry(self) -> NxPath:
        """Give the same path with the NXsubentry left out, for an entry that holds one definition alone."""
        return NxPath(self.text, self.groups[1:], self.field, self.attribute)


def parse(text: str, place: Place, problems: list[Problem], warnings: list[Problem]) -> NxPath | None:
    """Parse a path; mistakes go to *problems*, an unknown class to *warnings*; None when there was a mistake."""
    try:
        path = _parse(text)
    except Mistake as mistake:
        problems.append(mistake.problem(place))
        return None
    for step in path.groups:
        if step.nx_class not in BASE_CLASSES:
            found = f"path '{text}': '{step.nx_class}' is no NeXus base class"
            warnings.append(Problem(place, found, hint=near_names(step.nx_class, BASE_CLASSES)))
    return path


def _parse(text: str) -> NxPath:
    def mistake(found: str, expected: str, hint: str = "") -> Mistake:
        return Mistake(f"path '{text}': {found}", expected, hint)

    *steps, last = text.split("/")
    last, *after = last.split("@")
    steps.append(last)
    if len(after) > 1 or any("@" in step for step in steps):
        raise mistake("'@' inside the path", "expected it before the last name only")
    if steps[0] != "NXentry":
        hint = "the entry's own name is set by entry_name" if steps[0].endswith(":NXentry") else ""
        raise mistake(f"begins with '{steps[0]}'", "expected 'NXentry'", hint)
    groups: list[Step] = []
    names: list[str] = []
    for step in steps[1:]:
        match = _GROUP.fullmatch(step)
        if match is None:
            names.append(step)
            continue
        if names:
            raise mistake(f"the group '{step}' stands below the field '{names[0]}'", "expected groups first")
        name, nx_class = match[1], match[2]
        if nx_class in ("NXentry", "NXroot") or (nx_class == "NXsubentry" and groups):
            raise mistake(f"'{step}' cannot stand here", "expected it at the beginning only")
        groups.append(Step(nx_class[2:] if name is None else name, nx_class))
    names += after
    if len(names) > 2:
        found = f"'{names[2]}' stands two steps below the field '{names[0]}'"
        raise mistake(found, "expected one at most: an attribute")
    if not names:
        raise mistake("ends with a group", "expected a field at the end")
    for name in (*(step.name for step in groups), *names):
        if not _is_name(name):
            raise mistake(
                f"'{name}' is no legal name", "expected letters, digits and '_', not a digit first, 63 at most"
            )
    if after and len(names) == 1:
        return NxPath(text, tuple(groups), None, names[0])
    return NxPath(text, tuple(groups), names[0], names[1] if len(names) == 2 else None)


def _is_name(name: str) -> bool:
    for word in PLACEHOLDERS:
        name = name.replace(word, "x")
    return _NAME.fullmatch(name) is not None and len(name) <= 63
