"""Who stops politely leaves his group, so that the others need not wait until his session has run out."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from retention.shop import Shop as Money
from storage.store import Store
from streams.broker import EVENTS, FORWARDERS, READERS, Broker
from streams.sources.forward import Forwarder
from tests.unit.streams.kit import event
from tests.unit.streams.rig import DEADLINE, PARTITIONS, committed, empty, eventually, produce, reading, sources


@pytest.fixture
async def admin(kafka_broker: str) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=kafka_broker)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


async def members(admin: AIOKafkaAdminClient, group: str) -> int:
    """How many the broker counts to the group, the ones included that it has not heard of for some seconds."""
    [answer] = await admin.describe_consumer_groups([group])
    [described] = answer.groups
    return len(described[5])


async def test_a_reader_that_stops_leaves_its_partitions_to_the_others_at_once(
    kafka_broker: str, store: Store, admin: AIOKafkaAdminClient
) -> None:
    broker = await empty(kafka_broker, embedded=False)
    async with reading(broker, store) as staying, reading(broker, store) as leaving:
        await eventually(lambda: shared(broker, admin, 2))
        await leaving.stop()
        assert await members(admin, READERS) == 1, "it still counts, until its session runs out"
        before = staying.total.applied
        await produce(broker, *[event(f"late-{number}", f"c-{number}") for number in range(30)])
        await eventually(lambda: staying.total.applied == before + 30)
    assert await members(admin, READERS) == 0


async def shared(broker: Broker, admin: AIOKafkaAdminClient, workers: int) -> bool:
    """Whether so many share the work and each has read something: every partition has a committed offset."""
    await produce(broker, *[event(f"{time.monotonic_ns()}-{number}", f"c-{number}") for number in range(9)])
    return await members(admin, READERS) == workers and len(await committed(broker, EVENTS)) == PARTITIONS


async def test_agents_that_stop_leave_their_group(kafka_broker: str, store: Store, admin: AIOKafkaAdminClient) -> None:
    broker = await empty(kafka_broker, embedded=False)
    producer = broker.producer()
    await producer.start()
    try:
        forwarder = Forwarder(producer, store, Money, broker.incarnation, 0.5, lambda: time.time_ns() // 1_000)

        async def joined() -> bool:
            return await members(admin, FORWARDERS) == 1

        async with sources(broker, forwarder):
            await eventually(joined, DEADLINE)
        assert await members(admin, FORWARDERS) == 0
    finally:
        await producer.stop()
