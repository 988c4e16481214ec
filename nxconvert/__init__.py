"""nxconvert: legacy data of photon and neutron facilities to NeXus, and back to ASCII."""

from nxconvert.version import __version__

__all__ = ["__version__"]
