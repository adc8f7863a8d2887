"""The reader on real brokers: an offset is committed only after the store's commit, whatever ends the worker."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest
from aiokafka.codec import has_lz4, has_snappy, has_zstd

from storage.store import Store
from storage.writer import Held
from streams.apply import Applier, Outcome
from streams.broker import EVENTS, Broker
from streams.errors import IntakeHalted
from streams.partitions import partition_of
from streams.record import Record
from tests.unit.storage.kit import take
from tests.unit.streams.kit import event, shop_on
from tests.unit.streams.rig import (
    DEADLINE,
    PARTITIONS,
    Work,
    committed,
    empty,
    eventually,
    produce,
    reading,
)

PEOPLE = [f"c-{number}" for number in range(20)]


@pytest.fixture
async def events(broker: str, request: pytest.FixtureRequest) -> Broker:
    """Either broker with our topics empty."""
    return await empty(broker, embedded="tansu" in request.node.callspec.id)


def purchases(first: int, last: int) -> list[bytes]:
    return [event(f"e-{number}", PEOPLE[number % len(PEOPLE)]) for number in range(first, last)]


def applied(store: Store) -> list[str]:
    with shop_on(store) as shop:
        return [row["id"] for row in shop.rows("event")]


class Gated(Applier):
    """Waits before or after it has committed a batch until it is let through."""

    def __init__(self, inner: Applier, after: bool) -> None:
        super().__init__(inner.writer, inner.rules, inner.intake, inner._clock)
        self.after = after
        self.arrived, self.through = threading.Event(), threading.Event()

    def apply(self, held: Held, records: Sequence[Record]) -> Outcome:
        outcome = super().apply(held, records) if self.after else None
        self.arrived.set()
        assert self.through.wait(DEADLINE)
        return outcome or super().apply(held, records)


def gated(work: Work, after: bool) -> Gated:
    """Put a gate before the reader's batches; it has read nothing yet."""
    work.reader.applier = gate = Gated(work.applier, after)
    return gate


async def test_a_running_reader_applies_what_comes_and_commits_it(events: Broker, store: Store) -> None:
    places = await produce(events, *purchases(0, 60))
    async with reading(events, store, batch=7) as work:
        await eventually(lambda: work.total.applied == 60)
        assert work.batches >= 60 // 7
        places += await produce(events, b"{", event("e-0", PEOPLE[0]), event("late"), key=None, partition=1)
        assert [partition for partition, _ in places[60:]] == [1, 1, 1]
        await eventually(lambda: work.total.dead == 3)

        # A record in a partition that is not its own is produced to the right one and applied there.
        home = partition_of(b"anna", PARTITIONS)
        places += await produce(events, event("stray"), partition=(home + 1) % PARTITIONS)
        await eventually(lambda: work.total.applied == 61)

        # Somebody takes a partition: what was read of it is dropped, the partition taken back, nothing lost.
        for partition in range(PARTITIONS):
            take(store, partition)
        places += await produce(events, *purchases(60, 90), *purchases(0, 10))
        await eventually(lambda: work.total.applied == 91 and work.total.duplicates == 10)
    with shop_on(store) as shop:
        assert shop.count("placed") == 91
        assert {row["id"]: row["shard"] for row in shop.rows("customer")} == {
            name: partition_of(name.encode(), PARTITIONS) for name in [*PEOPLE, "anna"]
        }
        assert {row["reason"] for row in shop.rows("dead_letter")} == {"no-key"}
        stored = {row["id"]: row["position"] for row in shop.rows("partition")}
    final = await committed(events)
    assert final == stored
    assert sum(final.values()) == len(places) + 1, "the stray record was produced once more"


async def test_a_crash_between_the_stores_commit_and_the_offsets_repeats_and_doubles_nothing(
    events: Broker, store: Store
) -> None:
    class Crash(Exception):
        pass

    await produce(events, *purchases(0, 40))

    def crash(outcome: Outcome) -> None:
        raise Crash

    async def crashing() -> None:
        async with reading(events, store) as work:
            work.reader.tell = crash
            assert work.task is not None
            await asyncio.wait({work.task}, timeout=DEADLINE)

    with pytest.raises(Crash):
        await crashing()
    half = applied(store)
    assert 0 < len(half) < 40
    assert await committed(events) == {}
    async with reading(events, store) as work:
        await eventually(lambda: work.total.applied + work.total.duplicates == 40)
        assert work.total.duplicates == len(half)
    assert sorted(applied(store)) == sorted(f"e-{number}" for number in range(40))
    assert sum((await committed(events)).values()) == 40


