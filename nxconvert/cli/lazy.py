"""A command group that imports the module of a command when the command is asked for."""

from __future__ import annotations

import importlib
from typing import Any

import click

from nxconvert.errors import near_names


class LazyGroup(click.Group):
    """Commands by name; the module of each holds it as ``command``."""

    def __init__(self, name: str, modules: dict[str, str], **settings: Any) -> None:
        super().__init__(name, **settings)
        self.modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.modules:
            return None
        command: click.Command = importlib.import_module(self.modules[cmd_name]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name.startswith("-") or self.get_command(ctx, name) is not None:
            return super().resolve_command(ctx, args)
        raise click.UsageError(f"there is no command '{name}', {near_names(name, self.modules)}", ctx)
