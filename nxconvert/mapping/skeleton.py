"""The skeleton of an entry: names for everything that is placed, originals and links, groups in mapping order."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from nxconvert.arrays import LazyArray
from nxconvert.mapping import nxdata
from nxconvert.mapping.constants import Constant
from nxconvert.mapping.names import Names
from nxconvert.mapping.offers import Offers
from nxconvert.mapping.parameters import Parameter
from nxconvert.mapping.paths import PLACEHOLDERS, NxPath
from nxconvert.mapping.references import GIVEN, Reference
from nxconvert.mapping.values import Value
from nxconvert.tree import AttributeValue, Dataset, Group, Link, Slot


@dataclass(slots=True)
class Placement:
    """One place where a value is wanted: the parameter that says so, and what its stars stand for."""

    parameter: Parameter
    path: NxPath
    value: Value
    stars: tuple[str, ...] = ()
    is_link: bool = False
    node: Node | None = None
    name: str = ""

    @property
    def priority(self) -> tuple[bool, bool, bool]:
        """What comes first is the original: the entry before a definition, a named parameter before a wildcard."""
        return bool(self.parameter.application), bool(self.stars), self.is_link


@dataclass(slots=True, eq=False)
class Node:
    """A group while it is filled: what is in it, under the source's names, and which names are taken."""

    nx_class: str
    name: str
    parent: Node | None = None
    names: Names = field(default_factory=Names)
    groups: dict[tuple[str, str], Node] = field(default_factory=dict)
    placed: dict[str, Placement] = field(default_factory=dict)
    raw: dict[str, Hashable] = field(default_factory=dict)
    stated: dict[str, Any] = field(default_factory=dict)
    group: Group | None = None
    plot: str | None = None

    @property
    def path(self) -> str:
        """Path below the entry."""
        return self.name if self.parent is None or not self.parent.name else f"{self.parent.path}/{self.name}"


