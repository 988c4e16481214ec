"""Names of columns: labels made unique, which of them were scanned, and which are of floats in any scan."""

from __future__ import annotations

from typing import NamedTuple

from nxconvert.readers.spec.commands import Command
from nxconvert.readers.spec.control import Control
from nxconvert.readers.spec.facts import Header, motor_names
from nxconvert.readers.spec.names import unique

#: columns that count or tell the time: as axes they keep their integers
_COUNTING = frozenset(("Pt_No", "pt_no", "point_nb", "Epoch", "epoch", "Time", "Seconds", "seconds"))
#: columns that stand before those of the motors
_SARDANA = ("Pt_No", "pt_no", "point_nb")
_BLUESKY = ("Epoch_float", "Epoch")
#: layouts that are kept
_MOST = 256


class Layout(NamedTuple):
    """Columns by position: unique ``names``, ``originals`` in the source's own words, ``axes``: those scanned.

    ``floats``: columns that are float64 in any scan, since they hold motor positions.
    """

    names: tuple[str, ...]
    originals: tuple[str, ...]
    axes: tuple[int, ...]
    floats: frozenset[int]


class Layouts:
    """Makes layouts and keeps them, since most scans of a file are alike."""

    def __init__(self) -> None:
        self._known: dict[object, Layout] = {}

    def find(self, command: Command, labels: tuple[str, ...], width: int, header: Header, control: Control) -> Layout:
        """Name *width* columns; motor names are those of the scan's own control lines, else of the header."""
        if "O" in control.rows:
            return _make(command, labels, width, *motor_names(control))
        motions = tuple(motion.name for motion in command.motions) or command.first
        key = (labels, width, motions, header)
        layout = self._known.get(key)
        if layout is None:
            if len(self._known) >= _MOST:
                self._known.clear()
            layout = self._known[key] = _make(command, labels, width, header.motors, header.mnemonics)
        return layout


def _make(
    command: Command, labels: tuple[str, ...], width: int, motors: frozenset[str], mnemonics: dict[str, str]
) -> Layout:
    originals = labels[:width] + tuple(f"column_{at + 1}" for at in range(len(labels), width))
    names = unique(originals)
    axes = find_axes(command, names, mnemonics)
    floats = frozenset(
        at for at, name in enumerate(originals) if name in motors or (at in axes and name not in _COUNTING)
    )
    return Layout(names, originals, axes, floats)


def find_axes(command: Command, names: tuple[str, ...], mnemonics: dict[str, str]) -> tuple[int, ...]:
    """Find the scanned columns: by the motors' names or mnemonics, else by position; the first is the plot's."""
    if not names:
        return ()
    before_motors = _BLUESKY if names[0] == _BLUESKY[0] else _SARDANA
    skip = 0
    while skip < len(names) - 1 and names[skip] in before_motors:
        skip += 1
    if not command.motions:
        return tuple(range(skip, min(skip + command.first, len(names))))
    found: list[int] = []
    for order, motion in enumerate(command.motions):
        for name in (motion.name, mnemonics.get(motion.name)):
            if name in names:
                at = names.index(name)
                break
        else:
            lower = [name.lower() for name in names]
            name = motion.name.lower()
            at = lower.index(name) if name in lower else skip + order
        if at < len(names) and at not in found:
            found.append(at)
    return tuple(found)
