"""Faust's agents on real brokers: purchases, returns and birthdays in, CloudEvents on `events` out, none lost."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.errors import KafkaTimeoutError

from retention.decode import decode
from retention.shop import Shop as Money
from storage.store import Store
from streams.broker import EVENTS, FORWARDERS, Broker
from streams.errors import IntakeHalted
from streams.sources.forward import Forwarder
from tests.integration.group import kick_out
from tests.unit.streams.kit import shop_on
from tests.unit.streams.rig import committed, empty, eventually, produce, read, sources


def clock() -> int:
    return time.time_ns() // 1_000


class Producer:
    """A real producer behind a gate; the next `failures` records fail although they were produced."""

    def __init__(self, inner: Any, failures: int = 0) -> None:
        self.inner = inner
        self.failures = failures
        self.asked = 0
        self.done = 0
        self.open = asyncio.Event()
        self.open.set()

    async def send(self, topic: str, **record: Any) -> Any:
        self.asked += 1
        await self.open.wait()
        sent = await self.inner.send(topic, **record)
        self.done += 1
        if self.failures > 0:
            self.failures -= 1
            await sent
            raise KafkaTimeoutError
        return sent


@asynccontextmanager
async def forwarding(shop: Broker, store: Store, failures: int = 0) -> AsyncIterator[tuple[Forwarder, Producer]]:
    inner = shop.producer()
    await inner.start()
    producer = Producer(inner, failures)
    try:
        yield Forwarder(producer, store, Money, shop.incarnation, 0.5, clock), producer
    finally:
        await inner.stop()


async def purchases(shop: Broker, first: int, last: int) -> None:
    values = [f'{{"order_id":"o-{number}","total":"1.00"}}'.encode() for number in range(first, last)]
    await produce(shop, *values, topic="purchases", key=b"anna", partition=0)


def orders(records: list[Any]) -> Counter[str]:
    return Counter(json.loads(record.value)["data"]["order_id"] for record in records)


async def done(shop: Broker, topic: str, count: int) -> bool:
    return sum((await committed(shop, topic)).values()) == count


async def test_what_the_shop_writes_becomes_events_and_what_is_wrong_dead_letters(shop: Broker, store: Store) -> None:
    async with forwarding(shop, store) as (forwarder, _):
        await produce(shop, b'{"order_id":"o-1","total":8.90}', b'{"order_id":1}', topic="purchases", key=b"anna")
        await produce(shop, b'{"return_id":"r-1","total":"1.00","customer":"ben"}', topic="returns", key=None)
        await produce(shop, b'{"id":"b-1","date":"--02-29"}', b"\xff", topic="birthdays", key="แอน".encode())
        no_time = clock() * 1_000 if shop.embedded else 0  # Kafka 4 itself refuses a time that is far ahead
        await produce(shop, b"{}", topic="birthdays", key=b"dan", timestamp_ms=no_time)
        async with sources(shop, forwarder):
            records = await read(shop, EVENTS, 3)
            await eventually(lambda: done(shop, "purchases", 2))
            await eventually(lambda: done(shop, "returns", 1))
            await eventually(lambda: done(shop, "birthdays", 3))
    assert len(records) == 3
    events = {}
    for record in records:
        event = decode(record.key, record.value, record.headers, Money(), clock())
        events[event.type] = (event.customer, event.source, event.amount)
        assert abs(event.time - clock()) < 600_000_000
    incarnation = shop.incarnation
    assert events == {
        "purchase": ("anna", f"/topics/purchases/{incarnation}", 890),
        "return": ("ben", f"/topics/returns/{incarnation}", 100),
        "birthday": ("แอน", "/topics/birthdays", 0),
    }
    with shop_on(store) as kept:
        letters = kept.rows("dead_letter")
    assert {(row["topic"], row["reason"], row["field"]) for row in letters} == {
        ("purchases", "bad-data", "order_id"),
        ("birthdays", "not-utf8", ""),
        ("birthdays", "bad-time", "time"),
    }
    assert {row["incarnation"] for row in letters} == {incarnation}


async def test_neither_a_producer_that_fails_nor_a_stop_in_the_middle_loses_anything(
    shop: Broker, store: Store
) -> None:
    """Faust's own forms acknowledge a batch that failed, or never see every second one after it."""
    async with forwarding(shop, store, failures=3) as (forwarder, producer):
        async with sources(shop, forwarder, batch=10):
            await purchases(shop, 0, 25)
            await eventually(lambda: done(shop, "purchases", 25))
            await purchases(shop, 25, 60)
            await eventually(lambda: done(shop, "purchases", 60))
            assert producer.failures == 0
            producer.open.clear()
            await purchases(shop, 60, 90)
            asked = producer.asked
            await eventually(lambda: producer.asked > asked)
        assert await committed(shop, "purchases") == {0: 60}
        producer.open.set()
        async with sources(shop, forwarder, batch=10):
            await eventually(lambda: done(shop, "purchases", 90))
    found = orders(await read(shop, EVENTS, 90))
    assert set(found) == {f"o-{number}" for number in range(90)}


