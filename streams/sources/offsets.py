"""The agents' offsets, committed by ourselves: Faust's own bookkeeping forgets, and acknowledges what nobody handled.

In faust-streaming 0.15.3 an offset whose commit failed in a rebalance is remembered as committed, so that what is read
again is acknowledged no more and the lag stays (seen). And by its source an event that a rebalance finds in a stream is
skipped *and* acknowledged, and an offset committed late, below what another worker committed meanwhile, leaves a gap
that nothing is ever committed across.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.commit import commit


async def acknowledge(app: Any, messages: Iterable[Any]) -> None:
    """Commit the offsets after these messages of Faust's, all of which have been handled; waits for the broker.

    A partition's messages come in order from its committed offset on, so the last one of this assignment stands for
    all before it. Those of an earlier assignment are left out: they are read again, by whoever has the partition now.
    """
    generation = app.consumer_generation_id
    ends = {
        TopicPartition(message.topic, message.partition): message.offset + 1
        for message in messages
        if message.generation_id == generation
    }
    thread = app.consumer._thread
    while ends and not await thread.call_thread(_commit, thread._ensure_consumer(), generation, ends):
        pass


async def _commit(consumer: AIOKafkaConsumer, generation: int, ends: dict[TopicPartition, int]) -> bool:
    """In the consumer's own thread, where no assignment changes between the look and the request."""
    return consumer._coordinator.generation != generation or await commit(consumer, ends)
