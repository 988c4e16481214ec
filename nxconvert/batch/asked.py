"""What is asked of a batch, and what of it shapes the outputs."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from nxconvert.batch.book import NAME
from nxconvert.request import ConvertOptions
from nxconvert.version import __version__

if TYPE_CHECKING:
    from nxconvert.mapping.engine import Mapping


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a batch.

    ``sources``: files and folders. ``folder``: where the outputs go. ``options``: those of every conversion.
    ``reading``: settings for readers that have them, by the reader's name. ``ledger``: the database, in the folder of
    the outputs unless named, nowhere for ``:memory:``. ``verify``: each output is read back and compared with its
    source.
    """

    sources: tuple[str, ...]
    folder: str
    options: ConvertOptions
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    newer: int | None = None
    reading: dict[str, dict[str, Any]] = field(default_factory=dict)
    ledger: str = ""
    verify: bool = False


#: a ledger that is kept nowhere
NOWHERE = ":memory:"


def ledger_path(folder: str, ledger: str) -> str:
    """Give the path of the database of a folder of outputs."""
    if ledger == NOWHERE:
        return ledger
    return os.path.abspath(ledger) if ledger else os.path.join(os.path.abspath(folder), NAME)


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a request shapes the outputs; kept in the ledger, so that a failure can be tried again."""

    options: ConvertOptions
    reading: dict[str, dict[str, Any]]
    verify: bool

    def record(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_record(cls, item: dict[str, Any]) -> Asked:
        options = item["options"]
        if options["chunks"]:
            options["chunks"] = tuple(options["chunks"])
        options["mappings"] = tuple(options["mappings"])
        return cls(ConvertOptions(**options), item["reading"], item["verify"])

    def signatures(self, reader: str, own: dict[str, Any]) -> tuple[str, ...]:
        """Give what changes when an input would have to be converted again, other than the input.

        The first one is that of this request; the others are as good: of outputs that were judged or compared with
        their source without need.
        """
        # what is not known by name is known by its first bytes to the same reader
        told = (__version__, self.conversion(reader, own).text(), self.options.root, self._mapping(reader))
        return tuple(
            hashlib.sha256(json.dumps([*told, verify, validate]).encode()).hexdigest()
            for verify in ((True,) if self.verify else (False, True))
            for validate in ((True,) if self.options.validate else (False, True))
        )

    def conversion(self, reader: str, own: dict[str, Any]) -> ConvertOptions:
        """Give the options of one conversion."""
        return replace(self.options, reader=reader, reading={**self.reading.get(reader, {}), **own})

    def _mapping(self, reader: str) -> str:
        if reader in ("", "nexus"):
            return ""
        return mapping_of(self.conversion(reader, {}), reader).describe(places=False)


def mapping_of(options: ConvertOptions, reader: str) -> Mapping:
    """Load the mapping that a conversion would use; MappingError where it has mistakes."""
    from nxconvert import pipeline

    return pipeline.Conversion(options).mapping(reader)
