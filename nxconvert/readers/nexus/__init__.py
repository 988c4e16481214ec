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

from typing import TYPE_CHECKING, Any

from nxconvert.readers.nexus.sniff import READER, sniff

if TYPE_CHECKING:
    from nxconvert.readers.nexus.provenance import Written
    from nxconvert.readers.nexus.reader import NexusFile, entry_name, natural
    from nxconvert.readers.nexus.stored import StoredArray

__all__ = ["READER", "NexusFile", "StoredArray", "Written", "entry_name", "natural", "sniff"]

_HOMES = {
    "NexusFile": "reader",
    "StoredArray": "stored",
    "Written": "provenance",
    "entry_name": "reader",
    "natural": "reader",
}


def __getattr__(name: str) -> Any:
    """Import a name when it is asked for: who only wants to know the formats needs no HDF5."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
