"""The command ``convert``."""

from nxconvert.cli.conversion import conversion_command

HELP = """Convert files of any known format to NeXus.

The format of each input is recognised by its first bytes, never by its name. A file that no reader knows, or that two
readers claim, is refused with the reason of each; --reader, or the command of the format such as spec2nx, decides.

\b
Examples:
  nxconvert convert counters.spec --dry-run
  find . -name '*.spec' | nxconvert convert --files-from - -o out/ --json
"""

command = conversion_command("convert", HELP, None)
