"""Options that several commands share, each defined once.

Arguments: FILE, FILES, INPUTS, NAMES (of mappings).
Choice: MAPPINGS, SETTINGS, SCANS, TIME_ZONE, READER.
Output: OUTPUT, OVERWRITE, SKIP_EXISTING, APPEND, MERGE, LAYOUT, COMPRESSION, ACCESS, CHUNKS, LINK, CHECKSUM,
TIMESTAMP, CONVERT_UNITS, VALIDATE.
Input: FILES_FROM, NULL, LINK_ROOTS.
Talk: DRY_RUN, STRICT, JSON, QUIET, VERBOSE.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def _timestamp(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """Give a time, seconds since 1970 or ISO 8601 with its zone, as seconds."""
    if value is None:
        return None
    try:
        return float(value)
    except ValueError:
        pass
    try:
        # Python 3.10 does not know the letter Z
        time = datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError as error:
        text = f"'{value}' is neither a number of seconds since 1970 nor a date such as 2024-06-03T08:00:00Z"
        raise click.BadParameter(text, ctx, param) from error
    if time.tzinfo is None:
        text = f"'{value}' states no zone: end it with Z or with an offset such as +02:00"
        raise click.BadParameter(text, ctx, param)
    return time.timestamp()


def _settings(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """Give ``key=value`` words as a dictionary; a value may be empty and may hold more equal signs."""
    settings = {}
    for word in values:
        key, equal, value = word.partition("=")
        if not equal or not key.strip():
            raise click.BadParameter(f"'{word}' is not of the form KEY=VALUE", ctx, param)
        settings[key.strip()] = value
    return settings


def _chunks(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, ...] | None:
    """Give ``256,256`` as numbers."""
    if value is None:
        return None
    words = value.split(",")
    if not all(word.strip().isdecimal() and int(word) > 0 for word in words):
        raise click.BadParameter(f"'{value}' is not a list of whole numbers such as 256,256", ctx, param)
    return tuple(int(word) for word in words)


def _complete_mapping(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the names of the shipped mappings, and files."""
    from click.shell_completion import CompletionItem

    from nxconvert.resources import mappings_dir

    folder = mappings_dir()
    names = sorted(path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.yaml"))
    return [CompletionItem(name) for name in names if name.startswith(incomplete)] + [
        CompletionItem(incomplete, type="file")
    ]


#: how an output may refer to its sources; the first is meant where none is named
LINKS = ("absolute", "relative")

# a file that cannot be read is told by its reader, and costs the other inputs nothing: click is not to ask
FILE = click.Argument(["file"], type=click.Path(readable=False, allow_dash=True))
FILES = click.Argument(["files"], nargs=-1, required=True, metavar="FILE...", type=click.Path(readable=False))
INPUTS = click.Argument(["inputs"], nargs=-1, metavar="[FILE|-]...", type=click.Path(readable=False, allow_dash=True))
NAMES = click.Argument(["names"], nargs=-1, required=True, metavar="NAME|FILE...", shell_complete=_complete_mapping)

MAPPINGS = click.Option(
    ["-m", "--mapping", "mappings"],
    multiple=True,
    metavar="NAME|FILE",
    shell_complete=_complete_mapping,
    help="Mapping by name or file; can be repeated. Default: the one of the format.",
)
SETTINGS = click.Option(
    ["--set", "settings"],
    multiple=True,
    metavar="KEY=VALUE",
    callback=_settings,
    help="Value of a mapping parameter, before all others; can be repeated.",
)
SCANS = click.Option(["--scan", "scans"], default="", metavar="LIST", help="Scans to convert, such as 1,3-5,7.2.")
TIME_ZONE = click.Option(
    ["--timezone", "time_zone"],
    default="",
    metavar="ZONE",
    help="Zone of times that state none, such as Europe/Paris or +02:00.",
)
READER = click.Option(
    ["--reader"], default="", metavar="NAME", help="Reader to use, see 'nxconvert formats'. Default: detected."
)

OUTPUT = click.Option(
    ["-o", "--output"],
    metavar="FILE|DIR/|-",
    type=click.Path(readable=False, allow_dash=True),
    help="Where to write. Default: beside the input, with the extension .nxs.",
)
OVERWRITE = click.Option(["--overwrite"], is_flag=True, help="Replace an output that exists.")
SKIP_EXISTING = click.Option(["--skip-existing"], is_flag=True, help="Leave an output that exists as it is.")
APPEND = click.Option(["--append"], is_flag=True, help="Add new and changed scans to an output that exists.")
MERGE = click.Option(["--merge"], is_flag=True, help="Write several inputs into one output, named by -o.")
LAYOUT = click.Option(
    ["--layout"],
    type=click.Choice(["subentry", "entry"]),
    default="subentry",
    show_default=True,
    help="Where an application definition goes: into a subentry or into an entry of its own.",
)
COMPRESSION = click.Option(
    ["--compression"],
    type=click.Choice(["none", "gzip", "lzf", "bitshuffle", "blosc2", "zstd"]),
    default="gzip",
    show_default=True,
    help="Compression of larger arrays.",
)
ACCESS = click.Option(
    ["--access"],
    type=click.Choice(["frames", "pixels", "balanced"]),
    default="frames",
    show_default=True,
    help="How the arrays will be read; decides their chunks.",
)
CHUNKS = click.Option(
    ["--chunks"],
    callback=_chunks,
    metavar="Y,X|N,Y,X",
    help="Chunks of stacks of images: of one image, or through N of them. Default: decided by --access.",
)
LINK = click.Option(
    ["--link"],
    type=click.Choice(LINKS),
    metavar="[absolute|relative]",
    help="Copy no pixel: the output refers to the files, by absolute paths unless told otherwise.",
)
CHECKSUM = click.Option(
    ["--checksum"],
    type=click.Choice(["sha256", "none"]),
    default="sha256",
    show_default=True,
    help="Checksum of each image file in the table of sources; none spares reading the images twice.",
)
TIMESTAMP = click.Option(
    ["--timestamp"],
    callback=_timestamp,
    metavar="TIME",
    help="Time of writing to state in the file. Default: SOURCE_DATE_EPOCH, else the clock.",
)

LINK_ROOTS = click.Option(
    ["--roots"],
    multiple=True,
    metavar="DIR",
    type=click.Path(file_okay=False, readable=False),
    help="Folder into which the links of a NeXus file may lead, besides its own; can be repeated.",
)
CONVERT_UNITS = click.Option(
    ["--convert-units"], is_flag=True, help="Write numbers in the units of the mapping. Default: in those of the data."
)
VALIDATE = click.Option(
    ["--validate"], is_flag=True, help="Judge the output as 'nxconvert validate' does; an error costs the exit status."
)

FILES_FROM = click.Option(
    ["--files-from"],
    metavar="FILE|-",
    type=click.Path(readable=False, allow_dash=True),
    help="Read the names of the inputs from a file or from standard input, one per line.",
)
NULL = click.Option(["-0", "--null"], is_flag=True, help="The names in --files-from end in NUL, not in a newline.")

DRY_RUN = click.Option(["--dry-run"], is_flag=True, help="Print what would be written, write nothing.")
STRICT = click.Option(["--strict"], is_flag=True, help="Exit with 1 if there is any warning.")
JSON = click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON object per line.")
QUIET = click.Option(["-q", "--quiet"], count=True, help="Say less: only what is lost.")
VERBOSE = click.Option(["-v", "--verbose"], count=True, help="Say more: every note.")
