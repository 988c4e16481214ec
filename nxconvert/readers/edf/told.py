"""The problems of one file: the first ones of each kind one by one, and the number of the others."""

from __future__ import annotations

from collections import Counter

from nxconvert.errors import Place, Problem
from nxconvert.readers.edf.structure import Kind, Structure

#: problems of one kind that are listed one by one; of notes, one is enough
_LISTED = 20


class Told:
    """Collects what is told about a file in ``problems``."""

    def __init__(self, path: str) -> None:
        self.problems: list[Problem] = []
        self._path = path
        self._counts: Counter[str] = Counter()
        self._severities: dict[str, str] = {}
        #: kinds of headers and rules of sizes of which something odd was said
        self._odd: set[tuple[int, str]] = set()

    def tell(
        self, kind: str, offset: int, found: str, expected: str = "", hint: str = "", severity: str = "warning"
    ) -> None:
        """Note a problem at a byte offset; *kind* names what it is, for the count of many."""
        self._counts[kind] += 1
        self._severities[kind] = severity
        if self._counts[kind] <= self._listed(kind):
            self.problems.append(Problem(Place(self._path, offset=offset), found, expected, hint, severity))

    def odd(self, begin: int, structure: Structure, kind: Kind, stored: int, rule: str) -> None:
        """Say, once for each kind of header, what is odd about it, and how its data were measured if not as stated."""
        if (id(structure), rule) in self._odd:
            return
        if not any(told == id(structure) for told, _ in self._odd):
            for found, hint in structure.odd or ():
                self.tell(found, begin, found, hint=hint)
        self._odd.add((id(structure), rule))
        if structure.external or kind.compression:
            return
        stated = ", ".join(f"{key} = {size}" for key, size in structure.sizes.items())
        if any(size != stored for size in structure.sizes.values()) or rule not in (*structure.sizes, "the shape"):
            found = f"{stated or 'no size is stated'}; the shape takes {kind.nbytes} bytes"
            hint = f"{stored} bytes are taken, by {rule}"
            self.tell("sizes", begin, found, "equal sizes expected", hint, severity="note")

    def count(self) -> None:
        """Add how many more there are of each kind than were listed."""
        for kind, count in self._counts.items():
            listed = self._listed(kind)
            if count > listed:
                found = f"{count - listed} more {kind} like the {'ones' if listed > 1 else 'one'} told"
                self.problems.append(Problem(Place(self._path), found, severity=self._severities[kind]))

    def _listed(self, kind: str) -> int:
        return 1 if self._severities[kind] == "note" else _LISTED
