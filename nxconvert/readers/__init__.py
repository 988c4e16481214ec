"""Readers: one module or small package for each format; none of them knows a NeXus path."""
