"""What every command that converts does: its options, and the run over its inputs."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from nxconvert.cli import options as shared
from nxconvert.cli.talk import Talk
from nxconvert.errors import RequestError, WriteError
from nxconvert.request import shown

if TYPE_CHECKING:
    from nxconvert.pipeline import ConvertOptions

#: gives the files for what was named, and a sentence for each thing that is not there
Expand = Callable[[Sequence[str]], "tuple[list[str], list[str]]"]

EPILOG = (
    "Exit status: 0 done, 1 something failed or a scan was lost (the rest was done), 2 the request was wrong. "
    "Warnings count only with --strict."
)

#: what the reader of an output with links has to know
LINKED = {
    "absolute": "the output refers to its sources where they are now: leave them there, unchanged",
    "relative": (
        "the output refers to its sources by relative paths: move them together, and open it from its own folder or "
        "with HDF5_EXTFILE_PREFIX='${ORIGIN}' in the environment"
    ),
}


def conversion_command(
    name: str,
    help_text: str,
    reader: str | None,
    reading: Sequence[click.Option] = (),
    expand: Expand | None = None,
) -> click.Command:
    """Make a command that converts one format, or (without a reader) any.

    *reading*: further options, for the reader itself, or those of the shared ones that only some formats need.
    *expand*: replaces what was named by the files that it stands for, and says which of them are not there.
    """
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
        shared.CONVERT_UNITS,
        shared.VALIDATE,
        shared.CHECKSUM,
        shared.TIMESTAMP,
        shared.JSON,
        shared.QUIET,
        shared.VERBOSE,
    ]
    callback = partial(_convert, name, expand=expand)
    if reader is not None:
        callback = partial(callback, reader=reader)
    return ConversionCommand(name, callback=callback, params=params, help=help_text, epilog=EPILOG)


class ConversionCommand(click.Command):
    """A command whose ``--link`` needs no value: what follows it may be a file."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments, a ``--link`` alone being ``--link absolute``."""
        end = args.index("--") if "--" in args else len(args)
        for at, (word, after) in enumerate(zip(args[:end], [*args[1:], ""], strict=False)):
            if word == "--link" and after not in shared.LINKS:
                args[at] = f"--link={shared.LINKS[0]}"
        return super().parse_args(ctx, args)


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
    expand: Expand | None,
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
    convert_units: bool,
    validate: bool,
    checksum: str,
    timestamp: float | None,
    as_json: bool,
    quiet: int,
    verbose: int,
    chunks: tuple[int, ...] | None = None,
    link: str | None = None,
    series: bool = False,
    **reading: Any,
) -> int:
    chosen = [word for word, given in (("overwrite", overwrite), ("skip", skip_existing), ("append", append)) if given]
    if len(chosen) > 1:
        raise click.UsageError("only one of --overwrite, --skip-existing and --append can be given")
    if output == "":
        raise click.UsageError("the name after -o is empty")
    if output == "-" and as_json:
        raise click.UsageError("with -o - standard output holds the file, there is no room for --json")
    if output == "-" and link == "relative":
        raise click.UsageError("--link relative needs the name of the output, from whose folder the paths begin")
    sources = sources_of(inputs, files_from, null)
    if expand is not None:
        sources, gaps = expand(sources)
        for gap in gaps:
            click.echo(gap, err=True)
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
        chunks=chunks,
        link=link or "",
        layout=layout,
        convert_units=convert_units,
        validate=validate,
        checksum=checksum,
        timestamp=timestamp,
        root=outputs.common_root(sources),
    )
    options = replace(options, command=command_line(name, options, series))
    if series:
        if output is None or output.endswith(("/", os.sep)) or os.path.isdir(output):
            raise click.UsageError("--series makes one file of all inputs: name it with -o FILE")
        options = replace(options, reading={**options.reading, "files": sources})
        sources = sources[:1]
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
    linked = False
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
        linked = linked or bool(link and outcome.status == "converted")
    if linked and quiet <= verbose:
        click.echo(LINKED[str(link)], err=True)
    return talk.finish()


def command_line(name: str, options: ConvertOptions, series: bool = False) -> str:
    """Give the command with every option that shapes the output, without paths: the same for the same result."""
    words = ["nxconvert", name]
    for mapping in options.mappings:
        words += ["-m", os.path.basename(mapping) if os.path.isfile(mapping) else mapping]
    for key, value in options.settings.items():
        words += ["--set", f"{key}={value}"]
    for setting, value in options.reading.items():
        flag = "--" + setting.replace("_", "-")
        for item in value if isinstance(value, tuple) else (value,):
            words += [flag] if item is True else [flag, str(shown(setting, item))]
    if series:
        words.append("--series")
    if options.chunks:
        words += ["--chunks", ",".join(map(str, options.chunks))]
    if options.link:
        words += ["--link", options.link]
    if options.convert_units:
        words.append("--convert-units")
    for option in (shared.SCANS, shared.TIME_ZONE, shared.LAYOUT, shared.COMPRESSION, shared.ACCESS, shared.CHECKSUM):
        value = getattr(options, str(option.name))
        if value != option.default:
            words += [option.opts[0], value]
    return shlex.join(words)


def sources_of(inputs: Sequence[str], files_from: str | None, null: bool) -> list[str]:
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
