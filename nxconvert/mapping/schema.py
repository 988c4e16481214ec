"""What may stand in a mapping file: one schema, and every mistake of a file found in one go."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nxconvert import units
from nxconvert.errors import Place, Problem, near_names
from nxconvert.mapping import document, expressions, paths, references, times
from nxconvert.mapping.constants import NX_TYPES, Constant
from nxconvert.mapping.document import Items, Node, Table, Text
from nxconvert.mapping.parameters import Key

#: The words that an entry's name may hold.
ENTRY_WORDS = ("number", "order", "stem", "identifier")


@dataclass(slots=True)
class ParameterText:
    """One parameter as a file states it; ``removed`` where the file says null."""

    name: str
    place: Place
    keys: dict[str, Key] = field(default_factory=dict)
    removed: bool = False


@dataclass(slots=True)
class FileText:
    """One document of a mapping file, mostly all of it: its own statements, before anything is merged."""

    path: Path
    keys: dict[str, Key] = field(default_factory=dict)
    parameters: dict[str, ParameterText] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)


def read(path: Path) -> list[FileText]:
    """Read the documents of a mapping file; mistakes are in ``problems``. MappingError where it is not YAML at all."""
    nodes, problems = document.read(path)
    found = []
    for node in nodes:
        result = FileText(path, problems=problems)
        problems = []
        reader = _Reader(result)
        if isinstance(node, Table):
            reader.file(node)
        elif not (isinstance(node, Text) and node.is_null):
            reader.mistake(node.place, "no table of keys", "expected 'meta_parameters:' and other keys")
        found.append(result)
    return found


class _Reader:
    """Turns the nodes of one file into typed values and notes every mistake."""

    def __init__(self, result: FileText) -> None:
        self.result = result

    def mistake(self, place: Place, found: str, expected: str = "", hint: str = "") -> None:
        self.result.problems.append(Problem(place, found, expected, hint))

    def file(self, table: Table) -> None:
        for name, (place, node) in table.items.items():
            if name == "meta_parameters":
                self.parameters(node)
            elif name not in FILE_KEYS:
                known = near_names(name, (*FILE_KEYS, "meta_parameters"))
                self.mistake(place, f"unknown key '{name}'", "expected a key of a mapping file", known)
            else:
                value = None if _is_null(node) else FILE_KEYS[name](self, node)
                self.result.keys[name] = Key(value, node.place)

    def parameters(self, node: Node) -> None:
        if _is_null(node):
            return
        if not isinstance(node, Table):
            self.mistake(node.place, "meta_parameters is no table", "expected parameters by name")
            return
        for name, (place, value) in node.items.items():
            parameter = ParameterText(name, place)
            if _is_null(value):
                parameter.removed = True
            elif isinstance(value, Table):
                self.parameter(parameter, value)
            else:
                self.mistake(value.place, f"parameter '{name}' is no table", "expected keys such as nx_path")
                continue
            self.result.parameters[name] = parameter

    def parameter(self, parameter: ParameterText, table: Table) -> None:
        for name, (place, node) in table.items.items():
            if name not in PARAMETER_KEYS:
                known = near_names(name, PARAMETER_KEYS)
                self.mistake(place, f"unknown key '{name}'", f"in parameter '{parameter.name}'", known)
                continue
            parameter.keys[name] = Key(None if _is_null(node) else PARAMETER_KEYS[name](self, node), node.place)

    # one method for each kind of value: it gives the typed value, or None and a mistake

    def text(self, node: Node) -> str | None:
        if isinstance(node, Text):
            return node.text
        self.mistake(node.place, "a list or table", "expected text")
        return None

    def texts(self, node: Node) -> list[Text]:
        """Give one text or a list of texts as nodes."""
        if isinstance(node, Items):
            for item in node.items:
                if not isinstance(item, Text):
                    self.mistake(item.place, "a list or table", "expected text")
            return [item for item in node.items if isinstance(item, Text)]
        if isinstance(node, Text):
            return [node] if node.text else []
        self.mistake(node.place, "a table of keys", "expected text or a list of texts")
        return []

    def names(self, node: Node) -> tuple[Text, ...]:
        return tuple(self.texts(node))

    def words(self, node: Node) -> tuple[str, ...]:
        return tuple(text.text for text in self.texts(node))

    def application(self, node: Node) -> str | None:
        text = self.text(node)
        if text is not None and not re.fullmatch(r"NX[A-Za-z0-9_]+", text):
            self.mistake(node.place, f"'{text}'", "expected the name of an application definition such as NXscan")
            return None
        return text

    def entry_name(self, node: Node) -> str | None:
        text = self.text(node)
        if text is None:
            return None
        for word in re.findall(r"\{([^{}]*)\}", text):
            if word not in ENTRY_WORDS:
                self.mistake(node.place, f"'{{{word}}}' in entry_name", "", near_names(word, ENTRY_WORDS))
                return None
        rest = re.sub(r"\{[^{}]*\}", "", text)
        if not text.strip(".") or re.search(r"[^A-Za-z0-9_.]", rest):
            self.mistake(node.place, f"entry_name '{text}'", "expected letters, digits, '_' and words such as {number}")
            return None
        return text

    def time_zone(self, node: Node) -> str | None:
        text = self.text(node)
        if text and times.zone(text) is None:
            self.mistake(node.place, f"unknown time zone '{text}'", "expected a name as Europe/Paris, UTC, or +01:00")
            return None
        return text

    def path(self, node: Node) -> paths.NxPath | None:
        text = self.text(node)
        if not text:
            return None
        return paths.parse(text, node.place, self.result.problems, self.result.warnings)

    def paths(self, node: Node) -> tuple[paths.NxPath, ...]:
        found = [self.path(text) for text in self.texts(node)]
        return tuple(path for path in found if path is not None)

    def constant(self, node: Node) -> Constant | None:
        if isinstance(node, (Text, Items)):
            return Constant(node)
        self.mistake(node.place, "a table of keys", "expected a value or a list")
        return None

    def units(self, node: Node) -> str | None:
        text = self.text(node)
        return None if not text else units.spell(text)

    def expression(self, node: Node) -> expressions.Expression | None:
        text = self.text(node)
        if text is None or not text.strip():
            return None
        return expressions.parse(text, node.place, self.result.problems)

    def sources(self, node: Node) -> tuple[references.Reference, ...] | None:
        texts = self.texts(node)
        found = [references.parse(text.text, text.place, self.result.problems) for text in texts]
        return tuple(reference for reference in found if reference is not None) or None

    def nx_type(self, node: Node) -> str | None:
        text = self.text(node)
        if text is not None and text not in NX_TYPES:
            self.mistake(node.place, f"unknown nx_type '{text}'", f"expected {', '.join(NX_TYPES)}")
            return None
        return text

    def boolean(self, node: Node) -> bool | None:
        if isinstance(node, Text) and node.plain and node.text.lower() in ("true", "false"):
            return node.text.lower() == "true"
        self.mistake(
            node.place, f"'{node.text}'" if isinstance(node, Text) else "a list or table", "expected true or false"
        )
        return None

    def rank(self, node: Node) -> int | None:
        text = self.text(node)
        if text is not None and text not in ("0", "1", "2", "3", "4"):
            self.mistake(node.place, f"rank '{text}'", "expected 0 to 4")
            return None
        return None if text is None else int(text)

    def attributes(self, node: Node) -> dict[str, Constant | references.Reference] | None:
        if not isinstance(node, Table):
            self.mistake(node.place, "attributes is no table", "expected values by name")
            return None
        found: dict[str, Constant | references.Reference] = {}
        for name, (place, value) in node.items.items():
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
                self.mistake(place, f"'{name}' is no legal name of an attribute")
            elif isinstance(value, Table):
                reference = self.attribute_source(name, value)
                if reference is not None:
                    found[name] = reference
            else:
                found[name] = Constant(value)
        return found

    def attribute_source(self, name: str, table: Table) -> references.Reference | None:
        sources = self.texts(table.items["source"][1]) if set(table.items) == {"source"} else []
        if len(sources) != 1:
            self.mistake(table.place, f"attribute '{name}' is a table", "expected a value, or {source: REFERENCE}")
            return None
        return references.parse(sources[0].text, sources[0].place, self.result.problems)


def _is_null(node: Node) -> bool:
    return isinstance(node, Text) and node.is_null


_Kind = Callable[[_Reader, Node], Any]

#: The keys of a mapping file besides ``meta_parameters``, and how each is read.
FILE_KEYS: dict[str, _Kind] = {
    "extends": _Reader.names,
    "description": _Reader.text,
    "application": _Reader.application,
    "entry_name": _Reader.entry_name,
    "time_zone": _Reader.time_zone,
}

#: The keys of a parameter, and how each is read.
PARAMETER_KEYS: dict[str, _Kind] = {
    "nx_path": _Reader.path,
    "nx_links": _Reader.paths,
    "def_value": _Reader.constant,
    "def_units": _Reader.units,
    "dependency_func": _Reader.expression,
    "source": _Reader.sources,
    "required": _Reader.boolean,
    "nx_type": _Reader.nx_type,
    "rank": _Reader.rank,
    "at": _Reader.text,
    "choices": _Reader.words,
    "attributes": _Reader.attributes,
    "shared": _Reader.boolean,
}
