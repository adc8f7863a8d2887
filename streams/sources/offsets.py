"""The agents' offsets, kept by ourselves: Faust's own bookkeeping loses records (docs/decisions/faust.md).

In faust-streaming 0.15.3, seen or read in its source: an offset whose commit failed is remembered as committed; what a
rebalance finds in a stream is skipped *and* acknowledged; the offset read last is remembered across a rebalance, so
that what is read again is dropped; and a partition without a committed offset is never sought back, although what was
fetched for it while the flow stood still is dropped.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from msgspec import Struct

from streams.commit import PAUSE, commit

log = logging.getLogger(__name__)


class Line(Struct):
    """How far one partition is in this assignment."""

    next: int
    """The offset after all that was handled without a gap."""
    last: int = -1
    """The offset of the record that came last."""
    asked: bool = False
    """There was a gap, and what lies in it is to be read again: what comes before that does is left out."""


class Offsets:
    """Commits what the agents have handled; one for all agents of an app, made before the app starts.

    Nothing is committed across a gap: it is read again from its beginning, and only when the broker itself then
    goes on behind it (compaction, retention, the mark of a transaction) it is one of the topic.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self._generation = -1
        self._lines: dict[TopicPartition, Line] = {}
        app.consumer._read_offset = _Nothing()
        app.consumer.seek_to_committed = self._seek_to_starts

    async def acknowledge(self, messages: Iterable[Any]) -> None:
        """Commit the offsets after these messages of Faust's, all of which have been handled; waits for the broker.

        Those of an earlier assignment are left out: they are read again, by whoever has the partition now.
        """
        generation = self._app.consumer_generation_id
        if generation != self._generation:
            self._generation = generation
            self._lines = {}
        lines, ends = self._lines, dict[TopicPartition, int]()
        for message in messages:
            place = TopicPartition(message.topic, message.partition)
            if message.generation_id != generation:
                continue
            if place not in lines:
                starts = await self._in_thread(_starts, [place])
                if place not in starts:  # it is not ours any more
                    continue
                lines[place] = Line(starts[place])
            if _follows(lines[place], message.offset):
                ends[place] = lines[place].next
            elif not lines[place].asked:
                lines[place].asked = True
                await self._read_again(place, lines[place].next)
        while ends and not await self._in_thread(_commit, generation, ends):
            pass

    async def _read_again(self, place: TopicPartition, offset: int) -> None:
        log.warning("%s/%d is read again from %d: what comes next is missing", *place, offset)
        await self._in_thread(_seek, {place: offset})

    async def _seek_to_starts(self) -> Mapping[TopicPartition, int]:
        """Faust asks for this after it dropped what it had fetched."""
        starts: Mapping[TopicPartition, int] = await self._in_thread(_seek_to_starts)
        return starts

    async def _in_thread(self, work: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
        """In the consumer's own thread, where no assignment changes between a look and a request."""
        thread = self._app.consumer._thread
        return await thread.call_thread(work, thread._ensure_consumer(), *arguments)


class _Nothing(dict[Any, Any]):
    """For Faust's memory of what it read last: with none it drops nothing. What comes twice drops out on `events`."""

    def __getitem__(self, key: object) -> None:
        return None

    def __setitem__(self, key: object, value: object) -> None:
        return None


def _follows(line: Line, offset: int) -> bool:
    """Whether all before this offset was handled; if so the line goes on behind it."""
    again = offset <= line.last
    line.last = offset
    if line.asked and not again:  # from before we asked
        return False
    if offset > line.next and not line.asked:
        return False
    line.asked = False
    line.next = max(line.next, offset + 1)
    return True


async def _commit(consumer: AIOKafkaConsumer, generation: int, ends: dict[TopicPartition, int]) -> bool:
    return consumer._coordinator.generation != generation or await commit(consumer, ends)


async def _starts(consumer: AIOKafkaConsumer, places: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
    """Where a new reader begins: at what is committed, else where the topic does. Only of partitions that are ours.

    Tried until the broker answers.
    """
    while ours := [place for place in places if place in consumer.assignment()]:
        try:
            committed = {place: await consumer.committed(place) for place in ours}
            without = [place for place, offset in committed.items() if offset is None]
            begins = await consumer.beginning_offsets(without) if without else {}
            return committed | begins
        except KafkaError as error:
            log.warning("where the agents left off is not known yet (%s)", type(error).__name__)
            await asyncio.sleep(PAUSE)
    return {}


async def _seek(consumer: AIOKafkaConsumer, offsets: Mapping[TopicPartition, int]) -> None:
    for place, offset in offsets.items():
        if place in consumer.assignment():
            consumer.seek(place, offset)


async def _seek_to_starts(consumer: AIOKafkaConsumer) -> dict[TopicPartition, int]:
    starts = await _starts(consumer, consumer.assignment())
    await _seek(consumer, starts)
    return starts
