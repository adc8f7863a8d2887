"""Committing offsets: an answer, and soon, or no commit at all."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

log = logging.getLogger(__name__)

PATIENCE = 5.0
"""Seconds a commit may take: shorter than a session, so that none outlives the assignment it was made for. aiokafka
would try for ever, and take an offset back that another worker had committed meanwhile."""
PAUSE = 0.5
"""Seconds before another try."""


async def commit(consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> bool:
    """Commit these next offsets. False: the broker has not taken them; try again while the assignment is the same.

    What is not ours any more counts as done: it is read again, from the committed offset on, and known by then.
    """
    names = ", ".join(f"{each.topic}/{each.partition}" for each in sorted(ends))
    try:
        await asyncio.wait_for(consumer.commit(dict(ends)), PATIENCE)
    except (CommitFailedError, IllegalStateError) as error:
        log.info("offset of %s not committed (%s)", names, type(error).__name__)
    except (KafkaError, TimeoutError) as error:
        log.warning("offset of %s waits to be committed (%s); trying again", names, type(error).__name__)
        await asyncio.sleep(PAUSE)
        return False
    return True
