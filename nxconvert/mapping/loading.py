"""Mappings loaded, merged and checked: from names to parameters, with every mistake of every file at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nxconvert.errors import MappingError, Place, Problem, RequestError, near_names
from nxconvert.mapping import catalog, checks, constants, references, schema
from nxconvert.mapping.constants import Constant
from nxconvert.mapping.parameters import Loaded, Parameter
from nxconvert.mapping.schema import FileText, ParameterText
from nxconvert.tree import Leaf


def load(names: Sequence[str], folders: Sequence[str | Path], settings: Mapping[str, str]) -> Loaded:
    """Load mappings, the most general first, and check them whole.

    RequestError for an unknown mapping or setting, MappingError with all mistakes of all files.
    """
    texts: dict[Path, list[FileText]] = {}
    result = Loaded()
    for name in names:
        _collect(catalog.find(name, folders), folders, texts, [], result.problems)
    result.files += [documents[0].path for documents in texts.values()]
    for text in (document for documents in texts.values() for document in documents):
        result.problems += text.problems
        result.warnings += text.warnings
        _merge(text, result)
    _settle(result)
    _refuse(result.problems)
    checks.check(result)
    _refuse(result.problems)
    _apply(settings, result)
    return result


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise MappingError(*sorted(set(problems), key=_order))


def _order(problem: Problem) -> tuple[str, int, int, str]:
    return problem.place.path, problem.place.line or 0, problem.place.column or 0, problem.found


def _collect(
    path: Path,
    folders: Sequence[str | Path],
    texts: dict[Path, list[FileText]],
    trail: list[tuple[Path, Place]],
    problems: list[Problem],
) -> None:
    """Read a file after the files that it extends, each file once."""
    key = path.resolve()
    circle = [item for item, _ in trail]
    if key in circle:
        steps = " -> ".join(item.name for item in [*circle[circle.index(key) :], key])
        problems.append(Problem(trail[-1][1], f"extends goes round in a circle: {steps}"))
        return
    if key in texts:
        return
    try:
        documents = schema.read(path)
    except MappingError as error:
        problems += error.problems
        return
    extends = [text.keys.pop("extends") for text in documents if "extends" in text.keys]
    for item in (name for key in extends for name in key.value or ()):
        try:
            base = catalog.find_extended(item.text, item.place, path, folders)
        except MappingError as error:
            problems += error.problems
            continue
        _collect(base, folders, texts, [*trail, (key, item.place)], problems)
    texts[key] = documents


def _merge(text: FileText, result: Loaded) -> None:
    """Put what one file says over what the more general ones said: per parameter and per key, null removes."""
    application = text.keys.get("application")
    definition = (application.value or "") if application is not None else ""
    for name, key in text.keys.items():
        if name in ("entry_name", "time_zone", "description"):
            result.keys[name] = key
    if definition and application is not None:
        result.subentries.setdefault(definition, "")
        result.applications.setdefault(definition, application.place)
    for name, stated in text.parameters.items():
        place = (definition, name)
        if stated.removed:
            if result.parameters.pop(place, None) is None:
                result.problems.append(Problem(stated.place, f"'{name}' is removed", "but no mapping before states it"))
            continue
        parameter = result.parameters.setdefault(place, Parameter(name, definition, stated.place))
        _merge_parameter(parameter, stated)


def _merge_parameter(parameter: Parameter, stated: ParameterText) -> None:
    blank = Parameter("", "", stated.place)
    for name, key in stated.keys.items():
        setattr(parameter, name, getattr(blank, name) if key.value is None else key.value)
        if key.value is None:
            parameter.origins.pop(name, None)
        else:
            parameter.origins[name] = key.place


def _settle(result: Loaded) -> None:
    """Turn constants into values of their type, and check them."""
    for parameter in result.parameters.values():
        constant = parameter.def_value
        if constant is not None and not constant.is_none:
            parameter.constant = _typed(constant, parameter, result.problems)
        for name, source in parameter.attributes.items():
            if isinstance(source, Constant):
                source.value(None, result.problems)
            elif source.is_wildcard:
                place = parameter.origins["attributes"]
                result.problems.append(Problem(place, f"attribute '{name}' has a source with a star"))


def _typed(constant: Constant, parameter: Parameter, problems: list[Problem]) -> Leaf | None:
    value = constant.value(parameter.nx_type, problems)
    if value is None:
        return None
    rank = len(getattr(value, "shape", ())) if not isinstance(value, list) else 1
    if parameter.choices and value not in parameter.choices:
        expected = f"expected one of '{', '.join(parameter.choices)}'"
        problems.append(Problem(constant.node.place, f"'{value}' for '{parameter.name}'", expected))
    elif parameter.rank is not None and rank != parameter.rank:
        expected = f"expected {parameter.rank} dimensions"
        problems.append(
            Problem(constant.node.place, f"a value with {rank} dimensions for '{parameter.name}'", expected)
        )
    else:
        return value
    return None


def _apply(settings: Mapping[str, str], result: Loaded) -> None:
    """Give the parameters what the user set; RequestError with every unknown name and unfit value.

    Definitions may have parameters of one name that demand different things: a value must fit one of them.
    """
    problems: list[Problem] = []
    single = [item for item in result.parameters.values() if not item.is_wildcard]
    for name, text in settings.items():
        place = Place(f"--set {name}")
        constant = constants.from_text(text, place)
        targets = [item for item in single if item.name == name]
        if not targets:
            known = near_names(name, [item.name for item in single])
            problems.append(Problem(place, f"'{name}' is no parameter of the mapping", hint=known))
        elif not constant.is_none:
            unfit: list[Problem] = []
            for parameter in targets:
                parameter.setting = _typed(constant, parameter, unfit)
            if all(parameter.setting is None for parameter in targets):
                problems += [Problem(place, item.found, item.expected, item.hint) for item in unfit]
    if problems:
        raise RequestError(*dict.fromkeys(problems))


def words_of(parameter: Parameter) -> dict[str, Any]:
    """Give the keys that a parameter states, as they would stand in a file."""
    found: dict[str, Any] = {}
    for name in parameter.origins:
        value = getattr(parameter, name)
        if name == "nx_path":
            found[name] = value.text
        elif name == "nx_links":
            found[name] = [path.text for path in value]
        elif name == "source":
            found[name] = [reference.text for reference in value]
        elif name == "dependency_func":
            found[name] = value.text
        elif name == "attributes":
            found[name] = {
                key: {"source": item.text} if isinstance(item, references.Reference) else item
                for key, item in value.items()
            }
        else:
            found[name] = value
    return found
