"""What the agents acknowledge: never across records that Faust passed over in a rebalance."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition

from streams.sources.offsets import TRIES, Offsets

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
    """As much of a Faust app as is asked for; it has delivered up to offset 99."""
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
    app, first = app_on(consumer), stored if stored is not None else begin
    offsets = Offsets(app)
    await offsets.acknowledge(messages(first + 2, first + 3))
    assert consumer.stored == stored
    assert consumer.sought == [first]
    assert app.consumer._read_offset[PLACE] is None, "Faust drops what lies before it"
    await offsets.acknowledge(messages(first, first + 1, first + 2))
    assert consumer.stored == first + 3


async def test_what_was_handled_before_a_gap_is_committed_and_what_comes_twice_moves_nothing_back() -> None:
    consumer = Consumer(10)
    offsets = Offsets(app_on(consumer))
    await offsets.acknowledge(messages(10, 11, 14))
    assert (consumer.stored, consumer.sought) == (12, [12])
    await offsets.acknowledge(messages(9, 10, 11, 12, 13, 14))
    assert consumer.stored == 15
    await offsets.acknowledge(messages(12))
    assert consumer.stored == 15


async def test_a_gap_of_the_topic_itself_is_passed_after_some_tries() -> None:
    """A transaction's mark, or a record that compaction or retention took, never comes."""
    consumer = Consumer(10)
    offsets = Offsets(app_on(consumer))
    for _ in range(TRIES):
        await offsets.acknowledge(messages(11))
        assert consumer.stored == 10
    await offsets.acknowledge(messages(11))
    assert (consumer.stored, len(consumer.sought)) == (12, TRIES)


async def test_messages_of_an_earlier_assignment_are_left_out() -> None:
    consumer = Consumer(10)
    await Offsets(app_on(consumer)).acknowledge(messages(10, 11, generation=6))
    assert (consumer.stored, consumer.sought) == (10, [])
