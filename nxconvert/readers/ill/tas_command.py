"""The command of a triple-axis scan: ``sc qh 1 0 0 0 dqh .003 0 0 0 np 15 ti 2``.

``sc`` is centred: the first point lies (np - 1) / 2 steps before the position that it names. ``bs`` begins at it.
Both were checked against the rows of files of IN3, IN14 and FLEX.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from nxconvert.readers.ill.tas_text import number

#: ``qh`` stands for all of reciprocal space and the energy transfer
Q_E = ("QH", "QK", "QL", "EN")
_SCANS = ("SC", "BS")
#: so many points has no scan; the number is damaged
_MOST_POINTS = 10_000_000
_WORDS = re.compile(r"[^\s,=]+")


@dataclass(slots=True)
class Command:
    """What was asked for: ``first`` position and ``step`` of each axis, points, and the preset of each point.

    ``mode``: ``monitor`` or ``timer``, empty where neither is in the command.
    """

    kind: str = ""
    points: int | None = None
    mode: str = ""
    preset: float | None = None
    first: dict[str, float] = field(default_factory=dict)
    step: dict[str, float] = field(default_factory=dict)


def parse_command(text: str) -> Command:
    """Read the command of a scan; one in another language (NICOS) gives an empty one."""
    words = _WORDS.findall(text.upper())[:1000]
    if not words or words[0] not in _SCANS:
        return Command()
    command = Command(words[0])
    position: dict[str, float] = {}
    for word, values in _groups(words[1:]):
        if word == "NP":
            if values and 0 <= values[0] <= _MOST_POINTS and values[0].is_integer():
                command.points = int(values[0])
        elif word in ("MN", "TI"):
            command.mode, command.preset = ("monitor" if word == "MN" else "timer"), values[0] if values else None
        # D1T is a motor; DGL is the step of GL, which stands before it
        elif word.startswith("D") and (word[1:] in position or word == "DQH"):
            command.step.update(zip(_names(word[1:], values), values, strict=False))
        elif values:
            position.update(zip(_names(word, values), values, strict=False))
    half = ((command.points or 1) - 1) / 2 if command.kind == "SC" else 0.0
    for name, centre in position.items():
        if name in command.step:
            command.first[name] = centre - half * command.step[name]
    command.step = {name: step for name, step in command.step.items() if name in command.first}
    return command


def _names(word: str, values: list[float]) -> tuple[str, ...]:
    """Give the axes that the values after a word are for."""
    start = Q_E.index(word) if word in Q_E else -1
    return Q_E[start:] if start >= 0 and len(values) > 1 else (word,)


def _groups(words: list[str]) -> list[tuple[str, list[float]]]:
    """Give each word with the numbers that follow it."""
    groups: list[tuple[str, list[float]]] = []
    for word in words:
        value = number(word)
        if value is None:
            groups.append((word, []))
        elif groups:
            groups[-1][1].append(value)
    return groups
