"""The command ``completion``."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

HELP = """Print the script that completes commands in a shell.

Write it to a file that the shell reads when it starts, or evaluate it there; fish reads what lies in
~/.config/fish/completions.

\b
Examples:
  eval "$(nxconvert completion bash)"
  nxconvert completion fish > nxconvert.fish
"""


def completion(*, shell: str) -> None:
    """Print the completion script of a shell."""
    from nxconvert.cli.main import cli

    kind = get_completion_class(shell)
    assert kind is not None, shell
    click.echo(kind(cli, {}, "nxconvert", "_NXCONVERT_COMPLETE").source())


command = click.Command(
    "completion",
    callback=completion,
    params=[click.Argument(["shell"], type=click.Choice(["bash", "zsh", "fish"]))],
    help=HELP,
)
