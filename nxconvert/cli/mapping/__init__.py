"""The command ``mapping`` and its commands, one module for each."""

from nxconvert.cli.lazy import LazyGroup

COMMANDS = {
    name: f"nxconvert.cli.mapping.{name}" for name in ("list", "show", "check", "params", "init", "schema", "explain")
}

HELP = """List, show, check and start mappings.

A mapping is a YAML file that says where each thing of a scan goes in the NeXus file. mappings/README.md describes the
language on one page.

\b
Examples:
  nxconvert mapping list
  nxconvert mapping init counters.spec > my.yaml
"""

command = LazyGroup("mapping", COMMANDS, help=HELP)
