"""Problems of one block of a file with their lines; many of one kind are listed some twenty times, then counted."""

from __future__ import annotations

from nxconvert.errors import Place, Problem

#: problems of one kind that are listed one by one
LISTED = 20
#: so much of the beginning of a block that is read in pieces stays at hand, for the lines of its problems
_HEAD = 64 << 10


class Report:
    """Collects the problems of a block; ``show`` says which text it is about, so that lines can be counted."""

    def __init__(self, path: str, offset: int, line: int) -> None:
        self.path = path
        self.problems: list[Problem] = []
        self._begin = offset
        self._text, self._offset, self._line = b"", offset, line
        self._head, self._first_line = b"", line
        self._counts: dict[str, int] = {}
        self._severities: dict[str, str] = {}

    def show(self, text: bytes, offset: int, line: int) -> None:
        """Take *text*, which begins at byte *offset* of the file in line *line*, as what offsets refer to."""
        if offset == self._begin:
            self._head = text[:_HEAD]
        self._text, self._offset, self._line = text, offset, line

    def place(self, offset: int) -> Place:
        """Give the place of a byte offset of the file, with its line where the text is still at hand."""
        line = None
        if offset >= self._offset:
            line = self._line + self._text.count(b"\n", 0, offset - self._offset)
        elif offset <= self._begin + len(self._head):
            line = self._first_line + self._head.count(b"\n", 0, max(offset - self._begin, 0))
        return Place(self.path, line, offset=offset)

    def add(
        self, offset: int, kind: str, found: str, expected: str = "", hint: str = "", severity: str = "warning"
    ) -> None:
        """Note a problem at a byte offset of the file; *kind* names what it is, for the count of many."""
        count = self._counts[kind] = self._counts.get(kind, 0) + 1
        if count <= LISTED:
            self.problems.append(Problem(self.place(offset), found, expected, hint, severity))
        if count == 1 or severity == "lost":
            self._severities[kind] = severity

    def finish(self, place: Place) -> list[Problem]:
        """Give all problems; those beyond the listed ones are counted in one line each, at *place*."""
        for kind, count in self._counts.items():
            if count > LISTED:
                found = f"{count - LISTED} more {kind} like those listed"
                self.problems.append(Problem(place, found, severity=self._severities[kind]))
        return self.problems
