"""What parameters must not say together: two at one path, a field used as a group, names that nothing has, cycles."""

from __future__ import annotations

from nxconvert.errors import Place, Problem, near_names
from nxconvert.mapping import references
from nxconvert.mapping.parameters import Loaded, Parameter
from nxconvert.mapping.paths import NxPath

#: Levels of nesting that functions and the functions they use may have together: evaluation is recursive.
_MAX_LEVELS = 400
#: What a function adds to these beside its own depth.
_PER_FUNCTION = 8
#: Near names are looked for this often: among thousands of names each search takes some time.
_MAX_SEARCHES = 30


def check(loaded: Loaded) -> None:
    """Check the merged parameters; mistakes are added to ``loaded.problems``, subentries are filled in."""
    _subentries(loaded)
    _uses(loaded)
    _wildcards(loaded)
    _paths(loaded)
    _cycles(loaded)


def _near(name: str, known: list[str], loaded: Loaded) -> str:
    return near_names(name, known) if len(loaded.problems) < _MAX_SEARCHES else ""


def _at(parameter: Parameter, key: str) -> Place:
    return parameter.origins.get(key, parameter.place)


def _subentries(loaded: Loaded) -> None:
    """Find the NXsubentry of each definition: all its parameters lie below one."""
    for application in loaded.subentries:
        names: dict[str, Parameter] = {}
        for parameter in loaded.parameters.values():
            if parameter.application != application:
                continue
            for path in parameter.all_paths:
                if path.subentry is None:
                    loaded.problems.append(
                        Problem(
                            _at(parameter, "nx_path" if path is parameter.nx_path else "nx_links"),
                            f"path '{path.text}' of the application mapping for {application}",
                            f"expected 'NXentry/{application[2:]}:NXsubentry/...'",
                        )
                    )
                else:
                    names.setdefault(path.subentry, parameter)
        place = loaded.applications[application]
        if len(names) > 1:
            listed = ", ".join(f"'{name}'" for name in names)
            loaded.problems.append(Problem(place, f"{application} has the subentries {listed}", "expected one"))
        elif not names:
            loaded.problems.append(Problem(place, f"{application} has no parameter", "expected those that it demands"))
        loaded.subentries[application] = next(iter(names), "")
    taken: dict[str, str] = {}
    for application, name in loaded.subentries.items():
        if name in taken:
            place = loaded.applications[application]
            found = f"{application} and {taken[name]} have the subentry '{name}' both"
            loaded.problems.append(Problem(place, found, "expected one for each"))
        taken[name] = application


def _uses(loaded: Loaded) -> None:
    """Names in functions exist; a parameter without a path is used by one."""
    used: set[tuple[str, str]] = set()
    for parameter in loaded.parameters.values():
        function = parameter.dependency_func
        for name in function.names if function is not None else ():
            for owner in dict.fromkeys((parameter.application, "")):
                if (owner, name) in loaded.parameters:
                    used.add((owner, name))
                    if loaded.parameters[(owner, name)].is_wildcard:
                        found = f"function '{function.text if function else ''}' uses the wildcard '{name}'"
                        loaded.problems.append(Problem(_at(parameter, "dependency_func"), found, "expected one value"))
                    break
            else:
                _reference(parameter, name, loaded)
        if parameter.at is not None:
            _chooser(parameter, used, loaded)
    for key, parameter in loaded.parameters.items():
        if parameter.nx_path is None and key not in used:
            known = [name for owner, name in loaded.parameters if owner == key[0] and name != parameter.name]
            loaded.problems.append(
                Problem(
                    parameter.place,
                    f"parameter '{parameter.name}' has no nx_path",
                    "and no function uses it",
                    _near(parameter.name, known, loaded),
                )
            )


def _chooser(parameter: Parameter, used: set[tuple[str, str]], loaded: Loaded) -> None:
    """Check that what ``at`` names is a parameter of one whole number."""
    for owner in (parameter.application, ""):
        chooser = loaded.parameters.get((owner, parameter.at or ""))
        if chooser is not None:
            used.add((owner, chooser.name))
            if chooser.nx_type != "int" or chooser.rank != 0:
                found = f"'{chooser.name}' says at which point"
                loaded.problems.append(Problem(chooser.place, found, "expected nx_type int and rank 0"))
            return
    known = [name for owner, name in loaded.parameters if owner in ("", parameter.application)]
    found = f"'{parameter.name}' is taken at the unknown '{parameter.at}'"
    hint = _near(parameter.at or "", known, loaded)
    loaded.problems.append(Problem(_at(parameter, "at"), found, "expected a parameter", hint))


def _reference(parameter: Parameter, name: str, loaded: Loaded) -> None:
    place = _at(parameter, "dependency_func")
    if references.of_name(name) is None:
        known = [own for owner, own in loaded.parameters if owner in ("", parameter.application)]
        found = f"the function of '{parameter.name}' uses the unknown '{name}'"
        loaded.problems.append(Problem(place, found, "expected a parameter or a source", _near(name, known, loaded)))


