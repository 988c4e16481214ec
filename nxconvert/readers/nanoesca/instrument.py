"""The description of a set-up: which files belong to a measurement, and what the keys of its configuration mean.

It is a YAML file, ``nanoesca.yaml`` beside this module unless the user names another one; that file explains each
item. ``extends: nanoesca`` begins with everything that it says. Plain data only: tags and aliases are refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from nxconvert.errors import Place, Problem, RequestError, near_names

_BUILT_IN = Path(__file__).with_name("nanoesca.yaml")
_NAME = "nanoesca"
_MAX_BYTES = 1_000_000
_MAX_DEPTH = 6
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

#: Kinds of files; the patterns of images must tell the step, unless each image in a file is one.
_IMAGES = ("raw", "averaged", "summed")
_FILES = ("measurement", "experiment", "table", *_IMAGES, "ignored")
FOLDERS = ("raw", "averaged")
TIMES = ("tag", "file")
PAGES = ("repeat", "step")
ITEMS = (
    *("title", "comment", "operator", "affiliation", "sample", "timestamp", "instrument_name"),
    *("photon_energy", "work_function", "pass_energy", "dwell_time", "repeats"),
    *("axis_start", "axis_stop", "axis_step", "axis_count", "axis_name", "energy_type"),
    *("field", "field_of_view", "magnification", "detector_size", "pixel_pitch", "pixel_size", "roi_left", "roi_right"),
    *("background", "energy_dispersion"),
)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a configuration may state: where, in which units, and what its values stand for."""

    keys: tuple[tuple[str, str], ...] = ()
    units: str | None = None
    values: dict[str, str] = field(default_factory=dict)
    value: str | None = None


@dataclass(slots=True)
class Instrument:
    """The description of a set-up; ``path`` is the file that the user named, None for the one that is built in."""

    path: str | None = None
    description: str = ""
    files: dict[str, re.Pattern[str]] = field(default_factory=dict)
    folders: dict[str, str] = field(default_factory=dict)
    pages: str = "repeat"
    first_step: int = 1
    first_repeat: int = 1
    repeats_section: re.Pattern[str] | None = None
    sum_section: re.Pattern[str] | None = None
    columns: tuple[str, ...] = ()
    copied_section: re.Pattern[str] | None = None
    dates: str = "%Y-%m-%d %H:%M:%S"
    times: tuple[str, ...] = TIMES
    items: dict[str, Item] = field(default_factory=dict)

    def matches(self, kind: str, name: str) -> re.Match[str] | None:
        """Match the name of a file with the pattern of that kind."""
        pattern = self.files.get(kind)
        return None if pattern is None else pattern.fullmatch(name)

    @property
    def table_section(self) -> re.Pattern[str] | None:
        """What matches the sections that hold rows, None where there are none."""
        patterns = [item.pattern for item in (self.repeats_section, self.sum_section) if item is not None]
        return re.compile("|".join(f"(?:{_unnamed(item)})" for item in patterns), re.IGNORECASE) if patterns else None


def load(path: str | None = None) -> Instrument:
    """Load the description at *path*, or the one of the NanoESCA; RequestError with every mistake of the file."""
    instrument = Instrument()
    if path is None:
        _fill(instrument, _BUILT_IN)
    else:
        instrument.path = path
        _fill(instrument, Path(path))
    return instrument


def _unnamed(pattern: str) -> str:
    return re.sub(r"\(\?P<\w+>", "(?:", pattern)


def _fill(instrument: Instrument, path: Path) -> None:
    reader = _Reader(path, instrument)
    table = reader.table(reader.compose())
    if "extends" in table:
        node = table.pop("extends")
        if reader.text(node) == _NAME:
            _fill(instrument, _BUILT_IN)
        else:
            reader.mistake(node, f"extends '{node.value}'", f"expected '{_NAME}', the only one that is built in")
    for key, node in table.items():
        take = _KEYS.get(key)
        if take is None:
            reader.mistake(node, f"unknown key '{key}'", "", near_names(key, (*_KEYS, "extends")))
        else:
            take(reader, node)
    reader.steps()
    if not reader.problems and not {"raw", "averaged", "summed"} & instrument.files.keys():
        reader.mistake(None, "no pattern for the names of images", "expected files: {raw: ...}")
    if reader.problems:
        raise RequestError(*reader.problems)


