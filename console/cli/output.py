"""What every command prints with, and the exit codes of the command line."""

from __future__ import annotations

from typing import Any, NoReturn

import msgspec
import typer
from rich.console import Console

GOOD, BAD, USAGE, UNREACHABLE = 0, 1, 2, 3
"""Exit codes: good; the thing checked is bad; wrong usage; a service is not reachable."""

out = Console(highlight=False, emoji=False)
err = Console(stderr=True, highlight=False, emoji=False)


def print_json(value: Any) -> None:
    """`value` as one JSON document on standard output."""
    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def fail(message: str, code: int = BAD) -> NoReturn:
    """Say what is wrong and what to do, on standard error, and end with `code`."""
    err.print(message, markup=False, soft_wrap=True)
    raise typer.Exit(code)
