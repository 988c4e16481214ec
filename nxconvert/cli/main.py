"""The command group, and the one place where errors and signals become text and exit codes."""

from __future__ import annotations

import errno
import gc
import os
import signal
import sys

import click

from nxconvert.cli.lazy import LazyGroup
from nxconvert.cli.signals import Stopped, run_stoppable
from nxconvert.cli.talk import print_error
from nxconvert.errors import NxconvertError
from nxconvert.version import __version__

COMMANDS = {
    "spec2nx": "nxconvert.cli.spec2nx",
    "edf2nx": "nxconvert.cli.edf2nx",
    "ill2nx": "nxconvert.cli.ill2nx",
    "nanoesca2nx": "nxconvert.cli.nanoesca2nx",
    "tiff2nx": "nxconvert.cli.nanoesca2nx",
    "convert": "nxconvert.cli.convert",
    "batch": "nxconvert.cli.batch",
    "watch": "nxconvert.cli.watch",
    "nxtoascii": "nxconvert.cli.nxtoascii",
    "info": "nxconvert.cli.info",
    "plot": "nxconvert.cli.plot",
    "validate": "nxconvert.cli.validate",
    "verify": "nxconvert.cli.verify",
    "metadata": "nxconvert.cli.metadata",
    "formats": "nxconvert.cli.formats",
    "mapping": "nxconvert.cli.mapping",
    "completion": "nxconvert.cli.completion",
}

HELP = """Convert the data formats of photon and neutron facilities to NeXus.

Results go to standard output, everything else to standard error. Readers that other packages add bring commands of
their own; 'nxconvert formats' lists them.

\b
Examples:
  nxconvert spec2nx counters.spec
  nxconvert info counters.spec
"""


class Commands(LazyGroup):
    """The commands above, and those that the readers of other packages bring (``Reader.command``)."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        command = super().get_command(ctx, cmd_name)
        if command is not None:
            return command
        from nxconvert.cli.conversion import plugin_command

        return plugin_command(cmd_name)

    def invoke(self, ctx: click.Context) -> None:
        """Run the command and end with its exit status."""
        try:
            code = super().invoke(ctx)
        except NxconvertError as error:
            code = print_error(error)
        except OSError as error:
            # a file would be named; of a pipe whose reader has seen enough, click knows what to do
            if error.filename is not None or error.errno == errno.EPIPE:
                raise
            click.echo(f"standard output cannot be written: {error.strerror}", err=True)
            code = 1
        except KeyboardInterrupt as stop:
            number = stop.number if isinstance(stop, Stopped) else signal.SIGINT
            click.echo(f"stopped by {signal.Signals(number).name}, nothing is left half-written", err=True)
            code = 128 + number
        ctx.exit(code or 0)


cli = Commands(
    "nxconvert",
    COMMANDS,
    help=HELP,
    epilog="Exit status: 0 done, 1 something failed (the rest was done), 2 the request was wrong.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
cli = click.version_option(__version__, prog_name="nxconvert", message="%(prog)s %(version)s")(cli)


def run() -> None:
    """Run the command line; the console script ``nxconvert``."""
    _run()


def run_nxtoascii() -> None:
    """Run the command ``nxtoascii``; the console script of that name."""
    _run(["nxtoascii", *sys.argv[1:]])


def _run(arguments: list[str] | None = None) -> None:
    # scans hold no cycles: looking for them after every 700 objects costs up to a tenth of the time
    gc.set_threshold(50_000, 20, 50)
    # nothing here multiplies matrices: numpy need not start a thread on each processor for that
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        run_stoppable(lambda: cli(arguments, prog_name="nxconvert"))
    finally:
        # Python looks for cycles again and again while it ends, among all that was imported: a tenth of the time of
        # a small file, for memory that the system takes back anyway. Whatever was opened is closed by now.
        gc.freeze()
