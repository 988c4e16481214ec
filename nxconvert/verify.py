"""Whether an output holds what its source says: the source is read again, and every value compared with the file's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from nxconvert.errors import ReadError
from nxconvert.pipeline import trees_of
from nxconvert.readers.nexus import NexusFile
from nxconvert.request import ConvertOptions
from nxconvert.scan import free_name
from nxconvert.validate.compare import RULE, Comparison
from nxconvert.validate.findings import Finding


def verify_file(source: str | Sequence[str], output: str, options: ConvertOptions) -> list[Finding]:
    """Compare an output with its source (or sources, of a merged output), converted with the same options.

    Gives a finding for everything in which they differ, and for every entry that no source gives. ReadError where the
    source or the output cannot be read; what the conversion itself lost is no difference.
    """
    sources = [source] if isinstance(source, str) else list(source)
    found: list[Finding] = []
    used: set[str] = set()
    with _opened(output) as comparison:
        for name in sources:
            for _scan, trees in trees_of(name, options):
                for tree in trees:
                    tree.name = free_name(tree.name, used, first=2)
                    used.add(tree.name)
                    found += comparison.differences(tree)
        if not options.scans:
            extra = [name for name in comparison.entries() if name not in used]
            found += [Finding("error", RULE, f"/{name}", "the source has no such entry") for name in extra]
    return found


def options_of(output: str, sources: Sequence[str] = ()) -> ConvertOptions:
    """Give the options with which nxconvert wrote a file, as its provenance tells them.

    ReadError where the file is not nxconvert's. A mapping file has to be where it was; a series gets its *sources*.
    """
    with NexusFile(output) as file:
        text = file.configuration()
    if not text:
        raise ReadError.at(
            output, "was not written by nxconvert", "its options are unknown", "name the mapping with -m"
        )
    stated = json.loads(text)
    known = {key: value for key, value in stated.items() if key in ConvertOptions.__dataclass_fields__}
    known["mappings"] = tuple(known.get("mappings", ()))
    known["chunks"] = None
    options = ConvertOptions(**known)
    if len(sources) > 1:
        options = replace(options, reading={**options.reading, "files": list(sources)})
    return options


def _opened(path: str) -> Comparison:
    """Open an output to be compared; the reader tells of what is no HDF5 file, as everywhere."""
    NexusFile(path).close()
    return Comparison(path)
