"""Storefronts on librdkafka: another hash puts a customer's records into another partition; they find home, once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import confluent_kafka
import pytest
from sqlalchemy import text

from retention.shop import Shop as Money
from storage.store import Store
from streams.broker import EVENTS, Broker, positions
from streams.partitions import partition_of
from streams.sources.forward import Forwarder
from tests.unit.storage.kit import store_of
from tests.unit.streams.kit import event, shop_on
from tests.unit.streams.rig import DEADLINE, PARTITIONS, empty, eventually, reading, sources

PEOPLE = [f"c-{number}" for number in range(200)]

Sent = tuple[str, bytes | None, bytes]
"""Topic, key, value."""


@pytest.fixture(params=["tansu-sqlite", pytest.param("kafka-postgres", marks=pytest.mark.service)])
def kinds(request: pytest.FixtureRequest) -> tuple[str, str]:
    broker, store = request.param.split("-")
    return broker, store


@pytest.fixture
def store(kinds: tuple[str, str], tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Store]:
    with store_of(kinds[1], request, tmp_path) as made:
        yield made


@pytest.fixture
def second(store: Store) -> Iterator[Store]:
    """The same store, as another process opens it."""
    made = Store(store.url.render_as_string(hide_password=False))
    yield made
    made.close()


@pytest.fixture
async def shop(kinds: tuple[str, str], request: pytest.FixtureRequest) -> Broker:
    """Either broker with our topics empty."""
    return await empty(request.getfixturevalue(f"{kinds[0]}_broker"), embedded=kinds[0] == "tansu")


def sell(shop: Broker, sent: Sequence[Sent], **settings: str) -> list[tuple[bytes, int]]:
    """Produce with librdkafka, its settings as they come: (key, partition) of each record, as acknowledged."""
    places: list[tuple[bytes, int]] = []
    errors: list[object] = []

    def acknowledged(error: object, message: confluent_kafka.Message) -> None:
        if error is not None:
            errors.append(error)
        places.append((message.key() or b"", int(message.partition() or 0)))

    producer = confluent_kafka.Producer({"bootstrap.servers": shop.bootstrap, "acks": "all"} | settings)
    for topic, key, value in sent:
        producer.produce(topic, value=value, key=key, on_delivery=acknowledged)
        producer.poll(0)
    left = producer.flush(DEADLINE)
    assert (left, errors) == (0, [])
    return places


def purchases(number: int, first: str = "e") -> list[Sent]:
    """One customer after the other buys, again and again."""
    names = [PEOPLE[index % len(PEOPLE)] for index in range(number)]
    return [(EVENTS, who.encode(), event(f"{first}-{index:05}", who)) for index, who in enumerate(names)]


def counted(store: Store) -> int:
    with store.read() as connection:
        return int(connection.execute(text("SELECT count(*) FROM event")).scalar_one())


async def ends(shop: Broker) -> dict[str, int]:
    """Topic → how many records it holds; AssertionError when a reader lags."""
    found = await positions(shop)
    assert all(not each.lag for each in found)
    return {topic: sum(each.end for each in group) for topic, group in groupby(found, lambda each: each.topic)}


async def caught_up(shop: Broker) -> bool:
    return all(not each.lag for each in await positions(shop))


async def test_a_librdkafka_producer_with_its_default_partitioner_costs_a_detour_and_nothing_else(
    shop: Broker, store: Store, second: Store
) -> None:
    sent = purchases(2_000)
    async with reading(shop, store) as one, reading(shop, second) as other:
        await eventually(lambda: bool(one.reader.partitions and other.reader.partitions))
        places = await asyncio.to_thread(sell, shop, sent)
        strays = sum(partition != partition_of(key, PARTITIONS) for key, partition in places)
        assert strays > len(sent) / 3, "the two hashes do not agree"
        await eventually(lambda: counted(store) == len(sent))
        await eventually(lambda: caught_up(shop))
        assert one.total.applied
        assert other.total.applied
        assert one.total.applied + other.total.applied == len(sent)
        assert len(one.total.misrouted) + len(other.total.misrouted) == strays
        await asyncio.sleep(1)
        assert (await ends(shop))[EVENTS] == len(sent) + strays, "a record that came home stays there"
    with shop_on(store) as found:
        assert found.count("placed") == len(sent)
        assert found.dead() == {}
        assert {row["id"]: row["shard"] for row in found.rows("customer")} == {
            who: partition_of(who.encode(), PARTITIONS) for who in PEOPLE
        }
        order = [(row["customer"], row["id"]) for row in found.rows("event", "customer, seq")]
    assert order == sorted(order), "each customer's events in the order they were sent"


async def test_with_murmur2_random_there_is_no_detour(shop: Broker, store: Store) -> None:
    sent = purchases(400)
    async with reading(shop, store) as work:
        places = await asyncio.to_thread(sell, shop, sent, partitioner="murmur2_random")
        assert all(partition == partition_of(key, PARTITIONS) for key, partition in places)
        await eventually(lambda: counted(store) == len(sent))
        assert work.total.misrouted == []
        await eventually(lambda: caught_up(shop))
    assert (await ends(shop))[EVENTS] == len(sent)


async def test_bare_records_of_librdkafka_with_and_without_keys_come_home_once(
    shop: Broker, store: Store, second: Store
) -> None:
    """The forwarder keys and places what it hands on, so the shop's own partitions do not matter."""
    keyed = [("purchases", who.encode(), b'{"id":"k-%d","order_id":"k-%d","total":1}' % (n, n)) for n, who in some(400)]
    bare: list[Sent] = [
        ("purchases", None, b'{"id":"n-%d","order_id":"n-%d","total":1,"customer":"%s"}' % (n, n, who.encode()))
        for n, who in some(400)
    ]
    refunds = [("returns", who.encode(), b'{"id":"r-%d","return_id":"r-%d","total":1}' % (n, n)) for n, who in some(50)]
    days = [("birthdays", who.encode(), b'{"id":"b-%d"}' % n) for n, who in some(50)]
    sent: list[Sent] = [*keyed, *bare, *refunds, *days]
    producer = shop.producer()
    await producer.start()
    forwarder = Forwarder(producer, store, Money, shop.incarnation, 0.5, lambda: time.time_ns() // 1_000)
    try:
        async with reading(shop, store) as one, reading(shop, second) as other, sources(shop, forwarder):
            await asyncio.to_thread(sell, shop, sent)
            await eventually(lambda: counted(store) == len(sent), 60)
            await eventually(lambda: caught_up(shop), 60)
            assert one.total.misrouted + other.total.misrouted == []
            assert (await ends(shop))[EVENTS] >= len(sent)
    finally:
        await producer.stop()
    with shop_on(store) as found:
        assert found.count("placed") == 800
        assert found.dead() == {}
        assert {row["id"]: row["shard"] for row in found.rows("customer")} == {
            who: partition_of(who.encode(), PARTITIONS) for who in PEOPLE
        }


def some(number: int) -> list[tuple[int, str]]:
    return [(index, PEOPLE[index % len(PEOPLE)]) for index in range(number)]
