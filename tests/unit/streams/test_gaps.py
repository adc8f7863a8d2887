"""The embedded broker shows a later batch first: what is missing is waited for, and nothing is passed over."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from streams.broker import EVENTS
from streams.gaps import GIVEN_UP, Gaps
from streams.record import Record

PLACE = TopicPartition(EVENTS, 0)


class FakeConsumer:
    """A consumer that was committed there, and is sought to where `sought` says."""

    def __init__(self, committed: int | None = None) -> None:
        self.at = committed
        self.assigned = frozenset({PLACE})
        self.sought: list[int] = []
        self.refuses = False

    def assignment(self) -> frozenset[TopicPartition]:
        return self.assigned

    async def committed(self, place: TopicPartition) -> int | None:
        if self.refuses:
            raise KafkaError
        return self.at

    def seek(self, place: TopicPartition, offset: int) -> None:
        assert place == PLACE
        self.sought.append(offset)


class Steady:
    """A clock that is moved by hand, seconds."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def passed(gaps: Gaps, consumer: FakeConsumer, *offsets: int) -> list[int]:
    polled = [Record(EVENTS, 0, offset, 0, b"c", b"{}", ()) for offset in offsets]
    records: Sequence[Record] = await gaps.until(consumer, consumer.assigned, polled)
    return [record.offset for record in records]


async def test_what_follows_passes_whole() -> None:
    gaps, consumer = Gaps(), FakeConsumer()
    assert await passed(gaps, consumer, 0, 1, 2) == [0, 1, 2]
    assert await passed(gaps, consumer, 3) == [3]
    assert consumer.sought == []


async def test_at_a_gap_it_is_read_again_from_there() -> None:
    gaps, consumer = Gaps(), FakeConsumer()
    assert await passed(gaps, consumer, 0, 1, 6, 7) == [0, 1]
    assert await passed(gaps, consumer, 6, 7) == []
    assert await passed(gaps, consumer, 2, 3, 4, 5, 6, 7) == [2, 3, 4, 5, 6, 7]
    assert consumer.sought == [2, 2]


@pytest.mark.parametrize(("committed", "passes"), [(4, [4, 5]), (None, []), (3, [])])
async def test_an_assignment_begins_at_what_is_committed_or_at_the_beginning(
    committed: int | None, passes: list[int]
) -> None:
    consumer = FakeConsumer(committed)
    assert await passed(Gaps(), consumer, 4, 5) == passes
    assert consumer.sought == ([] if passes else [committed or 0])


async def test_a_broker_that_does_not_say_what_is_committed_is_taken_at_its_word() -> None:
    consumer = FakeConsumer(3)
    consumer.refuses = True
    assert await passed(Gaps(), consumer, 4, 5) == [4, 5]


async def test_after_a_rebalance_it_begins_anew() -> None:
    gaps, consumer = Gaps(), FakeConsumer(0)
    assert await passed(gaps, consumer, 0, 1) == [0, 1]
    consumer.assigned, consumer.at = frozenset([PLACE]), 9
    assert await passed(gaps, consumer, 9) == [9]
    assert consumer.sought == []


async def test_a_gap_that_stays_is_one_of_the_topic_after_a_while() -> None:
    steady = Steady()
    gaps, consumer = Gaps(steady), FakeConsumer(0)
    assert await passed(gaps, consumer, 0, 5) == [0]
    steady.now = GIVEN_UP - 0.1
    assert await passed(gaps, consumer, 5) == []
    steady.now = GIVEN_UP
    assert await passed(gaps, consumer, 5, 6) == [5, 6]
    assert await passed(gaps, consumer, 8) == []


async def test_who_lost_the_partition_meanwhile_seeks_nothing() -> None:
    gaps, consumer = Gaps(), FakeConsumer(0)
    before = consumer.assigned
    consumer.assigned = frozenset([PLACE])
    polled = [Record(EVENTS, 0, 4, 0, b"c", b"{}", ())]
    assert await gaps.until(consumer, before, polled) == []
    assert consumer.sought == []
