"""Replays go by the rules of then: those that were live, and those under which a journey was begun."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from console.cli.rules import app
from rules.policy import DAY, HOUR
from storage.library import Library
from storage.rulesets import pause, publish, resume
from storage.store import Store
from streams.apply import Applier, Intake
from tests.unit.storage.publishing import ACT, files, rule
from tests.unit.streams.kit import Shop, event, poke, reachable

OLD = rule("care", "wait: 1d", "tag: was-old", "notify: look", more="when: event.total > 5\n")
NEW = rule("care", "tag: was-new", more="when: event.total > 500\n")


def test_each_event_is_told_by_the_rules_that_were_live_then(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'store.db'}")
    store.migrate()
    publish(store, files(OLD), ACT)
    library = Library(store)
    first = library.live()
    assert first is not None
    shop = Shop(store, first)
    shop.applier = Applier(shop.writer, first, Intake("log-1"), lambda: shop.now, library)
    try:
        shop.take(reachable(), event("1", total="9.00"))
        publish(store, files(NEW), ACT)
        shop.now += HOUR
        shop.take(event("2", total="90.00"))
        pause(store, "care", ACT)
        shop.now += DAY
        shop.take(poke(time=shop.now), event("3", time=shop.now, total="900.00"))
        resume(store, "care", ACT)
        shop.now += 5 * HOUR
        shop.take(poke(time=shop.now), event("4", time=shop.now, total="900.00"))
        assert len({row["ruleset"] for row in shop.rows("event")}) == 3

        env = {"REGULARS_STORE": f"sqlite:///{tmp_path / 'store.db'}", "REGULARS_RULES": str(tmp_path / "none")}
        verified = CliRunner().invoke(app, ["verify", "--json"], env=env)
        assert json.loads(verified.stdout) == {"customers": 1, "not_compared": {}, "differences": []}

        told = CliRunner().invoke(app, ["why", "anna", "care"], env=env).stdout.splitlines()
        assert told[3:-3] == [
            "2026-03-02 21:00  a word to the staff, asked for",
            "",
            "2026-03-02 23:00  purchase o-4",
            "                  yes      event.total > 500 (event.total is 900.00 THB)",
            "2026-03-02 23:00  tag was-new",
        ]
        before = CliRunner().invoke(app, ["why", "anna", "care", "--at", "2026-03-02T22:00"], env=env)
        assert before.stdout.splitlines()[3:-3] == [
            "2026-03-01 17:00  purchase o-1",
            "                  yes      event.total > 5 (event.total is 9.00 THB)",
            "2026-03-01 17:00  waits until 2026-03-02 17:00",
            "2026-03-01 18:00  purchase o-2: its condition did not hold",
            "                  no       event.total > 500 (event.total is 90.00 THB)",
            "2026-03-02 17:00  waits until 2026-03-02 21:00: the rule is paused [paused]",
            "                  goes on when it is live again; given up after 14 days",
            "under way since 2026-03-01 17:00: goes on 2026-03-02 21:00 with tag was-old",
        ]
        then = CliRunner().invoke(app, ["why", "anna", "--at", "2026-03-01T18:30"], env=env).stdout.splitlines()
        assert then[1] == (
            "  2026-03-01 18:00  purchase o-2: its condition did not hold: event.total > 500 (event.total is 90.00 THB)"
        )
    finally:
        shop.close()
        store.close()
