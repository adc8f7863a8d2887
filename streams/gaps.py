"""The embedded broker shows a batch now and then before one with lower offsets, when two are produced at one time.

Whoever reads at the end would go on behind both and never see the other. So a gap is read again until it is filled: in
that broker's log there are none that stay.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams.record import Record

log = logging.getLogger(__name__)

AGAIN = 0.02
"""Seconds until a gap is read again: it is open for less, mostly."""
GIVEN_UP = 5.0
"""Seconds after which a gap counts as one that stays."""


class Gaps:
    """What follows on what was read, partition by partition, in one assignment after the other."""

    def __init__(self, steady: Callable[[], float] = time.monotonic) -> None:
        self._steady = steady
        self._assignment: AbstractSet[TopicPartition] | None = None
        self._next: dict[TopicPartition, int] = {}
        """The offset that comes next."""
        self._open: dict[TopicPartition, tuple[int, float]] = {}
        """A gap that is read again: where it begins, and since when it is known."""

    async def until(
        self, consumer: AIOKafkaConsumer, assignment: AbstractSet[TopicPartition], records: Sequence[Record]
    ) -> Sequence[Record]:
        """Of these records of one partition those up to a gap; the others will be polled again, after what is in it."""
        if self._assignment is not assignment:
            self._assignment, self._next, self._open = assignment, {}, {}
        place = TopicPartition(records[0].topic, records[0].partition)
        if place not in self._next:
            self._next[place] = await _begin(consumer, place, records[0].offset)
        for number, record in enumerate(records):
            if record.offset > self._next[place] and not self._stays(place):
                await self._read_again(consumer, assignment, place)
                return records[:number]
            self._next[place] = record.offset + 1
        return records

    def _stays(self, place: TopicPartition) -> bool:
        offset, now = self._next[place], self._steady()
        known, since = self._open.get(place, (-1, now))
        if known != offset:
            since = now
        self._open[place] = offset, since
        if now - since < GIVEN_UP:
            return False
        log.warning("%s/%d goes on behind %d, though something is missing", *place, offset)
        return True

    async def _read_again(
        self, consumer: AIOKafkaConsumer, assignment: AbstractSet[TopicPartition], place: TopicPartition
    ) -> None:
        log.info("%s/%d is read again from %d: what comes next is missing", *place, self._next[place])
        await asyncio.sleep(AGAIN)
        if consumer.assignment() is assignment:
            consumer.seek(place, self._next[place])


async def _begin(consumer: AIOKafkaConsumer, place: TopicPartition, found: int) -> int:
    """Where an assignment begins: at what is committed, else where that broker's log always does."""
    try:
        return await consumer.committed(place) or 0
    except KafkaError:
        return found
