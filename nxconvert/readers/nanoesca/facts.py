"""What the configuration of a measurement states, whichever of its files says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from nxconvert.errors import Place, Problem
from nxconvert.readers.nanoesca.instrument import Instrument, Item
from nxconvert.readers.nanoesca.keys import Config, Entry

#: beyond this no number of a set-up makes sense, and float64 ends soon after
_LARGEST = Decimal("1e300")


@dataclass(frozen=True, slots=True)
class Stated:
    """A value as it is stated: text without quotes, the place, and the units that the description gives it."""

    text: str
    place: Place
    units: str | None = None


class Facts:
    """Looks up items in the configurations of one measurement, the most particular one first."""

    def __init__(
        self, instrument: Instrument, sections: list[tuple[Config, dict[str, dict[str, Entry]]]], path: str
    ) -> None:
        self.instrument = instrument
        self.problems: list[Problem] = []
        self._path = path
        self._sources = [
            (
                config,
                {name.lower(): {key.lower(): entry for key, entry in keys.items()} for name, keys in found.items()},
            )
            for config, found in sections
        ]

    def find(self, name: str) -> Stated | None:
        """Give what is stated for an item, what the description says without a key, or None."""
        item = self.instrument.items.get(name, Item())
        for config, sections in self._sources:
            for entry in self._entries(item, sections):
                text = _plain(entry)
                if item.values:
                    text = item.values.get(text, "")
                if text:
                    return Stated(text, config.place(entry), item.units)
        return Stated(item.value, Place(self._path), item.units) if item.value else None

    @staticmethod
    def _entries(item: Item, sections: dict[str, dict[str, Entry]]) -> Iterator[Entry]:
        for section, key in item.keys:
            places = sections.values() if section == "*" else [sections.get(section.lower(), {})]
            for keys in places:
                if key.lower() in keys:
                    yield keys[key.lower()]

    def text(self, name: str) -> str:
        """Give an item as text, empty where it is not stated."""
        found = self.find(name)
        return "" if found is None else found.text

    def number(self, name: str) -> Decimal | None:
        """Give an item as the exact number; what is no number is a problem, and None."""
        found = self.find(name)
        if found is None:
            return None
        try:
            value = Decimal(found.text) if len(found.text) <= 80 else None
        except ArithmeticError:
            value = None
        if value is None or not value.is_finite() or abs(value) > _LARGEST or (value and abs(value) < 1 / _LARGEST):
            self.problems.append(
                Problem(found.place, f"'{found.text[:40]}' for the {_words(name)}", "a number expected")
            )
            return None
        return value

    def count(self, name: str) -> int | None:
        """Give an item as a whole number of at least 1 and below a million, None where it is none."""
        value = self.number(name)
        if value is None:
            return None
        if value != value.to_integral_value() or not 1 <= value < 1_000_000:
            found = self.find(name)
            assert found is not None
            expected = "a whole number below a million expected"
            self.problems.append(Problem(found.place, f"{value} for the {_words(name)}", expected))
            return None
        return int(value)

    def truth(self, name: str) -> bool | None:
        """Give an item as truth value, None where it is not stated as one."""
        return {"true": True, "1": True, "false": False, "0": False}.get(self.text(name).lower())

    def time(self, name: str) -> datetime | None:
        """Give an item as time without zone; None, with a problem, where it is not of the form that is described."""
        found = self.find(name)
        if found is None:
            return None
        try:
            return datetime.strptime(found.text, self.instrument.dates)
        except ValueError:
            expected = f"a date of the form {self.instrument.dates} expected"
            self.problems.append(Problem(found.place, f"'{found.text[:40]}' for the {_words(name)}", expected))
            return None

    def units(self, name: str) -> str | None:
        """Give the units of an item."""
        return self.instrument.items.get(name, Item()).units


def _plain(entry: Entry) -> str:
    """Give the text of a value without its quotes."""
    text = entry.text
    return text[1:-1].strip() if len(text) >= 2 and text[0] == text[-1] == '"' else text


def _words(name: str) -> str:
    return name.replace("_", " ")
