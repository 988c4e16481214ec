"""Options of the commands of ``batch``, each defined once.

What: SOURCES, DESTINATION, FOLDER, INCLUDE, EXCLUDE, NEWER, ALLOW_MISSING, VERIFY, LEDGER, DRY_RUN.
Where it runs: ENGINE_OPTIONS (JOBS, TIMEOUT, MEMORY, ENGINE, SCHEDULER), and `engine`, which makes one of them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from nxconvert.batch.run import Engine

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kMGT]?)i?B?", re.ASCII)
_POWERS = {"": 0, "k": 10, "M": 20, "G": 30, "T": 40}


def _memory(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """Give ``4G`` as bytes."""
    if value is None:
        return None
    match = _SIZE.fullmatch(value)
    if match is None or not float(match[1]):
        raise click.BadParameter(f"'{value}' is not a size such as 800M or 4G", ctx, param)
    return int(float(match[1]) * 2 ** _POWERS[match[2]])


def _newer(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """Give a time, or that of a file, in ns since 1970; a time without a zone is that of this machine."""
    if value is None:
        return None
    if os.path.exists(value):
        return os.stat(value).st_mtime_ns
    try:
        return int(datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp() * 1e9)
    except ValueError as error:
        text = f"'{value}' is neither a file nor a time such as 2024-06-03 or 2024-06-03T08:00"
        raise click.BadParameter(text, ctx, param) from error


SOURCES = click.Argument(["inputs"], nargs=-1, metavar="SRC...", type=click.Path(readable=False, allow_dash=True))
DESTINATION = click.Option(
    ["-o", "--output"],
    required=True,
    metavar="DST",
    type=click.Path(readable=False, file_okay=False),
    help="Folder for the outputs and the ledger; made if needed.",
)
FOLDER = click.Argument(["folder"], metavar="DST", type=click.Path(readable=False, file_okay=False))
INCLUDE = click.Option(
    ["--include"], multiple=True, metavar="GLOB", help="Only files of this name or path below SRC; can be repeated."
)
EXCLUDE = click.Option(
    ["--exclude"], multiple=True, metavar="GLOB", help="No files or folders of this name or path; can be repeated."
)
NEWER = click.Option(
    ["--newer"], callback=_newer, metavar="TIME|FILE", help="Only what changed after a time, or after this file."
)
ALLOW_MISSING = click.Option(
    ["--allow-missing"], is_flag=True, help="Write a fill value in place of missing files of a series, and mark them."
)
VERIFY = click.Option(["--verify"], is_flag=True, help="Read each output back and compare every value with the source.")
LEDGER = click.Option(
    ["--ledger"],
    metavar="FILE",
    type=click.Path(readable=False, dir_okay=False),
    help="Database of what has been done. Default: nxconvert-batch.sqlite in DST.",
)
DRY_RUN = click.Option(["--dry-run"], is_flag=True, help="List what would be converted, one input on a line.")

JOBS = click.Option(
    ["-j", "--jobs"],
    type=click.IntRange(min=1),
    metavar="N",
    help="Conversions at the same time. Default: one for each processor.",
)
TIMEOUT = click.Option(
    ["--timeout"],
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Time that one input may take.",
)
MEMORY = click.Option(
    ["--memory"], callback=_memory, metavar="SIZE", help="Memory that one input may take, such as 800M or 4G."
)
ENGINE = click.Option(
    ["--engine"],
    type=click.Choice(["local", "dask", "slurm"]),
    default="local",
    show_default=True,
    help="Where to convert: in processes here, on workers of dask, in jobs of Slurm.",
)
SCHEDULER = click.Option(["--scheduler"], metavar="ADDRESS", help="Scheduler of dask, such as tcp://host:8786.")
ENGINE_OPTIONS = (JOBS, TIMEOUT, MEMORY, ENGINE, SCHEDULER)


def engine(options: dict[str, Any]) -> Callable[[], Engine]:
    """Take the options of the engine out of all others, and give a function that makes it when there is work."""
    names = ("jobs", "timeout", "memory", "engine", "scheduler")
    jobs, timeout, memory, name, scheduler = (options.pop(key) for key in names)
    if (name == "dask") != bool(scheduler):
        raise click.UsageError("--engine dask needs --scheduler, the others have none")
    if name == "dask" and jobs:
        raise click.UsageError("with --engine dask the workers of the scheduler are used, -j is for the others")

    def make() -> Engine:
        from nxconvert.batch.job import Limits
        from nxconvert.batch.local import LocalEngine, processors

        limits = Limits(timeout, memory)
        if name == "local":
            return LocalEngine(jobs or processors(), limits)
        from nxconvert.batch import cluster

        if name == "dask":
            return cluster.DaskEngine(scheduler, limits)
        if not jobs:
            raise click.UsageError("--engine slurm needs -j, the number of jobs")
        return cluster.SlurmEngine(jobs, limits)

    return make
