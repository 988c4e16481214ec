"""What ``batch`` and ``watch`` are asked alike: the options of every conversion, and the request that they make.

A batch and a watch may take turns on one folder of outputs: both make the same request of the same options, and so the
same outputs.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nxconvert.cli import batch_options as own
from nxconvert.cli import options as shared
from nxconvert.cli.conversion import command_line

if TYPE_CHECKING:
    from nxconvert.batch.asked import Request

#: options of the conversions by the names of `ConvertOptions`
_CONVERSION = (
    shared.MAPPINGS,
    shared.SETTINGS,
    shared.TIME_ZONE,
    shared.LAYOUT,
    shared.COMPRESSION,
    shared.ACCESS,
    shared.CONVERT_UNITS,
    shared.CHECKSUM,
    shared.TIMESTAMP,
)
#: options of both commands
WHICH = (own.INCLUDE, own.EXCLUDE)
HOW = (*_CONVERSION, own.ALLOW_MISSING, own.VERIFY, shared.VALIDATE)


def make_request(sources: Sequence[str], folder: str, options: dict[str, Any], **more: Any) -> Request:
    """Take the options of `WHICH` and `HOW` out of all others, and make the request; *more*: other fields of it."""
    from nxconvert.batch.asked import Request
    from nxconvert.request import ConvertOptions

    asked = ConvertOptions(**{str(option.name): options.pop(str(option.name)) for option in _CONVERSION})
    # other processes, and later batches, have other working folders
    mappings = (os.path.abspath(name) if os.path.isfile(name) else name for name in asked.mappings)
    asked = replace(asked, mappings=tuple(mappings), validate=options.pop("validate"))
    exclude = (*options.pop("exclude"), *more.pop("exclude", ()))
    return Request(
        sources=tuple(sources),
        folder=folder,
        options=replace(asked, command=command_line("batch", asked)),
        include=options.pop("include"),
        exclude=exclude,
        reading={"edf": {"allow_missing": True}} if options.pop("allow_missing") else {},
        verify=options.pop("verify"),
        **more,
    )
