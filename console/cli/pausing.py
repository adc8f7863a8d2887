"""`regulars pause` and `regulars resume`: sending stops within a second, also of what is queued; and goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from console import compose
from console.cli.config import settings
from console.cli.guard import guarded
from console.cli.output import USAGE, fail, say, several
from console.publishing import act
from console.settings import Settings
from rules.language.faults import did_you_mean
from rules.ruleset import ALL_MARKETING
from storage import intake, rulesets
from storage.clock import StoreClock
from storage.rulesets import Act, Change, Published, note_down
from storage.store import Store

LOOKED_THROUGH = 50
"""Older rule sets whose rules may be paused too: customers may be on their way through one that is deleted since."""

Rule = Annotated[str, typer.Argument(help="The id of a rule.")]
All = Annotated[bool, typer.Option("--all-marketing", help="All rules of the class marketing.")]
Note = Annotated[str, typer.Option("--note", help="Why, for the audit.")]


def pause(rule: Rule = "", all_marketing: All = False, note: Note = "") -> None:
    """Let a rule stand still, or all of marketing: within a second nothing is decided or sent any more."""
    what = _what(rule, all_marketing, "pause")
    change = _changed(what, note, rulesets.pause)
    if change.same:
        say(f"{_named(what)} paused already")
        return
    say(f"{_named(what)} paused; what is queued waits. `regulars resume {rule or '--all-marketing'}` lets it go on")


def resume(
    rule: Rule = "",
    all_marketing: All = False,
    taking_in: Annotated[bool, typer.Option("--intake", help="Let halted partitions take events in again.")] = False,
    note: Note = "",
) -> None:
    """Let a paused rule, or all of marketing, go on; with --intake what was halted, once its cause is mended."""
    if taking_in:
        if rule or all_marketing:
            fail("resume one thing at a time: a rule, --all-marketing or --intake", USAGE)
        _resume_intake(note)
        return
    what = _what(rule, all_marketing, "resume")
    change = _changed(what, note, rulesets.resume)
    if change.same:
        say(f"{_named(what)} not paused")
        return
    left = f"; still paused: {', '.join(change.after.paused)}" if change.after.paused else ""
    say(f"{_named(what)} going on, and so is what is queued{left}")


def _what(rule: str, all_marketing: bool, verb: str) -> str:
    if all_marketing == bool(rule):
        more = ", or --intake" if verb == "resume" else ""
        fail(f"say what to {verb}: regulars {verb} RULE, or regulars {verb} --all-marketing{more}", USAGE)
    return ALL_MARKETING if all_marketing else rule


def _named(what: str) -> str:
    return "all rules of the class marketing are" if what == ALL_MARKETING else f"rule {what} is"


def _changed(what: str, note: str, change: Callable[[Store, str, Act], Change]) -> Change:
    config = settings()
    with guarded():
        store = compose.open_store(config)
        try:
            if what != ALL_MARKETING:
                _must_be_known(store, what)
            return change(store, what, act(config, StoreClock(store)(), note))
        finally:
            store.close()


def _must_be_known(store: Store, rule: str) -> None:
    """A rule of the live set or of one before it, or one that is paused. Raises NothingPublished."""
    with store.read() as connection:
        live = rulesets.live(connection)
        if live is None:
            raise rulesets.NothingPublished
        known = set(live.paused) | _rules(live)
        if rule in known:
            return
        for id in rulesets.older_ids(connection, live.id, LOOKED_THROUGH):
            older = rulesets.published(connection, id)
            if older is not None and rule in _rules(older):
                return
    fail(f"there is no rule {rule}{did_you_mean(rule, known) or '; `regulars rules list` prints them'}", USAGE)


def _rules(published: Published) -> set[str]:
    head, tail = "rules/campaigns/", ".yaml"
    return {name.removeprefix(head).removesuffix(tail) for name in published.files if name.startswith(head)}


def _resume_intake(note: str) -> None:
    config = settings()
    with guarded():
        store = compose.open_store(config)
        try:
            count = _let_in(config, store, note)
        finally:
            store.close()
    if count == 0:
        say("no partition was halted")
    else:
        say(f"{several(count, 'partition')} may take events in again; now start the worker: regulars run")


def _let_in(config: Settings, store: Store, note: str) -> int:
    count = intake.resume(store, config.partitions)
    if count:
        with store.write() as connection:
            note_down(connection, act(config, StoreClock(store)(), note), "resume-intake", {"partitions": count})
    return count