async def test_too_many_bad_records_end_the_worker_and_are_not_acknowledged(shop: Broker, store: Store) -> None:
    failed: list[BaseException] = []
    async with forwarding(shop, store) as (forwarder, _), sources(shop, forwarder, 500, failed.append):
        await produce(shop, *[b"{"] * 300, topic="purchases", key=b"anna", partition=0)
        await eventually(lambda: bool(failed))
        assert isinstance(failed[0], IntakeHalted)
        assert "of purchases/0 are bad" in str(failed[0])
    position = (await committed(shop, "purchases")).get(0, 0)
    with shop_on(store) as kept:
        assert len(kept.dead()) == position < 300
        assert [row["topic"] for row in kept.rows("partition") if row["halted"]] == ["purchases"]


async def test_a_commit_that_fails_in_a_rebalance_is_not_taken_for_one(kafka_broker: str, store: Store) -> None:
    """Nothing was ever committed, and nothing more is sold: Faust's own bookkeeping would leave the lag for ever."""
    shop = await empty(kafka_broker, embedded=False)
    async with forwarding(shop, store) as (forwarder, producer), sources(shop, forwarder) as app:
        rebalanced = 0

        async def revoked(*_: object, **__: object) -> None:
            """The batch at hand is done while the group is joined again, and Faust's timer commits."""
            nonlocal rebalanced
            rebalanced += 1
            forwarded = producer.done
            producer.open.set()
            await eventually(lambda: producer.done > forwarded)
            await asyncio.sleep(0.2)
            await app.consumer.commit()

        producer.open.clear()
        await purchases(shop, 0, 10)
        await eventually(lambda: producer.asked > 0)
        app.on_partitions_revoked.connect(revoked)
        await kick_out(shop, FORWARDERS)
        await eventually(lambda: done(shop, "purchases", 10))
        assert rebalanced == 1
    assert orders(await read(shop, EVENTS, 20)) == {f"o-{number}": 2 for number in range(10)}


async def test_what_faust_fetched_and_dropped_while_its_flow_stood_still_is_read_again(
    shop: Broker, store: Store
) -> None:
    """Of a partition with nothing committed yet, which Faust itself never seeks back."""
    async with forwarding(shop, store) as (forwarder, _), sources(shop, forwarder) as app:
        await eventually(lambda: bool(app.consumer.flow_active and app.consumer.assignment()))
        app.consumer.stop_flow()
        await purchases(shop, 0, 10)
        await asyncio.sleep(2.0)  # the fetch under way ends within a second
        app.consumer.resume_flow()
        await eventually(lambda: done(shop, "purchases", 10))
    assert set(orders(await read(shop, EVENTS, 10))) == {f"o-{number}" for number in range(10)}


async def test_what_faust_had_read_before_a_rebalance_is_read_again_after_it(kafka_broker: str, store: Store) -> None:
    """Faust remembers what it read last, and would drop all before it."""
    shop = await empty(kafka_broker, embedded=False)
    async with forwarding(shop, store) as (forwarder, producer), sources(shop, forwarder, batch=10) as app:
        producer.open.clear()
        await purchases(shop, 0, 80)
        await eventually(lambda: producer.asked > 0)
        await asyncio.sleep(0.5)  # the rest waits in the agent's stream
        joined = app.rebalancing_count
        await kick_out(shop, FORWARDERS)
        await eventually(lambda: app.rebalancing_count > joined and not app.rebalancing)
        producer.open.set()
        await purchases(shop, 80, 90)
        await eventually(lambda: done(shop, "purchases", 90))
    assert set(orders(await read(shop, EVENTS, 90))) == {f"o-{number}" for number in range(90)}
