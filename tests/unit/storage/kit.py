"""A store of either kind with its writer, and rows to put into it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from retention.decode import micros, moment
from retention.events import Event
from retention.orders import Order
from retention.state import Customer
from storage.batch import Batch, DeadLetter, Loaded, NewDecision, NewMessage, NewRequest, Place
from storage.store import Store
from storage.writer import Held, Writer

NOW = 1_772_359_200_000_000
"""2026-03-01T10:00:00Z."""
TOPIC = "events"
BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.service)]
TABLES = ("customer", "order", "inbox", "event", "counter", "decision", "message", "request", "outbox", "dead_letter")
assert micros(moment(NOW)) == NOW


@contextmanager
def store_of(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[Store]:
    """An empty store with its tables, in a file of `folder` or in a database of its own."""
    sqlite = kind == "sqlite"
    store = Store(f"sqlite:///{folder / 'store.db'}" if sqlite else request.getfixturevalue("fresh_postgres"))
    store.migrate()
    try:
        yield store
    finally:
        store.close()


@contextmanager
def writing(store: Store) -> Iterator[Writer]:
    """A writer on a connection of its own."""
    writer = Writer(store)
    try:
        yield writer
    finally:
        writer.close()


@contextmanager
def batch(store: Store, partition: int = 0, position: int = 1) -> Iterator[Batch]:
    """One batch of a partition that was just taken."""
    with writing(store) as writer:
        held = writer.take(TOPIC, partition)
        with writer.batch(held, position, NOW) as opened:
            yield opened


def counts(store: Store) -> dict[str, int]:
    """Rows of every table that a batch writes; empty ones left out."""
    with store.read() as connection:
        found = {name: connection.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one() for name in TABLES}
    return {name: number for name, number in found.items() if number}


def rows(store: Store, table: str) -> list[dict[str, Any]]:
    """Every row of a table."""
    with store.read() as connection:
        return [dict(row) for row in connection.execute(text(f'SELECT * FROM "{table}"')).mappings()]


def partition(store: Store, id: int = 0) -> dict[str, Any]:
    """The row of a partition of `events`."""
    [row] = [row for row in rows(store, "partition") if (row["topic"], row["id"]) == (TOPIC, id)]
    return row


def digest() -> bytes:
    """A digest that nobody had before."""
    return secrets.token_bytes(16)


def customer(orders: int = 1, **fields: Any) -> Loaded:
    """A customer who is not in the store yet."""
    return Loaded(0, Customer(orders=orders, **fields))


def order(total: int = 100) -> Order:
    """An order of `total` minor units."""
    return Order(first=NOW, stamp=(NOW, "/shop", "e"), total=total, units={"T": 1})


def event(customer: str = "anna", seq: int = 1, **fields: Any) -> Event:
    """A stamped event."""
    known: dict[str, Any] = {"source": "/shop", "id": f"{customer}-{seq}", "type": "lead", "time": NOW}
    return Event(customer=customer, seq=seq, **({"at": NOW, "data": None, "raw": b"{}"} | known | fields))


def letter(offset: int = 0, **fields: Any) -> DeadLetter:
    """A dead letter at `offset` of the first partition of `events`."""
    known: dict[str, Any] = {
        "place": Place("log-1", TOPIC, 0, offset),
        "reason": "not-json",
        "field": "",
        "detail": "The event is not JSON.",
        "key": b"anna",
        "value": b"{",
        "headers": [],
    }
    return DeadLetter(**(known | fields))


def message(key: str = "m-1", customer: str = "anna", **fields: Any) -> NewMessage:
    """A message to queue."""
    known: dict[str, Any] = {
        "rule": "welcome",
        "step": 0,
        "template": "welcome",
        "channel": "email",
        "class_": "marketing",
        "created_at": NOW,
        "due_at": NOW,
        "expires_at": None,
        "context": b"context",
    }
    return NewMessage(key=key, customer=customer, **(known | fields))


def decision(customer: str = "anna", seq: int = 1, **fields: Any) -> NewDecision:
    """A decision that queued message `m-1`."""
    known: dict[str, Any] = {
        "n": 1,
        "rule": "welcome",
        "step": 0,
        "entry": "/shop\x1fe-1",
        "at": NOW,
        "outcome": "queued",
        "reason": "",
        "due": NOW,
        "message": "m-1",
    }
    return NewDecision(customer=customer, seq=seq, **(known | fields))


def request(id: str = "r-1", customer: str = "anna", **fields: Any) -> NewRequest:
    """A request for a gift."""
    known: dict[str, Any] = {
        "rule": "welcome",
        "step": 1,
        "entry": "/shop\x1fe-1",
        "kind": "gift",
        "what": "note",
        "amount": 1,
        "seq": 1,
        "at": NOW,
    }
    return NewRequest(id=id, customer=customer, **(known | fields))


def write_everything(opened: Batch, customer_id: str = "anna", number: int = 0) -> None:
    """One row into every table that a batch writes."""
    opened.receive({digest(): digest()}, NOW)
    opened.save_customers({customer_id: customer()})
    opened.save_orders({(customer_id, "o-1"): order()})
    opened.log([event(customer_id)], "rules")
    opened.count({("orders", "2026-03", ""): 1})
    opened.decide([decision(customer_id)])
    opened.queue([message(f"m-{customer_id}", customer_id)])
    opened.request([request(f"r-{customer_id}", customer_id)])
    opened.hand_out([("notifications", customer_id.encode(), b"{}")])
    opened.bury([letter(number)], NOW)
    opened.health(10, 1)


def take(store: Store, partition: int = 0) -> Held:
    """Take a partition, as another process would."""
    with writing(store) as writer:
        return writer.take(TOPIC, partition)
