"""Partitions move while a batch is being applied: fenced, nothing doubled, nothing lost, and work goes on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from storage.errors import Contended, Fenced
from storage.lock import importing
from storage.store import Store
from storage.writer import Held
from streams.apply import Applier, Outcome
from streams.broker import EVENTS, READERS, Broker, positions
from streams.record import Record
from tests.integration.group import kick_out
from tests.unit.storage.kit import store_of, take, writing
from tests.unit.streams.kit import event, shop_on
from tests.unit.streams.rig import DEADLINE, PARTITIONS, Work, empty, eventually, produce, reading

PEOPLE = [f"c-{number}" for number in range(20)]


@pytest.fixture(params=["tansu-sqlite", pytest.param("kafka-postgres", marks=pytest.mark.service)])
def kinds(request: pytest.FixtureRequest) -> tuple[str, str]:
    broker, store = request.param.split("-")
    return broker, store


@pytest.fixture
def store(kinds: tuple[str, str], tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Store]:
    with store_of(kinds[1], request, tmp_path) as made:
        yield made


@pytest.fixture
async def events(kinds: tuple[str, str], request: pytest.FixtureRequest) -> Broker:
    """Either broker with our topics empty."""
    return await empty(request.getfixturevalue(f"{kinds[0]}_broker"), embedded=kinds[0] == "tansu")


def purchases(first: int, last: int) -> list[bytes]:
    return [event(f"e-{number}", PEOPLE[number % len(PEOPLE)]) for number in range(first, last)]


class Gated(Applier):
    """The first batch waits, before or after it is applied, until it is let through; says who was fenced off."""

    def __init__(self, inner: Applier, after: bool) -> None:
        super().__init__(inner.writer, inner.rules, inner.intake, inner._clock)
        self.after = after
        self.waiting: int | None = None
        """The partition whose batch waits."""
        self.through = threading.Event()
        self.fenced: list[int] = []

    def apply(self, held: Held, records: Sequence[Record]) -> Outcome:
        if not self.after:
            self._wait(held)
        try:
            outcome = super().apply(held, records)
        except Fenced:
            self.fenced.append(held.id)
            raise
        if self.after:
            self._wait(held)
        return outcome

    def _wait(self, held: Held) -> None:
        if self.waiting is None:
            self.waiting = held.id
        assert self.through.wait(DEADLINE)


@asynccontextmanager
async def another(events: Broker, store: Store) -> AsyncIterator[Work]:
    """One more reader, with its own way to the store."""
    own = Store(store.url.render_as_string(hide_password=False))
    try:
        async with reading(events, own, batch=5) as work:
            yield work
    finally:
        own.close()


def counted(store: Store) -> int:
    with store.read() as connection:
        return int(connection.execute(text("SELECT count(*) FROM event")).scalar_one())


async def settled(events: Broker, store: Store, number: int) -> None:
    """All of them applied once, and every offset committed."""

    async def caught_up() -> bool:
        return all(not each.lag for each in await positions(events))

    await eventually(lambda: counted(store) == number)
    await eventually(caught_up)
    with shop_on(store) as shop:
        assert shop.count("placed") == number
        assert shop.dead() == {}
        stored = {row["id"]: row["position"] for row in shop.rows("partition") if row["topic"] == EVENTS}
    assert stored == {each.partition: each.end for each in await positions(events) if each.topic == EVENTS and each.end}


@pytest.mark.parametrize("kinds", [pytest.param("kafka-postgres", marks=pytest.mark.service)], indirect=True)
@pytest.mark.parametrize("after", [False, True], ids=["before-its-commit", "between-its-commit-and-the-offset"])
async def test_a_reader_that_loses_all_in_mid_batch_is_fenced_off_goes_on_with_its_share_and_gets_all_back(
    events: Broker, store: Store, after: bool
) -> None:
    await produce(events, *purchases(0, 60))
    async with reading(events, store, batch=5) as first:
        first.reader.applier = gate = Gated(first.applier, after)
        async with AsyncExitStack() as readers:
            try:
                await eventually(lambda: gate.waiting is not None)
                await kick_out(events, READERS)
                await two_more(events, store, readers)
                await eventually(lambda: len(first.reader.partitions) == 1)
                while gate.waiting in first.reader.partitions:
                    await readers.aclose()
                    await two_more(events, store, readers)
                    await eventually(lambda: len(first.reader.partitions) == 1)
                await eventually(lambda: others_caught_up(events, first.reader.partitions))
            finally:
                gate.through.set()
            await settled(events, store, 60)
            assert gate.fenced == [] if after else gate.fenced[0] == gate.waiting
        await eventually(lambda: len(first.reader.partitions) == PARTITIONS)
        before = first.total.applied
        await produce(events, *purchases(60, 90))
        await settled(events, store, 90)
        assert first.total.applied == before + 30


async def two_more(events: Broker, store: Store, readers: AsyncExitStack) -> None:
    """Two more readers, once each has its share."""
    works = [await readers.enter_async_context(another(events, store)) for _ in range(2)]
    await eventually(lambda: all(len(work.reader.partitions) == 1 for work in works))


async def others_caught_up(events: Broker, but: frozenset[int]) -> bool:
    """Whether every partition but these is read to its end."""
    found = [each for each in await positions(events) if each.topic == EVENTS and each.partition not in but]
    return all(each.end == each.committed for each in found)


class Contending(Applier):
    """Another writer is faster on its first batch, again and again, until somebody has taken the partition over."""

    def __init__(self, inner: Applier) -> None:
        super().__init__(inner.writer, inner.rules, inner.intake, inner._clock)
        self.tries = 0
        self.taken = threading.Event()

    def _transaction(self, held: Held, records: Sequence[Record], broken: bool) -> Outcome:
        if not self.taken.is_set():
            self.tries += 1
            assert self.tries != 3 or self.taken.wait(DEADLINE)
            raise Contended
        return super()._transaction(held, records, broken)


async def test_a_partition_taken_over_between_two_tries_of_a_contended_batch_is_not_written(
    events: Broker, store: Store
) -> None:
    await produce(events, *purchases(0, 30))
    async with reading(events, store) as work:
        work.reader.applier = contending = Contending(work.applier)
        await eventually(lambda: contending.tries == 3)
        for partition in range(PARTITIONS):
            take(store, partition)
        contending.taken.set()
        await eventually(lambda: counted(store) == 30)
    with shop_on(store) as shop:
        assert shop.count("placed") == 30


async def test_an_import_that_begins_in_mid_batch_is_waited_for(events: Broker, store: Store) -> None:
    await produce(events, *purchases(0, 30))
    async with reading(events, store) as work:
        work.reader.applier = gate = Gated(work.applier, after=False)
        try:
            await eventually(lambda: gate.waiting is not None)
            with importing(store):
                with writing(store) as writer:
                    for partition in range(PARTITIONS):
                        writer.take(EVENTS, partition, importing=True)
                gate.through.set()
                await eventually(lambda: gate.fenced == [gate.waiting])
                await asyncio.sleep(0.5)
                assert counted(store) == 0
        finally:
            gate.through.set()
        await settled(events, store, 30)
