"""What the numbers of a numor mean: the tables (``tables``) applied to its header blocks.

Values that are sure (checked on a file, or said by two sources) get the names, units and places of the table. All
others keep the names in the file, or their positions where it has none, and have no units.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from nxconvert.arrays import Array
from nxconvert.readers.ill import fields
from nxconvert.readers.ill.numor import Numbers, Numor
from nxconvert.readers.ill.tables import MARKS, Entry, Layout, layouts
from nxconvert.scan import Field, free_name

#: marks that are sure enough for names, units and places
TRUSTED = ("V", "S2")

#: units that stand in brackets behind a name in the file itself
_UNITS = {"sec": "s", "s": "s", "deg": "degree", "K": "K", "mm": "mm", "MW": "MW", "A": "angstrom", "meV": "meV"}
_OVERFLOWS = {fields.DTYPES[letter]: number for letter, number in fields.OVERFLOW.items()}
_NAME_WITH_UNITS = re.compile(r"(.*?)\s*\((" + "|".join(_UNITS) + r")\)")


@dataclass(slots=True)
class Known:
    """What a layout says of one numor: the trusted values by name, and the fields of all header values."""

    instrument: str
    layout: Layout | None
    #: trusted values by name: numbers in the units of the table
    values: dict[str, Array] = field(default_factory=dict)
    #: fields of everything in the header blocks, for the metadata
    fields: dict[str, Field] = field(default_factory=dict)
    #: fields with a place of their own: (namespace, name) to field
    places: dict[tuple[str, str], Field] = field(default_factory=dict)
    #: blocks of the only sub-spectrum, and how many it has in the layout of which it is the beginning; else nothing
    announced: tuple[int, int] | None = None

    @property
    def is_sure(self) -> bool:
        """Tell whether there is a layout that is trusted."""
        return self.layout is not None and self.layout.instruments[self.instrument] in TRUSTED

    @property
    def family(self) -> str:
        """How the sub-spectra are to be understood; ``spectra`` where nothing trusted says so."""
        return self.layout.family if self.layout is not None and self.is_sure else "spectra"

    def number(self, name: str) -> float | None:
        """Give a trusted value, None where there is none or it is not finite."""
        value = self.values.get(name)
        if value is None or value.size != 1:
            return None
        if value.dtype in _OVERFLOWS and value == _OVERFLOWS[value.dtype]:
            return None
        number = float(value.reshape(()))
        return number if number == number and abs(number) != float("inf") else None  # noqa: PLR0124 (nan)

    def whole(self, name: str) -> int | None:
        """Give a trusted value that is a whole number, None where there is none."""
        number = self.number(name)
        return int(number) if number is not None and number == int(number) else None

    def trusted(self, entry: Entry) -> bool:
        """Tell whether a value is sure enough for its name, units and place."""
        return self.layout is not None and _weaker(entry.mark, self.layout.instruments[self.instrument]) in TRUSTED


def _weaker(mark: str, other: str) -> str:
    return max(mark, other, key=MARKS.index)


def understand(numor: Numor, instrument: str) -> Known:
    """Find the layout of a numor, and name the values of its header blocks."""
    group: list[str] | None = None
    if numor.groups:
        first = numor.groups[0]
        group = [*(block.shape for block in first.parameters), *(f"{item.letter}{item.count}" for item in first.more)]
        if first.counts is not None:
            group.append(f"{first.counts.letter}{first.counts.count}")
    fitting = [item for item in layouts() if item.fits(instrument, numor.version, numor.shapes, group)]
    # of several the one that states most lengths; of equal ones the first, which is the user's
    layout = max(fitting, key=lambda item: item.exact, default=None)
    known = Known(instrument, layout)
    if layout is None and group and len(numor.groups) == 1:
        longest = max((item.cut_of(instrument, numor.version, numor.shapes, group) for item in layouts()), default=0)
        known.announced = (len(group), longest) if longest else None
    blocks = iter(numor.header)
    for number, shape in enumerate(numor.shapes, 1):
        if shape.startswith("A"):
            continue
        block = next(blocks)
        entries = layout.header[number - 1].entries if layout is not None else ()
        known.fields[f"{block.letter}{number}"] = Field(f"{block.letter}{number}", block.values, ("item",))
        _name_values(known, block, f"{block.letter}{number}", entries)
    return known


def _name_values(known: Known, block: Numbers, key: str, entries: Sequence[Entry]) -> None:
    taken: set[int] = set()
    for entry in entries:
        if entry.first >= len(block.values) or (entry.only and known.instrument not in entry.only):
            continue
        values = block.values[entry.first : entry.last + 1]
        if not known.trusted(entry):
            if not any(block.names[entry.first : entry.last + 1]):
                _raw(known, block, key, entry.first, values, entry.name)
            continue
        taken.update(range(entry.first, entry.last + 1))
        value = take(entry, values)
        made = Field(entry.name, value, tuple(f"{entry.name}_{n}" for n in range(value.ndim)), entry.units)
        known.values.setdefault(entry.name, value)
        known.fields[free_name(entry.name, known.fields)] = made
        if entry.to is not None and not (entry.zero_is_unknown and not np_any(value)):
            known.places.setdefault(entry.to, made)
    for at, name in enumerate(block.names[: len(block.values)]):
        if name and at not in taken:
            _raw(known, block, key, at, block.values[at : at + 1], "")


def np_any(value: Array) -> bool:
    """Tell whether a value is anything but zero and nan."""
    return bool(((value != 0) & (value == value)).any())  # noqa: PLR0124 (nan)


def take(entry: Entry, values: Array) -> Array:
    """Give the value of an entry out of the numbers at its positions, in the units of the table."""
    value = scaled(entry, values)
    if entry.first == entry.last:
        return value.reshape(())[()]
    size = 1
    for length in entry.shape:
        size *= length
    return value.reshape(entry.shape) if entry.shape and size == value.size else value


def scaled(entry: Entry, values: Array) -> Array:
    """Give numbers in the units of the table: thousandths by a division, which gives the decimal number meant."""
    if entry.factor == 1.0:
        return values
    divisor = round(1 / entry.factor) if entry.factor else 0
    if divisor > 1 and abs(divisor * entry.factor - 1) < 1e-12:
        return values / divisor
    return values * entry.factor


def _raw(known: Known, block: Numbers, key: str, at: int, values: Array, hint: str) -> None:
    """Keep values under the file's own name, or under that of their position with the table's name as a hint."""
    own = block.names[at] if at < len(block.names) else ""
    name, units = own_name(own) if own else (f"{key}_{at + 1}", None)
    value = values.reshape(())[()] if len(values) == 1 else values
    name = free_name(name, known.fields)
    known.fields[name] = Field(name, value, () if len(values) == 1 else (f"{name}_item",), units, own or hint or None)


def own_name(label: str) -> tuple[str, str | None]:
    """Split the units off a name as the file has it: ``CntTime (sec)`` gives ``CntTime`` and s."""
    match = _NAME_WITH_UNITS.fullmatch(label)
    return (match[1], _UNITS[match[2]]) if match and match[1] else (label, None)
