"""How NeXus files are recognised; the reader itself is imported when the first one is opened."""

from __future__ import annotations

from collections.abc import Sequence

from nxconvert.registry import Match, Reader
from nxconvert.scan import ScanFile

SIGNATURE = b"\x89HDF\r\n\x1a\n"
#: what HDF5 lets stand before the signature, a block of the user's own
_BEGINNINGS = (0, 512, 1024, 2048, 4096, 8192, 16384, 32768)


def sniff(head: bytes, name: str) -> Match:  # noqa: ARG001 - the signature of all readers
    """Know an HDF5 file by its signature, which may stand after a user block."""
    if head.startswith(SIGNATURE):
        return Match(1.0, "it begins with the signature of HDF5")
    if any(head.startswith(SIGNATURE, start) for start in _BEGINNINGS):
        return Match(1.0, "it has the signature of HDF5 after a user block")
    return Match(0.0, "it does not begin with the signature of HDF5")


def open_file(path: str, roots: Sequence[str] = ()) -> ScanFile:
    """Open a NeXus file; h5py is imported now and not before."""
    from nxconvert.readers.nexus.reader import NexusFile

    return NexusFile(path, roots)


READER = Reader(
    "nexus",
    "NeXus files of nxconvert, Bliss, silx, spec2nexus and ILL (for info, nxtoascii and --append)",
    (".nxs", ".h5", ".hdf5", ".nx5"),
    sniff,
    open_file,
    settings=("roots",),
)
