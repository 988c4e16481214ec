"""YAML text with places: every key and value keeps its file, line and column, and scalars stay text.

Plain YAML guesses (``no`` is False, ``12:30:45`` is a number), so nothing is guessed here: the schema decides what a
scalar means. The documents are data from anywhere, so tags, deep nesting and multiplying aliases are refused. This is
the only module that knows YAML.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from nxconvert.errors import MappingError, Place, Problem

MAX_BYTES = 5_000_000
MAX_DEPTH = 20
MAX_NODES = 50_000

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Text(NamedTuple):
    """A scalar as it stands in the file; ``plain`` says that it has no quotes and may so mean a number or null."""

    text: str
    place: Place
    plain: bool = True

    @property
    def is_null(self) -> bool:
        """Tell whether the scalar is YAML's null."""
        return self.plain and self.text in ("", "~", "null", "Null", "NULL")


class Items(NamedTuple):
    """A list of nodes."""

    items: tuple[Node, ...]
    place: Place


class Table(NamedTuple):
    """A mapping of text keys to nodes, in the file's order, with the keys' places."""

    items: dict[str, tuple[Place, Node]]
    place: Place


Node = Text | Items | Table


def read(path: Path) -> tuple[list[Node], list[Problem]]:
    """Read the documents of a file, at least one, and list the mistakes that do not hinder reading on.

    MappingError where the file cannot be read, is too large, is not UTF-8, or is not YAML.
    """
    place = Place(str(path))
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise MappingError.at(place, f"the mapping cannot be read: {error.strerror or error}") from error
    if len(data) > MAX_BYTES:
        raise MappingError.at(
            place, f"the mapping has more than {MAX_BYTES} bytes", "expected a text that people wrote"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise MappingError.at(Place(str(path), line), "the mapping is not UTF-8 text") from error
    return parse(text, str(path))


def parse(text: str, path: str) -> tuple[list[Node], list[Problem]]:
    """Parse YAML text; *path* stands in the places. MappingError where it is not YAML or is refused as a whole."""
    builder = _Builder(path)
    try:
        nodes = builder.documents(yaml.parse(text, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(path) if mark is None else Place(path, mark.line + 1, mark.column + 1)
        if "nesting depth" in (error.problem or ""):  # newer versions of libyaml read ahead to a limit of their own
            raise _too_deep(place) from error
        raise MappingError.at(place, f"not YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise MappingError.at(
            _place_of_reader_error(error, text, path), "not YAML: a character that may not stand there"
        ) from error
    return nodes, builder.problems


def _too_deep(place: Place) -> MappingError:
    return MappingError.at(place, f"nested more than {MAX_DEPTH} deep", "expected a flat mapping")


def _place_of_reader_error(error: yaml.YAMLError, text: str, path: str) -> Place:
    position: int = getattr(error, "position", 0)
    before = text[:position]
    return Place(path, before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1)


class _Builder:
    """Builds nodes from parser events; one event after the other, bounded in depth and number."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.problems: list[Problem] = []
        self.anchors: dict[str, tuple[Node, int]] = {}
        self.count = 0

    def documents(self, events: Iterator[Any]) -> list[Node]:
        """Build the documents; a text without any is an empty one."""
        roots: list[Node] = []
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                self.anchors.clear()
                roots.append(self.node(next(events), events, 0))
        return roots or [Text("", Place(self.path, 1, 1))]

    def place(self, event: Any) -> Place:
        return Place(self.path, event.start_mark.line + 1, event.start_mark.column + 1)

    def node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        place = self.place(event)
        start = self.count
        self.grow(1, place)
        if depth > MAX_DEPTH:
            raise _too_deep(place)
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event, place)
        if event.tag is not None and event.tag != "!":
            self.problems.append(
                Problem(place, f"the tag '{event.tag}'", "tags are not accepted: nothing in a mapping is executed")
            )
        node: Node
        if isinstance(event, yaml.ScalarEvent):
            node = Text(event.value, place, plain=bool(event.implicit[0]))
        elif isinstance(event, yaml.SequenceStartEvent):
            node = Items(tuple(self.children(events, yaml.SequenceEndEvent, depth)), place)
        else:
            node = self.table(list(self.children(events, yaml.MappingEndEvent, depth)), place)
        if event.anchor is not None:
            self.anchors[event.anchor] = (node, self.count - start)
        return node

    def grow(self, count: int, place: Place) -> None:
        self.count += count
        if self.count > MAX_NODES:
            raise MappingError.at(
                place, f"more than {MAX_NODES} values", "expected a text that people wrote", "aliases count each time"
            )

    def alias(self, event: Any, place: Place) -> Node:
        found = self.anchors.get(event.anchor)
        if found is None:
            raise MappingError.at(
                place, f"'*{event.anchor}' names no finished value", f"expected '&{event.anchor}' before"
            )
        self.grow(found[1], place)
        return found[0]

    def children(self, events: Iterator[Any], end: type[Any], depth: int) -> Iterator[Node]:
        for event in events:
            if isinstance(event, end):
                return
            yield self.node(event, events, depth + 1)

    def table(self, nodes: list[Node], place: Place) -> Table:
        items: dict[str, tuple[Place, Node]] = {}
        for key, value in zip(nodes[::2], nodes[1::2], strict=True):
            if not isinstance(key, Text):
                self.problems.append(Problem(key.place, "a key that is not text"))
            elif key.text in items:
                first = items[key.text][0]
                self.problems.append(
                    Problem(
                        key.place, f"'{key.text}' stands twice", f"first in line {first.line}", "remove one of them"
                    )
                )
            else:
                items[key.text] = (key.place, value)
        return Table(items, place)
