"""The command ``batch`` and its commands; without one of them, it converts."""

from __future__ import annotations

import click

from nxconvert.cli.lazy import LazyGroup

COMMANDS = {name: f"nxconvert.cli.batch_{name}" for name in ("run", "status", "retry", "report")}

HELP = """Convert whole trees to NeXus, restartable, with a ledger.

'nxconvert batch SRC... -o DST' is the command 'run', whose options 'nxconvert batch run --help' shows. A source that is
called like a command is written './status'.

\b
Examples:
  nxconvert batch . -o nexus
  nxconvert batch status nexus
"""


class BatchGroup(LazyGroup):
    """A group whose first word may be a source or an option of ``run``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments, those that name no command being meant for ``run``."""
        if args and args[0] not in self.modules and args[0] not in ("-h", "--help"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


command = BatchGroup("batch", COMMANDS, help=HELP)
