"""The command ``nxtoascii``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from nxconvert.cli import options as shared
from nxconvert.cli.conversion import EPILOG, sources_of
from nxconvert.cli.talk import Talk, problem_record

if TYPE_CHECKING:
    from nxconvert.errors import Problem
    from nxconvert.registry import Exporter
    from nxconvert.request import Outcome

HELP = """Export scans of NeXus files as text for other programs.

Each scan becomes a file <stem>_<entry>.csv, or all scans of an input one file where the format can hold them, such as
SPEC. Integers stay integers, and floats have all digits that they need to be read back unchanged. What a format cannot
hold is named on standard error before anything is written.

\b
Examples:
  nxconvert nxtoascii counters.nxs --to spec -o text/
  nxconvert nxtoascii counters.nxs --scan 2 --to tsv -o -
  nxconvert nxtoascii counters.nxs --to dat --columns 'ratio=Detector/Monitor' --precision 6
"""

OUTPUT = click.Option(
    ["-o", "--output", "--outdir", "output"],
    metavar="FILE|DIR/|-",
    type=click.Path(readable=False, allow_dash=True),
    help="Where to write; a file takes what makes one output. Default: beside the input.",
)
SCANS = click.Option(["--scan", "scans"], default="", metavar="LIST", help="Scans to export, such as 1,3-5,7.2.")
MATCH = click.Option(
    ["--match"],
    default="",
    metavar="TEXT",
    help="Scans with this in their title; * and ? make it a pattern of all of it.",
)
COLUMNS = click.Option(
    ["--columns"],
    multiple=True,
    metavar="COLUMN",
    help="Column, or pattern of some, that comes first; NEW=OLD renames, 'mu=log(I0/I1)' calculates. Can be repeated.",
)
ONLY = click.Option(["--only-columns", "--only_columns", "only_columns"], is_flag=True, help="No columns but those.")
X = click.Option(
    ["--x"],
    default="",
    metavar="COLUMN",
    help="The column that stands first, or what a curve stands over. Default: the scanned one.",
)
RAGGED = click.Option(
    ["--ragged"],
    type=click.Choice(["pad", "truncate", "error"]),
    default="pad",
    show_default=True,
    help="Columns of different lengths: fill up with nan, cut to the shortest, or fail.",
)
IMAGES = click.Option(["--images"], default="", metavar="edf", help="Write images too, in files of this format.")
TEMPLATE = click.Option(
    ["--name-template", "template"],
    default="",
    metavar="TEXT",
    help="Names of outputs, such as '{stem}_{number:04d}': stem, entry, number, order, identifier, title, part.",
)
COMPAT = click.Option(
    ["--compat"],
    default="",
    metavar="nxtoascii",
    help="Exactly the files of nxtoascii 0.0.1: --to multispec (default), spec, csv or ascii.",
)


class Report(Talk):
    """Tells what is lost before it is written, and has it in the record of the next output."""

    def __init__(self, verbosity: int, as_json: bool, strict: bool) -> None:
        super().__init__(verbosity, as_json, strict)
        self._told: list[Problem] = []

    def tell(self, problem: Problem) -> None:
        """Print one problem of a scan that is about to be written."""
        self.severities[problem.severity] += 1
        self._told.append(problem)
        if self.verbosity >= 0 or problem.severity == "lost":
            click.echo(f"{problem.severity}: {problem}", err=True)

    def _record(self, outcome: Outcome) -> dict[str, Any]:
        record = super()._record(outcome)
        record["problems"] = [problem_record(problem) for problem in self._told] + record["problems"]
        self._told = []
        return record


class Command(click.Command):
    """The command with the options that the exporters bring, which are known only when they are asked for."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Give the options of the command, then those of the formats."""
        made = ctx.meta.get("nxconvert.settings")
        if made is None:
            made = ctx.meta["nxconvert.settings"] = _settings()
        own = super().get_params(ctx)
        return [*own[:-1], *made, own[-1]]

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the formats, then what the exit status means."""
        from nxconvert import registry

        with formatter.section("Formats"):
            formatter.write_dl([(item.name, item.description) for item in registry.exporters().values()])
        super().format_epilog(ctx, formatter)


def _settings() -> list[click.Option]:
    """Make an option of every setting, with the formats that have it."""
    from nxconvert import registry

    owners: dict[str, list[Exporter]] = {}
    for exporter in registry.exporters().values():
        for setting in exporter.settings:
            owners.setdefault(setting.name, []).append(exporter)
    made = []
    for name, exporters in owners.items():
        settings = [setting for item in exporters for setting in item.settings if setting.name == name]
        choices = dict.fromkeys(choice for setting in settings for choice in setting.choices)
        metavar = "|".join(choices) if choices else settings[0].metavar
        help_text = f"{settings[0].help} ({', '.join(item.name for item in exporters)})"
        made.append(click.Option([settings[0].option, f"setting_{name}"], metavar=metavar, help=help_text))
    return made


def nxtoascii(
    *,
    inputs: tuple[str, ...],
    name: str | None,
    output: str | None,
    overwrite: bool,
    skip_existing: bool,
    files_from: str | None,
    null: bool,
    strict: bool,
    as_json: bool,
    quiet: int,
    verbose: int,
    compat: str,
    **rest: Any,
) -> int:
    """Export every file, and give the exit status."""
    if overwrite and skip_existing:
        raise click.UsageError("only one of --overwrite and --skip-existing can be given")
    if output == "":
        raise click.UsageError("the name after -o is empty")
    if output == "-" and as_json:
        raise click.UsageError("with -o - standard output holds the file, there is no room for --json")
    sources = sources_of(inputs, files_from, null)
    talk = Report(verbose - quiet, as_json, strict)
    if not sources:  # an empty list of files is nothing to do, not a mistake
        return talk.finish()

    from nxconvert import export

    settings = {key.removeprefix("setting_"): rest.pop(key) for key in list(rest) if key.startswith("setting_")}
    options = export.ExportOptions(
        format=name or ("multispec" if compat else "csv"),
        settings={key: text for key, text in settings.items() if text is not None},
        existing="overwrite" if overwrite else "skip" if skip_existing else "refuse",
        strict=strict,
        compat=compat,
        **rest,
    )
    for source, plan in export.plan_exports(sources, output, options):
        with talk.progress(source) as progress:
            for outcome in export.export_file(source, plan, options, talk.tell, progress):
                talk.report(outcome)
    return talk.finish()


command = Command(
    "nxtoascii",
    callback=nxtoascii,
    params=[
        shared.INPUTS,
        click.Option(["--to", "name"], metavar="FORMAT", help="Format to write, see below. Default: csv."),
        OUTPUT,
        SCANS,
        MATCH,
        COLUMNS,
        ONLY,
        X,
        RAGGED,
        IMAGES,
        TEMPLATE,
        COMPAT,
        shared.LINK_ROOTS,
        shared.OVERWRITE,
        shared.SKIP_EXISTING,
        shared.STRICT,
        shared.FILES_FROM,
        shared.NULL,
        shared.JSON,
        shared.QUIET,
        shared.VERBOSE,
    ],
    help=HELP,
    epilog=EPILOG,
)
