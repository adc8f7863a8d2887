"""Commands that are imported when they are called: `--help` and `rules check` start no broker's client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup


@dataclass(frozen=True, slots=True)
class Later:
    """A command, or a group of them, that is not imported yet: `module:attribute`, and the line `--help` has of it."""

    where: str
    says: str

    def command(self, name: str) -> Any:
        """The command itself, called `name`."""
        module, _, attribute = self.where.partition(":")
        found = getattr(import_module(module), attribute)
        command: Any = typer.main.get_group(found) if isinstance(found, typer.Typer) else _alone(found)
        command.name = name
        return command


class LazyGroup(TyperGroup):
    """A group of `later` commands, by name; until it is called, each is represented by its name and its line."""

    later: ClassVar[Mapping[str, Later]] = {}

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands = {name: TyperCommand(name, help=one.says) for name, one in self.later.items()}

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that `args` call, imported."""
        self.load(args[0])
        return super().resolve_command(ctx, args)

    def load(self, *names: str) -> None:
        """Import these commands; a name that is none is passed over."""
        for name in names:
            if name in self.later:
                self.commands[name] = self.later[name].command(name)


def _alone(function: Any) -> Any:
    app = typer.Typer(add_completion=False)
    app.command()(function)
    return typer.main.get_command(app)
