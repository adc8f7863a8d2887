"""The agents' offsets, committed by ourselves: Faust's own bookkeeping forgets, and acknowledges what nobody handled.

In faust-streaming 0.15.3 an offset whose commit failed in a rebalance is remembered as committed, so that what is read
again is acknowledged no more and the lag stays (seen). And by its source an event that a rebalance finds in a stream is
skipped *and* acknowledged, and an offset committed late, below what another worker committed meanwhile, leaves a gap
that nothing is ever committed across.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams.commit import PAUSE, commit

log = logging.getLogger(__name__)

TRIES = 5
"""How often a gap is read again before it counts as one of the topic: compacted, expired, or a transaction's mark."""


class Offsets:
    """Commits what the agents have handled; one for all agents of an app.

    Faust can lose records between fetching and delivering them: what it takes from its consumer while a rebalance
    goes on it drops and seeks back to the committed offset, but a partition without one stays where it is (aiokafka
    seeks only to offsets above 0). So nothing is committed across a gap: the records are read again.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self._generation = -1
        self._next: dict[TopicPartition, int] = {}
        """Of this assignment: the offset after all that was handled."""
        self._tries: Counter[tuple[TopicPartition, int]] = Counter()

    async def acknowledge(self, messages: Iterable[Any]) -> None:
        """Commit the offsets after these messages of Faust's, all of which have been handled; waits for the broker.

        Those of an earlier assignment are left out: they are read again, by whoever has the partition now.
        """
        generation = self._app.consumer_generation_id
        if generation != self._generation:
            self._generation = generation
            self._next.clear()
            self._tries.clear()
        ends: dict[TopicPartition, int] = {}
        waiting: set[TopicPartition] = set()
        for message in messages:
            place = TopicPartition(message.topic, message.partition)
            if message.generation_id != generation or place in waiting:
                continue
            if place not in self._next:
                begin = await self._in_thread(_start, place)
                if generation != self._app.consumer_generation_id or generation != self._generation:
                    return
                self._next[place] = begin
            expected = self._next[place]
            if message.offset > expected and self._tries[place, expected] < TRIES:
                self._tries[place, expected] += 1
                waiting.add(place)
                await self._read_again(message.tp, place, expected)
                continue
            self._next[place] = ends[place] = max(expected, message.offset + 1)
        while ends and not await self._in_thread(_commit, generation, ends):
            pass

    async def _read_again(self, tp: Any, place: TopicPartition, offset: int) -> None:
        log.warning("%s/%d is read again from %d: records were passed over in a rebalance", *place, offset)
        await self._in_thread(_seek, place, offset)
        self._app.consumer._read_offset[tp] = None  # else Faust drops what lies before

    async def _in_thread(self, work: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
        """In the consumer's own thread, where no assignment changes between a look and a request."""
        thread = self._app.consumer._thread
        return await thread.call_thread(work, thread._ensure_consumer(), *arguments)


async def _commit(consumer: AIOKafkaConsumer, generation: int, ends: dict[TopicPartition, int]) -> bool:
    return consumer._coordinator.generation != generation or await commit(consumer, ends)


async def _start(consumer: AIOKafkaConsumer, place: TopicPartition) -> int:
    """Where a new reader of this partition begins: at what is committed, else where the topic does.

    Tried until the broker answers, or the partition is not ours.
    """
    while place in consumer.assignment():
        try:
            committed: int | None = await consumer.committed(place)
            if committed is not None:
                return committed
            begins: dict[TopicPartition, int] = await consumer.beginning_offsets([place])
            return begins[place]
        except KafkaError as error:
            log.warning("where %s/%d was left off is not known yet (%s)", *place, type(error).__name__)
            await asyncio.sleep(PAUSE)
    return 0


async def _seek(consumer: AIOKafkaConsumer, place: TopicPartition, offset: int) -> None:
    if place in consumer.assignment():
        consumer.seek(place, offset)
