"""The limits: aiokafka alone, and aiokafka with the barest store that still gets every sum right."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer

from tests.bench.contest import Job, Stopwatch, Timed, settle

SESSION_MS = 6_000
FETCH_BYTES = 4 * 1024 * 1024


class Data(msgspec.Struct):
    """The few fields the bare store has columns for."""

    order_id: str | None = None
    total: float = 0.0


class Event(msgspec.Struct):
    """An event, decoded and type-checked, no more."""

    id: str
    source: str
    type: str
    subject: str
    time: str
    data: Data


_decode = msgspec.json.Decoder(Event).decode

TABLES = """
CREATE TABLE event (id TEXT PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE customer (id TEXT PRIMARY KEY, orders INT NOT NULL, net INT NOT NULL, last TEXT NOT NULL);
CREATE TABLE "order" (id TEXT PRIMARY KEY, customer TEXT NOT NULL, total INT NOT NULL, refunded INT NOT NULL);
CREATE TABLE counter (name TEXT PRIMARY KEY, orders INT NOT NULL, net INT NOT NULL);
INSERT INTO counter VALUES ('all', 0, 0);
"""


async def read_alone(job: Job) -> Timed:
    """Fetch every record and look at none."""
    watch = Stopwatch(job.warm, job.events)

    async def nothing(_messages: list[Any]) -> None:
        return

    await _consume(job, watch, nothing, commits=False)
    return watch.timed()


async def limit(job: Job) -> Timed:
    """Decode, store, commit the transaction, commit the offset: what one worker could do at most."""
    connection = sqlite3.connect(Path(job.folder) / "bare.db", isolation_level=None, check_same_thread=False)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-65536"):
        connection.execute(f"PRAGMA {pragma}")
    connection.executescript(TABLES)
    watch = Stopwatch(job.warm, job.events)
    with ThreadPoolExecutor(1) as thread:
        loop = asyncio.get_running_loop()

        async def store(messages: list[Any]) -> None:
            await loop.run_in_executor(thread, _store, connection, [message.value for message in messages])

        await _consume(job, watch, store, commits=True)
    [(events,)] = connection.execute("SELECT count(*) FROM event")
    assert events == job.events
    connection.close()
    return watch.timed("SQLite")


async def _consume(job: Job, watch: Stopwatch, work: Callable[[list[Any]], Awaitable[None]], commits: bool) -> None:
    consumer = AIOKafkaConsumer(
        "events",
        bootstrap_servers=job.bootstrap,
        group_id=job.contestant,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=SESSION_MS,
        heartbeat_interval_ms=SESSION_MS // 4,
        max_partition_fetch_bytes=FETCH_BYTES,
        fetch_max_wait_ms=100,
    )
    await consumer.start()
    settle()
    try:
        while not watch.complete:
            polled = await consumer.getmany(timeout_ms=200, max_records=job.batch)
            for partition, messages in polled.items():
                await work(messages)
                if commits:
                    await consumer.commit({partition: messages[-1].offset + 1})
                watch.add(len(messages))
        watch.stop()
    finally:
        await consumer.stop()


def _store(connection: sqlite3.Connection, values: list[bytes]) -> None:
    """One transaction; a batch with a known id in it is looked through, the others are taken as they are."""
    events = [_decode(value) for value in values]
    connection.execute("BEGIN IMMEDIATE")
    rows = [(event.id, value) for event, value in zip(events, values, strict=True)]
    before = connection.total_changes
    connection.executemany("INSERT OR IGNORE INTO event VALUES (?, ?)", rows)
    if connection.total_changes - before != len(rows):
        raise NotImplementedError("the bench sends no id twice")
    bought = [event for event in events if event.type == "purchase"]
    returned = [event for event in events if event.type == "return"]
    customers: dict[str, list[Any]] = {}
    for event in events:
        row = customers.setdefault(event.subject, [event.subject, 0, 0, ""])
        row[3] = max(row[3], event.time)
    for sign, moved in ((1, bought), (-1, returned)):
        for event in moved:
            row = customers[event.subject]
            row[1] += sign
            row[2] += sign * round(event.data.total * 100)
    connection.executemany(
        """INSERT INTO customer VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET
             orders = orders + excluded.orders, net = net + excluded.net, last = max(last, excluded.last)""",
        customers.values(),
    )
    connection.executemany(
        'INSERT INTO "order" VALUES (?, ?, ?, 0)',
        [(event.data.order_id, event.subject, round(event.data.total * 100)) for event in bought],
    )
    connection.executemany(
        'UPDATE "order" SET refunded = refunded + ? WHERE id = ?',
        [(round(event.data.total * 100), event.data.order_id) for event in returned],
    )
    net = sum(row[2] for row in customers.values())
    connection.execute("UPDATE counter SET orders = orders + ?, net = net + ?", (len(bought) - len(returned), net))
    connection.execute("COMMIT")
