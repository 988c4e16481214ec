"""EDF files (ESRF Data Format: SPEC, Lima, SAXS programs, fabio, PyMca ...), see ``header``, ``index`` and ``file``."""

from nxconvert.readers.edf.sniff import READER

__all__ = ["READER"]
