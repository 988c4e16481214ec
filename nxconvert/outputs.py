"""Where each output goes: beside its input, into a folder that mirrors the inputs', or into one file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from nxconvert.errors import Place, Problem, RequestError, WriteError

#: endings of compressed files, which say nothing about the format within
COMPRESSED = (".gz", ".bz2", ".z")


def output_name(source: str, extensions: Sequence[str]) -> str:
    """Give the name of the output for a source: its known ending replaced, an unknown one kept (``run.001.nxs``)."""
    name = os.path.basename(source)
    for ending in COMPRESSED:
        if name.lower().endswith(ending) and len(name) > len(ending):
            name = name[: -len(ending)]
            break
    stem, ending = os.path.splitext(name)
    return (stem if ending.lower() in extensions else name) + ".nxs"


def common_root(sources: Sequence[str]) -> str:
    """Give the folder that holds all sources, as an absolute path; empty without any file."""
    folders = [os.path.dirname(os.path.abspath(source)) for source in sources if source != "-"]
    try:
        return os.path.commonpath(folders) if folders else ""
    except ValueError:  # different drives
        return ""


def plan_outputs(
    sources: Sequence[str], output: str | None, existing: str, extensions: Sequence[str]
) -> list[tuple[str, str]]:
    """Give the pairs of source and output, in the order of the sources.

    Without *output* each lands beside its source; with a folder (it exists, or ends in ``/``) the folders below the
    sources' common root are mirrored. RequestError, with every reason, when two sources want one output, when an
    output is one of the sources, or when one exists and *existing* is ``refuse``.
    """
    if not sources:
        raise RequestError.at("nxconvert", "no input was given", hint="name a file, or '-' for standard input")
    if output is not None and output != "-" and (output.endswith(("/", os.sep)) or os.path.isdir(output)):
        root = common_root(sources)
        pairs = [(source, mirrored(source, output, root, extensions)) for source in sources]
    elif output is not None:
        if len(sources) > 1:
            raise RequestError.at(
                output,
                f"{len(sources)} inputs and one output",
                "a folder was expected",
                f"say -o {output}/ for a folder, or --merge to have all in one file",
            )
        pairs = [(sources[0], output)]
    else:
        pairs = [(source, beside(source, extensions)) for source in sources]
    check_outputs(pairs, existing)
    return pairs


def mirrored(source: str, folder: str, root: str, extensions: Sequence[str]) -> str:
    """Give the output in *folder*, in the folders that the source has below *root*."""
    if source == "-":
        return os.path.join(folder, "stdin.nxs")
    below = os.path.relpath(os.path.dirname(os.path.abspath(source)), root) if root else "."
    return os.path.normpath(os.path.join(folder, below, output_name(source, extensions)))


def beside(source: str, extensions: Sequence[str]) -> str:
    """Give the output beside its source; RequestError for standard input."""
    if source == "-":
        raise RequestError.at("-", "standard input has no name for its output", hint="say -o FILE, or -o - for a pipe")
    return os.path.join(os.path.dirname(source), output_name(source, extensions))


def make_folder(folder: str) -> None:
    """Make a folder and those above it, where they are not there; WriteError where that cannot be."""
    try:
        os.makedirs(folder or os.curdir, exist_ok=True)
    except OSError as error:
        raise WriteError.at(folder, f"the folder cannot be made: {error.strerror}") from error


def check_outputs(pairs: Sequence[tuple[str, str]], existing: str) -> None:
    """Refuse outputs that collide with each other, with a source, or with a file that is there already."""
    problems = []
    owners: dict[str, str] = {}
    inputs = {os.path.realpath(source): source for source, _output in pairs if source != "-"}
    for source, output in pairs:
        if output == "-":
            continue
        real = os.path.realpath(output)
        if real in owners:
            problems.append(
                Problem(
                    Place(output),
                    f"wanted by both '{owners[real]}' and '{source}'",
                    hint="convert them one by one with -o FILE, or all into one with --merge",
                )
            )
        elif real in inputs:
            problems.append(Problem(Place(output), "is one of the inputs", hint="choose another output with -o"))
        elif existing == "refuse" and os.path.lexists(output) and not _is_device(Path(output)):
            problems.append(Problem(Place(output), "exists", hint="say --overwrite, --skip-existing or --append"))
        owners.setdefault(real, source)
    if problems:
        raise RequestError(*problems)


def _is_device(path: Path) -> bool:
    return path.exists() and not path.is_file() and not path.is_dir()
