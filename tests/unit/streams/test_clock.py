"""The clock: who is due is woken, once and again, whatever is lost; on both databases, with a producer of our own."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from aiokafka.errors import KafkaError

from retention.decode import decode
from retention.events import CLOCK, POKE
from retention.shop import Shop as Money
from rules.policy import DAY, HOUR
from rules.steps import Send, Wait
from storage.batch import Loaded
from storage.lock import importing
from storage.store import Store
from streams.broker import EVENTS, Broker
from streams.clock import AGAIN, BEHIND, MOST, PAGE, Clock
from tests.unit.storage.kit import batch, customer
from tests.unit.streams.kit import NOW, FakeProducer, Shop, event, reachable, rule, ruled, shop_on

NOWHERE = Broker("nowhere:1")
WAITS = ruled(rule("waits", do=(Wait(HOUR), Send("hello", ("email",)))))


class Time:
    """Both clocks: of the store, microseconds, and the steady one, seconds."""

    def __init__(self) -> None:
        self.now = NOW
        self.steady = 0.0

    def go_on(self, seconds: float) -> None:
        self.now += round(seconds * 1_000_000)
        self.steady += seconds


class Waking:
    """A clock, and what it produced."""

    def __init__(self, store: Store, time: Time | None = None) -> None:
        self.time = time or Time()
        self.producer = FakeProducer()
        self.clock = Clock(store, NOWHERE, lambda: self.time.now, lambda: self.time.steady)

    async def look(self, seconds: float = 0.0) -> list[str]:
        """Whom it wakes, so many seconds later."""
        self.time.go_on(seconds)
        before = len(self.producer.sent)
        number = await self.clock.look(self.producer)
        found = self.producer.sent[before:]
        assert [(topic, key) for topic, key, _, _ in found] == [(EVENTS, key) for _, key, _, _ in found]
        assert number == len(found)
        return [json.loads(value or b"")["subject"] for _, _, value, _ in found]


def due(store: Store, **dues: int | None) -> None:
    """Customers, and when they are due."""
    with batch(store) as opened:
        opened.save_customers({id: Loaded(0, customer().state, at) for id, at in dues.items()})


async def test_who_is_due_is_woken_once_the_longest_due_first(store: Store) -> None:
    due(store, anna=NOW - 1 - BEHIND, ben=NOW - HOUR, cleo=NOW + HOUR, dan=None)
    waking = Waking(store)
    assert await waking.look() == ["ben", "anna"]
    assert await waking.look(1) == []
    assert await waking.look(3_598) == []
    assert await waking.look(2) == ["cleo"]


async def test_nobody_is_woken_before_their_time_by_any_workers_clock(store: Store) -> None:
    due(store, anna=NOW)
    waking = Waking(store)
    assert await waking.look() == []
    assert await waking.look((BEHIND - 1) / 1_000_000) == []
    assert await waking.look(0.000_001) == ["anna"]


async def test_a_poke_is_an_event_that_a_worker_takes_for_one(store: Store) -> None:
    due(store, anna=NOW - HOUR)
    waking = Waking(store)
    await waking.look()
    [(topic, key, value, headers)] = waking.producer.sent
    found = decode(key, value, (), Money(), NOW)
    assert (topic, headers) == (EVENTS, {})
    assert (found.type, found.source, found.customer, found.time) == (POKE, CLOCK, "anna", NOW)
    assert found.id.startswith(f"{NOW - HOUR}:")
    assert "anna" not in found.id


@pytest.mark.parametrize("many", [PAGE, PAGE + 1, 2 * PAGE + 3])
async def test_any_number_is_woken_a_page_at_a_time_those_of_one_moment_too(store: Store, many: int) -> None:
    due(store, **{f"c-{number}": NOW - HOUR for number in range(many)})
    found = await Waking(store).look()
    assert len(found) == many
    assert set(found) == {f"c-{number}" for number in range(many)}


# What is lost is sent again.


async def test_who_is_due_still_is_woken_again_within_a_minute_then_less_and_less_often(store: Store) -> None:
    """While nobody reads, the pokes wait in the topic."""
    due(store, anna=NOW - HOUR)
    waking = Waking(store)
    assert await waking.look() == ["anna"]
    heard = []
    for second in range(10, 2 * 3600, 10):
        if await waking.look(10):
            heard.append(second)
    gaps = [after - before for before, after in zip([0, *heard], heard, strict=False)]
    assert gaps[0] <= 2 * AGAIN
    assert gaps == sorted(gaps)
    assert gaps[-1] == MOST
    assert len(heard) < 20


async def test_who_was_woken_a_moment_ago_is_given_time(store: Store) -> None:
    waking = Waking(store)
    times = Counter[str]()
    for second in range(1, round(2 * AGAIN) + 1):
        times.update(await waking.look(1))
        due(store, **{f"c-{second:02}": waking.time.now})
    assert times == {f"c-{second:02}": 1 + (second < AGAIN) for second in range(1, round(2 * AGAIN))}


async def test_once_all_have_been_heard_it_is_quick_to_repeat_again(store: Store) -> None:
    due(store, anna=NOW - HOUR)
    waking = Waking(store)
    for _ in range(50):
        await waking.look(20)
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE customer SET next_due = NULL")
    for _ in range(50):
        assert await waking.look(40) == []
    due(store, ben=waking.time.now)
    heard = [second for second in range(round(3 * AGAIN)) if await waking.look(1)]
    assert len(heard) == 2
    assert heard[1] - heard[0] <= 2 * AGAIN


async def test_who_comes_due_in_the_past_is_found_all_the_same(store: Store) -> None:
    """A batch may save a time that a look has passed already."""
    waking = Waking(store)
    await waking.look()
    due(store, anna=NOW - HOUR)
    assert await waking.look(1) == []
    found = [await waking.look(AGAIN) for _ in range(2)]
    assert ["anna"] in found


async def test_a_broker_that_does_not_acknowledge_is_asked_again(store: Store) -> None:
    due(store, anna=NOW - HOUR)
    waking = Waking(store)
    waking.producer.broken.add(EVENTS)
    with pytest.raises(KafkaError):
        await waking.look()
    waking.producer.broken.clear()
    assert await waking.look(1) == ["anna"]


async def test_a_new_clock_begins_with_all_who_are_due(store: Store) -> None:
    """As after a crash, or with the embedded broker, which forgets."""
    due(store, anna=NOW - 30 * DAY)
    time = Time()
    assert await Waking(store, time).look() == ["anna"]
    assert await Waking(store, time).look() == ["anna"]


async def test_it_rests_while_an_import_runs_and_goes_on_where_it_was(store: Store) -> None:
    due(store, anna=NOW - HOUR)
    waking = Waking(store)
    with importing(store):
        assert await waking.look() == []
        assert await waking.look(100) == []
    assert await waking.look(1) == ["anna"]


async def test_a_clock_that_was_years_ahead_wakes_as_before_once_it_is_right_again(store: Store) -> None:
    due(store, anna=NOW + HOUR, ben=NOW + 30 * DAY)
    waking = Waking(store)
    waking.time.now += 1_000 * DAY
    assert await waking.look() == ["anna", "ben"]
    waking.time.now = NOW
    for _ in range(20):
        assert await waking.look(10) == []
    heard = [number for number in range(360) if await waking.look(10)]
    assert heard
    assert await waking.look(1) == []


# With a worker.


def taken(shop: Shop, waking: Waking) -> Any:
    """What the worker makes of all that was produced so far."""
    shop.now = waking.time.now
    return shop.take(*[value for _, _, value, _ in waking.producer.sent])


def messages(shop: Shop) -> list[str]:
    return sorted(row["customer"] for row in shop.rows("message"))


async def test_two_clocks_and_one_that_stood_still_do_no_harm(store: Store) -> None:
    with shop_on(store, WAITS) as shop:
        shop.take(reachable(), event("1"), reachable("ben"), event("2", "ben"))
        time = Time()
        one, other, slow = (Waking(store, time) for _ in range(3))
        assert await one.look(3_601) == await other.look() == await slow.look() == ["anna", "ben"]
        assert taken(shop, one).applied == 2
        assert messages(shop) == ["anna", "ben"]
        time.go_on(3_600)
        before = [shop.rows(table) for table in ("event", "customer", "message", "counter", "decision")]
        assert taken(shop, other).applied == taken(shop, slow).applied == 0
        assert [shop.rows(table) for table in ("event", "customer", "message", "counter", "decision")] == before
        assert await one.look(AGAIN) == await other.look(AGAIN) == []


async def test_a_poke_that_is_lost_costs_a_minute(store: Store) -> None:
    with shop_on(store, WAITS) as shop:
        shop.take(reachable(), event("1"))
        waking = Waking(store)
        assert await waking.look(3_600.2) == ["anna"]
        waking.producer.sent.clear()
        for _ in range(round(2 * AGAIN)):
            await waking.look(1)
        assert taken(shop, waking).applied == 1
        assert messages(shop) == ["anna"]


async def test_who_is_gone_meanwhile_is_not_made_again(store: Store) -> None:
    with shop_on(store, WAITS) as shop:
        shop.take(reachable(), event("1"))
        waking = Waking(store)
        assert await waking.look(3_601) == ["anna"]
        with store.write() as connection:
            for table in ("customer", "event", "decision"):
                connection.exec_driver_sql(f"DELETE FROM {table}")
        assert taken(shop, waking).applied == 0
        assert shop.rows("customer") == []
        assert await waking.look(AGAIN) == []
