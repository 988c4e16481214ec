"""Pictures of NeXus files: the default plot of each entry as a curve, an image or a mesh, drawn by matplotlib.

`panels` finds what there is to draw, `sheets` draws it into files, `thumbnail` makes a small picture of one file.
Nothing here opens a window, and a stack of any size takes the memory of one frame.
"""

from nxconvert.plot.panels import Panel, panels
from nxconvert.plot.sheet import FORMATS, sheets, thumbnail

__all__ = ["FORMATS", "Panel", "panels", "sheets", "thumbnail"]
