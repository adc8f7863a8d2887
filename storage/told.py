"""The log as those read it who count again: what is left of it, and what the events let go had said."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from sqlalchemy import Connection, text

from retention import orders
from retention.decode import logged
from retention.events import Event
from retention.recount import Settled

_TOLD = text(
    """SELECT customer, 0 AS kind, time, source, id, type, amount, data FROM event
       UNION ALL SELECT customer, 1, 0, '', key, '', 0, state FROM snapshot_order
       UNION ALL SELECT customer, 2, staff_at, '', '', '', CASE WHEN staff THEN 1 ELSE 0 END, NULL FROM snapshot
         WHERE staff_at > 0
       ORDER BY customer"""
)
_LEFT = text(
    """SELECT coalesce((SELECT let_go FROM snapshot WHERE customer = :id), 0) AS let_go,
         (SELECT at FROM event WHERE customer = :id ORDER BY seq LIMIT 1) AS since"""
)


class Left(Struct, frozen=True):
    """What is left of one customer's log: events 1 to `let_go` are gone, the oldest kept one was applied at `since`."""

    let_go: int
    since: int | None


def one_moment(connection: Connection) -> None:
    """All that this transaction reads from here on is of one moment, while others write. Must be its first word.

    SQLite reads so in any case; PostgreSQL would let each statement see what was committed before it.
    """
    if connection.dialect.name != "sqlite":
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))


def told(connection: Connection) -> Iterator[Event | Settled]:
    """Everything said about every customer, customer by customer, in no order otherwise; streamed.

    Raises BadEvent when the log holds an event that this version cannot read.
    """
    streamed = connection.execution_options(yield_per=2_000)
    for row in streamed.execute(_TOLD):
        if row.kind == 0:
            yield logged(row.source, row.id, row.type, row.customer, row.time, bytes(row.data), row.amount)
        elif row.kind == 1:
            yield Settled(row.customer, row.id, orders.decode(row.data))
        else:
            yield Settled(row.customer, staff=(row.time, bool(row.amount)))


def left(connection: Connection, customer: str) -> Left:
    """How far back a customer's log reaches."""
    row = connection.execute(_LEFT, {"id": customer}).one()
    return Left(row.let_go, row.since)
