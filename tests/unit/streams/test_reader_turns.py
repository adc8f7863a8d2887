"""The reader's turn with a consumer that does as it is told: nothing polled is skipped, nothing lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError, KafkaError, UnknownError

from storage.errors import Unreachable
from storage.lock import importing
from storage.store import Store
from storage.writer import Held
from streams.apply import Applier, Outcome
from streams.broker import EVENTS, Broker
from streams.errors import IntakeHalted
from streams.reader import Reader
from streams.record import Record
from tests.unit.storage.kit import store_of, take
from tests.unit.streams.kit import Shop, event, shop_on, subject

DEADLINE = 20.0
P0, P1 = TopicPartition(EVENTS, 0), TopicPartition(EVENTS, 1)


class FakeConsumer:
    """Two partitions; a poll gives what was put in. `refuse`: errors of the next commits."""

    def __init__(self) -> None:
        self.polls: list[dict[TopicPartition, list[Any]]] = []
        self.committed: dict[TopicPartition, int] = {}
        self.refuse: list[KafkaError] = []
        self.assigned = frozenset({P0, P1})

    def assignment(self) -> frozenset[TopicPartition]:
        return self.assigned

    def rebalance(self, *partitions: TopicPartition) -> None:
        """A new assignment, be it of the same partitions."""
        self.assigned = frozenset(list(partitions))

    def partitions_for_topic(self, topic: str) -> None:
        return None

    async def getmany(self, timeout_ms: int, max_records: int) -> dict[TopicPartition, list[Any]]:
        return self.polls.pop(0) if self.polls else {}

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        if self.refuse:
            raise self.refuse.pop(0)
        self.committed |= offsets


class Moody:
    """An applier that does what comes next in `moods` before it applies."""

    def __init__(self, inner: Applier) -> None:
        self.inner = inner
        self.writer = inner.writer
        self.partitions = 0
        self.moods: list[Callable[[], None]] = []

    def apply(self, held: Held, records: list[Record]) -> Outcome:
        if self.moods:
            self.moods.pop(0)()
        return self.inner.apply(held, records)


def polled(partition: TopicPartition, *values: bytes, at: int = 0) -> list[Any]:
    return [
        SimpleNamespace(
            topic=EVENTS,
            partition=partition.partition,
            offset=at + number,
            timestamp=0,
            key=subject(value),
            value=value,
            headers=(),
        )
        for number, value in enumerate(values)
    ]


@pytest.fixture
def shop(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Shop]:
    with store_of("sqlite", request, tmp_path) as store, shop_on(store) as made:
        yield made


class Stand:
    """A reader between a fake consumer and a real store."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.store: Store = shop.store
        self.consumer = FakeConsumer()
        self.applier = Moody(shop.applier)
        self.told: list[Outcome] = []
        self.reader = Reader(Broker("nowhere:1"), self.applier, 100, self.told.append)  # type: ignore[arg-type]

    async def turn(self, **values: list[Any]) -> None:
        """One turn with one poll of partitions `p0`, `p1`."""
        self.consumer.polls.append({{"p0": P0, "p1": P1}[name]: messages for name, messages in values.items()})
        await asyncio.wait_for(self.reader._turn(self.consumer), DEADLINE)

    @property
    def applied(self) -> list[str]:
        return sorted(row["id"] for row in self.shop.rows("event"))


@pytest.fixture
async def stand(shop: Shop) -> AsyncIterator[Stand]:
    made = Stand(shop)
    yield made
    made.reader._thread.shutdown()


def fail(error: Exception) -> Callable[[], None]:
    def mood() -> None:
        raise error

    return mood


async def test_what_was_polled_is_applied_and_then_committed(stand: Stand) -> None:
    await stand.turn(p0=polled(P0, event("1"), event("2"), at=5), p1=polled(P1, event("3", "ben"), at=9))
    assert stand.applied == ["1", "2", "3"]
    assert stand.consumer.committed == {P0: 7, P1: 10}
    assert sum(outcome.applied for outcome in stand.told) == 3


@pytest.mark.parametrize(("error", "first"), [(CommitFailedError(), {}), (UnknownError(), {P0: 1})])
async def test_a_commit_that_fails_skips_nothing_of_the_other_partitions(
    stand: Stand, error: KafkaError, first: dict[TopicPartition, int]
) -> None:
    """The consumer's position is past all that was polled: what is skipped now is never read again."""
    stand.consumer.refuse.append(error)
    await stand.turn(p0=polled(P0, event("1")), p1=polled(P1, event("2", "ben")))
    assert stand.applied == ["1", "2"]
    assert stand.consumer.committed == first | {P1: 1}


