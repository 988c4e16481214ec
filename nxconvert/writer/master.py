"""Master files: entries that are external links to entries of other files, so that a new one costs next to nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import h5py
from h5py import h5f, h5p

from nxconvert.errors import ReadError
from nxconvert.writer.atomic import AtomicFile
from nxconvert.writer.build import file_access


@dataclass(frozen=True, slots=True)
class EntryLink:
    """An entry of a master file: its name, the file it lies in (relative to the master's folder), its name there."""

    name: str
    file: str
    entry: str


def write_master(path: str, links: Sequence[EntryLink], attributes: Mapping[str, Any]) -> None:
    """Write a master file, whole or absent; WriteError where that cannot be. 5 us for each entry."""
    with AtomicFile(path) as target:
        properties = h5p.create(h5p.FILE_CREATE)
        properties.set_link_creation_order(h5p.CRT_ORDER_TRACKED | h5p.CRT_ORDER_INDEXED)
        properties.set_obj_track_times(False)
        try:
            file = h5f.create(os.fsencode(target.path), h5f.ACC_TRUNC, properties, file_access())
            try:
                for link in links:
                    file.links.create_external(link.name.encode(), os.fsencode(link.file), link.entry.encode())
                h5py.File(file).attrs.update(attributes)
            finally:
                file.close()
        except OSError as error:
            raise target.error(error) from error


def read_master(path: str) -> list[EntryLink]:
    """Give the entries of a master file in their order, none for a file that is not one.

    ReadError where the file is damaged.
    """
    found = []
    try:
        with h5py.File(path, "r", locking=False) as file:
            for name in file:
                link = file.get(name, getlink=True)
                if not isinstance(link, h5py.ExternalLink):
                    return []
                found.append(EntryLink(name, link.filename, link.path.strip("/")))
    except OSError as error:
        raise ReadError.at(path, f"cannot be read as HDF5: {error}", hint="is it damaged?") from error
    return found
