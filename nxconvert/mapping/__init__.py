"""Mapping files in the style of 2nexus: what of a scan goes where in the NeXus file.

``engine.load`` gives a checked mapping, ``catalog`` finds mapping files, ``describe`` tells what a scan offers.
"""
