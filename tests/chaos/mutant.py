"""`regulars` with a planted fault: `python -m tests.chaos.mutant NAME run …`. The oracle must notice every one."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Collection, Mapping, Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition

from console.cli.main import main
from storage.batch import Batch
from streams.reader import Reader
from streams.record import Record
from streams.sources.forward import Forwarder

BUSY_STORE = 0.05
"""Seconds a transaction of a busy store may wait: few kills suffice to hit one."""
SLOW_PRODUCER = 4.0
"""Seconds; longer than Faust waits until it commits what was acknowledged."""


def commit_first() -> None:
    """The offset is committed before the transaction: a kill in between loses the batch."""
    apply, commit = Reader._apply, Reader._commit

    async def early(
        self: Reader, consumer: AIOKafkaConsumer, partition: TopicPartition, records: Sequence[Record]
    ) -> None:
        await commit(self, consumer, partition, records[-1].offset + 1)
        await asyncio.sleep(BUSY_STORE)
        await apply(self, consumer, partition, records)

    Reader._apply = early  # type: ignore[method-assign]


def ack_first() -> None:
    """The agents acknowledge what they have not forwarded yet, as Faust's usual forms do when a producer is slow."""
    forward, under_way = Forwarder.forward, set[asyncio.Task[None]]()

    async def slowly(self: Forwarder, records: Sequence[Record]) -> None:
        await asyncio.sleep(SLOW_PRODUCER)
        await forward(self, records)

    async def at_once(self: Forwarder, records: Sequence[Record]) -> None:
        task = asyncio.create_task(slowly(self, records))
        under_way.add(task)
        task.add_done_callback(under_way.discard)

    Forwarder.forward = at_once  # type: ignore[method-assign]


def no_inbox() -> None:
    """What was seen before is applied again."""

    def received(self: Batch, digests: Collection[bytes]) -> dict[bytes, bytes]:
        return {}

    def receive(self: Batch, identities: Mapping[bytes, bytes], now: int) -> None:
        return None

    Batch.received = received  # type: ignore[method-assign]
    Batch.receive = receive  # type: ignore[method-assign]


MUTANTS = {"commit-first": commit_first, "no-inbox": no_inbox, "ack-first": ack_first}

if __name__ == "__main__":
    MUTANTS[sys.argv.pop(1)]()
    main()
