"""Which mappings there are, and where: folders given, the user's own, those of the environment, the shipped ones."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from nxconvert import resources
from nxconvert.errors import MappingError, Place, Problem, RequestError, near_names
from nxconvert.mapping import schema

SUFFIXES = (".yaml", ".yml")
VARIABLE = "NXCONVERT_MAPPINGS"


class MappingInfo(NamedTuple):
    """A mapping that can be named: its name, its file, what it says of itself, and the definition that it adds."""

    name: str
    path: Path
    description: str
    application: str = ""


def search_folders(folders: Sequence[str | Path] = ()) -> list[Path]:
    """Give the folders that are searched, in order: *folders*, ``$NXCONVERT_MAPPINGS``, the user's, the shipped one."""
    given = (Path(folder) for folder in folders)
    return [*given, *resources.listed_folders(VARIABLE), user_folder(), resources.mappings_dir()]


def user_folder() -> Path:
    """Give the folder of the user's own mappings."""
    return resources.user_folder("mappings")


def available(folders: Sequence[str | Path] = ()) -> list[MappingInfo]:
    """List the mappings by name; of equal names the first found counts. A broken one is listed with its mistake."""
    found: dict[str, MappingInfo] = {}
    for name, path in _walk(folders):
        if name not in found:
            found[name] = _info(name, path)
    return [found[name] for name in sorted(found)]


def find(name_or_path: str | Path, folders: Sequence[str | Path] = ()) -> Path:
    """Give the file of a mapping; a path that exists is taken as it is. RequestError where there is none."""
    path = _search(str(name_or_path), folders, None)
    if path is None:
        raise RequestError(
            Problem(Place(str(name_or_path)), "no such mapping", hint=near_names(str(name_or_path), _names(folders)))
        )
    return path


def info(name_or_path: str | Path, folders: Sequence[str | Path] = ()) -> MappingInfo:
    """Tell of one mapping what `available` tells of all. RequestError where there is none."""
    return _info(str(name_or_path), find(name_or_path, folders))


def hierarchy(facility: str, instrument: str, application: str, folders: Sequence[str | Path] = ()) -> list[Path]:
    """Give the files of 2nexus, the most general first: base, application, facility, instrument, its application.

    They are called ``base``, ``applications/monopd``, ``elettra/elettra``, ``elettra/mcx/mcx`` and
    ``elettra/mcx/monopd``; each is taken from the first folder that has it. A facility and an instrument need none of
    their own, but something must be known of them. RequestError, with near names, for what nothing is known of.
    """
    known = dict(reversed(list(_walk(folders))))
    levels = ["base", f"applications/{application}", f"{facility}/{facility}"]
    levels += [f"{facility}/{instrument}/{instrument}", f"{facility}/{instrument}/{application}"]
    steps = [name.split("/") for name in known]
    for word, name, listed in (
        ("facility", facility, [step[0] for step in steps if len(step) > 1 and step[0] != "applications"]),
        ("instrument", instrument, [step[1] for step in steps if len(step) > 2 and step[0] == facility]),
        (
            "application",
            application,
            [step[1] for step in steps if len(step) == 2 and step[0] == "applications"]
            + [step[2] for step in steps if step[:2] == [facility, instrument] and step[2:] != [instrument]],
        ),
    ):
        if name not in listed:
            where = "" if word == "facility" else f" of {facility}" if word == "instrument" else f" of {instrument}"
            raise RequestError(
                Problem(
                    Place(name or "''"),
                    f"no mapping of a{'n' if word[0] in 'ai' else ''} {word}{where} has this name",
                    "expected the name of a folder or file of mappings",
                    near_names(name, listed),
                )
            )
    return [known[level] for level in levels if level in known]


def find_extended(name: str, place: Place, own: Path, folders: Sequence[str | Path]) -> Path:
    """Give the file that the mapping *own* extends, searched beside *own* first; MappingError where there is none."""
    path = _search(name, (own.parent, *folders), own)
    if path is None:
        raise MappingError(
            Problem(place, f"extends '{name}', which is no mapping", hint=near_names(name, _names(folders)))
        )
    return path


def _search(name: str, folders: Sequence[str | Path], own: Path | None) -> Path | None:
    candidates = [Path(name)] if name.endswith(SUFFIXES) else []
    for folder in search_folders(folders):
        candidates += [folder / name] if name.endswith(SUFFIXES) else [folder / f"{name}{end}" for end in SUFFIXES]
    if not name.endswith(SUFFIXES) and own is None:  # a mapping from elsewhere cannot name just any file
        candidates.append(Path(name))
    for path in candidates:
        if os.path.isfile(path) and (own is None or not path.samefile(own)):
            return path
    return None


def _names(folders: Sequence[str | Path]) -> list[str]:
    return [name for name, _ in _walk(folders)]


def _walk(folders: Sequence[str | Path]) -> Iterator[tuple[str, Path]]:
    for folder in search_folders(folders):
        if folder.is_dir():
            for path in sorted(folder.rglob("*")):
                if path.suffix in SUFFIXES and path.is_file():
                    yield path.relative_to(folder).with_suffix("").as_posix(), path


def _info(name: str, path: Path) -> MappingInfo:
    try:
        texts = schema.read(path)
    except MappingError as error:
        return MappingInfo(name, path, f"(has mistakes: {error.problems[0]})")
    problems = [problem for text in texts for problem in text.problems]
    if problems:
        return MappingInfo(name, path, f"(has mistakes: {problems[0]})")
    keys = {key: item.value for text in texts for key, item in text.keys.items()}
    return MappingInfo(name, path, keys.get("description") or "", keys.get("application") or "")
