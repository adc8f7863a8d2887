"""`regulars` with a planted fault: `python -m tests.chaos.mutant NAME run …`. The oracle must notice every one."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from typing import cast

from aiokafka import AIOKafkaConsumer, TopicPartition

from console.cli.main import main
from retention.events import Event
from retention.state import Customer
from rules.engine.decide import Decided
from rules.ruleset import RuleSet
from storage.batch import Batch
from streams.apply import Applier
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

    def receive(self: Batch, identities: Mapping[bytes, bytes], at: int) -> None:
        return None

    Batch.received = received  # type: ignore[method-assign]
    Batch.receive = receive  # type: ignore[method-assign]


def stumbles() -> None:
    """The rules raise for every event of the customer that STUMBLER names."""
    stumbler = os.environ["STUMBLER"]
    apply = sys.modules[Applier.__module__]
    sound = apply.decide

    def decide(rules: RuleSet, event: Event, customer: Customer, new: bool) -> Decided:
        if event.customer == stumbler:
            raise ZeroDivisionError
        return cast(Decided, sound(rules, event, customer, new))

    setattr(apply, "decide", decide)  # noqa: B010 - the module does not export it


MUTANTS = {"commit-first": commit_first, "no-inbox": no_inbox, "ack-first": ack_first, "stumbles": stumbles}

if __name__ == "__main__":
    MUTANTS[sys.argv.pop(1)]()
    main()