async def test_a_store_that_is_away_is_tried_until_it_is_back_and_nothing_is_skipped(stand: Stand) -> None:
    stand.applier.moods += [fail(Unreachable("away")), fail(Unreachable("still away"))]
    await stand.turn(p0=polled(P0, event("1")), p1=polled(P1, event("2", "ben")))
    assert stand.applied == ["1", "2"]
    assert stand.consumer.committed == {P0: 1, P1: 1}


async def test_a_store_that_keeps_a_batch_waiting_is_named_and_nothing_is_skipped(
    stand: Stand, caplog: pytest.LogCaptureFixture
) -> None:
    stand.reader.patience = 0.1
    stand.applier.moods = [lambda: time.sleep(1.0)]
    await stand.turn(p0=polled(P0, event("1")), p1=polled(P1, event("2", "ben")))
    assert 2 <= caplog.text.count("the store has not answered for") <= 4
    assert stand.applied == ["1", "2"]
    assert stand.consumer.committed == {P0: 1, P1: 1}


async def test_a_partition_that_somebody_else_took_is_taken_back_while_it_is_ours(stand: Stand) -> None:
    await stand.turn(p0=polled(P0, event("1")))
    take(stand.store, 0)
    await stand.turn(p0=polled(P0, event("2"), at=1))
    assert stand.applied == ["1", "2"]
    assert stand.consumer.committed == {P0: 2}
    assert {row["epoch"] for row in stand.shop.rows("partition")} == {3}


@pytest.mark.parametrize("still", [(P0,), (P0, P1)], ids=["revoked", "given-back"])
async def test_what_a_rebalance_finds_in_hand_is_read_again_and_so_neither_applied_nor_committed(
    stand: Stand, still: tuple[TopicPartition, ...]
) -> None:
    """Committed later, it might take an offset back that another reader had committed meanwhile."""
    stand.applier.moods.append(lambda: stand.consumer.rebalance(*still))
    await stand.turn(p0=polled(P0, event("1")), p1=polled(P1, event("2", "ben")))
    assert stand.applied == ["1"]
    assert stand.consumer.committed == {}
    await stand.turn(p0=polled(P0, event("1")))
    assert stand.applied == ["1"]
    assert stand.consumer.committed == {P0: 1}


async def test_a_partition_revoked_while_the_store_is_away_is_dropped(stand: Stand) -> None:
    def lose() -> None:
        stand.consumer.rebalance(P1)
        raise Unreachable("away")

    stand.applier.moods.append(lose)
    await stand.turn(p0=polled(P0, event("1")))
    await stand.turn(p1=polled(P1, event("2", "ben")))
    assert stand.applied == ["2"]
    assert stand.consumer.committed == {P1: 1}


async def test_during_an_import_the_reader_waits_and_then_goes_on(stand: Stand) -> None:
    with importing(stand.store):
        turning = asyncio.create_task(stand.turn(p0=polled(P0, event("1"))))
        done, _ = await asyncio.wait({turning}, timeout=0.3)
        assert not done
        assert stand.applied == []
    await asyncio.wait_for(turning, DEADLINE)
    assert stand.applied == ["1"]


async def test_a_stop_ends_the_waiting_for_the_store(stand: Stand) -> None:
    with importing(stand.store):
        turning = asyncio.create_task(stand.turn(p0=polled(P0, event("1"))))
        await asyncio.sleep(0)
        stand.reader.stop()
        await asyncio.wait_for(turning, DEADLINE)
    assert stand.applied == []
    assert stand.consumer.committed == {}


async def test_after_a_stop_the_batch_at_hand_is_finished_and_no_other_begun(stand: Stand) -> None:
    stand.applier.moods.append(stand.reader.stop)
    await stand.turn(p0=polled(P0, event("1")), p1=polled(P1, event("2", "ben")))
    assert stand.applied == ["1"]
    assert stand.consumer.committed == {P0: 1}


async def test_a_halted_intake_ends_the_reader_without_a_commit(stand: Stand) -> None:
    with pytest.raises(IntakeHalted, match="120 of the last 120"):
        await stand.turn(p0=polled(P0, *[b"{"] * 120), p1=polled(P1, event("1")))
    assert stand.consumer.committed == {}
    assert stand.applied == []


async def test_a_defect_ends_the_reader_without_a_commit(stand: Stand) -> None:
    stand.applier.moods.append(fail(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        await stand.turn(p0=polled(P0, event("1")))
    assert stand.consumer.committed == {}
