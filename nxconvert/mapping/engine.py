"""The mapping engine: from a scan to the tree that a writer writes.

A mapping is loaded and checked once; a scan of a kind seen before costs one look-up and the filling of its values.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Collection, Sequence
from collections.abc import Mapping as Settings
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from nxconvert.errors import Place, Problem, RequestError
from nxconvert.mapping import plan, times
from nxconvert.mapping.describe import Offered, Origin, origins, params, resolved, starting_mapping
from nxconvert.mapping.loading import load as load_files
from nxconvert.mapping.names import legal
from nxconvert.mapping.offers import Flat, flatten
from nxconvert.mapping.parameters import Loaded, Parameter
from nxconvert.mapping.plan import Finding, Plan
from nxconvert.scan import Scan
from nxconvert.tree import Tree

LAYOUTS = ("subentry", "entry")
#: Plans kept at a time; a file of many scans has few kinds of them. A plan holds as much as its scan has fields.
MAX_PLANS = 256
MAX_FIELDS = 200_000


def load(
    names: Sequence[str],
    folders: Sequence[str | Path] = (),
    settings: Settings[str, str] | None = None,
    layout: str = "subentry",
    time_zone: str = "",
    convert_units: bool = False,
) -> Mapping:
    """Load mappings by name or path, the most general first.

    *settings* are values by parameter name that win over every source. *layout*: ``subentry`` puts each definition
    into an NXsubentry, ``entry`` into an entry of its own. *time_zone* is for times without one and wins over that
    of the mapping. *convert_units* turns numbers in other units of the same kind into those that the mapping states
    (float64); without it they are written as they are. MappingError with all mistakes of the files, RequestError for
    what the user asked.
    """
    if layout not in LAYOUTS:
        raise RequestError(Problem(Place("--layout"), f"'{layout}'", f"expected {' or '.join(LAYOUTS)}"))
    if time_zone and times.zone(time_zone) is None:
        found = f"unknown time zone '{time_zone}'"
        raise RequestError(Problem(Place("--timezone"), found, "expected a name as Europe/Paris, UTC, or +01:00"))
    return Mapping(load_files(names, folders, settings or {}), layout, time_zone, convert_units)


class Mapping:
    """A checked mapping, ready for scans."""

    def __init__(self, loaded: Loaded, layout: str, time_zone: str, convert_units: bool = False) -> None:
        self._loaded = loaded
        self._layout = layout
        self._convert_units = convert_units
        self._stamp = _stamp(loaded.files)
        key = loaded.keys.get("time_zone")
        text = time_zone or (key.value if key is not None else "") or ""
        self._zone = times.zone(text) if text else None
        name = loaded.keys.get("entry_name")
        self.entry_name: str = (name.value if name is not None else "") or "entry"
        self._plans: OrderedDict[tuple[Any, ...], list[Plan]] = OrderedDict()
        self._kept = 0
        self._fields = 0
        self._naive = False
        self._told = ""

    @property
    def applications(self) -> list[str]:
        """The application definitions that the mapping adds, such as ``NXscan``."""
        return list(self._loaded.subentries)

    @property
    def files(self) -> list[Path]:
        """The mapping files, in the order in which they were merged."""
        return list(self._loaded.files)

    def has_changed(self) -> bool:
        """Tell whether one of the files is not what it was when it was loaded."""
        return self._stamp != _stamp(self._loaded.files)

    @property
    def warnings(self) -> list[Problem]:
        """What looks odd in the files but hinders nothing: classes that NeXus does not define."""
        return list(self._loaded.warnings)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the entry's parameters that stand for one value."""
        return tuple(item.name for item in self._own())

    @property
    def places(self) -> dict[str, str]:
        """The path below the entry of each parameter that is a field (``instrument/detector/data``)."""
        paths = {item.name: item.nx_path for item in self._own()}
        return {
            name: "/".join(path.names) for name, path in paths.items() if path and path.field and not path.attribute
        }

    def class_paths(self) -> dict[str, str]:
        """Give the path of classes of each parameter that is a field (``NXinstrument/NXsource/current``)."""
        found = {}
        for item in self._own():
            path = item.nx_path
            if path is not None and path.field and not path.attribute:
                found[item.name] = path.text.partition("/")[2]
        return found

    def _own(self) -> list[Parameter]:
        return [item for item in self._loaded.parameters.values() if not item.application and not item.is_wildcard]

    def depending(self, names: Collection[str]) -> set[str]:
        """Give the parameters of the entry whose functions use one of *names*, directly or by others."""
        found = set(names)
        functions = {item.name: item.dependency_func.names for item in self._own() if item.dependency_func is not None}
        while more := {name for name, used in functions.items() if name not in found and found & set(used)}:
            found |= more
        return found - set(names)

    def without(self, names: Collection[str]) -> Mapping:
        """Give the mapping without the functions of these parameters of the entry."""
        parameters = {
            key: replace(item, dependency_func=None) if key[0] == "" and key[1] in names else item
            for key, item in self._loaded.parameters.items()
        }
        made = Mapping(replace(self._loaded, parameters=parameters), self._layout, "", self._convert_units)
        made._zone = self._zone
        return made

    def check(self, scan: Scan) -> tuple[list[str], list[Problem]]:
        """Give the required parameters that have no value, and what is wrong with values: type, choice, units."""
        made = self._plan(flatten(scan), None)
        assert isinstance(made, Plan)
        return made.lacking, [_problem(scan, finding) for finding in made.wrong]

    def origins(self, application: str, scan: Scan | None = None) -> list[Origin]:
        """Say of each parameter of a definition where its value comes from; with a scan, what it is there."""
        return origins(self._loaded, application, scan, self._time)

    def describe(self, places: bool = True) -> str:
        """Give the mapping as it results from all files, with or without the place of each statement as comment."""
        return resolved(self._loaded, self.entry_name, places)

    def tree(self, scan: Scan) -> tuple[Tree, list[Problem]]:
        """Give the tree of a scan, and what could not be done for it."""
        flat = flatten(scan)
        made = self._plan(flat, None)
        assert isinstance(made, Plan)
        self._naive = False
        tree = Tree(self.name(scan), made.entry, made.fill(flat.values))
        problems = [_problem(scan, finding) for finding in made.findings] if made.findings else []
        if self._naive and self._told != scan.place.path:
            self._told = scan.place.path
            problems.append(
                Problem(
                    Place(scan.place.path),
                    "times without a zone",
                    "written without an offset",
                    "--timezone, or time_zone in the mapping, says in which zone they are",
                    "note",
                )
            )
        return tree, problems

    def application_trees(self, scan: Scan) -> tuple[list[Tree], list[Problem]]:
        """Give, for the layout ``entry``, a tree for each definition that the scan fulfils; else none."""
        trees: list[Tree] = []
        problems: list[Problem] = []
        if self._layout == "entry":
            flat = flatten(scan)
            for application, subentry in self._loaded.subentries.items():
                made = self._plan(flat, application)
                if isinstance(made, Plan):
                    trees.append(Tree(f"{self.name(scan)}_{subentry}", made.entry, made.fill(flat.values)))
                    problems += [_problem(scan, finding) for finding in made.findings]
                else:
                    problems += [_problem(scan, finding) for finding in made]
        return trees, problems

    def name(self, scan: Scan) -> str:
        """Give the entry's name: that of the template, made unique within the file."""
        template = self.entry_name
        name = template.format(
            number=scan.number, order=scan.order, identifier=scan.identifier, stem=legal(stem(scan.place.path))
        ).replace("-", "_")
        if "{identifier}" in template or ("{number}" in template and "{order}" in template):
            return name
        if "{number}" in template:
            return name if scan.order == 1 else f"{name}_{scan.order}"
        return name if scan.index == 0 else f"{name}_{scan.index + 1}"

    def _plan(self, flat: Flat, alone: str | None) -> Plan | list[Finding]:
        """Give the plan for scans like this one, the one made before where it fits."""
        key = (alone, flat.names)
        plans = self._plans.get(key)
        if plans is not None:
            for found in plans:
                if found.fits(flat):
                    return found
        made = plan.make(
            flat,
            self._loaded.parameters,
            self._loaded.subentries,
            alone,
            self._layout == "subentry",
            self._time,
            self._convert_units,
        )
        if isinstance(made, Plan):
            self._keep(key, made)
        return made

    def _keep(self, key: tuple[Any, ...], made: Plan) -> None:
        """Keep a plan; the least used ones go where there are too many."""
        self._plans.setdefault(key, []).insert(0, made)
        self._plans.move_to_end(key)
        self._kept += 1
        self._fields += made.size
        while self._kept > 1 and (self._kept > MAX_PLANS or self._fields > MAX_FIELDS):
            oldest = next(iter(self._plans))
            dropped = self._plans[oldest].pop()
            self._kept -= 1
            self._fields -= dropped.size
            if not self._plans[oldest]:
                del self._plans[oldest]

    def _time(self, time: datetime) -> str:
        if time.tzinfo is None and self._zone is None:
            self._naive = True
        return times.iso(time, self._zone)


def _stamp(files: Sequence[Path]) -> list[tuple[int, int]]:
    """Give size and time of files; a file that is gone has neither."""
    found = []
    for path in files:
        try:
            status = path.stat()
            found.append((status.st_size, status.st_mtime_ns))
        except OSError:
            found.append((-1, -1))
    return found


def stem(path: str) -> str:
    """Give a file's name without folders, compression and one ending: ``a.b.spec.gz`` gives ``a.b``."""
    name = os.path.basename(path)
    root, ending = os.path.splitext(name)
    if ending in (".gz", ".bz2", ".lz4", ".Z"):
        root = os.path.splitext(root)[0]
    return root or name


def _problem(scan: Scan, finding: Finding) -> Problem:
    found = f"scan {scan.identifier}: {finding.found}" if scan.order else finding.found
    return Problem(scan.place, found, finding.expected, finding.hint)


__all__ = ["LAYOUTS", "Mapping", "Offered", "Origin", "load", "params", "starting_mapping", "stem"]
