"""The command ``watch``."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from nxconvert.cli import batch_options as own
from nxconvert.cli import options as shared
from nxconvert.cli import signals
from nxconvert.cli.batch_request import HOW, WHICH, make_request
from nxconvert.cli.talk import Talk

if TYPE_CHECKING:
    from nxconvert.batch.watch import Watch

HELP = """Convert what arrives in folders, until it is told to stop.

A file is taken when it has settled: when its size and time have not changed for some seconds. A SPEC file that grows
is gone on with, scan by scan; other files that change are converted again. What belongs together, the names of the
outputs and the ledger are those of 'nxconvert batch'. SIGTERM and Ctrl-C end it, with nothing half-written.

\b
Examples:
  nxconvert watch . -o nexus --timezone Europe/Paris --idle 1
  nxconvert watch . -o nexus --include '*.spec' --settle 0.5 --poll 0.5 --idle 1
"""

EPILOG = (
    "A line of health goes to standard error once in a minute, and nxconvert-watch.json in DST says the same to "
    "programs. Exit status: 0 stopped, 1 the ledger or DST cannot be written, 2 the request was wrong."
)

#: seconds between two lines of health, and between two writings of the status file
HEALTH, STATUS = 60.0, 5.0

SOURCES = click.Argument(["inputs"], nargs=-1, required=True, metavar="SRC...", type=click.Path(readable=False))
SETTLE = click.Option(
    ["--settle"],
    type=click.FloatRange(min=0.05),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="Time for which a file has not changed when it is taken.",
)
POLL = click.Option(
    ["--poll"],
    type=click.FloatRange(min=0.1),
    metavar="SECONDS",
    help="Look at all folders so often. Default: the file system tells, but for NFS, GPFS and the like: 5.",
)
IDLE = click.Option(
    ["--idle"], type=click.FloatRange(min=0), metavar="SECONDS", help="End when nothing has arrived for so long."
)


def watch(
    *,
    inputs: tuple[str, ...],
    output: str,
    settle: float,
    poll: float | None,
    idle: float | None,
    jobs: int | None,
    timeout: float | None,
    memory: int | None,
    ledger: str | None,
    as_json: bool,
    quiet: int,
    verbose: int,
    **rest: Any,
) -> int:
    """Watch until a signal comes, and give the exit status."""
    from nxconvert.batch.job import Limits
    from nxconvert.batch.local import processors
    from nxconvert.batch.watch import Watch
    from nxconvert.batch.watch_settle import HALF_WRITTEN

    request = make_request(inputs, output, rest, exclude=HALF_WRITTEN, ledger=ledger or "")
    talk = Talk(verbose - quiet, as_json)
    with Watch(request, settle, poll, jobs or processors(), Limits(timeout, memory)) as running:
        return _run(running, talk, idle)


def _run(watch: Watch, talk: Talk, idle: float | None) -> int:
    """Report each outcome as it comes, say now and then how it goes, and end by a signal."""
    from nxconvert.batch.watch_status import Status

    status = Status(watch)
    talks = talk.verbosity >= 0
    state = "stopped"
    said = written = time.monotonic()
    try:
        status.write()
        with closing(watch.watch()) as outcomes:
            for outcome in outcomes:
                signals.check()
                now = time.monotonic()
                if outcome is not None:
                    status.take(outcome)
                    if outcome.status != "skipped" or talk.verbosity > 0 or talk.as_json:
                        talk.report(outcome)
                if talks and now - said >= HEALTH:
                    click.echo(status.line(), err=True)
                    said = now
                if now - written >= STATUS:
                    status.write()
                    written = now
                if idle is not None and watch.is_idle and now - watch.active >= idle:
                    break
    except KeyboardInterrupt as stop:
        name = "SIGTERM" if getattr(stop, "number", 2) == 15 else "a signal"
        if talks:
            click.echo(f"stopped by {name}, nothing is left half-written", err=True)
    finally:
        status.write(state)
    if talks:
        click.echo(status.line(), err=True)
    return 0


command = click.Command(
    "watch",
    callback=watch,
    params=[
        SOURCES,
        own.DESTINATION,
        *WHICH,
        SETTLE,
        POLL,
        IDLE,
        *HOW,
        own.JOBS,
        own.TIMEOUT,
        own.MEMORY,
        own.LEDGER,
        shared.JSON,
        shared.QUIET,
        shared.VERBOSE,
    ],
    help=HELP,
    epilog=EPILOG,
)
