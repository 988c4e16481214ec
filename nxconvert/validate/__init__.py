"""Whether a NeXus file is one: application definitions and base classes by nexusformat, and the rules it lacks."""

from __future__ import annotations

from collections.abc import Collection

from nxconvert.errors import RequestError, near_names
from nxconvert.tree import Tree
from nxconvert.validate import definitions, judge, links, plots, rules  # links and plots register their rules
from nxconvert.validate.files import FileView
from nxconvert.validate.findings import Finding
from nxconvert.validate.nodes import Node, of_tree

__all__ = ["Finding", "known_rules", "validate_file", "validate_tree"]


def known_rules() -> dict[str, str]:
    """Give the names of all rules, and what each looks for."""
    own = {item.name: item.about for item in rules.RULES.values()}
    assert links.__name__
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
    try:
        root = view.root()
        found += rules.check_root(root, silenced)
        for name in root.children:
            entry = view.entry(name)
            found += rules.check(entry, silenced, view.identity)
            if folder is not None:
                found += definitions.check(entry, folder, silenced)
                targets += _definitions(entry)
    finally:
        view.close()
    if folder is not None:
        reason = _hindrance(view)
        judged = [Finding("error", "definition", "/", *reason)] if reason else judge.judge(path, targets)
        found += [item for item in judged if item.rule not in silenced]
    return found


def _hindrance(view: FileView) -> tuple[str, str] | None:
    """Say why nexusformat, which follows every link, is not let loose on a file, and what helps."""
    if view.multiplied:
        return "nexusformat would not end: links multiply", "remove the links that lead to one group again and again"
    if view.outside:
        text = f"nexusformat is not asked: it would follow a link out of the folder, to '{view.outside[0]}'"
        return text, "bring the files together, or --own-rules"
    return None


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
