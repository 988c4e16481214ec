"""Whether a NeXus file is one: application definitions and base classes by nexusformat, and the rules it lacks."""

from __future__ import annotations

from collections.abc import Collection

from nxconvert.errors import RequestError, near_names
from nxconvert.tree import Tree
from nxconvert.validate import definitions, judge, plots, rules  # plots registers its rules
from nxconvert.validate.findings import Finding
from nxconvert.validate.nodes import FileView, Node, of_tree

__all__ = ["Finding", "known_rules", "validate_file", "validate_tree"]


def known_rules() -> dict[str, str]:
    """Give the names of all rules, and what each looks for."""
    own = {item.name: item.about for item in rules.RULES.values()}
    assert plots.__name__
    return {**own, **rules.FURTHER, **definitions.RULES, **judge.RULES}


def silence(names: Collection[str]) -> frozenset[str]:
    """Check the names of rules that are not to be told; RequestError, with near names, for an unknown one."""
    known = known_rules()
    for name in names:
        if name not in known:
            raise RequestError.at(f"--ignore {name}", "there is no such rule", hint=near_names(name, known))
    return frozenset(names)


def validate_file(path: str, silenced: frozenset[str] = frozenset(), own_rules: bool = False) -> list[Finding]:
    """Judge a file: every definition and base class by nexusformat, then by the further rules, in the file's order.

    With *own_rules*, without nexusformat: only what needs no definitions. ReadError where it is no HDF5 file,
    RequestError where nexusformat is needed and not installed.
    """
    folder = None if own_rules else judge.definitions_folder()
    view = FileView(path)
    found: list[Finding] = []
    targets: list[tuple[str, str]] = []
    broken = False
    try:
        root = view.root()
        found += rules.check_root(root, silenced)
        for name in root.children:
            entry = view.entry(name)
            found += rules.check(entry, silenced)
            broken = broken or any(node.kind == "broken" for node in entry.walk())
            if folder is not None:
                found += definitions.check(entry, folder, silenced)
                targets += _definitions(entry)
    finally:
        view.close()
    if folder is not None:
        # nexusformat ends at a broken link, and says nothing of the rest
        judged = [] if broken else judge.judge(path, targets)
        if broken:
            text = "nexusformat cannot judge a file with broken links"
            judged = [Finding("error", "definition", "/", text, "mend the links first")]
        found += [item for item in judged if item.rule not in silenced]
    return found


def validate_tree(tree: Tree, silenced: frozenset[str] = frozenset()) -> list[Finding]:
    """Judge an entry that is not written yet by the rules that need no definitions."""
    return rules.check(of_tree(tree), silenced)


def _definitions(entry: Node) -> list[tuple[str, str]]:
    """Give the path of each NXentry and NXsubentry that claims a definition, and the definition."""
    return [
        (node.path, node.children["definition"].value.text)
        for node in [entry, *entry.groups("NXsubentry")]
        if node.nx_class in ("NXentry", "NXsubentry")
        and "definition" in node.children
        and node.children["definition"].value is not None
    ]
