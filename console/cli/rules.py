"""`regulars rules …`: look at the marketers' files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
import typer

from console.cli import rule_backtest, rule_list, rule_tests
from console.cli.checking import told, unswept
from console.cli.config import settings
from console.cli.output import BAD, out, print_json, several
from console.settings import Settings
from console.wordings import read_wordings
from rules.formats.schema import text_of
from rules.load import load, load_tests

app = typer.Typer(no_args_is_help=True, help="Check, test, publish and list the rules, and help editors with them.")
app.command("test")(rule_tests.play_tests)
app.command("backtest")(rule_backtest.backtest)

Kind = Literal["rule", "segments", "offers", "policy", "events", "tests"]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def check(
    folder: Annotated[Path | None, typer.Argument(help="The rules folder; REGULARS_RULES by default.")] = None,
    json: Json = False,
) -> None:
    """Print every problem of every file, the tests of rules too; exit 1 when there is any."""
    config = settings()
    folder = folder or config.rules
    with unswept():
        loaded = load(folder, read_wordings(config.templates))
        problems = sorted((*loaded.problems, *load_tests(folder, loaded.ruleset).problems))
    if json:
        print_json({"ok": not problems, "problems": [msgspec.to_builtins(one) for one in problems]})
    elif loaded.ruleset is not None and not problems:
        counts = [several(len(loaded.ruleset.rules), "rule")]
        if loaded.ruleset.segments:
            counts.append(several(len(loaded.ruleset.segments), "segment"))
        typer.echo(f"{folder}: {', '.join(counts)}, no problems")
    else:
        typer.echo(told(problems))
    if problems:
        raise typer.Exit(BAD)


@app.command("list")
def list_(json: Json = False) -> None:
    """Print the rules that are live, in the order they decide; those of the files as long as none are published."""
    config = settings()
    if _store_may_be_there(config) and _show_live(config, json):
        return
    loaded = load(config.rules, read_wordings(config.templates))
    if loaded.ruleset is None:
        typer.echo(told(loaded.problems), err=True)
        raise typer.Exit(BAD)
    if json:
        print_json({"ruleset": loaded.ruleset.hash, "rules": [rule_list.row(rule) for rule in loaded.ruleset.rules]})
        return
    out.print(rule_list.table(loaded.ruleset.rules, out))


@app.command("publish")
def publish_(
    note: Annotated[str, typer.Option("--note", help="What this is about, for whoever looks back.")] = "",
    json: Json = False,
) -> None:
    """Check rules, tests and wording, and make them live if everything is right; else nothing changes, exit 1."""
    from console.cli.publish import publish  # whoever only looks at files need not wait for the store's client

    publish(note, json)


def _store_may_be_there(config: Settings) -> bool:
    path = config.store.removeprefix("sqlite:///")
    return path == config.store or Path(path).exists()


def _show_live(config: Settings, json: bool) -> bool:
    from console.cli.live_rules import show_live  # as above

    return show_live(config, json)


@app.command()
def schema(kind: Annotated[Kind, typer.Argument(help="Which file it is for.")] = "rule") -> None:
    """Print the JSON Schema (draft-07) of a kind of file, with which editors check and complete it."""
    typer.echo(text_of(kind), nl=False)


@app.command()
def why(
    customer: Annotated[str, typer.Argument(help="Customer id.")],
    rule: Annotated[str, typer.Argument(help="Rule id: the whole story of this one.")] = "",
    at: Annotated[str, typer.Option(help="As it was then: 2026-03-21 or 2026-03-21T10:00, where the shop is.")] = "",
    json: Json = False,
) -> None:
    """Why a customer got a message, or did not: every rule's last word about them, and what it looked at."""
    from console.cli.why.command import tell

    tell(customer, rule, at, json)


@app.command()
def verify(
    customers: Annotated[int | None, typer.Option(min=1, help="Only so many, drawn at random.")] = None,
    json: Json = False,
) -> None:
    """Replay every customer's log and compare what was decided with what the store says; exit 1 when it differs."""
    from console.cli import replaying

    replaying.verify(customers, json)
