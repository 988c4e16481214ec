"""NeXus files back into the scan model: our own, those of Bliss, silx, spec2nexus and ILL, and what can be plotted.

::

    /scan_5  NXentry             number and order from entry_identifier ("5.1"), or from a name such as 1.1
      title start_time end_time
      measurement  NXcollection  -> columns; arrays of more dimensions -> detectors
      instrument   NXinstrument  -> instrument
        positioners  NXcollection -> positioners; in Bliss positioners_start, and positioners says what was scanned
        mca_0        NXdetector   -> detectors
      sample user monitor        -> sample, user, monitor
      data  NXdata               -> plots, and the grid of a mesh; columns where there is no measurement
      metadata technique         -> metadata
      headers  NXcollection      -> notes
      conversion   NXprocess     which bytes of which source file the entry came from

NeXus manual, chapters "NXdata" and "Rules for storing data"; layouts of Bliss: blisswriter 2; of ILL: Mantid's loaders.
"""

from nxconvert.readers.nexus.provenance import Written
from nxconvert.readers.nexus.reader import NexusFile, entry_name, natural
from nxconvert.readers.nexus.stored import StoredArray
from nxconvert.registry import Match, Reader

__all__ = ["READER", "NexusFile", "StoredArray", "Written", "entry_name", "natural", "sniff"]

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


READER = Reader(
    "nexus",
    "NeXus files of nxconvert, Bliss, silx, spec2nexus and ILL (for info, nxtoascii and --append)",
    (".nxs", ".h5", ".hdf5", ".nx5"),
    sniff,
    NexusFile,
    settings=("roots",),
)
