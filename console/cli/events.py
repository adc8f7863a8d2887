"""`regulars events`: the contract with storefronts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from console.cli.output import USAGE, fail
from retention.schema import text

app = typer.Typer(no_args_is_help=True, help="The contract with storefronts.")


@app.callback()
def events() -> None:
    """The contract with storefronts."""


@app.command()
def schema(
    out: Annotated[Path | None, typer.Option(help="Write to this file instead of standard output.")] = None,
) -> None:
    """The JSON Schema (draft 2020-12) of every event a storefront may send."""
    if out is None:
        typer.echo(text(), nl=False)
        return
    try:
        out.write_text(text(), encoding="utf-8")
    except OSError as error:
        fail(f"cannot write {out}: {error.strerror}; name a file in a folder that exists and may be written", USAGE)
