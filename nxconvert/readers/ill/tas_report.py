"""Problems of a triple-axis file with their lines; many of one kind are listed some twenty times, then counted."""

from __future__ import annotations

from nxconvert.errors import Place, Problem

#: problems of one kind that are listed one by one
LISTED = 20


class Report:
    """Collects the problems of one file."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._problems: list[Problem] = []
        self._counts: dict[str, int] = {}
        self._severities: dict[str, str] = {}

    def add(
        self, line: int, kind: str, found: str, expected: str = "", hint: str = "", severity: str = "warning"
    ) -> None:
        """Note a problem at a line (from 1); *kind* names what it is, for the count of many."""
        count = self._counts[kind] = self._counts.get(kind, 0) + 1
        if count <= LISTED:
            self._problems.append(Problem(Place(self.path, line), found, expected, hint, severity))
        if count == 1 or severity == "lost":
            self._severities[kind] = severity

    def finish(self) -> list[Problem]:
        """Give all problems in the order of their lines; those beyond the listed ones are counted in one line each."""
        problems = sorted(self._problems, key=lambda problem: problem.place.line or 0)
        for kind, count in self._counts.items():
            if count > LISTED:
                found = f"{count - LISTED} more {kind} like those listed"
                problems.append(Problem(Place(self.path), found, severity=self._severities[kind]))
        return problems
