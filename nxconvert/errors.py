"""What can go wrong, and where: a place, a problem with a hint, and the few kinds of error."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

#: A note or a warning costs nothing; ``lost`` means that a scan or a frame is missing from the result.
SEVERITIES = ("note", "warning", "lost")


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was found: a file and, where known, its line and column (both from 1) or byte offset."""

    path: str
    line: int | None = None
    column: int | None = None
    offset: int | None = None

    def __str__(self) -> str:
        if self.line is not None:
            return f"{self.path}:{self.line}" + ("" if self.column is None else f":{self.column}")
        if self.offset is not None:
            return f"{self.path}: byte {self.offset}"
        return self.path


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not as it should be: what was found, what was expected, and what to do about it."""

    place: Place
    found: str
    expected: str = ""
    hint: str = ""
    severity: str = "warning"

    def __str__(self) -> str:
        text = f"{self.place}: {self.found}"
        if self.expected:
            text += f", {self.expected}"
        if self.hint:
            text += f"\n  hint: {self.hint}"
        return text


_Error = TypeVar("_Error", bound="NxconvertError")


class NxconvertError(Exception):
    """An error made of one or more problems; its text is theirs, one after the other."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems: tuple[Problem, ...] = problems

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)

    @classmethod
    def at(cls: type[_Error], place: Place | str, found: str, expected: str = "", hint: str = "") -> _Error:
        """Make an error of one problem."""
        where = place if isinstance(place, Place) else Place(str(place))
        return cls(Problem(where, found, expected, hint, severity="lost"))


class RequestError(NxconvertError):
    """What the user asked for cannot be: a wrong option, a file that exists (exit status 2)."""


class MappingError(RequestError):
    """A mapping file has mistakes; all of them are listed (exit status 2)."""


class ReadError(NxconvertError):
    """An input cannot be read at all (exit status 1)."""


class WriteError(NxconvertError):
    """An output cannot be written (exit status 1)."""


def near_names(name: str, known: Iterable[str]) -> str:
    """Say what *name* may have meant: up to three near names, else the known ones, cut at eight."""
    import difflib

    names: Sequence[str] = sorted(set(known))
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    if near:
        return "did you mean " + " or ".join(f"'{item}'" for item in near) + "?"
    if not names:
        return ""
    listed = ", ".join(f"'{item}'" for item in names[:8])
    return f"known: {listed}" + (f" and {len(names) - 8} more" if len(names) > 8 else "")
