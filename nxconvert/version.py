"""The one place that holds nxconvert's version."""

__version__ = "0.1.0"
