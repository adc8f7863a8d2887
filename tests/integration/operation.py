"""All of Regulars on a real broker and store, in one process, by a time that is ours: it moves by hours and days."""

from __future__ import annotations

import asyncio
import shutil
from asyncio import Future
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer
from sqlalchemy import text

from console import publishing
from console.cli.replaying import Found, look
from console.settings import Settings
from delivery.channels.memory import Memory
from delivery.dispatcher import Config, Dispatcher
from delivery.editions import InStore
from retention.periods import local, month_of, name
from rules.ruleset import RuleSet
from storage import queries
from storage import story as kept
from storage.library import Library
from storage.live import Live
from storage.rulesets import Act, publish
from storage.store import Store
from streams import broker as brokers
from streams.broker import EVENTS, Broker
from streams.clock import Clock
from streams.planner import Planner
from streams.relay import Relay
from streams.replayed import replayed
from tests.unit.storage.kit import rows
from tests.unit.streams.kit import subject
from tests.unit.streams.rig import PARTITIONS, Work, eventually, reading

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 300.0
"""Seconds that the workers may take for what was produced at one moment."""
Sum = tuple[str, str, str]
"""Measure, month, what of."""
_OF_RULES = ("decided", "not_fired")


class Place(NamedTuple):
    """Where a shop works."""

    store: Store
    broker: Broker


class Partition(NamedTuple):
    """How often it was taken, and how far its reader has come."""

    epoch: int
    position: int


class Time:
    """Now, microseconds since 1970."""

    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def steady(self) -> float:
        """The same in seconds, of a clock that nobody sets."""
        return self.now / 1_000_000


class Wrong:
    """The clock of one machine, which may be off by some microseconds."""

    def __init__(self, time: Time) -> None:
        self.time = time
        self.off = 0

    def __call__(self) -> int:
        return self.time.now + self.off


class Noting:
    """A producer who remembers how far each partition of `events` reaches, and how many pokes went there."""

    def __init__(self, inner: AIOKafkaProducer) -> None:
        self._inner = inner
        self.ends: dict[int, int] = {}
        self.pokes = 0

    async def send(self, topic: str, **record: Any) -> Future[Any]:
        sent: Future[Any] = await self._inner.send(topic, **record)
        if topic == EVENTS:
            sent.add_done_callback(self._note)
            self.pokes += b'"type":"poke"' in record["value"]
        return sent

    def _note(self, sent: Future[Any]) -> None:
        if not sent.cancelled() and sent.exception() is None:
            place = sent.result()
            self.ends[place.partition] = max(self.ends.get(place.partition, 0), place.offset + 1)


