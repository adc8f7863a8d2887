"""`regulars rules …`: look at the marketers' files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.table import Table
from rich.text import Text

from console.cli.guard import settings
from console.cli.output import BAD, out, print_json, several
from rules.load import Loaded, load
from rules.problems import render_all
from rules.ruleset import Rule
from rules.steps import Send
from templates.brand import read_brand

app = typer.Typer(no_args_is_help=True, help="Check and list the rules.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def check(
    folder: Annotated[Path | None, typer.Argument(help="The rules folder; REGULARS_RULES by default.")] = None,
    json: Json = False,
) -> None:
    """Print every problem of every file; exit 1 when there is any."""
    config = settings()
    folder = folder or config.rules
    loaded = load(folder, written(config.templates))
    if json:
        print_json({"ok": not loaded.problems, "problems": [msgspec.to_builtins(one) for one in loaded.problems]})
    elif loaded.ruleset is not None:
        counts = [several(len(loaded.ruleset.rules), "rule")]
        if loaded.ruleset.segments:
            counts.append(several(len(loaded.ruleset.segments), "segment"))
        typer.echo(f"{folder}: {', '.join(counts)}, no problems")
    else:
        typer.echo(_told(loaded))
    if loaded.problems:
        raise typer.Exit(BAD)


@app.command("list")
def list_(json: Json = False) -> None:
    """Print the rules in the order they decide."""
    config = settings()
    loaded = load(config.rules, written(config.templates))
    if loaded.ruleset is None:
        typer.echo(_told(loaded), err=True)
        raise typer.Exit(BAD)
    if json:
        print_json({"ruleset": loaded.ruleset.hash, "rules": [_row(rule) for rule in loaded.ruleset.rules]})
        return
    out.print(_table(loaded.ruleset.rules))


def written(templates: Path) -> dict[str, dict[str, list[str]]]:
    """Message → the channels it is written for → the shop's locales it is not written in for that channel.

    By the names of the files `messages/<name>/<channel>.<locale>.md`. A brand that cannot be read has no locales
    here: what is wrong with it, `templates check` tells.
    """
    wanted = _locales(templates / "brand.yaml")
    found: dict[str, dict[str, list[str]]] = {}
    for file in sorted((templates / "messages").glob("*/*.*.md")):
        channel, locale, *_ = file.name.split(".")
        missing = found.setdefault(file.parent.name, {}).setdefault(channel, list(wanted))
        if locale in missing:
            missing.remove(locale)
    return found


def _locales(brand: Path) -> tuple[str, ...]:
    try:
        read = read_brand(str(brand), brand.read_text(encoding="utf-8"), [])
    except (OSError, UnicodeDecodeError):
        return ()
    return read.locales if read else ()


def _table(rules: Iterable[Rule]) -> Table:
    table = Table("id", "status", "on", box=None, pad_edge=False, show_header=False)
    for column in table.columns:
        column.no_wrap = True
    table.add_column("name", overflow="fold")
    for rule in rules:
        table.add_row(rule.id, rule.status.value, rule.fired_by, Text(rule.name))
    return table


def _told(loaded: Loaded) -> str:
    count = len(loaded.problems)
    return f"{render_all(loaded.problems)}\n\n{count} {'problem' if count == 1 else 'problems'}"


def _row(rule: Rule) -> dict[str, object]:
    sends = [{"template": step.template, "channels": list(step.channels)} for step in rule.do if isinstance(step, Send)]
    return {
        "id": rule.id,
        "name": rule.name,
        "status": rule.status.value,
        "on": rule.fired_by,
        "class": rule.class_.value,
        "priority": rule.priority,
        "sends": sends,
    }
