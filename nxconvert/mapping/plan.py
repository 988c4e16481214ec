"""A plan: the skeleton for all scans of one kind, and how the values of a scan are put into its slots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NamedTuple

from nxconvert.mapping.offers import Flat, Offers, Values
from nxconvert.mapping.parameters import Parameter
from nxconvert.mapping.paths import NxPath
from nxconvert.mapping.skeleton import Builder, Placement
from nxconvert.mapping.values import Check, Missing, Resolver
from nxconvert.tree import Group, Leaf


class Finding(NamedTuple):
    """A problem of every scan of one kind, without the scan's place."""

    found: str
    expected: str = ""
    hint: str = ""


@dataclass(slots=True)
class Plan:
    """Everything that is the same for scans of one kind.

    ``lacking``: the required parameters without a value; ``wrong``: the findings on values, those of data and user.
    """

    kinds: list[Any]
    checks: list[Check]
    entry: Group
    indices: tuple[int, ...]
    calculated: Sequence[tuple[int, Callable[[Values], Any]]]
    findings: list[Finding]
    lacking: list[str]
    wrong: list[Finding]
    size: int
    _pick: Callable[[list[Any]], Any] | None = None

    def fits(self, flat: Flat) -> bool:
        """Tell whether the plan serves a scan whose names are those of the plan."""
        if self.kinds != flat.kinds:
            return False
        return all(check.question(check.value.take(flat.values)) == check.answer for check in self.checks)

    def fill(self, values: Values) -> tuple[Leaf, ...]:
        """Take the values of the slots out of a scan's flat list."""
        if len(self.indices) < 2:
            filled = [values[index] for index in self.indices]
        else:
            if self._pick is None:
                self._pick = itemgetter(*self.indices)
            filled = list(self._pick(values))
        for position, get in self.calculated:
            filled[position] = get(values)
        return tuple(filled)


def make(
    flat: Flat,
    parameters: dict[tuple[str, str], Parameter],
    subentries: dict[str, str],
    alone: str | None,
    with_applications: bool,
    write_time: Callable[[Any], str],
    convert_units: bool,
) -> Plan | list[Finding]:
    """Make the plan for scans like this one.

    ``parameters`` by definition and name; ``subentries``: the name of the NXsubentry of each definition. With
    ``alone`` the entry holds that definition only, and where it lacks values the findings come instead of a plan.
    """
    offers = Offers(flat)
    resolver = Resolver(parameters, offers, write_time, convert_units)
    findings: list[Finding] = []
    lacking: list[str] = []
    refused: dict[str, Finding] = {}
    for application in subentries:
        finding = _refusal(application, parameters, resolver)
        if finding is not None:
            refused[application] = finding
    if alone is not None and alone in refused:
        return [refused[alone]]
    builder = Builder(offers)
    placements: list[Placement] = []
    left_out = {subentries[name] for name in subentries if name in refused or not with_applications}
    for parameter in parameters.values():
        if parameter.application in refused or (parameter.application and not with_applications and alone is None):
            continue
        if alone is not None and parameter.application not in ("", alone):
            continue
        placements += _placements(parameter, resolver, None if alone is None else subentries[alone], left_out)
        if not parameter.application and alone is None and parameter.required:
            value = resolver.value(parameter)
            if isinstance(value, Missing):
                findings.append(Finding(f"parameter {value.reason}", "it is required", _hint([parameter])))
                lacking.append(parameter.name)
        for path, _ in _paths(parameter, None if alone is None else subentries[alone], left_out):
            builder.reserve(path)
    definitions = {subentries[name]: name for name in subentries} if alone is None else {"": alone}
    entry = builder.build(builder.place(placements), definitions)
    if with_applications and alone is None:
        findings += refused.values()
    wrong = [Finding(found, expected) for found, expected, owner in resolver.problems if owner not in refused]
    findings += wrong + [Finding(found, expected) for found, expected in builder.problems]
    indices = tuple(value.index if value.index is not None else 0 for value in builder.getters)
    calculated = [(n, value.take) for n, value in enumerate(builder.getters) if value.index is None]
    return Plan(flat.kinds, resolver.checks, entry, indices, calculated, findings, lacking, wrong, len(flat.fields))


def _placements(parameter: Parameter, resolver: Resolver, alone: str | None, left_out: set[str]) -> list[Placement]:
    """Give the places that a parameter wants in this tree, with the values that it has."""
    paths = _paths(parameter, alone, left_out)
    if not paths:
        return []
    if parameter.is_wildcard:
        return [
            Placement(parameter, path, value, stars, is_link)
            for value, stars in resolver.matches(parameter)
            for path, is_link in paths
        ]
    value = resolver.value(parameter)
    if isinstance(value, Missing):
        return []
    return [Placement(parameter, path, value, is_link=is_link) for path, is_link in paths]


def _paths(parameter: Parameter, alone: str | None, left_out: set[str]) -> list[tuple[NxPath, bool]]:
    """Give the paths of a parameter that lie in this tree, each with whether it is a link."""
    found = []
    for path in parameter.all_paths:
        if alone is not None:
            if path.subentry == alone:
                found.append((path.without_subentry(), path is not parameter.nx_path))
        elif path.subentry not in left_out:
            found.append((path, path is not parameter.nx_path))
    return found


def _refusal(application: str, parameters: dict[tuple[str, str], Parameter], resolver: Resolver) -> Finding | None:
    """Say what a definition lacks, None where it has all that it demands."""
    reasons = []
    lacking = []
    for parameter in parameters.values():
        if parameter.application == application and parameter.required:
            value = resolver.value(parameter)
            if isinstance(value, Missing):
                reasons.append(value.reason)
                lacking.append(parameter)
    if not reasons:
        return None
    return Finding(f"{application} refused: {'; '.join(reasons)}", "", _hint(lacking))


def _hint(parameters: list[Parameter]) -> str:
    """Say which of the lacking values can be given by hand: those that are no arrays."""
    names = [item.name for item in parameters if not item.rank and item.nx_type is not None]
    names += [item.at for item in parameters if item.at is not None and item.rank is not None]
    if not names:
        return ""
    given = " ".join(f"--set {name}=..." for name in dict.fromkeys(names))
    return f"{given}, or a mapping of the instrument that states {'it' if len(names) == 1 else 'them'}"
