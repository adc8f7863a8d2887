"""Regulars itself: end to end as `regulars run reader` does it, and the apply alone, whole and in parts."""

from __future__ import annotations

import asyncio
import os
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from aiokafka import AIOKafkaConsumer, TopicPartition

from console.compose import clock
from console.publishing import sound
from console.settings import Settings
from retention.counters import Deltas
from retention.decode import decode
from retention.events import Event
from retention.fold import fold
from retention.orders import Order, row_key
from retention.state import Customer
from rules.engine.decide import decide
from rules.ruleset import RuleSet
from storage.store import Store
from storage.writer import Writer
from streams.apply import Applier, Intake, Outcome
from streams.broker import EVENTS, READERS, Broker
from streams.reader import Reader
from streams.record import Record
from tests.bench.contest import Job, Stopwatch, Timed, settle
from tests.bench.events import Sent, make

ROOT = Path(__file__).parent.parent.parent


def shipped_rules() -> RuleSet:
    """The campaigns that ship with Regulars, checked against its templates."""
    settings = Settings(rules=ROOT / "rules", templates=ROOT / "templates")
    return sound(settings)[1]


async def end_to_end(job: Job) -> Timed:
    """Events on the broker → committed, rules on, read as `regulars run reader` reads."""
    store = _store(job)
    writer = Writer(store)
    broker = Broker(job.bootstrap, embedded=True, incarnation=job.incarnation)
    rules = shipped_rules()
    watch = Stopwatch(job.warm, job.events)
    done = asyncio.Event()

    def tell(outcome: Outcome) -> None:
        assert outcome.duplicates == outcome.dead == len(outcome.misrouted) == 0, outcome
        watch.add(outcome.applied)
        if watch.complete:
            done.set()

    reader = Reader(broker, Applier(writer, rules, Intake(job.incarnation), clock), job.batch, tell)
    settle()
    reading = asyncio.create_task(reader.run())
    reading.add_done_callback(_check_reader)
    await _until_committed(job, done)
    watch.stop()
    reader.stop()
    await reading
    writer.close()
    _check(store, job)
    return watch.timed(_name(store))


def _check_reader(reading: asyncio.Task[None]) -> None:
    """A reader that fails ends the process: nobody would ever see the last event."""
    if not reading.cancelled() and (error := reading.exception()) is not None:
        traceback.print_exception(error)
        os._exit(1)


async def _until_committed(job: Job, done: asyncio.Event) -> None:
    """Return when the broker has the offset of the last event, asked by a client of its own."""
    observer = AIOKafkaConsumer(bootstrap_servers=job.bootstrap, group_id=READERS, enable_auto_commit=False)
    await observer.start()
    await done.wait()
    partitions = [TopicPartition(EVENTS, number) for number in range(job.partitions)]
    committed = 0
    while committed < job.events:
        committed = sum([await observer.committed(partition) or 0 for partition in partitions])
    await observer.stop()


async def apply_alone(job: Job) -> Timed:
    """The records in memory, one partition, no broker; then decode, fold and decide one by one."""
    store = _store(job)
    writer = Writer(store)
    applier = Applier(writer, shipped_rules(), Intake("bench"), clock)
    held = writer.take(EVENTS, 0)
    records = [Record(EVENTS, 0, offset, 0, sent.key, sent.value) for offset, sent in enumerate(_made(job))]
    watch = Stopwatch(job.warm, job.events)
    settle()
    for start in range(0, job.events, job.batch):
        outcome = applier.apply(held, records[start : start + job.batch])
        watch.add(outcome.applied)
    watch.stop()
    writer.close()
    _check(store, job)
    return watch.timed(_name(store), _Parts(applier.rules).measure(records, job.batch))


class _Parts:
    """The pure parts of the work, once more and without the store, batch by batch as in the apply."""

    def __init__(self, rules: RuleSet) -> None:
        self._rules = rules
        self._shop = rules.policy.shop
        self._customers: dict[str, Customer] = {}
        self._orders: dict[tuple[str, str], Order] = {}
        self._spent: dict[str, float] = {}

    def measure(self, records: Sequence[Record], batch: int) -> dict[str, float]:
        """CPU microseconds an event of each part."""
        for start in range(0, len(records), batch):
            self._batch(records[start : start + batch])
        return {name: round(seconds / len(records) * 1e6, 2) for name, seconds in self._spent.items()}

    def _batch(self, records: Sequence[Record]) -> None:
        now = clock()
        with self._timed("decode"):
            events = [decode(record.key, record.value, record.headers, self._shop, now) for record in records]
        deltas: Deltas = {}
        with self._timed("fold"):
            fired = [self._fold(event, now, deltas) for event in events]
        with self._timed("decide"):
            for event, new in zip(events, fired, strict=True):
                decide(self._rules, event, self._customers[event.customer], new)

    def _fold(self, event: Event, now: int, deltas: Deltas) -> bool:
        customer = self._customers.setdefault(event.customer, Customer())
        event.at = now
        key = row_key(event)
        order = self._orders.setdefault((event.customer, key), Order()) if key is not None else None
        return fold(customer, order, event, self._shop.zone, deltas, lambda: ())

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        start = time.process_time()
        yield
        self._spent[name] = self._spent.get(name, 0.0) + time.process_time() - start


def _made(job: Job) -> Iterator[Sent]:
    return make(job.events, job.customers, job.now)


def _store(job: Job) -> Store:
    store = Store(job.store or f"sqlite:///{job.folder}/regulars.db")
    store.migrate()
    return store


def _name(store: Store) -> str:
    return "SQLite" if store.sqlite else "PostgreSQL"


def _check(store: Store, job: Job) -> None:
    """What is in the log is what was produced, to the last event."""
    with store.read() as connection:
        logged = connection.exec_driver_sql("SELECT count(*) FROM event").scalar_one()
    store.close()
    assert logged == job.events, f"{logged} events in the log, {job.events} produced"
