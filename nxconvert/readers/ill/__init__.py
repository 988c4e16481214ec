"""ILL ASCII files: numors (see ``index`` and ``numor``) and triple-axis scans (see ``tas``)."""

from nxconvert.readers.ill.sniff import READER

__all__ = ["READER"]
