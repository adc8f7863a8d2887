"""The rules that are live in the store, as `regulars rules list` shows them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import typer
from msgspec import Struct

from console.cli import rule_list
from console.cli.goings import goings, lines
from console.cli.guard import guarded
from console.cli.output import fail, out, print_json, say, several
from console.cli.publish import difference, words
from console.publishing import Files, Unreadable, examine
from console.settings import Settings
from rules.published import read
from rules.ruleset import RuleSet
from storage import rulesets
from storage.clock import StoreClock
from storage.rulesets import Published
from storage.store import Store


class Live(Struct, frozen=True):
    """What is live, the files beside it, and how far is what is about many customers."""

    published: Published
    rules: RuleSet
    files: Files
    goings: dict[str, dict[str, Any]]

    @property
    def differ(self) -> bool:
        """Whether the files are others."""
        return self.published.files != self.files.files


def show_live(config: Settings, json: bool) -> bool:
    """Print what is live; False, and nothing, when nothing is published yet."""
    with guarded():
        live = _live(config)
    if live is None:
        return False
    if json:
        print_json(_plain(live))
    else:
        out.print(rule_list.table(live.rules.rules, out))
        _say(live)
    return True


def _live(config: Settings) -> Live | None:
    store = Store(config.store)
    try:
        if not store.current():
            return None
        with store.read() as connection:
            published = rulesets.live(connection)
            if published is None:
                return None
            rules = read(published.files, published.paused).ruleset
            if rules is None:
                fail(str(Unreadable()))
            return Live(published, rules, examine(config), goings(connection, rules, StoreClock(store)()))
    finally:
        store.close()


def _plain(live: Live) -> dict[str, Any]:
    published, files = live.published, live.files
    return {
        "ruleset": published.id,
        "published": {"at": _when(published.at), "by": published.by, "note": published.note},
        "paused": list(published.paused),
        "files": {"ruleset": files.id, "differ": live.differ, "problems": len(files.problems)},
        "rules": [rule_list.row(rule) | live.goings[rule.id] for rule in live.rules.rules],
    }


def _say(live: Live) -> None:
    published = live.published
    note = f": {published.note}" if published.note else ""
    typer.echo("")
    say(f"rule set {published.id}, live since {_when(published.at)}, by {published.by}{note}")
    for line in lines(live.rules, live.goings):
        say(line)
    if published.paused:
        say(f"paused: {', '.join(published.paused)}; `regulars resume` lets them go on")
    if live.differ and live.files.problems:
        say(f"the files are others, with {several(len(live.files.problems), 'problem')}: regulars rules check")
    elif live.differ:
        say("the files are others; `regulars rules publish` makes them live:")
        for line in words(difference(published.files, live.files.files)):
            say(line)


def _when(at: int) -> str:
    return dt.datetime.fromtimestamp(at / 1_000_000, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
