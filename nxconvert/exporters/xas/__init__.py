"""X-ray absorption spectra: XDI 1.0, and columns as Athena and Larch read them."""

from nxconvert.exporters.xas.athena import ATHENA
from nxconvert.exporters.xas.xdi import XDI

__all__ = ["ATHENA", "XDI"]
