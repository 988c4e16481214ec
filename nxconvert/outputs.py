"""Where each output goes: beside its input, into a folder that mirrors the inputs', or into one file."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from nxconvert.errors import Place, Problem, RequestError, WriteError

#: endings of compressed files, which say nothing about the format within
COMPRESSED = (".gz", ".bz2", ".lz4", ".z")


#: the places of numbers and names in the pattern of a series, with what joins them to the rest
_PLACEHOLDERS = re.compile(r"[-_.]?(%0?\d*d|\{\w+(:\d*d)?\})", re.ASCII)


def output_name(source: str, extensions: Sequence[str]) -> str:
    """Give the name of the output for a source: its known ending replaced, an unknown one kept (``run.001.nxs``).

    A folder gives its whole name; the pattern of a series gives what is left of it without its placeholders, and the
    name of its folder where nothing is.
    """
    if os.path.isdir(source):
        return os.path.basename(os.path.abspath(source)) + ".nxs"
    name = os.path.basename(source)
    for ending in COMPRESSED:
        if name.lower().endswith(ending) and len(name) > len(ending):
            name = name[: -len(ending)]
            break
    stem, ending = os.path.splitext(name)
    if _PLACEHOLDERS.search(name) and not os.path.lexists(source):
        stem = _PLACEHOLDERS.sub("", stem).lstrip("-_.") or os.path.basename(os.path.dirname(os.path.abspath(source)))
        return stem + ".nxs"
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
    folder = os.path.dirname(source)
    if os.path.isdir(source):  # given as 'scan/' or '.': its output lies beside it, not in it
        folder = os.path.dirname(os.path.abspath(source))
        if not os.path.isabs(source):
            folder = "" if folder == os.getcwd() else os.path.relpath(folder)
    return os.path.join(folder, output_name(source, extensions))


def make_folder(folder: str) -> None:
    """Make a folder and those above it, where they are not there; WriteError where that cannot be."""
    try:
        os.makedirs(folder or os.curdir, exist_ok=True)
    except OSError as error:
        raise WriteError.at(folder, f"the folder cannot be made: {error.strerror}") from error


#: what may be done about an output that exists, and about one that two inputs want
EXISTS = "say --overwrite, --skip-existing or --append"
SHARED = "convert them one by one with -o FILE, or all into one with --merge"


def check_outputs(
    pairs: Sequence[tuple[str, str]], existing: str, exists: str = EXISTS, shared: str = SHARED, devices: bool = True
) -> None:
    """Refuse outputs that collide with each other, with a source, or with a file that is there already.

    *exists* and *shared* are the hints for these cases. Without *devices* an output that is no file is refused too.
    """
    problems = []
    owners: dict[str, str] = {}
    inputs = {os.path.realpath(source) for source, _output in pairs if source != "-"}
    for source, output in pairs:
        if output == "-":
            continue
        real = os.path.realpath(output)
        if real in owners:
            found = f"wanted by both '{owners[real]}' and '{source}'"
            if owners[real] == source:
                found = f"wanted twice by '{source}'"
            problems.append(Problem(Place(output), found, hint=shared))
        elif real in inputs:
            problems.append(Problem(Place(output), "is one of the inputs", hint="choose another output with -o"))
        elif not devices and os.path.exists(output) and not os.path.isfile(output):
            hint = "choose another output with -o; '-' is standard output"
            problems.append(Problem(Place(output), "exists and is not a file", hint=hint))
        elif existing == "refuse" and os.path.lexists(output) and not _is_device(Path(output)):
            problems.append(Problem(Place(output), "exists", hint=exists))
        owners.setdefault(real, source)
    if problems:
        raise RequestError(*problems)


def _is_device(path: Path) -> bool:
    return path.exists() and not path.is_file() and not path.is_dir()


@contextmanager
def spooled() -> Iterator[str]:
    """Give the path of a file that goes to standard output when it is complete; WriteError where that cannot be."""
    import shutil
    import tempfile

    if sys.stdout is None:  # what Python makes of a stream that the caller has closed
        raise WriteError.at("-", "standard output is closed", hint="say -o FILE")
    with tempfile.TemporaryDirectory(prefix="nxconvert-") as folder:
        path = os.path.join(folder, "stdout.nxs")
        yield path
        with open(path, "rb") as made:
            try:
                shutil.copyfileobj(made, sys.stdout.buffer, 1 << 20)
                sys.stdout.buffer.flush()
            except BrokenPipeError:
                raise
            except OSError as error:
                raise WriteError.at("-", f"standard output cannot be written: {error.strerror}") from error