async def test_a_cancelled_reader_leaves_whole_batches_and_the_next_one_goes_on(
    kafka_broker: str, store: Store
) -> None:
    events = await empty(kafka_broker, embedded=False)
    await produce(events, *purchases(0, 40))
    async with reading(events, store) as work:
        gate = gated(work, after=True)
        await asyncio.wait_for(asyncio.to_thread(gate.arrived.wait), DEADLINE)
        assert work.task is not None
        work.task.cancel()
        gate.through.set()
    half = applied(store)
    assert 0 < len(half) < 40
    assert await committed(events) == {}
    async with reading(events, store) as work:
        await eventually(lambda: work.total.applied + work.total.duplicates == 40)
        assert work.total.duplicates == len(half)
    assert sorted(applied(store)) == sorted(f"e-{number}" for number in range(40))
    assert sum((await committed(events)).values()) == 40


async def test_a_stop_lets_the_batch_at_hand_finish_and_commits_it(events: Broker, store: Store) -> None:
    places = await produce(events, *purchases(0, 40))
    async with reading(events, store) as work:
        gate = gated(work, after=False)
        await asyncio.wait_for(asyncio.to_thread(gate.arrived.wait), DEADLINE)
        work.reader.stop()
        assert applied(store) == []
        gate.through.set()
        await work.stop()
        assert work.batches == 1
    done = await committed(events)
    [(partition, position)] = done.items()
    assert len(applied(store)) == position == sum(each == partition for each, _ in places)


async def test_a_second_reader_shares_the_work_and_nothing_is_doubled(events: Broker, store: Store) -> None:
    sent = 0

    async def more(many: int) -> None:
        nonlocal sent
        await produce(events, *purchases(sent, sent + many))
        sent += many

    await more(30)
    async with reading(events, store, batch=5) as first:
        await eventually(lambda: first.total.applied == 30)
        other = Store(store.url.render_as_string(hide_password=False))
        async with reading(events, other, batch=5) as second:

            async def shared() -> bool:
                await more(20)
                return first.total.applied > 30 and second.total.applied > 0

            await eventually(shared, 60)
            await eventually(lambda: len(applied(store)) == sent)
        other.close()
        await more(20)
        await eventually(lambda: len(applied(store)) == sent)
    with shop_on(store) as shop:
        assert shop.count("placed") == sent
        assert shop.dead() == {}
        assert sum(row["epoch"] for row in shop.rows("partition")) > PARTITIONS
    assert len(set(applied(store))) == sent


@pytest.mark.parametrize(
    "codec",
    [
        "gzip",
        *(
            pytest.param(
                name,
                marks=pytest.mark.xfail(
                    not has(), reason="aiokafka reads it only with cramjam: aiokafka[snappy,lz4,zstd]", strict=True
                ),
            )
            for name, has in (("snappy", has_snappy), ("lz4", has_lz4), ("zstd", has_zstd))
        ),
    ],
)
async def test_records_are_read_however_their_producer_packed_them(kafka_broker: str, store: Store, codec: str) -> None:
    events = await empty(kafka_broker, embedded=False, packed=codec)
    await produce(events, *purchases(0, 20))
    async with reading(events, store) as work:
        await eventually(lambda: work.total.applied == 20 or bool(work.task and work.task.done()))
    assert len(applied(store)) == 20


async def test_a_reader_that_halts_commits_nothing_of_the_bad_batch(events: Broker, store: Store) -> None:
    await produce(events, *[b"{"] * 150, key=b"anna", partition=0)

    async def halting() -> None:
        async with reading(events, store, batch=500) as work:
            assert work.task is not None
            await asyncio.wait({work.task}, timeout=DEADLINE)

    with pytest.raises(IntakeHalted, match=r"of events/0 are bad"):
        await halting()
    assert await committed(events) == {}
    with shop_on(store) as shop:
        assert shop.dead() == {}
        assert EVENTS in {row["topic"] for row in shop.rows("partition")}
