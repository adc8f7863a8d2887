"""What every command prints with, and the exit codes of the command line."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NoReturn

import msgspec
import typer
from rich.console import Console

from retention.money import decimals

GOOD, BAD, USAGE, UNREACHABLE = 0, 1, 2, 3
"""Exit codes: good; the thing checked is bad; wrong usage; a service is not reachable."""

out = Console(highlight=False, emoji=False)
err = Console(stderr=True, highlight=False, emoji=False)


def print_json(value: Any) -> None:
    """`value` as one JSON document on standard output."""
    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def say(text: str, where: Console = out) -> None:
    """`text`, wrapped between words on a terminal; in a pipe or a log a sentence stays one line.

    It may quote what came from outside, so nothing in it commands the terminal.
    """
    where.print(harmless(text), markup=False, soft_wrap=not where.is_terminal)


def harmless(text: str) -> str:
    """`text` with what no one sees, and a terminal might obey, written as escapes."""
    return "".join(
        letter if letter.isprintable() or letter == "\n" else letter.encode("unicode_escape").decode()
        for letter in text
    )


def several(number: int, noun: str) -> str:
    """1 event, 2 events."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def amount(minor: int, currency: str) -> str:
    """Minor units as people read them, without the currency: 1,234.50."""
    return f"{Decimal(minor).scaleb(-decimals(currency)):,}"


def fail(message: str, code: int = BAD) -> NoReturn:
    """Say what is wrong and what to do, on standard error, and end with `code`."""
    say(message, err)
    raise typer.Exit(code)
