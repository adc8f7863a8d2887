"""`regulars events`: the contract with storefronts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from console.cli.config import settings
from console.cli.output import BAD, USAGE, fail
from retention.own import Fields
from retention.schema import text
from rules.load import own_events
from rules.problems import render_all

app = typer.Typer(no_args_is_help=True, help="The contract with storefronts.")


@app.callback()
def events() -> None:
    """The contract with storefronts."""


@app.command()
def schema(
    out: Annotated[Path | None, typer.Option(help="Write to this file instead of standard output.")] = None,
    contract: Annotated[
        bool, typer.Option("--contract", help="Leave out the shop's own events (events.yaml of REGULARS_RULES).")
    ] = False,
) -> None:
    """The JSON Schema (draft 2020-12) of every event a storefront may send, the shop's own too."""
    shown = text() if contract else text(_declared())
    if out is None:
        typer.echo(shown, nl=False)
        return
    try:
        out.write_text(shown, encoding="utf-8")
    except OSError as error:
        fail(f"cannot write {out}: {error.strerror}; name a file in a folder that exists and may be written", USAGE)


def _declared() -> dict[str, Fields]:
    """The shop's own events; with a mistake in their file there is no schema."""
    own, problems = own_events(settings().rules)
    if own is None or problems:
        fail(render_all(problems), BAD)
    return dict(own.events)