class Operation:
    """Workers, clocks, planner, delivery and relay. What moves time calls `turn`; nothing else goes on by itself."""

    def __init__(self, place: Place, producer: Noting, rules: RuleSet, time: Time) -> None:
        self.store, self.broker = store, broker = place
        self.producer, self.time = producer, time
        self.library = Library(store)
        self.live = Live(self.library, rules)
        self.clocks: list[Clock] = []
        self.planner = Planner(store, self.live.look, time)
        self.mail = Memory()
        editions = InStore(store, self.library, rules)
        self.dispatcher = Dispatcher(store, editions, {"email": self.mail}, time, Config(concurrency=32))
        self.relay = Relay(store, broker, time, self._create)
        self._taken = self._partitions()

    async def _create(self, topic: str) -> None:
        await brokers.create(self.broker, topic, PARTITIONS, 1, 7)

    def clock(self, time: Callable[[], int] | None = None) -> Clock:
        """One more clock that pokes at every turn from now on."""
        self.clocks.append(made := Clock(self.store, self.broker, time or self.time, self.time.steady))
        return made

    @asynccontextmanager
    async def worker(self, time: Callable[[], int] | None = None, batch: int = 100) -> AsyncIterator[Work]:
        """A worker with its own way to the store, until the end of the block."""
        own = Store(self.store.url.render_as_string(hide_password=False))
        try:
            async with reading(self.broker, own, self.live.rules, batch, time or self.time, Library(own)) as work:
                yield work
        finally:
            own.close()

    async def say(self, *values: bytes) -> None:
        """The storefront's events, acknowledged."""
        await asyncio.gather(*[await self.producer.send(EVENTS, key=subject(one), value=one) for one in values])

    async def turn(self, *values: bytes) -> None:
        """What is due is done, what is said is heard, what is queued leaves: until nothing more is to be done now."""
        await self.wake()
        await asyncio.to_thread(self.plan)
        await self.say(*values)
        await self.caught_up()
        await self.deliver()

    def plan(self) -> None:
        """A round of the planner, if one is to be made."""
        while self.planner.turn():
            pass

    async def wake(self) -> None:
        """Every clock pokes who is due."""
        for clock in self.clocks:
            await clock.look(self.producer)

    async def deliver(self) -> None:
        """What is queued and due leaves, and the workers hear of it."""
        while await self.dispatcher.run_once() + await self.relay.relay(self.producer):
            await self.caught_up()

    async def caught_up(self) -> None:
        """Until the workers have applied whatever was produced."""
        await eventually(self._all_applied, PATIENCE, 0.005)

    def _all_applied(self) -> bool:
        """By the store; what it says of a partition that no worker of ours has taken is of another broker."""
        now = {id: row for id, row in self._partitions().items() if row != self._taken.get(id)}
        return all(id in now and now[id].position == end for id, end in self.producer.ends.items())

    def _partitions(self) -> dict[int, Partition]:
        with self.store.read() as connection:
            found = connection.execute(text("SELECT id, epoch, position FROM partition WHERE topic = 'events'"))
            return {row.id: Partition(row.epoch, row.position) for row in found}

    def publish(self, folder: Path) -> RuleSet:
        """Publish the files of this folder, once they are sound."""
        return published(self.store, folder, self.time.now)

    def rows(self, table: str) -> list[dict[str, Any]]:
        return rows(self.store, table)

    def rules_of(self, hash_: str) -> RuleSet | None:
        """The rules that a row of the log names; those of now for imported history."""
        return self.library(hash_ or self.live.look().hash)

    def verified(self) -> Found:
        """What `regulars rules verify` finds."""
        return look(self.store, self.rules_of, None)

    def counted(self) -> dict[Sum, int]:
        """How often something was decided, and how often a rule did not fire, as the store has counted it."""
        with self.store.read() as connection:
            return {key: times for key, times in queries.sums(connection).items() if key[0] in _OF_RULES and times}

    def counted_again(self) -> dict[Sum, int]:
        """The same out of the log."""
        sums: Counter[Sum] = Counter()
        with self.store.read() as connection:
            for id in kept.sample(connection, 1_000_000):
                story = kept.story(connection, id)
                assert story is not None
                effects = replayed(connection, story, self.rules_of).effects
                for (measure, at, what), times in effects.tally.items():
                    zone = self.live.rules.policy.shop.zone
                    sums[measure, name(month_of(local(at, zone)), "month"), what] += times
        return dict(sums)


def published(store: Store, folder: Path, now: int) -> RuleSet:
    """The rules of `folder`, with the wording that Regulars comes with, live from now on."""
    files, _ = publishing.sound(Settings(rules=folder, templates=ROOT / "templates"))
    publish(store, files, Act("mali@shop", now, "try"))
    found = Library(store).live()
    assert found is not None
    return found


def copied(folder: Path) -> Path:
    """The files of rules that Regulars comes with, in a folder where they may be changed."""
    (folder / "campaigns").mkdir(parents=True)
    for path in [*(ROOT / "rules").glob("*.yaml"), *(ROOT / "rules/campaigns").glob("*.yaml")]:
        shutil.copy(path, folder / path.relative_to(ROOT / "rules"))
    return folder


def replaced(path: Path, old: str, new: str) -> None:
    """Change a file; the old text must be in it."""
    before = path.read_text("utf-8")
    assert old in before
    path.write_text(before.replace(old, new), "utf-8")


@asynccontextmanager
async def operation(place: Place, folder: Path, time: Time) -> AsyncIterator[Operation]:
    """A shop with the rules of `folder`, without workers and clocks yet."""
    rules = await asyncio.to_thread(published, place.store, folder, time.now)
    async with AsyncExitStack() as parts:
        producer = place.broker.producer()
        await producer.start()
        parts.push_async_callback(producer.stop)
        made = Operation(place, Noting(producer), rules, time)
        parts.push_async_callback(made.dispatcher.close)
        yield made
