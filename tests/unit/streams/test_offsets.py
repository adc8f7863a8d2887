"""What the agents acknowledge: never across records that Faust passed over in a rebalance."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition

from streams.sources.offsets import Offsets

PLACE = TopicPartition("purchases", 3)


class Consumer:
    """A consumer of one partition; `stored` is what the group has committed."""

    def __init__(self, stored: int | None, begin: int = 0) -> None:
        self.stored = stored
        self.begin = begin
        self.sought: list[int] = []
        self._coordinator = SimpleNamespace(generation=7)

    def assignment(self) -> set[TopicPartition]:
        return {PLACE}

    async def committed(self, place: TopicPartition) -> int | None:
        return self.stored

    async def beginning_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(places, self.begin)

    async def commit(self, ends: dict[TopicPartition, int]) -> None:
        self.stored = ends[PLACE]

    def seek(self, place: TopicPartition, offset: int) -> None:
        self.sought.append(offset)


class Thread:
    def __init__(self, consumer: Consumer) -> None:
        self.consumer = consumer

    def _ensure_consumer(self) -> Consumer:
        return self.consumer

    async def call_thread(self, work: Callable[..., Any], *arguments: Any) -> Any:
        return await work(*arguments)


def app_on(consumer: Consumer) -> Any:
    """As much of a Faust app as is asked for."""
    inner = SimpleNamespace(_thread=Thread(consumer), _read_offset={PLACE: 99})
    return SimpleNamespace(consumer_generation_id=7, consumer=inner)


def messages(*offsets: int, generation: int = 7) -> list[Any]:
    return [
        SimpleNamespace(topic=PLACE.topic, partition=PLACE.partition, tp=PLACE, offset=offset, generation_id=generation)
        for offset in offsets
    ]


@pytest.mark.parametrize(("stored", "begin"), [(None, 0), (None, 5), (0, 0), (178, 0)])
async def test_records_passed_over_are_read_again_before_anything_after_them_is_committed(
    stored: int | None, begin: int
) -> None:
    consumer = Consumer(stored, begin)
    first = stored if stored is not None else begin
    offsets = Offsets(app_on(consumer))
    await offsets.acknowledge(messages(first + 2, first + 3))
    assert consumer.stored == stored
    assert consumer.sought == [first]
    await offsets.acknowledge(messages(first, first + 1, first + 2))
    assert consumer.stored == first + 3


async def test_what_was_already_fetched_behind_a_gap_never_stands_for_what_lies_in_it() -> None:
    """Faust may hold thousands of records that were on their way when we asked to read again."""
    consumer = Consumer(10)
    offsets = Offsets(app_on(consumer))
    for ahead in range(20, 60):
        await offsets.acknowledge(messages(ahead))
    assert (consumer.stored, consumer.sought) == (10, [10])
    await offsets.acknowledge(messages(*range(10, 15)))
    assert consumer.stored == 15
    await offsets.acknowledge(messages(*range(15, 61)))
    assert (consumer.stored, consumer.sought) == (61, [10])


async def test_what_was_handled_before_a_gap_is_committed_and_what_comes_twice_moves_nothing_back() -> None:
    consumer = Consumer(10)
    offsets = Offsets(app_on(consumer))
    await offsets.acknowledge(messages(10, 11, 14))
    assert (consumer.stored, consumer.sought) == (12, [12])
    await offsets.acknowledge(messages(9, 10, 11, 12, 13, 14))
    assert consumer.stored == 15
    await offsets.acknowledge(messages(12))
    assert consumer.stored == 15


async def test_a_gap_of_the_topic_itself_is_passed_once_the_broker_has_said_so() -> None:
    """A transaction's mark, or a record that compaction or retention took, never comes."""
    consumer = Consumer(10)
    offsets = Offsets(app_on(consumer))
    await offsets.acknowledge(messages(11, 12))
    assert (consumer.stored, consumer.sought) == (10, [10])
    await offsets.acknowledge(messages(11, 12, 13))
    assert (consumer.stored, consumer.sought) == (14, [10])


async def test_messages_of_an_earlier_assignment_are_left_out() -> None:
    consumer = Consumer(10)
    await Offsets(app_on(consumer)).acknowledge(messages(10, 11, generation=6))
    assert (consumer.stored, consumer.sought) == (10, [])


async def test_a_new_assignment_begins_at_what_is_committed_then() -> None:
    consumer = Consumer(10)
    app = app_on(consumer)
    offsets = Offsets(app)
    await offsets.acknowledge(messages(10, 13))
    app.consumer_generation_id = consumer._coordinator.generation = 8
    consumer.stored = 30
    await offsets.acknowledge(messages(30, 31, generation=8))
    assert consumer.stored == 32


@pytest.mark.parametrize(("stored", "start"), [(None, 5), (0, 0), (178, 178)])
async def test_when_faust_has_dropped_what_it_fetched_every_partition_goes_back_to_its_start(
    stored: int | None, start: int
) -> None:
    consumer = Consumer(stored, 5)
    app = app_on(consumer)
    Offsets(app)
    assert await app.consumer.seek_to_committed() == {PLACE: start}
    assert consumer.sought == [start]


async def test_faust_remembers_nothing_that_would_make_it_drop_what_is_read_again() -> None:
    app = app_on(Consumer(10))
    Offsets(app)
    remembered = app.consumer._read_offset
    remembered[PLACE] = 82
    remembered.update({PLACE: 83})
    assert remembered[PLACE] is None
    remembered.pop(PLACE, None)
    assert remembered[PLACE] is None
