"""SPEC files, as silx, PyMca, Larch and spec2nexus read them; see ``book`` for what a scan becomes."""

from nxconvert.exporters.spec.book import EXPORTER

__all__ = ["EXPORTER"]
