"""Parameters after merging: what the files of a mapping say together, checked and ready for scans."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from nxconvert.errors import Place, Problem
from nxconvert.mapping import references
from nxconvert.mapping.constants import Constant
from nxconvert.mapping.expressions import Expression
from nxconvert.mapping.paths import NxPath
from nxconvert.mapping.references import Reference
from nxconvert.tree import Leaf


@dataclass(slots=True)
class Parameter:
    """One parameter: where its value comes from, what it must be, and where it goes.

    ``application`` is the definition that it belongs to, empty for the entry itself. ``constant`` is ``def_value``
    as a value, ``setting`` what the user gave. ``origins`` tells for each key where it is stated.
    """

    name: str
    application: str
    place: Place
    nx_path: NxPath | None = None
    nx_links: tuple[NxPath, ...] = ()
    def_value: Constant | None = None
    def_units: str | None = None
    dependency_func: Expression | None = None
    source: tuple[Reference, ...] | None = None
    required: bool = False
    nx_type: str | None = None
    rank: int | None = None
    at: str | None = None
    choices: tuple[str, ...] = ()
    attributes: dict[str, Constant | Reference] = field(default_factory=dict)
    shared: bool = False
    origins: dict[str, Place] = field(default_factory=dict)
    constant: Leaf | None = None
    setting: Leaf | None = None

    @property
    def sources(self) -> tuple[Reference, ...]:
        """References in the order in which they are tried; without ``source`` the parameter's own name."""
        if self.source is not None:
            return self.source
        own = references.of_name(self.name)
        return () if own is None else (own,)

    @property
    def is_wildcard(self) -> bool:
        """Tell whether the parameter stands for as many values as its source matches."""
        return self.nx_path is not None and self.nx_path.has_placeholder

    @property
    def all_paths(self) -> tuple[NxPath, ...]:
        """Every place that the parameter states."""
        return (*([] if self.nx_path is None else [self.nx_path]), *self.nx_links)


class Key(NamedTuple):
    """The value of one key and where it stands; a value of None takes away what a more general mapping says."""

    value: Any
    place: Place


@dataclass(slots=True)
class Loaded:
    """Everything that the files of a mapping say together.

    ``parameters`` by definition (empty for the entry) and name, ``subentries``: the name of the NXsubentry of each
    definition, ``applications``: where each definition is named, ``keys`` such as ``entry_name``, ``files`` in the
    order in which they were merged.
    """

    parameters: dict[tuple[str, str], Parameter] = field(default_factory=dict)
    subentries: dict[str, str] = field(default_factory=dict)
    applications: dict[str, Place] = field(default_factory=dict)
    keys: dict[str, Key] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