def _wildcards(loaded: Loaded) -> None:
    """Stars and placeholders belong together; a name that looks like a source must be one."""
    for parameter in loaded.parameters.values():
        place = _at(parameter, "nx_path")
        if parameter.source is None and ("." in parameter.name or "*" in parameter.name):
            problems: list[Problem] = []
            references.parse(parameter.name, parameter.place, problems)
            loaded.problems += problems
        stars = max((reference.text.count("*") for reference in parameter.sources), default=0)
        if parameter.is_wildcard:
            if stars == 0:
                loaded.problems.append(
                    Problem(place, f"'{parameter.name}' has a placeholder", "but no source with a star")
                )
            elif len(parameter.sources) > 1:
                loaded.problems.append(
                    Problem(
                        place, f"'{parameter.name}' has {len(parameter.sources)} sources", "expected one with stars"
                    )
                )
            elif stars < 2 and any("{item}" in path.text for path in parameter.all_paths):
                loaded.problems.append(
                    Problem(place, f"'{parameter.name}' has {{item}}", "but no source with two stars")
                )
        else:
            if any(path.has_placeholder for path in parameter.nx_links):
                place = _at(parameter, "nx_links")
                loaded.problems.append(Problem(place, "a placeholder in a link", "expected one in nx_path too"))
            if "*" in parameter.name and parameter.source is None:
                expected = "expected {name} in nx_path, for each match a place of its own"
                loaded.problems.append(Problem(place, f"'{parameter.name}' matches many", expected))


def _paths(loaded: Loaded) -> None:
    """No two things at one place, no field used as a group, no attribute of a field that nothing writes."""
    fields: dict[tuple[str, ...], Parameter] = {}
    groups: dict[tuple[str, ...], tuple[str, Parameter]] = {}
    attributes: dict[tuple[str, ...], Parameter] = {}
    for parameter in loaded.parameters.values():
        for path in parameter.all_paths:
            place = _at(parameter, "nx_path" if path is parameter.nx_path else "nx_links")
            _groups(path, parameter, place, groups, loaded)
            if path.has_placeholder:
                continue
            where = path.names if path.attribute is None else (*path.names, f"@{path.attribute}")
            taken = fields if path.attribute is None else attributes
            if where in taken:
                other = taken[where]
                found = f"path '{path.text}' is that of parameter '{other.name}' too"
                if other is parameter:
                    found = f"path '{path.text}' stands twice in parameter '{parameter.name}'"
                loaded.problems.append(Problem(place, found, "expected one value at one place"))
            taken[where] = parameter
    for where, parameter in fields.items():
        if where in groups:
            nx_class, other = groups[where]
            found = f"'{'/'.join(where)}' is a field here and a group {nx_class} in parameter '{other.name}'"
            loaded.problems.append(Problem(_at(parameter, "nx_path"), found, "expected one of them"))
    patterns = [path for item in loaded.parameters.values() for path in item.all_paths if path.has_placeholder]
    for parameter in loaded.parameters.values():
        own = parameter.nx_path
        if own is None or own.attribute is None or own.field is None or own.has_placeholder:
            continue
        if own.names not in fields and not any(len(other.names) == len(own.names) for other in patterns):
            found = f"'{own.text}' is an attribute of '{own.field}'"
            known = ["/".join(names) for names in fields if names[:-1] == own.names[:-1]]
            hint = _near("/".join(own.names), known, loaded) if known else ""
            loaded.problems.append(Problem(_at(parameter, "nx_path"), found, "which no parameter writes", hint))


def _groups(
    path: NxPath,
    parameter: Parameter,
    place: Place,
    groups: dict[tuple[str, ...], tuple[str, Parameter]],
    loaded: Loaded,
) -> None:
    for depth, step in enumerate(path.groups, 1):
        where = tuple(item.name for item in path.groups[:depth])
        nx_class, other = groups.setdefault(where, (step.nx_class, parameter))
        if nx_class != step.nx_class:
            found = f"'{'/'.join(where)}' is {step.nx_class} here and {nx_class} in parameter '{other.name}'"
            loaded.problems.append(Problem(place, found, "expected one class"))


def _cycles(loaded: Loaded) -> None:
    """Functions that need each other, or build on each other too deeply; each is told once, with its places."""
    levels: dict[tuple[str, str], int] = {}

    def walk(key: tuple[str, str], trail: list[tuple[str, str]], above: int) -> int:
        parameter = loaded.parameters.get(key)
        if parameter is None or key in levels or parameter.dependency_func is None:
            return levels.get(key, 0)
        if key in trail:
            circle = trail[trail.index(key) :]
            parameters = [loaded.parameters[item] for item in circle]
            steps = " -> ".join([*(item.name for item in parameters), parameters[0].name])
            places = ", ".join(str(_at(item, "dependency_func")) for item in parameters)
            found = f"functions need each other: {steps}"
            loaded.problems.append(Problem(_at(parameters[0], "dependency_func"), found, "", f"at {places}"))
            return 0
        function = parameter.dependency_func
        own = function.depth + _PER_FUNCTION
        below = 0
        if above + own <= _MAX_LEVELS:
            for name in function.names:
                owner = parameter.application if (parameter.application, name) in loaded.parameters else ""
                below = max(below, walk((owner, name), [*trail, key], above + own))
        if above + own + below > _MAX_LEVELS:
            found = f"the function of '{parameter.name}' and those that it uses are nested too deeply"
            loaded.problems.append(Problem(_at(parameter, "dependency_func"), found, "expected fewer, or simpler ones"))
            below = -own  # told once
        levels[key] = own + below
        return levels[key]

    for key in list(loaded.parameters):
        walk(key, [], 0)
