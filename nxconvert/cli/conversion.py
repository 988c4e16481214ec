"""What every command that converts does: its options, and the run over its inputs."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from nxconvert.cli import options as shared
from nxconvert.cli.talk import Talk
from nxconvert.errors import RequestError, WriteError

if TYPE_CHECKING:
    from nxconvert.pipeline import ConvertOptions

EPILOG = (
    "Exit status: 0 done, 1 something failed or a scan was lost (the rest was done), 2 the request was wrong. "
    "Warnings count only with --strict."
)


def conversion_command(
    name: str, help_text: str, reader: str | None, reading: Sequence[click.Option] = ()
) -> click.Command:
    """Make a command that converts one format, or (without a reader) any; *reading*: options for the reader itself."""
    params: list[click.Parameter] = [
        shared.INPUTS,
        shared.OUTPUT,
        *([shared.READER] if reader is None else []),
        *reading,
        shared.MAPPINGS,
        shared.SETTINGS,
        shared.SCANS,
        shared.TIME_ZONE,
        shared.DRY_RUN,
        shared.OVERWRITE,
        shared.SKIP_EXISTING,
        shared.APPEND,
        shared.MERGE,
        shared.STRICT,
        shared.FILES_FROM,
        shared.NULL,
        shared.LAYOUT,
        shared.COMPRESSION,
        shared.ACCESS,
        shared.TIMESTAMP,
        shared.JSON,
        shared.QUIET,
        shared.VERBOSE,
    ]
    callback = partial(_convert, name) if reader is None else partial(_convert, name, reader=reader)
    return click.Command(name, callback=callback, params=params, help=help_text, epilog=EPILOG)


def plugin_command(name: str) -> click.Command | None:
    """Make the command that a reader of another package brings, None where none is called so."""
    from nxconvert import registry

    for reader in registry.readers().values():
        if reader.command == name:
            return conversion_command(name, f"Convert to NeXus: {reader.description}.", reader.name)
    return None


def _convert(
    name: str,
    *,
    inputs: tuple[str, ...],
    output: str | None,
    reader: str,
    mappings: tuple[str, ...],
    settings: dict[str, str],
    scans: str,
    time_zone: str,
    dry_run: bool,
    overwrite: bool,
    skip_existing: bool,
    append: bool,
    merge: bool,
    strict: bool,
    files_from: str | None,
    null: bool,
    layout: str,
    compression: str,
    access: str,
    timestamp: float | None,
    as_json: bool,
    quiet: int,
    verbose: int,
    **reading: Any,
) -> int:
    chosen = [word for word, given in (("overwrite", overwrite), ("skip", skip_existing), ("append", append)) if given]
    if len(chosen) > 1:
        raise click.UsageError("only one of --overwrite, --skip-existing and --append can be given")
    if output == "":
        raise click.UsageError("the name after -o is empty")
    if output == "-" and as_json:
        raise click.UsageError("with -o - standard output holds the file, there is no room for --json")
    sources = _sources(inputs, files_from, null)
    talk = Talk(verbose - quiet, as_json, strict)
    if not sources:  # an empty list of files is nothing to do, not a mistake
        return talk.finish()

    from nxconvert import outputs, pipeline

    options = pipeline.ConvertOptions(
        mappings=mappings,
        settings=settings,
        reading={key: value for key, value in reading.items() if value not in (None, False, "", ())},
        scans=scans,
        reader=reader,
        time_zone=time_zone,
        existing=chosen[0] if chosen else "refuse",
        compression=compression,
        access=access,
        layout=layout,
        timestamp=timestamp,
        root=outputs.common_root(sources),
    )
    options = replace(options, command=_command_line(name, options))
    if dry_run:
        for source in sources:
            talk.report(pipeline.dry_run(source, options))
        return talk.finish()
    if merge:
        if output is None:
            raise click.UsageError("--merge needs the name of the output: -o FILE")
        if output.endswith(("/", os.sep)) or os.path.isdir(output):
            raise click.UsageError(f"--merge makes one file, and -o {output} is a folder")
        with talk.progress(output) as progress:
            talk.report(pipeline.merge_files(sources, output, options, progress))
        return talk.finish()
    for source, target in pipeline.plan_outputs(sources, output, options):
        try:
            if output not in (None, target):  # -o names a folder
                outputs.make_folder(os.path.dirname(target))
        except WriteError as error:
            talk.report(pipeline.Outcome(source, target, "failed", problems=list(error.problems)))
            continue
        with talk.progress(source) as progress:
            outcome = pipeline.convert_file(source, target, options, progress)
        talk.report(outcome)
    return talk.finish()


def _command_line(name: str, options: ConvertOptions) -> str:
    """Give the command with every option that shapes the output, without paths: the same for the same result."""
    words = ["nxconvert", name]
    for mapping in options.mappings:
        words += ["-m", os.path.basename(mapping) if os.path.isfile(mapping) else mapping]
    for key, value in options.settings.items():
        words += ["--set", f"{key}={value}"]
    for setting, value in options.reading.items():
        flag = "--" + setting.replace("_", "-")
        words += [flag] if value is True else [flag, str(value)]
    for option in (shared.SCANS, shared.TIME_ZONE, shared.LAYOUT, shared.COMPRESSION, shared.ACCESS):
        value = getattr(options, str(option.name))
        if value != option.default:
            words += [option.opts[0], value]
    return shlex.join(words)


def _sources(inputs: Sequence[str], files_from: str | None, null: bool) -> list[str]:
    """Give the names of all inputs: those on the command line, then those of ``--files-from``."""
    if null and files_from is None:
        raise click.UsageError("-0 tells how the names in --files-from end, and --files-from is not given")
    if not inputs and files_from is None:
        raise click.UsageError("no input: name a file, '-' for standard input, or --files-from")
    if [*inputs, files_from].count("-") > 1:
        raise click.UsageError("standard input can be read once only")
    sources = list(inputs)
    if files_from is not None:
        try:
            if files_from == "-":
                names = _standard_input()
            else:
                with open(files_from, "rb") as file:
                    names = file.read()
        except OSError as error:
            raise RequestError.at(files_from, f"the list of files cannot be read: {error.strerror}") from error
        # a name may hold anything but NUL, a lone carriage return too; what ends in one comes from Windows
        words = names.split(b"\0") if null else [line.removesuffix(b"\r") for line in names.split(b"\n")]
        sources += [os.fsdecode(word) for word in words if word]
        if any("\0" in source for source in sources):
            found = "the list of files has a name with a NUL character"
            raise RequestError.at(files_from, found, "one name on each line", "-0 reads names that end in NUL")
    return sources


def _standard_input() -> bytes:
    # there is none where the shell was told so (<&-)
    if sys.stdin is None:
        raise RequestError.at("-", "standard input is closed", "a list of files was expected")
    return sys.stdin.buffer.read()
