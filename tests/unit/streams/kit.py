"""Records, rules and an applier on a store of its own, without any broker."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import KafkaTimeoutError
from sqlalchemy import text

from retention.counters import MEASURES, Deltas
from retention.decode import micros, moment
from retention.events import CLOCK, POKE
from retention.state import Customer
from rules.language import Condition
from rules.policy import Policy
from rules.ruleset import MessageClass, Reentry, Rule, RuleSet, Status, rule_set
from rules.steps import Send
from storage import queries
from storage.store import Store
from storage.writer import Held, Writer
from streams.apply import Applier, Intake, Outcome
from streams.broker import EVENTS
from streams.partitions import partition_of
from streams.record import Record

NOW = 1_772_359_200_000_000
"""2026-03-01T10:00:00Z: where the clock of every applier starts."""
SECOND = 1_000_000
BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.service)]
assert micros(moment(NOW)) == NOW


def stamp(us: int) -> str:
    """Microseconds since 1970 in RFC 3339."""
    return moment(us).isoformat()


def event(id: str, customer: str = "anna", kind: str = "purchase", time: int = NOW, **data: Any) -> bytes:
    """A structured CloudEvent; a purchase of 100 when nothing else is said."""
    if kind == "purchase":
        data = {"order_id": f"o-{id}", "total": "1.00"} | data
    head = {"specversion": "1.0", "id": id, "source": "/shop", "type": kind, "subject": customer, "time": stamp(time)}
    return json.dumps(head | {"data": data}).encode()


def poke(customer: str = "anna", source: str = CLOCK, time: int = NOW, **more: Any) -> bytes:
    """What the clock sends, or somebody who plays it."""
    head = {"specversion": "1.0", "id": f"{time}", "type": POKE, "source": source, "subject": customer}
    return json.dumps(head | {"time": stamp(time), "data": {}} | more).encode()


def records(*values: bytes | None, at: int = 0, partition: int = 0, key: bytes | None = None) -> list[Record]:
    """These values as records from offset `at` on; each with its subject as key unless one is given."""
    return [
        Record(EVENTS, partition, at + number, 0, key if key is not None else subject(value), value)
        for number, value in enumerate(values)
    ]


def subject(value: bytes | None) -> bytes:
    """The key that goes with a value."""
    try:
        return str(json.loads(value or b"")["subject"]).encode()
    except (ValueError, KeyError, TypeError):
        return b"anna"


def rule(id: str, on: str = "purchase", condition: Condition | None = None, **more: Any) -> Rule:
    """A live, transactional rule that sends an e-mail every time."""
    known: dict[str, Any] = {
        "name": id.title(),
        "status": Status.LIVE,
        "do": (Send(id, ("email",)),),
        "class_": MessageClass.TRANSACTIONAL,
        "reentry": Reentry("always"),
    }
    return Rule(id=id, on=on, condition=condition, **(known | more))


def ruled(*rules: Rule, policy: Policy | None = None) -> RuleSet:
    """These rules, under the default policy."""
    return rule_set(rules, policy or Policy(), "rules-1")


RULES = ruled(
    rule("welcome", condition=lambda event, customer: customer.orders_ever == 1, priority=2),
    rule("thanks", condition=lambda event, customer: customer.orders_ever >= 2, priority=1),
    rule("care", on="return"),
)


class Shop:
    """An applier of partition 0 on a store; the clock is a number that moves only when told to."""

    def __init__(self, store: Store, rules: RuleSet = RULES, **intake: Any) -> None:
        self.store = store
        self.now = NOW
        self.writer = Writer(store)
        self.applier = Applier(self.writer, rules, Intake("log-1", **intake), lambda: self.now)
        self.held: dict[int, Held] = {}
        self.offset = 0

    def take(self, *values: bytes | None, partition: int = 0, key: bytes | None = None) -> Outcome:
        """Apply these values as the next records of a partition, in one batch."""
        batch = records(*values, at=self.offset, partition=partition, key=key)
        self.offset += len(batch)
        return self.apply(batch)

    def apply(self, batch: Sequence[Record]) -> Outcome:
        """Apply these records of one partition."""
        partition = batch[0].partition
        if partition not in self.held:
            self.held[partition] = self.writer.take(EVENTS, partition)
        return self.applier.apply(self.held[partition], batch)

    def counters(self) -> Deltas:
        """Counters of the measures, those at zero left out."""
        with self.store.read() as connection:
            return {key: value for key, value in queries.sums(connection).items() if value and key[0] in MEASURES}

    def count(self, measure: str) -> int:
        """One counter that has no period and no dimensions, or the sum over its periods of a month."""
        return sum(value for (name, period, _), value in self.counters().items() if name == measure and "-" in period)

    def customer(self, id: str = "anna") -> Customer | None:
        """A customer as the store has them."""
        with self.store.read() as connection:
            return queries.customer(connection, id)

    def log(self, id: str = "anna") -> list[queries.Logged]:
        """The log of one customer."""
        with self.store.read() as connection:
            return [one for one in queries.log(connection) if one.customer == id]

    def rows(self, table: str, order: str = "1") -> list[dict[str, Any]]:
        """Every row of a table."""
        with self.store.read() as connection:
            found = connection.execute(text(f'SELECT * FROM "{table}" ORDER BY {order}')).mappings()
            return [dict(row) for row in found]

    def dead(self) -> dict[int, tuple[str, str]]:
        """Offset → (reason, field) of every dead letter."""
        return {row["offset"]: (row["reason"], row["field"]) for row in self.rows("dead_letter")}

    def close(self) -> None:
        self.writer.close()


@contextmanager
def shop_on(store: Store, rules: RuleSet = RULES, **intake: Any) -> Iterator[Shop]:
    """A shop on that store, as a process that starts and ends."""
    shop = Shop(store, rules, **intake)
    try:
        yield shop
    finally:
        shop.close()


def reachable(customer: str = "anna") -> bytes:
    """A profile with an address, so that rules can send."""
    return event(f"profile-{customer}", customer, "profile", email=f"{customer}@example.com")


class FakeProducer:
    """Takes records, but fails to acknowledge the ones for `broken` topics."""

    def __init__(self, *broken: str) -> None:
        self.broken = set(broken)
        self.sent: list[tuple[str, bytes | None, bytes | None, dict[str, bytes]]] = []

    async def send(self, topic: str, key: bytes | None, value: bytes | None, headers: Any = ()) -> Awaitable[None]:
        assert (key, value) != (None, None), "Need at least one: key or value"
        self.sent.append((topic, key, value, dict(headers)))
        acknowledged: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if topic in self.broken:
            acknowledged.set_exception(KafkaTimeoutError())
        else:
            acknowledged.set_result(None)
        return acknowledged

    def values(self, topic: str) -> list[bytes | None]:
        return [value for where, _, value, _ in self.sent if where == topic]


def batches(chance: random.Random, values: Sequence[bytes], partitions: int, most: int) -> Iterator[list[Record]]:
    """The values as records of their partitions, in batches of random size."""
    ends = [0] * partitions
    start = 0
    while start < len(values):
        stop = start + chance.randint(1, most)
        split: dict[int, list[Record]] = {}
        for value in values[start:stop]:
            home = partition_of(subject(value), partitions)
            split.setdefault(home, []).extend(records(value, at=ends[home], partition=home))
            ends[home] += 1
        yield from split.values()
        start = stop


def told(lines: Iterable[bytes], path: Path) -> Path:
    """A file of these lines."""
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path
