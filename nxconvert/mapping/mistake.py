"""A mistake in one statement of a mapping, on its way to the list of all mistakes."""

from __future__ import annotations

from nxconvert.errors import Place, Problem


class Mistake(Exception):
    """What is wrong with a statement; whoever reads the statement adds where it stands and goes on."""

    def __init__(self, found: str, expected: str = "", hint: str = "", place: Place | None = None) -> None:
        super().__init__(found)
        self.found = found
        self.expected = expected
        self.hint = hint
        self.place = place

    def problem(self, place: Place) -> Problem:
        """Give the mistake as a problem; *place* counts where the mistake knows none of its own."""
        return Problem(self.place or place, self.found, self.expected, self.hint)
