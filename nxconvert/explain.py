"""What an application definition requires, and where a mapping would take each item from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nxconvert.errors import RequestError, near_names
from nxconvert.mapping.engine import Mapping, Origin
from nxconvert.mapping.paths import NxPath
from nxconvert.scan import Scan
from nxconvert.validate import definitions, judge


@dataclass(frozen=True, slots=True)
class Explained:
    """An item of a definition: what it must be, and the parameter that gives it (None: nothing does)."""

    item: definitions.Item
    origin: Origin | None

    @property
    def demand(self) -> str:
        """What the definition says of it, in short."""
        demand = self.item.demand
        if demand.link:
            return f"link to {demand.link}"
        words = [(demand.type or "NX_CHAR").removeprefix("NX_").lower()]
        if demand.category and demand.category not in ("NX_ANY", "NX_UNITLESS", "NX_DIMENSIONLESS"):
            words.append(demand.category.removeprefix("NX_").lower())
        if demand.choices:
            words.append(" | ".join(demand.choices))
        return ", ".join(words)


def explain(application: str, mapping: Mapping, scan: Scan | None = None) -> list[Explained]:
    """List what a definition requires, each with the parameter of the mapping that gives it.

    RequestError for an unknown definition, for one that the mapping does not add, and without nexusformat.
    """
    folder = judge.definitions_folder()
    known = definitions.names(folder)
    if application not in known:
        raise RequestError.at(application, "is no application definition", hint=near_names(application, known))
    if application not in mapping.applications:
        hint = "-m names the mapping; 'nxconvert mapping list' shows which mappings add which definition"
        raise RequestError.at(application, "no mapping adds this definition", hint=hint)
    origins = mapping.origins(application, scan)
    return [
        Explained(item, _giving(item, origins))
        for item in definitions.required(application, folder)
        if item.groups or item.field != "definition"  # the program itself writes that
    ]


def _giving(item: definitions.Item, origins: Sequence[Origin]) -> Origin | None:
    return next((origin for origin in origins if any(_fits(item, path) for path in origin.paths)), None)


def _fits(item: definitions.Item, path: NxPath) -> bool:
    if path.attribute is not None or path.field != item.field or len(path.groups) != len(item.groups):
        return False
    pairs = zip(path.groups, item.groups, strict=True)
    return all(step.nx_class == nx_class and name in ("", step.name) for step, (nx_class, name) in pairs)
