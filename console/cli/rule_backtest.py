"""`regulars rules backtest`: its options. The work is imported when it is called for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def backtest(
    candidate: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="A rules folder to compare with that of REGULARS_RULES."),
    ] = None,
    since: Annotated[str, typer.Option(help="Only so much of the end of the history: 90d, 24h.")] = "",
    events: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="A file of events in place of the store's log: plain or .gz."),
    ] = None,
    templates: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="The candidate's wording, if not that of REGULARS_TEMPLATES."),
    ] = None,
    fail_if: Annotated[
        list[str] | None,
        typer.Option(help='Exit 1 when this is so: "messages > +20%", "spend of win-back > 5000". May be repeated.'),
    ] = None,
    html: Annotated[Path | None, typer.Option(dir_okay=False, help="Write a page to this file.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Play history through today's rules and through a candidate's, and show the difference."""
    # Broker and store are not imported by `rules check`, which stands beside it.
    from console.backtest.command import Asked, answer

    answer(Asked(candidate, since, events, templates, tuple(fail_if or ()), html, json))
