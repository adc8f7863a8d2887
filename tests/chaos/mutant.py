"""`regulars` with a planted fault: `python -m tests.chaos.mutant NAME[,NAME] run …`. The oracle must notice.

`stops`, `stumbles`, `failpoints`, `wrong-clock`, `loses-pokes` and `small-pages` are no faults of the product: they
bring it into a place, or a time, that is hard to reach.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from aiokafka import AIOKafkaConsumer, TopicPartition
from msgspec.structs import replace
from sqlalchemy import text

from console.cli.main import main
from delivery.channels.base import Outgoing
from delivery.check import Held, Refusal
from delivery.dispatcher import Dispatcher
from delivery.editions import Edition
from delivery.errors import SendError
from delivery.prepare import Prepared
from retention.events import Event
from retention.state import Customer
from rules.engine.older import Library
from rules.engine.outcome import Decided
from rules.ruleset import RuleSet
from storage import sql
from storage.batch import Batch, Loaded
from storage.many import Many
from storage.messages import Claimed, Messages
from streams.apply import Applier
from streams.reader import Assignment, Reader
from streams.record import Record
from streams.sources.forward import Forwarder
from tests.chaos import failpoints, planted, planted_rules

BUSY_STORE = 0.05
"""Seconds a transaction of a busy store may wait: few kills suffice to hit one."""
SLOW_SERVER = 0.5
"""Seconds a mail takes."""
SLOW_PRODUCER = 4.0
"""Seconds; longer than Faust waits until it commits what was acknowledged."""


def commit_first() -> None:
    """The offset is committed before the transaction: a kill in between loses the batch."""
    apply, commit = Reader._apply, Reader._commit

    async def early(
        self: Reader,
        consumer: AIOKafkaConsumer,
        assignment: Assignment,
        partition: TopicPartition,
        records: Sequence[Record],
    ) -> None:
        await commit(self, consumer, assignment, {partition: records[-1].offset + 1})
        await asyncio.sleep(BUSY_STORE)
        await apply(self, consumer, assignment, partition, records)

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


def no_fence() -> None:
    """Whoever once took a partition writes it for ever, and nobody looks whether a row changed meanwhile."""
    live = "(SELECT value FROM meta WHERE name = 'live-rules') AS ruleset"
    statement = f"SELECT seen, bad, halted, {live} FROM partition WHERE topic = :topic AND id = :id"
    again = "UPDATE partition SET at = :at WHERE topic = :topic AND id = :id"
    health, save = Batch.health, Batch._write

    def unlocked(self: Batch, seen: int, bad: int) -> None:
        health(self, seen, bad)
        self._connection.execute(text(again), {"at": _now(), "topic": self._topic, "id": self._shard})

    def unchecked(self: Batch, statement: Many, rows: Sequence[tuple[Any, ...]]) -> None:
        save(self, statement, rows)

    sql.FENCE = text(statement)
    Batch.health = unlocked  # type: ignore[method-assign]
    Batch._all = unchecked  # type: ignore[method-assign]


def mark_first() -> None:
    """A message is marked sent before it leaves: a kill in between loses the mail."""
    send = Dispatcher._send

    async def late(self: Dispatcher, message: Claimed, outgoing: Outgoing) -> SendError | None:
        await asyncio.to_thread(self._messages.mark_sent, message, _now())
        await asyncio.sleep(SLOW_SERVER)
        return await send(self, message, outgoing)

    Dispatcher._send = late  # type: ignore[method-assign]


def no_sending() -> None:
    """`sending` is not committed before SMTP: a message that a crash left behind is sent again as if it were new."""
    begin, mark = Messages.begin_sending, Messages.mark_sent

    def pretend(self: Messages, claimed: Claimed) -> bool:
        return True

    def late(self: Messages, claimed: Claimed, now: int) -> bool:
        return begin(self, claimed) and mark(self, claimed, now)

    Messages.begin_sending = pretend  # type: ignore[method-assign]
    Messages.mark_sent = late  # type: ignore[method-assign]


def new_key() -> None:
    """Each try has a key of its own."""
    prepare = Prepared.__call__

    def renamed(
        self: Prepared, message: Claimed, customer: Customer | None, now: int, live: Edition
    ) -> Outgoing | Refusal | Held:
        made = prepare(self, message, customer, now, live)
        return replace(made, key=secrets.token_hex(16)) if isinstance(made, Outgoing) else made

    Prepared.__call__ = renamed  # type: ignore[method-assign]


def _now() -> int:
    return time.time_ns() // 1_000


def stops() -> None:
    """Stops itself, SIGSTOP, in the middle of a transaction when the file that STOP_INSIDE names is there."""
    order = Path(os.environ["STOP_INSIDE"])
    save = Batch.save_customers

    def stop(self: Batch, customers: Mapping[str, Loaded]) -> None:
        if customers:
            with contextlib.suppress(FileNotFoundError):
                order.rename(order.with_name(f"stop-{os.getpid()}"))  # only one of several workers can
                os.kill(os.getpid(), signal.SIGSTOP)
        save(self, customers)

    Batch.save_customers = stop  # type: ignore[method-assign]


def stumbles() -> None:
    """The rules raise for every event of the customer that STUMBLER names."""
    stumbler = os.environ["STUMBLER"]
    apply = sys.modules[Applier.__module__]
    sound = apply.decide

    def decide(rules: RuleSet, event: Event, customer: Customer, new: bool, library: Library) -> Decided:
        if event.customer == stumbler:
            raise ZeroDivisionError
        return cast(Decided, sound(rules, event, customer, new, library))

    setattr(apply, "decide", decide)  # noqa: B010 - the module does not export it


MUTANTS = {
    "commit-first": commit_first,
    "no-inbox": no_inbox,
    "ack-first": ack_first,
    "no-fence": no_fence,
    "mark-first": mark_first,
    "no-sending": no_sending,
    "new-key": new_key,
    "stops": stops,
    "stumbles": stumbles,
    "failpoints": failpoints.plant,
    "last-wins": planted.last_wins,
    "moody": planted.moody,
    "deaf": planted.deaf,
    "clock-blind": planted.clock_blind,
    "lenient": planted.lenient,
    "forgetful-relay": planted.forgetful_relay,
    "leaky-dead-letters": planted.leaky_dead_letters,
    "smudged-dead-letters": planted.smudged_dead_letters,
    "wrong-clock": planted.wrong_clock,
    "unstoppable": planted_rules.unstoppable,
    "stays": planted_rules.stays,
    "todays-rules": planted_rules.todays_rules,
    "takes-first": planted_rules.takes_first,
    "never-again": planted_rules.never_again,
    "loses-pokes": planted_rules.loses_pokes,
    "moves-on": planted_rules.moves_on,
    "small-pages": planted_rules.small_pages,
    "halfway-publish": planted_rules.halfway_publish,
    "looks-now-and-then": planted_rules.looks_now_and_then,
}

if __name__ == "__main__":
    for name in sys.argv.pop(1).split(","):
        MUTANTS[name]()
    main()
