"""The command ``validate``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from nxconvert.cli import options, signals
from nxconvert.cli.conversion import sources_of
from nxconvert.cli.talk import print_json, print_table, try_each

if TYPE_CHECKING:
    from nxconvert.validate import Finding

HELP = """Say whether NeXus files are what they claim to be.

Every application definition and base class is judged by nexusformat (the extra 'validate'), and then by rules for what
makes silx, h5web, Mantid and others stumble: broken links, forms of text, zones of times, units, types, ranks, axes.
Each finding says where, what, and the name of the rule; --ignore silences one. Notes are shown with -v.

\b
Examples:
  nxconvert validate counters.nxs mesh.nxs
  nxconvert validate --rules
  nxconvert spec2nx counters.spec --timezone UTC -o checked.nxs | xargs nxconvert validate --ignore unit
"""

EPILOG = "Exit status: 0 no error, 1 an error was found or a file cannot be read, 2 the request was wrong."

INPUTS = click.Argument(["inputs"], nargs=-1, metavar="FILE...", type=click.Path(readable=False))
IGNORE = click.Option(["--ignore"], multiple=True, metavar="RULE", help="Say nothing of a rule; can be repeated.")
OWN = click.Option(["--own-rules"], is_flag=True, help="Judge without nexusformat, by what needs no definitions.")
RULES = click.Option(["--rules"], is_flag=True, help="List the rules.")


def validate(
    *,
    inputs: tuple[str, ...],
    ignore: tuple[str, ...],
    own_rules: bool,
    rules: bool,
    strict: bool,
    files_from: str | None,
    null: bool,
    as_json: bool,
    quiet: int,
    verbose: int,
) -> int:
    """Print what is found in every file, and give the exit status."""
    from nxconvert import validate as room

    if rules:
        known = room.known_rules()
        if as_json:
            print_json(known)
        else:
            print_table(("rule", "looks for"), list(known.items()))
        return 0
    sources = sources_of(inputs, files_from, null)
    silenced = room.silence(ignore)
    counts = {"error": 0, "warning": 0, "note": 0}
    judged = 0

    def judge(path: str) -> None:
        nonlocal judged
        found = room.validate_file(path, silenced, own_rules)
        judged += 1
        signals.check()
        for item in found:
            counts[item.severity] += 1
        _show(path, found, as_json, verbose - quiet)

    status = try_each(sources, judge)
    if quiet <= verbose:
        listed = ", ".join(f"{number} {severity}{'' if number == 1 else 's'}" for severity, number in counts.items())
        rest = f"; {len(sources) - judged} not judged" if judged < len(sources) else ""
        click.echo(f"{judged} file{'' if judged == 1 else 's'}: {listed}{rest}", err=True)
    return max(status, int(bool(counts["error"] or (strict and counts["warning"]))))


def _show(path: str, found: list[Finding], as_json: bool, verbosity: int) -> None:
    """Print the findings of one file: errors and warnings, notes when asked for."""
    shown = ("error", "warning", "note")[: 2 + min(verbosity, 1)]
    for item in found:
        if as_json:
            print_json({"file": path, **asdict(item)})
        elif item.severity in shown:
            click.echo(f"{path}: {item}")


command = click.Command(
    "validate",
    callback=validate,
    params=[
        INPUTS,
        IGNORE,
        OWN,
        RULES,
        options.STRICT,
        options.FILES_FROM,
        options.NULL,
        options.JSON,
        options.QUIET,
        options.VERBOSE,
    ],
    help=HELP,
    epilog=EPILOG,
)
