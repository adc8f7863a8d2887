"""`regulars rules backtest`: what today's rules, and a candidate's, would have done on a shop's history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from console.backtest import run
from console.backtest.as_json import document
from console.backtest.page import page
from console.backtest.text import sentence, text
from console.backtest.told import Told
from console.cli.checking import told as problems_told
from console.cli.checking import written
from console.cli.files import BROKEN
from console.cli.guard import guarded, settings
from console.cli.output import BAD, USAGE, err, fail, print_json, say, several
from rules.backtest.limits import BadLimit, Limit, read_limit
from rules.load import load
from rules.problems import Problem
from rules.reading import duration
from rules.ruleset import RuleSet

MOST_REFUSED = 20
"""Lines that are told one by one."""


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
    config = settings()
    back = _span(since)
    today = load(config.rules, written(config.templates))
    other = load(candidate, written(templates or config.templates)) if candidate else None
    problems = sorted((*today.problems, *(other.problems if other else ())))
    if problems or today.ruleset is None:
        _refuse(problems, json)
        raise typer.Exit(BAD)
    ahead = other.ruleset if other else None
    limits = _limits(fail_if or [], today.ruleset, ahead)
    _same_money(today.ruleset, ahead)
    with guarded(), _whole(events):
        plan = run.Plan(config, today.ruleset, ahead, candidate, templates, events, back, tuple(limits))
        made = run.run(plan)
    _tell(made, events, html, json)
    if not made.ok:
        raise typer.Exit(BAD)


def _span(since: str) -> int | None:
    if not since:
        return None
    span = duration(since)
    if span is None:
        fail(f"--since {since} is no length of time; write 90d, or 24h", USAGE)
    return span


def _limits(texts: Sequence[str], today: RuleSet, candidate: RuleSet | None) -> list[Limit]:
    known = [*today.by_id, *(candidate.by_id if candidate else ())]
    try:
        return [read_limit(one, known, candidate is not None) for one in texts]
    except BadLimit as error:
        fail(f"--fail-if: {error}", USAGE)


def _same_money(today: RuleSet, candidate: RuleSet | None) -> None:
    mine, theirs = today.policy.shop.currency, candidate and candidate.policy.shop.currency
    if theirs and theirs != mine:
        fail(f"the candidate's currency is {theirs}, today's is {mine}: their amounts cannot be compared", USAGE)


def _refuse(problems: Sequence[Problem], json: bool) -> None:
    """Nothing is played while something is wrong with the files."""
    if json:
        print_json({"ok": False, "problems": [msgspec.to_builtins(one) for one in problems]})
    else:
        typer.echo(problems_told(problems))


@contextmanager
def _whole(events: Path | None) -> Iterator[None]:
    try:
        yield
    except run.NothingToPlay as error:
        fail(f"{error}", USAGE)
    except BROKEN as error:
        fail(f"{events}: cannot be read to its end: {error}", USAGE)


def _tell(made: Told, events: Path | None, html: Path | None, json: bool) -> None:
    _refused(made, events)
    if html is not None:
        try:
            html.write_text(page(made), encoding="utf-8")
        except OSError as error:
            fail(f"cannot write {html}: {error.strerror}; name a file in a folder that exists", USAGE)
    if json:
        print_json(document(made))
        for one in made.verdicts:
            if one.broken:
                say(sentence(one), err)
    else:
        for line in text(made):
            typer.echo(line)


def _refused(made: Told, events: Path | None) -> None:
    """Lines that are no events, as dead letters are told: the reason, the field, what to do; nothing of the event."""
    refused = made.taken.refused
    for one in refused[:MOST_REFUSED]:
        place = f"{events}:{one.number}" if events else "the log"
        say(f"{place}: {f'{one.field}: ' if one.field else ''}{one.detail} [{one.reason}]", err)
    if len(refused) > MOST_REFUSED:
        say(f"… and {len(refused) - MOST_REFUSED:,} more", err)
    if refused:
        say(f"{several(len(refused), 'event')} could not be played", err)
    if made.taken.duplicates:
        say(f"{several(made.taken.duplicates, 'event')} stood there twice, and counted once", err)
