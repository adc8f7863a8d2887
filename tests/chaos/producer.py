"""The storefront: produces the load, waits for every acknowledgement, and keeps a ledger of where things lie."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaProducer

from tests.chaos.load import Emit, Load
from tests.chaos.setup import Setup

Place = tuple[str, int, int]
"""Topic, partition, offset."""
TICK = 0.05


@dataclass
class Ledger:
    """What the broker acknowledged. The oracle reads the topics; from here it learns what was spoiled."""

    produced: int = 0
    repeated: int = 0
    poison: dict[Place, str] = field(default_factory=dict)
    """Records to be buried where they lie, and why."""

    def note(self, emit: Emit, place: Place) -> None:
        """Another acknowledged record."""
        self.produced += 1
        self.repeated += emit.again
        if emit.poison is not None and not emit.late:
            self.poison[place] = emit.poison


class Producer:
    """Produces at a steady rate until told to stop."""

    def __init__(self, setup: Setup, load: Load, rate: float) -> None:
        self.load = load
        self.rate = rate
        self.ledger = Ledger()
        self._producer = client(setup)
        self._stopping = False

    async def run(self) -> None:
        """Produce until `stop`; everything sent is acknowledged then."""
        await self._producer.start()
        waiting: set[asyncio.Task[None]] = set()
        try:
            begun = asyncio.get_running_loop().time()
            due = 0
            while not self._stopping:
                await asyncio.sleep(TICK)
                target = int((asyncio.get_running_loop().time() - begun) * self.rate)
                for _ in range(target - due):
                    emit = self.load.next(dt.datetime.now(dt.UTC))
                    task = asyncio.create_task(_noted(self.ledger, emit, await _send(self._producer, emit)))
                    waiting.add(task)
                    task.add_done_callback(_raise(waiting))
                due = target
            await asyncio.gather(*waiting)
        finally:
            await self._producer.stop()

    def stop(self) -> None:
        """Send no more."""
        self._stopping = True


def client(setup: Setup) -> AIOKafkaProducer:
    """A producer that acknowledges only what the broker keeps; to be made inside a running loop."""
    return AIOKafkaProducer(
        bootstrap_servers=setup.bootstrap,
        acks="all",
        enable_idempotence=not setup.embedded,
        max_request_size=2 * 1024 * 1024,
        request_timeout_ms=600_000,  # longer than any broker stays away
        linger_ms=5,
    )


async def produce(setup: Setup, emits: Iterable[Emit]) -> Ledger:
    """Produce these in order and have them acknowledged."""
    ledger = Ledger()
    producer = client(setup)
    await producer.start()
    try:
        await asyncio.gather(*[_noted(ledger, emit, await _send(producer, emit)) for emit in emits])
    finally:
        await producer.stop()
    return ledger


async def _send(producer: AIOKafkaProducer, emit: Emit) -> asyncio.Future[Any]:
    sent: asyncio.Future[Any] = await producer.send(
        emit.topic, key=emit.key, value=emit.value, headers=list(emit.headers), partition=emit.partition
    )
    return sent


async def _noted(ledger: Ledger, emit: Emit, sent: asyncio.Future[Any]) -> None:
    where = await sent
    ledger.note(emit, (where.topic, where.partition, where.offset))


def _raise(waiting: set[asyncio.Task[None]]) -> Any:
    def done(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is None:
            waiting.discard(task)

    return done