class Builder:
    """Builds the skeleton of one entry from placements, in the order of the mapping."""

    def __init__(self, offers: Offers) -> None:
        self.offers = offers
        self.root = Node("NXentry", "", names=Names("NXentry"))
        self.getters: list[Value] = []
        self.problems: list[tuple[str, str]] = []
        self._slots: dict[Hashable, Slot] = {}
        self._nodes: list[Node] = []

    # names

    def reserve(self, path: NxPath) -> None:
        """Keep the group names that a path states for the mapping, whether or not this scan fills them."""
        node = self.root
        for step in path.groups:
            if any(word in step.name for word in PLACEHOLDERS):
                return
            node = self._child(node, step.nx_class, step.name, fixed=True)

    def place(self, placements: list[Placement]) -> list[Placement]:
        """Give every placement its group and name; what is there already falls out.

        Named parameters come first, then what wildcards place, then their links, which give way to both.
        """
        for placement in sorted(placements, key=lambda item: (bool(item.stars), item.is_link)):
            self._place(placement)
        return [placement for placement in placements if placement.node is not None]

    def _place(self, placement: Placement) -> None:
        node = self.root
        for step in placement.path.groups:
            raw = _expanded(step.name, placement.stars)
            node = self._child(node, step.nx_class, raw, fixed=raw == step.name)
        if placement.path.field is None or placement.path.attribute is not None:
            placement.node = node
            placement.name = placement.path.field or ""
            if placement.path.field is None and placement.path.attribute is not None:
                node.stated[placement.path.attribute] = placement.value.constant
            return
        raw = _expanded(placement.path.field, placement.stars)
        if raw in node.raw and (placement.is_link or node.raw[raw] == placement.value.identity):
            return
        if raw in node.raw or raw != placement.path.field:
            name = node.names.claim(raw)
        else:
            name = raw
            node.names.reserve(raw)
        node.raw.setdefault(raw, placement.value.identity)
        node.placed[name] = placement
        placement.node, placement.name = node, name
        if node.nx_class == "NXdata" and placement.stars and placement.value.offer is not None:
            offer = placement.value.offer
            if offer.namespace == "plots" and node.plot is None:
                node.plot = offer.name

    def _child(self, node: Node, nx_class: str, raw: str, fixed: bool) -> Node:
        child = node.groups.get((nx_class, raw))
        if child is None:
            if fixed:
                node.names.reserve(raw)
            name = raw if fixed else node.names.claim(raw)
            child = Node(nx_class, name, node, Names(nx_class))
            node.groups[(nx_class, raw)] = child
            self._nodes.append(child)
            if name != raw:
                child.raw["@long_name"] = raw
        return child

    # the tree

    def build(self, placements: list[Placement], definitions: dict[str, str]) -> Group:
        """Build the entry; *definitions* are those of the subentries by name, or of the entry itself under ``""``."""
        fields = [item for item in placements if item.path.attribute is None]
        originals: dict[Hashable, Placement] = {}
        for placement in fields:
            best = originals.get(placement.value.identity)
            if best is None or placement.priority < best.priority:
                originals[placement.value.identity] = placement
        self._plots(originals)
        self.root.group = Group("NXentry")
        if "" in definitions:
            self.root.group.children["definition"] = Dataset(definitions[""])
        for placement in fields:
            node, original = placement.node, originals[placement.value.identity]
            assert node is not None
            if node.nx_class == "":
                continue
            group = self._group(node, definitions)
            if placement is original:
                group.children[placement.name] = self._dataset(placement)
            else:
                assert original.node is not None
                group.children[placement.name] = Link(_joined(original.node, original.name))
        for placement in fields:
            assert placement.node is not None
            if placement.node.group is not None:
                self._complete(placement, originals[placement.value.identity])
        for placement in placements:
            if placement.path.attribute is not None:
                self._attribute(placement)
        for node in self._nodes:
            if node.nx_class == "NXdata" and node.group is not None:
                nxdata.finish(node, self.offers)
        nxdata.defaults(self.root, next(iter(self.offers.scan.plots), None))
        return self.root.group

    def _plots(self, originals: dict[Hashable, Placement]) -> None:
        """Take the class from an NXdata that nothing can be plotted from; without data of its own it is left out."""
        kept = {id(placement) for placement in originals.values()}
        for node in self._nodes:
            if node.nx_class == "NXdata" and nxdata.signal(node, self.offers) is None:
                holds = any(id(placement) in kept for placement in node.placed.values())
                node.nx_class = "NXcollection" if holds else ""

    def _group(self, node: Node, definitions: dict[str, str]) -> Group:
        if node.group is None:
            assert node.parent is not None
            parent = self._group(node.parent, definitions)
            node.group = parent.children[node.name] = Group(node.nx_class)
            if "@long_name" in node.raw:
                node.group.attributes["long_name"] = str(node.raw["@long_name"])
            if node.nx_class == "NXsubentry" and node.name in definitions:
                node.group.children["definition"] = Dataset(definitions[node.name])
        return node.group

    def _dataset(self, placement: Placement) -> Dataset:
        value = placement.value
        content = value.constant if value.constant is not None else self._slot(value)
        return Dataset(content, value.dims, shared=placement.parameter.shared)

    def _slot(self, value: Value) -> Slot:
        slot = self._slots.get(value.identity)
        if slot is None:
            slot = self._slots[value.identity] = Slot(len(self.getters))
            self.getters.append(value)
        return slot

    def _complete(self, placement: Placement, original: Placement) -> None:
        """Add what this place says of the data to the original: units, attributes, and that a link points there."""
        assert original.node is not None
        assert original.node.group is not None
        dataset = original.node.group.children[original.name]
        assert isinstance(dataset, Dataset)
        value = placement.value
        if placement is not original:
            dataset.linked = True
        elif (
            value.offer is not None
            and value.offer.namespace not in ("", GIVEN)
            and (value.offer.long_name != original.name)
        ):
            dataset.attributes["long_name"] = value.offer.long_name
        if value.units is not None:
            dataset.attributes.setdefault("units", value.units)
        for name, source in placement.parameter.attributes.items():
            found = self._attribute_value(source)
            if found is not None:
                dataset.attributes.setdefault(name, found)

    def _attribute_value(self, source: Constant | Reference) -> AttributeValue | Slot | None:
        if isinstance(source, Constant):
            constant = source.value(None, [])
            return None if constant is None else _as_attribute(constant)
        offer = self.offers.find(source)
        if offer is None:
            return None
        return self._attribute_slot(Value(offer.identity, offer.kind, offer.shape, index=offer.index), source.text)

    def _attribute(self, placement: Placement) -> None:
        """Write a parameter whose path ends at an attribute of a field or of a group."""
        node, value = placement.node, placement.value
        assert node is not None
        assert placement.path.attribute is not None
        target: Group | Dataset | Link | None = node.group
        if target is not None and placement.name:
            target = target.children.get(placement.name) if isinstance(target, Group) else None
            if isinstance(target, Link):
                target = self._find(target.target)
        if target is None or isinstance(target, Link):
            found = f"the attribute '{placement.path.text}' of parameter '{placement.parameter.name}'"
            self.problems.append((found, "is not written: its field or group has no value"))
            return
        content: AttributeValue | Slot | None
        if value.constant is not None:
            content = _as_attribute(value.constant)
        else:
            content = self._attribute_slot(value, f"parameter '{placement.parameter.name}'")
        if content is not None:
            target.attributes[placement.path.attribute] = content

    def _attribute_slot(self, value: Value, called: str) -> Slot | None:
        if isinstance(value.take(self.offers.flat.values), LazyArray):
            self.problems.append((f"{called} is too long for an attribute", "expected a value or a short list"))
            return None
        take = value.take
        return self._slot(
            Value(
                ("attribute", value.identity), value.kind, value.shape, get=lambda values: _as_attribute(take(values))
            )
        )

    def _find(self, path: str) -> Group | Dataset | Link | None:
        node: Group | Dataset | Link | None = self.root.group
        for name in path.split("/"):
            node = node.children.get(name) if isinstance(node, Group) else None
        return node


def _joined(node: Node, name: str) -> str:
    return f"{node.path}/{name}" if node.path else name


def _expanded(name: str, stars: tuple[str, ...]) -> str:
    for word, star in zip(PLACEHOLDERS, stars, strict=False):
        name = name.replace(word, star)
    return name


def _as_attribute(value: Any) -> AttributeValue:
    """Give a value as an attribute: a list of texts as a tuple."""
    attribute: AttributeValue = tuple(value) if isinstance(value, list) else value
    return attribute
