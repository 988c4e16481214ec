"""The command ``mapping check``."""

from __future__ import annotations

import click

from nxconvert.cli import options
from nxconvert.cli.talk import try_each

HELP = """Check mappings and report every mistake at once.

Each mistake is told with file, line and column and, for a mistyped name, with near ones. What looks odd but hinders
nothing is a warning.

\b
Examples:
  nxconvert mapping check spec xas
  nxconvert mapping init counters.spec > my.yaml; nxconvert mapping check my.yaml
"""

EPILOG = "Exit status: 0 no mistakes, 2 a mapping has mistakes or does not exist."


def check(*, names: tuple[str, ...]) -> int:
    """Check each mapping, and give the exit status."""
    from nxconvert.mapping import engine

    def one(name: str) -> None:
        mapping = engine.load([name])
        for problem in mapping.warnings:
            click.echo(f"{problem.severity}: {problem}", err=True)
        click.echo(f"{name}: no mistakes")

    return try_each(names, one)


command = click.Command("check", callback=check, params=[options.NAMES], help=HELP, epilog=EPILOG)
