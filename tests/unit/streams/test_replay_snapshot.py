"""A replay of a log of which the oldest events were let go begins at the state that was kept of then."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from rules.policy import DAY, HOUR
from storage import story as kept
from storage.snapshots import let_go, snapshot
from storage.store import Store
from streams.replayed import NotComparable, compare
from tests.unit.streams.kit import Shop, event, poke, reachable, shop_on
from tests.unit.streams.life import rules_of_old

RULES = rules_of_old()


def check(shop: Shop) -> tuple[int, list[object]]:
    """Behind which event the replay began, and the differences."""
    with shop.store.read() as connection:
        story = kept.story(connection, "anna")
        assert story is not None
        return story.seq, list(compare(connection, story, lambda _: RULES))


def taken(shop: Shop) -> None:
    """Today's state becomes the next to begin at, and the one before the one to begin at."""
    snapshot(shop.store, ["anna"], shop.now, shop.now)


def test_a_replay_begins_where_the_log_does(store: Store) -> None:
    with shop_on(store, RULES) as shop:
        shop.take(
            reachable(), event("1"), event("2", total="9.00"), event("t", kind="support", ticket_id="t", state="opened")
        )
        taken(shop)
        shop.now += 2 * HOUR
        shop.take(poke(time=shop.now), event("3", kind="return", return_id="r", order_id="o-1", total="1.00"))
        shop.now += DAY
        taken(shop)
        shop.take(event("4", order_id="o-2", total="8.00"), event("5"), poke(time=shop.now))
        assert check(shop) == (4, [])  # nothing was deleted yet: the first four are in the state and in the log
        assert let_go(store, ["anna"], most=2)[0] == 2
        assert check(shop) == (4, [])
        let_go(store, ["anna"])
        assert next(one.seq for one in shop.log()) == 5


def test_what_a_rule_did_with_an_event_that_is_gone_cannot_be_compared(store: Store) -> None:
    with shop_on(store, RULES) as shop:
        shop.take(reachable(), event("1"), event("2", total="9.00"))
        taken(shop)
        shop.now += 2 * HOUR
        shop.take(poke(time=shop.now))
        taken(shop)
        assert check(shop) == (3, [])
        let_go(store, ["anna"])
        with pytest.raises(NotComparable):
            check(shop)


def test_what_the_log_contradicts_is_told_behind_a_snapshot_too(store: Store) -> None:
    with shop_on(store, RULES) as shop:
        shop.take(reachable())
        taken(shop)
        shop.now += HOUR
        shop.take(event("1"), event("2", total="9.00"))
        taken(shop)
        let_go(store, ["anna"])
        assert check(shop) == (1, [])
        with store.write() as connection:
            connection.execute(text("UPDATE event SET amount = 800 WHERE id = '2'"))
        assert check(shop)[1]
