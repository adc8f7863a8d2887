"""Letting old events go, and keeping what they had said.

For every customer there is at most one snapshot, and two moments in it. At event `seq`, longer ago than the log is to
be kept, the customer was as `state` says: a replay begins there. At `next_seq`, later, as `next_state` says. Once that
is old enough it takes the place of the first, the events up to it are let go, and the customer as they are now becomes
the next. So what is left of the log always begins at a state that is known, and reaches back at least as far as it
is to be kept and at most twice as far.

What the events let go had said of orders and of staff is kept apart, in `snapshot_order` and here: it comes from
the events themselves and not from the customer's state, so that a recount needs to trust nothing but the log.
An event is taken in and deleted in one transaction; `let_go` says up to which one that was done.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from operator import itemgetter
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, TextClause, bindparam, text

from retention import orders, state
from retention.decode import logged
from retention.errors import BadEvent
from retention.recount import Tally
from storage.many import ask, insert, select, write
from storage.store import Store

log = logging.getLogger(__name__)

EVENTS_AT_ONCE = 1_000
"""Most events that one transaction lets go: some 50 ms of work on an idle machine: nobody waits long."""


def _of(statement: str) -> TextClause:
    return text(statement).bindparams(bindparam("ids", expanding=True))


LOOK = text(
    """SELECT c.id, CASE
         WHEN s.customer IS NULL OR s.next_at IS NULL THEN coalesce(s.let_go < s.seq, FALSE)
           OR EXISTS (SELECT 1 FROM event e WHERE e.customer = c.id AND e.seq > coalesce(s.seq, 0))
         ELSE s.let_go < s.seq OR s.next_at <= :before END AS due
       FROM (SELECT id FROM customer WHERE id > :after ORDER BY id LIMIT :most) c
       LEFT JOIN snapshot s ON s.customer = c.id ORDER BY c.id"""
)
"""The next customers by id, and whether there is anything to do for them: three look-ups by key each."""

LOCK = "SELECT customer, let_go, seq, next_seq, next_at FROM snapshot WHERE customer IN :ids ORDER BY customer {lock}"
LOCK_LEFT = """SELECT customer, let_go, seq, staff_at, staff FROM snapshot
               WHERE customer IN :ids AND let_go < seq ORDER BY customer {lock}"""
SKIP_LOCKED = "FOR UPDATE SKIP LOCKED"
"""What `lock` is on PostgreSQL: a second housekeeper leaves the customers alone that another works on."""

PROMOTE = _of(
    """UPDATE snapshot SET seq = next_seq, state = next_state, next_seq = NULL, next_at = NULL, next_state = NULL
       WHERE customer IN :ids"""
)
STATES = _of("SELECT id, state FROM customer WHERE id IN :ids ORDER BY id")
NEXT = text(
    """UPDATE snapshot SET next_seq = :seq, next_at = :now, next_state = :state
       WHERE customer = :customer AND next_seq IS NULL"""
)
NEW = text(
    """INSERT INTO snapshot (customer, let_go, staff_at, staff, seq, next_seq, next_at, next_state)
       VALUES (:customer, 0, 0, FALSE, 0, :seq, :now, :state) ON CONFLICT DO NOTHING"""
)

OLDEST = text(
    """SELECT seq, at, time, source, id, type, amount, data FROM event
       WHERE customer = :customer AND seq > :let_go AND seq <= :seq ORDER BY seq LIMIT :most"""
)
KNOWN = select(
    "customer text, key text",
    """SELECT o.customer, o.key, o.state FROM {asked} CROSS JOIN snapshot_order o
       WHERE o.customer = asked.customer AND o.key = asked.key""",
)
SAVE = insert(
    "snapshot_order",
    "customer text, key text, state bytea",
    "ON CONFLICT (customer, key) DO UPDATE SET state = excluded.state",
)
FORGET = (
    text("DELETE FROM event WHERE customer = :customer AND seq > :let_go AND seq <= :last"),
    text("DELETE FROM decision WHERE customer = :customer AND seq <= :last"),
    text("DELETE FROM request WHERE customer = :customer AND seq <= :last AND status <> 'waiting'"),
    text(
        """DELETE FROM message WHERE customer = :customer AND created_at <= :at AND done_at IS NOT NULL
           AND created_at < coalesce((SELECT at FROM event WHERE customer = :customer AND seq > :last
                                      ORDER BY seq LIMIT 1), created_at + 1)"""
    ),
    text("UPDATE snapshot SET let_go = :last, staff_at = :staff_at, staff = :staff WHERE customer = :customer"),
)
"""Messages carry the `at` of the event that decided them; those of an event that stays, stay. One that is still on
its way stays too, and goes with the next events."""


class Round(Struct, frozen=True):
    """How far a round through all customers is: begun when, and done up to which id; None = done."""

    began: int
    after: str | None


def last_round(store: Store) -> Round | None:
    """The round under way or done last, by whichever process; None before the first."""
    with store.read() as connection:
        value = connection.execute(text("SELECT value FROM meta WHERE name = 'log-round'")).scalar()
    return None if value is None else msgspec.json.decode(value, type=Round)


def remember_round(store: Store, round: Round) -> None:
    """Where the next process goes on."""
    with store.write() as connection:
        connection.execute(
            text(
                """INSERT INTO meta (name, value) VALUES ('log-round', :value)
                   ON CONFLICT (name) DO UPDATE SET value = excluded.value"""
            ),
            {"value": msgspec.json.encode(round).decode()},
        )


def look(store: Store, after: str, before: int, most: int) -> tuple[list[str], str | None]:
    """Of the `most` customers behind id `after` those with something to do, and the last id; None at the end.

    `before` is how old a snapshot must be, microseconds since 1970. Reads only.
    """
    with store.read() as connection:
        rows = connection.execute(LOOK, {"after": after, "before": before, "most": most}).all()
    return [row.id for row in rows if row.due], rows[-1].id if len(rows) == most else None


def snapshot(store: Store, customers: Sequence[str], now: int, before: int) -> list[str]:
    """Move these customers' snapshots on, in one transaction: the next to the front, and now to the next.

    Deletes nothing, and moves nothing on whose older events are not let go yet. Returns the customers of whom
    events may go.
    """
    if not customers:
        return []
    with store.write() as connection:
        rows = connection.execute(_locking(store, LOCK), {"ids": list(customers)}).all()
        promoted = [
            row.customer for row in rows if row.next_at is not None and row.next_at <= before and row.let_go == row.seq
        ]
        if promoted:
            connection.execute(PROMOTE, {"ids": promoted})
        reached = {row.customer: row.next_seq if row.customer in promoted else row.seq for row in rows}
        waiting = {row.customer for row in rows if row.next_at is not None} - set(promoted)
        wanted = [customer for customer in customers if customer not in waiting]
        taken = _states(connection, wanted, reached, now) if wanted else []
        for statement, known in ((NEXT, True), (NEW, False)):
            values = [each for each in taken if (each["customer"] in reached) is known]
            if values:
                connection.execute(statement, values)
    return [row.customer for row in rows if row.let_go < reached[row.customer]]


def let_go(store: Store, customers: Sequence[str], most: int = EVENTS_AT_ONCE) -> tuple[int, list[str]]:
    """Let events go that the snapshots of these customers cover, `most` of them at most, in one transaction.

    Returns how many went, and the customers of whom more must go. An event that this version cannot read
    stays, and all of its customer after it.
    """
    parts: list[_Part] = []
    left: list[str] = []
    with store.write() as connection:
        for row in connection.execute(_locking(store, LOCK_LEFT), {"ids": list(customers)}).all():
            room = most - sum(part.events for part in parts)
            part = _oldest(connection, row, room) if room else None
            if part is not None:
                parts.append(part)
            if room == 0 or (part is not None and part.last < row.seq):
                left.append(row.customer)
        if parts:
            _save_orders(connection, parts)
            for statement in FORGET:
                connection.execute(statement, [part.values() for part in parts])
    return sum(part.events for part in parts), left


def _locking(store: Store, statement: str) -> TextClause:
    return _of(statement.format(lock="" if store.sqlite else SKIP_LOCKED))


def _states(
    connection: Connection, customers: Sequence[str], reached: dict[str, int], now: int
) -> list[dict[str, Any]]:
    """The customers as they are, of those who have more events than their snapshot covers."""
    found: list[dict[str, Any]] = []
    for id, blob in connection.execute(STATES, {"ids": list(customers)}):
        seq = state.decode(blob).seq
        if seq > reached.get(id, 0):
            found.append({"customer": id, "seq": seq, "now": now, "state": blob})
    return found


class _Part(Struct, frozen=True):
    """A customer's oldest events, behind `let_go` up to `last`: how many, applied until `at`, and what they say."""

    customer: str
    let_go: int
    last: int
    at: int
    events: int
    tally: Tally

    def values(self) -> dict[str, Any]:
        """For the statements of `FORGET`."""
        at, staff = self.tally.staff
        head = {"customer": self.customer, "let_go": self.let_go, "last": self.last, "at": self.at}
        return head | {"staff_at": at, "staff": staff}


def _oldest(connection: Connection, row: Any, most: int) -> _Part | None:
    """What a customer's `most` oldest events say; None when one cannot be read."""
    asked = {"customer": row.customer, "let_go": row.let_go, "seq": row.seq, "most": most}
    events = connection.execute(OLDEST, asked).all()
    tally = Tally((row.staff_at, bool(row.staff)))
    try:
        for each in events:
            tally.take(logged(each.source, each.id, each.type, row.customer, each.time, each.data, each.amount))
    except BadEvent as error:
        log.warning("the log of a customer holds an event that this version cannot read, so it is kept: %s", error)
        return None
    last = events[-1].seq if len(events) == most else row.seq
    return _Part(row.customer, row.let_go, last, events[-1].at if events else 0, len(events), tally)


def _save_orders(connection: Connection, parts: Sequence[_Part]) -> None:
    said = {(part.customer, key): order for part in parts for key, order in part.tally.orders.items()}
    for customer, key, known in ask(connection, KNOWN, list(said)):
        orders.join(said[customer, key], orders.decode(known))
    write(
        connection, SAVE, [(*place, orders.encode(order)) for place, order in sorted(said.items(), key=itemgetter(0))]
    )
