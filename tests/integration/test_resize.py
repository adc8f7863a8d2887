"""Topics that grow while they are read and written: customers' homes move, and nothing is lost or counted twice."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import confluent_kafka
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from sqlalchemy import text

from retention.shop import Shop as Money
from storage.store import Store
from streams.app import build
from streams.broker import EVENTS, Broker, positions
from streams.partitions import partition_of
from streams.sources.forward import Forwarder
from tests.unit.storage.kit import store_of
from tests.unit.streams.kit import event, shop_on
from tests.unit.streams.rig import DEADLINE, PARTITIONS, Work, committed, empty, eventually, produce, reading

PEOPLE = [f"c-{number}" for number in range(60)]
GROWN = PARTITIONS + 2
SOON_MS = 500


@pytest.fixture
def store(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Store]:
    with store_of("postgres", request, tmp_path) as made:
        yield made


@pytest.fixture
async def shop(kafka_broker: str) -> Broker:
    """Apache Kafka with our topics empty. The embedded broker's topics do not grow."""
    return await empty(kafka_broker, embedded=False)


async def grow(shop: Broker, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=shop.bootstrap)
    await admin.start()
    try:
        await admin.create_partitions({topic: NewPartitions(GROWN)})
    finally:
        await admin.close()


def counted(store: Store) -> int:
    with store.read() as connection:
        return int(connection.execute(text("SELECT count(*) FROM event")).scalar_one())


class Selling:
    """Two storefronts that sell to the same customers: one hears soon that the topic grew, the other never does."""

    def __init__(self, shop: Broker) -> None:
        settings = {"bootstrap.servers": shop.bootstrap, "acks": "all", "partitioner": "murmur2_random"}
        self._quick = confluent_kafka.Producer(settings | {"topic.metadata.refresh.interval.ms": SOON_MS})
        self._slow = shop.producer()
        self.sold = 0
        self.enough = False

    async def run(self) -> None:
        """Sell until it is enough; then everything is acknowledged."""
        await self._slow.start()
        try:
            while not self.enough:
                who = PEOPLE[self.sold // 2 % len(PEOPLE)]
                value = event(f"e-{self.sold}", who)
                if self.sold % 2:
                    self._quick.produce(EVENTS, value=value, key=who.encode())
                    self._quick.poll(0)
                else:
                    await self._slow.send(EVENTS, value=value, key=who.encode())
                self.sold += 1
                await asyncio.sleep(0.002)
            assert await asyncio.to_thread(self._quick.flush, DEADLINE) == 0
        finally:
            await self._slow.stop()


@asynccontextmanager
async def soon_knowing(shop: Broker, store: Store) -> AsyncIterator[Work]:
    """A reader that looks for new partitions often, with its own way to the store."""
    own = Store(store.url.render_as_string(hide_password=False))
    try:
        async with reading(shop, own, batch=20) as work:
            work.reader.look_again_ms = SOON_MS
            yield work
    finally:
        own.close()


async def caught_up(shop: Broker) -> bool:
    return all(not each.lag for each in await positions(shop))


async def test_events_may_grow_while_two_workers_read_and_two_storefronts_sell(shop: Broker, store: Store) -> None:
    selling = Selling(shop)
    async with soon_knowing(shop, store) as one, soon_knowing(shop, store) as other:
        till = asyncio.create_task(selling.run())
        try:
            await eventually(lambda: bool(one.total.applied and other.total.applied))
            await grow(shop, EVENTS)
            await eventually(lambda: one.reader.partitions | other.reader.partitions == frozenset(range(GROWN)))
            after = counted(store)
            await eventually(lambda: counted(store) > after + 400)
        finally:
            selling.enough = True
            await till
        await eventually(lambda: counted(store) == selling.sold)
        await eventually(lambda: caught_up(shop))
        strays = one.total.misrouted + other.total.misrouted
        assert {partition_of(each.key or b"", GROWN) for each in strays} >= {GROWN - 1, GROWN - 2}
        before = await positions(shop)
        await asyncio.sleep(1)
        assert await positions(shop) == before, "nothing goes round in circles"
    with shop_on(store) as found:
        assert found.count("placed") == selling.sold
        assert found.dead() == {}
        assert {row["id"] for row in found.rows("event")} == {f"e-{number}" for number in range(selling.sold)}
        read = {row["id"]: row["position"] for row in found.rows("partition") if row["topic"] == EVENTS}
    assert read == {each.partition: each.end for each in before if each.topic == EVENTS}
    assert set(read) == set(range(GROWN))


async def test_the_agents_hear_of_a_bare_topics_new_partitions_without_a_restart(
    shop: Broker, store: Store, tmp_path: Path
) -> None:
    producer, failed = shop.producer(), list[BaseException]()
    await producer.start()
    forwarder = Forwarder(producer, store, Money, shop.incarnation, 0.5, lambda: time.time_ns() // 1_000)
    app = build(shop, forwarder, 50, tmp_path, failed.append, look_again_ms=SOON_MS)

    async def bought(first: int, partition: int) -> None:
        orders = [b'{"order_id":"o-%d","total":1}' % number for number in range(first, first + 10)]
        await produce(shop, *orders, topic="purchases", key=b"anna", partition=partition)

    async def forwarded(expected: dict[int, int]) -> bool:
        return await committed(shop, "purchases") == expected

    try:
        await app.start()
        await bought(0, 0)
        await eventually(lambda: forwarded({0: 10}))
        await grow(shop, "purchases")
        await bought(10, GROWN - 1)
        await bought(20, GROWN - 2)
        await eventually(lambda: forwarded({0: 10, GROWN - 1: 10, GROWN - 2: 10}))
    finally:
        await app.stop()
        await producer.stop()
    assert failed == []
    assert sum(each.end for each in await positions(shop) if each.topic == EVENTS) >= 30
