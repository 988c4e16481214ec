"""SPEC data files (Certified Scientific Software, ESRF, APS, Sardana, Bluesky ...), see ``control`` and ``mca``."""

from nxconvert.readers.spec.sniff import READER

__all__ = ["READER"]
