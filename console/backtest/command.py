"""The command `regulars rules backtest`, once its options are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import typer
from msgspec import Struct

from console.backtest import run
from console.backtest.as_json import document
from console.backtest.page import page
from console.backtest.text import sentence, text
from console.backtest.told import Told
from console.cli.checking import told as problems_told
from console.cli.checking import unswept
from console.cli.config import settings
from console.cli.files import BROKEN
from console.cli.guard import guarded
from console.cli.output import BAD, USAGE, err, fail, print_json, say, several
from console.settings import Settings
from console.wordings import read_wordings
from rules.backtest.limits import BadLimit, Limit, read_limit
from rules.load import load
from rules.problems import Problem
from rules.reading import duration
from rules.ruleset import RuleSet

MOST_REFUSED = 20
"""Lines that are told one by one."""


class Asked(Struct, frozen=True):
    """The options, as docs/reference/cli.md has them."""

    candidate: Path | None
    since: str
    events: Path | None
    templates: Path | None
    fail_if: tuple[str, ...]
    html: Path | None
    json: bool


def answer(asked: Asked) -> None:
    """Play, tell, and end with the exit code."""
    config = settings()
    back = _span(asked.since)
    today, candidate = _rules(config, asked)
    limits = _limits(asked.fail_if, today, candidate)
    _same_money(today, candidate)
    with guarded(), _whole(asked.events):
        plan = run.Plan(config, today, candidate, asked.candidate, asked.templates, asked.events, back, tuple(limits))
        made = run.run(plan)
    _tell(made, asked)
    if not made.ok:
        raise typer.Exit(BAD)


def _rules(config: Settings, asked: Asked) -> tuple[RuleSet, RuleSet | None]:
    """Both sets of rules; nothing is played while something is wrong with the files."""
    with unswept():
        words = read_wordings(config.templates)
        today = load(config.rules, words)
        theirs = read_wordings(asked.templates) if asked.templates else words
        other = load(asked.candidate, theirs) if asked.candidate else None
    problems = sorted((*today.problems, *(other.problems if other else ())))
    if problems or today.ruleset is None:
        _refuse(problems, asked.json)
        raise typer.Exit(BAD)
    return today.ruleset, other.ruleset if other else None


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


def _tell(made: Told, asked: Asked) -> None:
    _refused(made, asked.events)
    if asked.html is not None:
        try:
            asked.html.write_text(page(made), encoding="utf-8")
        except OSError as error:
            fail(f"cannot write {asked.html}: {error.strerror}; name a file in a folder that exists", USAGE)
    if asked.json:
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
