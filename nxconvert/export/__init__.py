"""NeXus files back to text: the NeXus reader followed by an exporter.

First `plan_exports` finds the name of every output, so that a wrong request is refused before anything is done; then
`export_file` writes those of one input.
"""

from nxconvert.export.plan import Plan, plan_exports
from nxconvert.export.request import ExportOptions
from nxconvert.export.write import export_file

__all__ = ["ExportOptions", "Plan", "export_file", "plan_exports"]
