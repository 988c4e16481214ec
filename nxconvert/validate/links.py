"""The rules of links: whether each leads where it says, and whether a way through them ends."""

from __future__ import annotations

from collections.abc import Iterator

from nxconvert.validate.nodes import Node
from nxconvert.validate.rules import Context, Found, rule


@rule("broken-link", "a link leads nowhere, or numbers lie in a file that is not there")
def _broken(node: Node, _context: Context) -> Iterator[Found]:
    if node.kind == "broken":
        hint = "write the object, or remove the link; HDF5 knows no '..' in links"
        if node.link == "external":
            hint = "bring the file beside this one, or remove the link"
        yield "error", node.path, f"the {node.link} link leads nowhere: '{node.target}'", hint
    if node.kind == "external":
        hint = "nothing behind it was looked at; validate that file too"
        yield "note", node.path, f"the link leads to another file: '{node.target}'", hint
    if node.kind == "field" and node.lost:
        hint = "programs show zeros in their place; bring the file beside this one"
        yield "error", node.path, f"the numbers lie in '{node.lost}', which is not there", hint


@rule("circle", "a link leads back to a group above it, or links multiply")
def _circle(node: Node, _context: Context) -> Iterator[Found]:
    if node.kind == "circle":
        yield "error", node.path, "the link leads back to a group above it", "punx and scippnexus never end"
    if node.kind == "again":
        yield "error", node.path, "one group is met again and again", "links that multiply keep programs busy for ever"


@rule("target", "@target does not say where the object lies, or a link in a definition has none")
def _target(node: Node, context: Context) -> Iterator[Found]:
    if node.kind not in ("group", "field"):
        return
    value = node.attributes.get("target")
    if value is not None and value.is_text and not value.shape:
        if not value.text.startswith("/"):
            yield "error", node.path, f"@target is '{value.text}'", "an absolute path is expected"
        elif not _is_at(node, value.text, context):
            hint = "nexusformat fails; it has to be the path of the object itself"
            yield "error", node.path, f"@target '{value.text}' is not this object", hint
        return
    paths = context.paths.get(node.identity, [])
    if node.kind == "field" and len(paths) > 1 and node.path != paths[0]:
        parent = context.nodes.get(node.path.rpartition("/")[0])
        if parent is not None and parent.nx_class == "NXdata":
            hint = f"nexusformat takes it for a copy; write @target = '{paths[0]}' to the field"
            yield "warning", node.path, "a link of an NXdata without @target", hint


def _is_at(node: Node, path: str, context: Context) -> bool:
    """Tell whether an object is the one at a path; what lies beyond the entry can be asked for in a file only."""
    target = context.nodes.get(path)
    if target is not None:
        return target.identity == node.identity
    if context.lookup is not None:
        return context.lookup(path) == node.identity
    return not path.startswith(f"{context.entry.path}/") and path != context.entry.path