class _Reader:
    """Takes the nodes of one file into a description and notes every mistake with its line."""

    def __init__(self, path: Path, instrument: Instrument) -> None:
        self.path = path
        self.instrument = instrument
        self.problems: list[Problem] = []
        self.patterns: dict[str, Any] = {}

    def mistake(self, node: Any, found: str, expected: str = "", hint: str = "") -> None:
        place = Place(str(self.path))
        if node is not None:
            place = Place(str(self.path), node.start_mark.line + 1, node.start_mark.column + 1)
        self.problems.append(Problem(place, found, expected, hint))

    def compose(self) -> Any:
        """Read the one document of the file as nodes; nothing in it is made into an object."""
        try:
            with self.path.open("rb") as file:
                data = file.read(_MAX_BYTES + 1)
        except OSError as error:
            reason = f"the description of the instrument cannot be read: {error.strerror}"
            raise RequestError.at(str(self.path), reason) from error
        if len(data) > _MAX_BYTES:
            raise RequestError.at(str(self.path), f"more than {_MAX_BYTES} bytes", "a text that people wrote expected")
        try:
            text = data.decode("utf-8-sig")
            depth = 0
            for event in yaml.parse(text, Loader=_LOADER):
                # an alias may multiply, and a deep text would overrun the stack
                if isinstance(event, yaml.AliasEvent):
                    raise RequestError.at(self._place(event.start_mark), "an alias", "plain data expected")
                depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
                if depth > _MAX_DEPTH:
                    raise RequestError.at(self._place(event.start_mark), f"nested more than {_MAX_DEPTH} deep")
            return yaml.compose(text, Loader=_LOADER)
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise RequestError.at(Place(str(self.path), line), "not UTF-8 text") from error
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            reason = f"not YAML: {getattr(error, 'problem', None) or 'a character that may not stand there'}"
            raise RequestError.at(self._place(mark), reason) from error

    def _place(self, mark: Any) -> Place:
        return Place(str(self.path)) if mark is None else Place(str(self.path), mark.line + 1, mark.column + 1)

    def table(self, node: Any) -> dict[str, Any]:
        if node is None:
            return {}
        if not isinstance(node, yaml.MappingNode):
            self.mistake(node, "no table of keys", "expected 'key: value'")
            return {}
        found: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.mistake(key, "a key that is not text")
            elif key.value in found:
                self.mistake(key, f"'{key.value}' stands twice", "", "remove one of them")
            else:
                found[key.value] = value
        return found

    def text(self, node: Any) -> str:
        if isinstance(node, yaml.ScalarNode):
            return str(node.value)
        self.mistake(node, "a list or table", "expected text")
        return ""

    def texts(self, node: Any) -> tuple[str, ...]:
        if isinstance(node, yaml.SequenceNode):
            return tuple(self.text(item) for item in node.value)
        return (self.text(node),)

    def number(self, node: Any) -> int:
        text = self.text(node)
        if re.fullmatch(r"\d{1,6}", text):
            return int(text)
        self.mistake(node, f"'{text}'", "expected a whole number")
        return 0

    def pattern(self, node: Any, groups: tuple[str, ...] = ()) -> re.Pattern[str] | None:
        text = self.text(node)
        try:
            pattern = re.compile(text, re.IGNORECASE)
        except re.error as error:
            self.mistake(node, f"'{text}' is no regular expression", str(error))
            return None
        for group in groups:
            if group not in pattern.groupindex:
                self.mistake(node, f"'{text}' does not say which part is the {group}", f"expected (?P<{group}>...)")
        return pattern

    def known(self, node: Any, names: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
        for name, value in self.table(node).items():
            if name in names:
                yield name, value
            else:
                self.mistake(value, f"unknown key '{name}'", "", near_names(name, names))

    def item(self, node: Any) -> Item:
        item: dict[str, Any] = {}
        for name, value in self.known(node, ("keys", "units", "values", "value")):
            if name == "keys":
                parts = (text.rpartition("/") if "/" not in text else text.partition("/") for text in self.texts(value))
                item[name] = tuple((section, key) for section, _, key in parts)
            elif name == "values":
                item[name] = {key: self.text(meaning) for key, meaning in self.table(value).items()}
            else:
                item[name] = self.text(value)
        return Item(**item)

    def files(self, node: Any) -> None:
        for name, value in self.known(node, _FILES):
            pattern = self.pattern(value)
            if pattern is not None:
                self.instrument.files[name] = pattern
                self.patterns[name] = value

    def steps(self) -> None:
        """Check that the names of images tell the step where the images in them do not."""
        for name in _IMAGES if self.instrument.pages != "step" else ():
            if name in self.patterns and "step" not in self.instrument.files[name].groupindex:
                node = self.patterns[name]
                found = f"'{self.text(node)}' does not say which part is the step"
                self.mistake(node, found, "expected (?P<step>...)", "with 'pages: step' each image in a file is one")

    def folders(self, node: Any) -> None:
        for name, value in self.known(node, FOLDERS):
            folder = self.text(value)
            if folder in ("", ".", "..") or "/" in folder or "\\" in folder:
                self.mistake(value, f"'{folder}'", "expected the name of one folder")
            self.instrument.folders[name] = folder

    def items(self, node: Any) -> None:
        for name, value in self.known(node, ITEMS):
            self.instrument.items[name] = self.item(value)

    def pages(self, node: Any) -> None:
        pages = self.text(node)
        if pages not in PAGES:
            self.mistake(node, f"'{pages}'", f"expected {' or '.join(PAGES)}")
        self.instrument.pages = pages

    def order(self, node: Any) -> None:
        times = self.texts(node) if not isinstance(node, yaml.SequenceNode) or node.value else ()
        for name in times:
            if name not in TIMES:
                self.mistake(node, f"'{name}'", f"expected {' or '.join(TIMES)}")
        self.instrument.times = times


def _setting(name: str, take: Callable[[_Reader, Any], Any]) -> Callable[[_Reader, Any], None]:
    def store(reader: _Reader, node: Any) -> None:
        setattr(reader.instrument, name, take(reader, node))

    return store


_KEYS: dict[str, Callable[[_Reader, Any], None]] = {
    "description": _setting("description", _Reader.text),
    "files": _Reader.files,
    "folders": _Reader.folders,
    "pages": _Reader.pages,
    "first_step": _setting("first_step", _Reader.number),
    "first_repeat": _setting("first_repeat", _Reader.number),
    "repeats_section": _setting("repeats_section", lambda reader, node: reader.pattern(node, ("repeat",))),
    "sum_section": _setting("sum_section", _Reader.pattern),
    "columns": _setting("columns", _Reader.texts),
    "copied_section": _setting("copied_section", lambda reader, node: reader.pattern(node, ("number", "section"))),
    "dates": _setting("dates", _Reader.text),
    "times": _Reader.order,
    "items": _Reader.items,
}
