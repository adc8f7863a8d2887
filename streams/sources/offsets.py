"""The agents' offsets, committed by ourselves: Faust's own bookkeeping forgets, and acknowledges what nobody handled.

In faust-streaming 0.15.3 an offset whose commit failed in a rebalance is remembered as committed, so that what is read
again is acknowledged no more and the lag stays (seen). And by its source an event that a rebalance finds in a stream is
skipped *and* acknowledged, and an offset committed late, below what another worker committed meanwhile, leaves a gap
that nothing is ever committed across.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError

log = logging.getLogger(__name__)

PATIENCE = 5.0
"""Seconds a commit may take: shorter than a session, so that none outlives the assignment it was made for. aiokafka
would try for ever, and take an offset back that another worker had committed meanwhile."""


async def commit(app: Any, messages: Iterable[Any]) -> None:
    """Commit the offsets after these messages of Faust's, all of which have been handled; waits for the broker.

    A partition's messages come in order from its committed offset on, so the last one of this assignment stands for
    all before it. Those of an earlier assignment are left out: they are read again, by whoever has the partition now.
    Raises what aiokafka says is not worth a second try.
    """
    generation = app.consumer_generation_id
    ends = {
        TopicPartition(message.topic, message.partition): message.offset + 1
        for message in messages
        if message.generation_id == generation
    }
    thread = app.consumer._thread
    while ends and not await thread.call_thread(_commit, thread._ensure_consumer(), generation, ends):
        log.warning("offsets of %s wait to be committed: the broker does not answer", _names(ends))


async def _commit(consumer: AIOKafkaConsumer, generation: int, ends: dict[TopicPartition, int]) -> bool:
    """In the consumer's thread, where no assignment changes between the look and the request. False: try again."""
    if consumer._coordinator.generation != generation:
        return True
    try:
        await asyncio.wait_for(consumer.commit(ends), PATIENCE)
    except (CommitFailedError, IllegalStateError) as error:
        log.info("offsets of %s not committed (%s)", _names(ends), type(error).__name__)
    except TimeoutError:
        return False
    return True


def _names(partitions: Iterable[TopicPartition]) -> str:
    return ", ".join(f"{each.topic}/{each.partition}" for each in sorted(partitions))
