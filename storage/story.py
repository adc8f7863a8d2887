"""All that the store holds of one customer's life: what a replay begins at, the log, and what was decided then."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, text

from retention import orders, state
from retention.decode import logged
from retention.events import Event
from retention.orders import Order
from retention.state import Customer
from storage.batch import NewDecision, NewMessage, NewRequest

_NOW = text(
    """SELECT c.state, coalesce(s.seq, 0) AS seq, coalesce(s.let_go, 0) AS let_go, s.state AS begins
       FROM customer c LEFT JOIN snapshot s ON s.customer = c.id WHERE c.id = :id"""
)
_LOG = text(
    """SELECT seq, at, time, source, id, type, ruleset, amount, data FROM event
       WHERE customer = :id AND seq > :after ORDER BY seq LIMIT :most"""
)
_ORDERS = text('SELECT key, state FROM "order" WHERE customer = :id ORDER BY key')
_SETTLED = text("SELECT key, state FROM snapshot_order WHERE customer = :id ORDER BY key")
_DECISIONS = text(
    """SELECT customer, seq, n, rule, step, entry, at, outcome, reason, due, message FROM decision
       WHERE customer = :id AND seq > :seq ORDER BY seq, n"""
)
_REQUESTS = text(
    """SELECT id, customer, rule, step, entry, kind, what, amount, seq, at, status FROM request
       WHERE customer = :id ORDER BY seq, at, id"""
)
_MESSAGES = text(
    """SELECT key, customer, rule, step, template, channel, class, created_at, due_at, expires_at, context, status,
         attempts, error, done_at
       FROM message WHERE customer = :id ORDER BY created_at, step, key"""
)

PAGE = 1_000
"""Most events read at once."""


class Queued(Struct, frozen=True):
    """A message as it is now: what was queued, and what became of it since."""

    message: NewMessage
    status: str
    attempts: int
    error: str | None
    done_at: int | None

    @property
    def untouched(self) -> bool:
        """Delivery has not had it in hand yet; what has been may be due later, or expire sooner, than was decided."""
        return self.status == "queued" and not self.attempts and self.error is None


class Asked(Struct, frozen=True):
    """A request, and what became of it."""

    request: NewRequest
    status: str


class Told(Struct, frozen=True):
    """One row of the log, with the rules that decided about it; empty: imported."""

    event: Event
    ruleset: str


class Story(Struct):
    """One customer: `customer` as they are (the blob too). A replay begins behind event `seq`, from `begins`.

    `let_go`: the log holds the events behind that one; those up to `seq` are in `begins` already. `settled`: what the
    events that were let go had said of orders.
    """

    id: str
    customer: Customer
    blob: bytes
    seq: int
    let_go: int
    begins: Customer
    settled: dict[str, Order]


def story(connection: Connection, id: str) -> Story | None:
    """What there is of the customer; None when there is no such customer."""
    row = connection.execute(_NOW, {"id": id}).one_or_none()
    if row is None:
        return None
    begins = Customer() if row.begins is None else state.decode(bytes(row.begins))
    settled = {each.key: orders.decode(each.state) for each in connection.execute(_SETTLED, {"id": id})}
    blob = bytes(row.state)
    return Story(id, state.decode(blob), blob, row.seq, row.let_go, begins, settled)


def rows(connection: Connection, of: Story) -> Iterator[Told]:
    """What is left of the customer's log, in its order; read a page at a time.

    Raises BadEvent at an event that this version cannot read.
    """
    asked = {"id": of.id, "after": of.let_go, "most": PAGE}
    while page := connection.execute(_LOG, asked).all():
        for row in page:
            event = logged(row.source, row.id, row.type, of.id, row.time, bytes(row.data), row.amount)
            event.at, event.seq = row.at, row.seq
            yield Told(event, row.ruleset)
        asked["after"] = page[-1].seq


def orders_of(connection: Connection, id: str) -> dict[str, Order]:
    """The customer's orders as they are, by key."""
    return {row.key: orders.decode(row.state) for row in connection.execute(_ORDERS, {"id": id})}


def decisions(connection: Connection, id: str, after: int = 0) -> list[NewDecision]:
    """What was decided with the customer's events behind number `after`, in order."""
    return [NewDecision(*row) for row in connection.execute(_DECISIONS, {"id": id, "seq": after})]


def requests(connection: Connection, id: str) -> list[Asked]:
    """What rules asked for the customer."""
    return [Asked(NewRequest(*row[:-1]), row.status) for row in connection.execute(_REQUESTS, {"id": id})]


def messages(connection: Connection, id: str) -> list[Queued]:
    """The customer's messages, the oldest first."""
    return [_queued(row) for row in connection.execute(_MESSAGES, {"id": id})]


def sample(connection: Connection, most: int, after: str = "") -> list[str]:
    """Customer ids behind `after`, in their order, `most` of them at most."""
    statement = text("SELECT id FROM customer WHERE id > :after ORDER BY id LIMIT :most")
    return [row.id for row in connection.execute(statement, {"after": after, "most": most})]


def drawn(connection: Connection, most: int) -> list[str]:
    """So many customer ids, drawn at random."""
    statement = text("SELECT id FROM customer ORDER BY random() LIMIT :most")
    return [row.id for row in connection.execute(statement, {"most": most})]


def _queued(row: Any) -> Queued:
    columns = [*row[:10], bytes(row.context)]
    return Queued(NewMessage(*columns), row.status, row.attempts, row.error, row.done_at)
