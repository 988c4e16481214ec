"""Which files an output was made of, as it says itself."""

from __future__ import annotations

import os

from nxconvert.scan import SourceFile


def sources_of(output: str, root: str) -> list[SourceFile]:
    """Give the files that a NeXus file of ours was made of; their paths are below *root*. ReadError as the reader's."""
    from nxconvert.readers.nexus.files import Files
    from nxconvert.readers.nexus.nodes import Group, Session, text
    from nxconvert.readers.nexus.provenance import _read

    files = Files(output)
    try:
        session = Session(files)
        first = session.root.text_attribute("default") or ""
        table = session.root.at(f"{first}/conversion/sources")
        if not isinstance(table, Group):
            return []
        columns = [table.data(name) for name in ("file_name", "size", "sha256")]
        rows = zip(*(_read(column) for column in columns if column is not None), strict=True)
        return [
            SourceFile(os.path.normpath(os.path.join(root, text(name))), int(size), 0, text(digest))
            for name, size, digest in rows
        ]
    finally:
        files.close()
