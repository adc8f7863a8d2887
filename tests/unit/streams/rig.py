"""A real broker with empty topics, and a worker's parts on it, one at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from rules.engine.older import Library, no_library
from rules.ruleset import RuleSet
from storage.store import Store
from storage.writer import Writer
from streams.app import build
from streams.apply import Applier, Intake, Outcome
from streams.broker import EVENTS, TOPICS, Broker, connect, positions
from streams.reader import Reader
from streams.sources.forward import Forwarder
from tests.unit.streams.kit import RULES, subject

DEADLINE = 30.0
PARTITIONS = 3


async def eventually(
    true: Callable[[], bool] | Callable[[], Awaitable[bool]], within: float = DEADLINE, every: float = 0.02
) -> None:
    """Return once it is true; AssertionError when it does not come true in time."""
    deadline = time.monotonic() + within
    while True:
        found = true()
        if found if isinstance(found, bool) else await found:
            return
        assert time.monotonic() < deadline, "it did not come true in time"
        await asyncio.sleep(every)


async def empty(address: str, embedded: bool, packed: str = "") -> Broker:
    """The broker with our topics new: on a broker that other tests used they are deleted first.

    `packed` names the compression that topic `events` keeps its records in, whatever producers send.
    """
    broker = Broker(address, embedded, "log-1" if embedded else "")
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()

    async def deleted() -> bool:
        return not set(TOPICS) & set(await admin.list_topics())

    try:
        old = set(TOPICS) & set(await admin.list_topics())
        if old:
            await admin.delete_topics(sorted(old))
            await eventually(deleted)
        if packed:
            await admin.create_topics([NewTopic(EVENTS, PARTITIONS, 1, topic_configs={"compression.type": packed})])
    finally:
        await admin.close()
    made = await connect(broker, PARTITIONS, 1, 7)

    async def forgotten() -> bool:
        found = await positions(made)
        known = len({each.topic for each in found}) == len(TOPICS)  # Kafka shows a topic somewhat after it made it
        return known and all(not each.committed and each.end == 0 for each in found)

    await eventually(forgotten)
    return made


async def produce(broker: Broker, *values: bytes, topic: str = EVENTS, **more: Any) -> list[tuple[int, int]]:
    """These values, keyed by their subject unless told otherwise; (partition, offset) of each."""
    producer = broker.producer()
    await producer.start()
    try:
        sent = [await producer.send(topic, value=value, **({"key": subject(value)} | more)) for value in values]
        acknowledged = await asyncio.gather(*sent)
    finally:
        await producer.stop()
    return [(one.partition, one.offset) for one in acknowledged]


async def read(broker: Broker, topic: str, count: int) -> list[Any]:
    """The first `count` records of a topic, by partition and offset; AssertionError when they do not come."""
    consumer = AIOKafkaConsumer(bootstrap_servers=broker.bootstrap, enable_auto_commit=False)
    await consumer.start()
    found: list[Any] = []

    async def enough() -> bool:
        for messages in (await consumer.getmany(timeout_ms=100)).values():
            found.extend(messages)
        return len(found) >= count

    try:
        partitions = [TopicPartition(topic, partition) for partition in range(PARTITIONS)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        await eventually(enough)
    finally:
        await consumer.stop()
    return sorted(found, key=lambda one: (one.partition, one.offset))


async def committed(broker: Broker, topic: str = EVENTS) -> dict[int, int]:
    """Partition → committed offset of its readers; partitions nobody has read are left out."""
    return {
        each.partition: each.committed for each in await positions(broker) if each.topic == topic and each.committed
    }


def today() -> int:
    """The real clock, microseconds."""
    return time.time_ns() // 1_000


class Work:
    """A reader that runs, with what it told."""

    def __init__(
        self,
        broker: Broker,
        store: Store,
        rules: RuleSet,
        batch: int,
        clock: Callable[[], int] = today,
        library: Library = no_library,
    ) -> None:
        self.writer = Writer(store)
        self.applier = Applier(self.writer, rules, Intake(broker.incarnation), clock, library)
        self.total = Outcome()
        self.batches = 0
        self.reader = Reader(broker, self.applier, batch, self.tell)
        self.task: asyncio.Task[None] | None = None

    def tell(self, outcome: Outcome) -> None:
        self.batches += 1
        self.total += outcome

    def start(self) -> None:
        self.task = asyncio.create_task(self.reader.run())

    async def stop(self) -> None:
        """Stop politely; raises what the reader raised."""
        assert self.task is not None
        self.reader.stop()
        await asyncio.wait_for(self.task, DEADLINE)


@asynccontextmanager
async def reading(
    broker: Broker,
    store: Store,
    rules: RuleSet = RULES,
    batch: int = 100,
    clock: Callable[[], int] = today,
    library: Library = no_library,
) -> AsyncIterator[Work]:
    """A reader that runs until the end of the block, unless it ended before."""
    work = Work(broker, store, rules, batch, clock, library)
    work.start()
    try:
        yield work
    finally:
        assert work.task is not None
        work.reader.stop()
        await asyncio.wait({work.task}, timeout=DEADLINE)
        await asyncio.to_thread(work.writer.close)
    if not work.task.cancelled() and (error := work.task.exception()) is not None:
        raise error


@asynccontextmanager
async def sources(
    broker: Broker, forwarder: Forwarder, batch: int = 50, fail: Callable[[BaseException], None] | None = None
) -> AsyncIterator[Any]:
    """Faust with an agent a source topic, until the end of the block."""
    failed: list[BaseException] = []
    with TemporaryDirectory() as folder:
        app = build(broker, forwarder, batch, Path(folder), fail or failed.append)
        await app.start()
        try:
            yield app
        finally:
            await asyncio.wait_for(app.stop(), DEADLINE)
    assert failed == []
