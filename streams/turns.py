"""What the parts that produce have in common: a turn, a rest, the next turn, until they are stopped."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from aiokafka import AIOKafkaProducer

from streams.broker import Broker


async def turns(broker: Broker, stopping: asyncio.Event, turn: Callable[[AIOKafkaProducer], Awaitable[None]]) -> None:
    """Turn after turn with one producer, until `stopping` is set; the turn at hand is finished."""
    producer = broker.producer()
    await producer.start()
    try:
        while not stopping.is_set():
            await turn(producer)
    finally:
        await producer.stop()


async def rest(stopping: asyncio.Event, seconds: float) -> None:
    """Wait so long, or until `stopping` is set."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)
