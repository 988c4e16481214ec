"""How outputs are called: ``{stem}_{entry}``, ``scan{number:04d}``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from string import Formatter
from typing import Any

from nxconvert.errors import RequestError, near_names

#: what a template can name, with a value to try it on
FIELDS: dict[str, Any] = {
    "stem": "x", "entry": "x", "number": 1, "order": 1, "identifier": "1.1", "title": "x", "part": "x"
}  # fmt: skip
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class Template:
    """A checked template of names."""

    text: str
    fields: frozenset[str]

    @property
    def needs_title(self) -> bool:
        """Whether a name holds the title of the scan."""
        return "title" in self.fields

    @property
    def for_each_scan(self) -> bool:
        """Whether different scans get different names."""
        return bool(self.fields - {"stem", "part"})

    def name(self, values: dict[str, Any]) -> str:
        """Give a name; what comes from a file cannot lead to another folder."""
        return self.text.format_map({key: _plain(value) for key, value in values.items()})


def parse_template(text: str) -> Template:
    """Check a template; RequestError with what is wrong in it."""
    try:
        parts = [(name, conversion) for _, name, _, conversion in Formatter().parse(text) if name is not None]
        for name, conversion in parts:
            if name not in FIELDS or conversion:
                hint = "numbers can be filled up with zeros: {number:04d}"
                raise RequestError.at("--name-template", f"'{{{name}}}' is unknown", near_names(name, FIELDS), hint)
        made = text.format_map(FIELDS)
    except (ValueError, IndexError, KeyError) as error:
        expected = "a text such as '{stem}_{entry}' was expected"
        raise RequestError.at("--name-template", f"'{text}' cannot be: {error}", expected) from error
    if not made.strip() or made.endswith(("/", "\\")) or "\0" in made:
        raise RequestError.at("--name-template", f"'{text}' makes no name of a file", "such as '{stem}_{entry}'")
    return Template(text, frozenset(name for name, _ in parts))


def _plain(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return re.sub(r"[/\\\0-\x1f]", "_", value)[:_LONGEST]
