"""The log is all a replay needs: from its rows alone come the same decisions, messages and requests, byte for byte."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import text

from retention.counters import Deltas
from retention.periods import local, month_of, name
from rules.policy import DAY, HOUR
from rules.replay import RulesNotKept
from rules.ruleset import Inactive, RuleSet
from storage import queries
from storage import story as kept
from storage.store import Store
from streams.apply import Applier, Intake
from streams.replayed import Again, Difference, compare, replayed
from tests.unit.storage.kit import store_of
from tests.unit.streams.kit import BOTH, Shop, event, poke, reachable, rule, ruled, shop_on
from tests.unit.streams.life import Happening, World, lives, rules_of_new, rules_of_old, rules_with_pauses

OLD, NEW, PAUSED = rules_of_old(), rules_of_new(), rules_with_pauses()
LIBRARY = {"": OLD, "old": OLD, "new": NEW, "paused": PAUSED}
WORLDS = count()
Appliers = tuple[Shop, dict[str, Applier], Applier]


@contextmanager
def appliers(store: Store) -> Iterator[Appliers]:
    """A shop, who applies by which of its rules, and who imports."""
    with shop_on(store, OLD) as shop:
        live, past = Intake("log-1"), Intake("import:1", history=True)

        def by(rules: RuleSet, intake: Intake) -> Applier:
            return Applier(shop.writer, rules, intake, lambda: shop.now, LIBRARY.get)

        yield shop, {one.hash: by(one, live) for one in (OLD, NEW, PAUSED)}, by(OLD, past)


@pytest.fixture(params=BOTH)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[object]:
    """One store for all the lives of a test: each has customers of its own."""
    with store_of(request.param, request, tmp_path) as store, appliers(store) as made:
        yield made


def differences(shop: Shop, id: str) -> list[Difference]:
    with shop.store.read() as connection:
        story = kept.story(connection, id)
        assert story is not None
        return compare(connection, story, LIBRARY.get)


def again(shop: Shop, id: str) -> Again:
    with shop.store.read() as connection:
        story = kept.story(connection, id)
        assert story is not None
        return replayed(connection, story, LIBRARY.get)


def counted(shop: Shop) -> Deltas:
    """What was decided and what did not fire, as the counters have it."""
    with shop.store.read() as connection:
        sums = queries.sums(connection)
    return {key: value for key, value in sums.items() if key[0] in ("decided", "not_fired")}


def tallied(replays: list[Again]) -> Counter[tuple[str, str, str]]:
    """The same by the replays."""
    zone = OLD.policy.shop.zone
    total: Counter[tuple[str, str, str]] = Counter()
    for one in replays:
        for (measure, at, what), times in one.effects.tally.items():
            total[measure, name(month_of(local(at, zone)), "month"), what] += times
    return total


def lived(shop: Shop, by: dict[str, Applier], past: Applier, happenings: list[Happening]) -> World:
    """A life is lived, and its replay comes to the same."""
    before = Counter(counted(shop))
    made = World(shop, by, past, next(WORLDS))
    made.live(happenings)
    replays = []
    for person in made.people:
        assert differences(shop, person) == []
        replays.append(one := again(shop, person))
        told = [row for row in shop.rows("outbox", "id") if bytes(row["key"]).decode() == person]
        assert [(row["topic"], row["key"], row["value"]) for row in told if row["topic"] != "events"] == [
            (topic, key, value) for topic, key, value in one.effects.records
        ]
    assert Counter(counted(shop)) - before == tallied(replays)
    return made


@given(lives())
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_store_holds_what_the_log_comes_to(world: Appliers, happenings: list[Happening]) -> None:
    lived(*world, happenings)


def told_of(shop: Shop, id: str = "anna") -> list[tuple[str, str, str]]:
    """(rule, outcome, reason) of what was decided about a customer."""
    with shop.store.read() as connection:
        return [(one.rule, one.outcome, one.reason) for one in kept.decisions(connection, id)]


@pytest.mark.parametrize("rules", [OLD, ruled(rule("welcome"), policy=OLD.policy)], ids=["timed", "not timed"])
def test_a_tills_customer_is_the_same_by_the_log(store: Store, rules: RuleSet) -> None:
    with shop_on(store, rules) as shop:
        shop.take(reachable(), *(event(f"{number}") for number in range(8)), event("late", kind="review", rating=5))
        shop.now += DAY
        shop.take(event("after", kind="review", rating=5))
        customer = shop.customer()
        assert customer is not None
        assert customer.walk_in
        with store.read() as connection:
            story = kept.story(connection, "anna")
            assert story is not None
            assert compare(connection, story, lambda _: rules) == []


def test_a_clock_that_paused_for_an_hour_is_the_same_by_the_log(store: Store) -> None:
    with appliers(store) as (shop, *_):
        shop.take(reachable(), event("1"), event("2", total="9.00"))
        shop.now += 3 * HOUR  # what was due after an hour is due still, and nobody was poked
        shop.take(event("3", kind="review", rating=5))
        assert ("waits", "queued", "") in told_of(shop)
        assert differences(shop, "anna") == []


def test_a_decision_that_the_log_does_not_bear_out_is_told(store: Store) -> None:
    with appliers(store) as (shop, *_):
        shop.take(reachable(), event("1"), event("2"))
        assert differences(shop, "anna") == []
        with shop.store.write() as connection:
            connection.execute(text("UPDATE decision SET reason = 'cap', outcome = 'suppressed' WHERE n = 1"))
            connection.execute(text("UPDATE message SET template = 'z' WHERE step = 0"))
            connection.execute(text("DELETE FROM request"))
            connection.execute(text('INSERT INTO "order" SELECT customer, \'x\', state FROM "order" LIMIT 1'))
        assert {one.table for one in differences(shop, "anna")} == {"decision", "message", "request", "order"}


def test_what_delivery_put_off_is_no_difference(store: Store) -> None:
    with appliers(store) as (shop, *_):
        shop.take(reachable(), event("1"), event("2"))
        put_off = "UPDATE message SET due_at = due_at + 60, status = :status, attempts = :attempts"
        with shop.store.write() as connection:
            connection.execute(text(put_off), {"status": "queued", "attempts": 1})
        assert differences(shop, "anna") == []
        with shop.store.write() as connection:
            connection.execute(text(put_off), {"status": "queued", "attempts": 0})
        assert {one.table for one in differences(shop, "anna")} == {"message"}


def test_rules_that_are_not_kept_are_named(store: Store) -> None:
    with appliers(store) as (shop, *_), shop.store.read() as connection:
        shop.take(reachable(), event("1"))
        story = kept.story(connection, "anna")
        assert story is not None
        with pytest.raises(RulesNotKept, match=r"the rules old, .* are not kept"):
            compare(connection, story, {"": OLD}.get)


def test_what_a_clock_that_was_ahead_had_queued_already_is_queued_once(store: Store) -> None:
    rules = ruled(rule("quiet", on="inactive", trigger=Inactive("last_order", 36 * HOUR)))
    with shop_on(store, rules) as shop:
        shop.take(reachable(), event("1"))
        for hours in (40, -10, 10):
            shop.now += hours * HOUR
            shop.take(poke(time=shop.now), event(f"r-{hours}", kind="review", rating=5, time=shop.now))
        assert told_of(shop) == [("quiet", "queued", "")] * 2
        assert len(shop.rows("message")) == 1
        with store.read() as connection:
            story = kept.story(connection, "anna")
            assert story is not None
            assert compare(connection, story, lambda _: rules) == []
