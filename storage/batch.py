"""What one batch reads and writes, inside its transaction. Storage never decides."""

from __future__ import annotations

import base64
import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import astuple
from sqlalchemy import Connection

from retention.counters import Key
from retention.decode import logged
from retention.errors import BadEvent
from retention.events import Event
from retention.orders import Order
from retention.orders import decode as decode_order
from retention.orders import encode as encode_order
from retention.state import Customer
from retention.state import decode as decode_customer
from retention.state import encode as encode_customer
from storage import sql
from storage.cancel import cancel
from storage.catalogue import Article, keep_in
from storage.errors import Contended
from storage.many import Many, ask, write

log = logging.getLogger(__name__)

CHUNK = 5_000
"""Most rows asked for in one statement."""
Row = tuple[Any, ...]


class Loaded(Struct):
    """A customer as read: `version` 0 = not in the store yet. `next_due`: when their time is to be looked at next."""

    version: int
    state: Customer
    next_due: int | None = None


class Place(Struct, frozen=True):
    """Where a record stood."""

    incarnation: str
    topic: str
    partition: int
    offset: int


class DeadLetter(Struct, frozen=True):
    """A record that could not be applied, with the original bytes."""

    place: Place
    reason: str
    field: str
    detail: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


class NewMessage(Struct, frozen=True):
    """A message to queue; `context` is the encoded `storage.messages.Context`."""

    key: str
    customer: str
    rule: str
    step: int
    template: str
    channel: str
    class_: str
    created_at: int
    due_at: int
    expires_at: int | None
    context: bytes


class NewDecision(Struct, frozen=True):
    """What a rule decided, the `n`-th decision with the customer's event `seq`."""

    customer: str
    seq: int
    n: int
    rule: str
    step: int
    entry: str
    at: int
    outcome: str
    reason: str
    due: int | None
    message: str | None


class NewRequest(Struct, frozen=True):
    """What a rule asks for that customers share; it waits to be granted."""

    id: str
    customer: str
    rule: str
    step: int
    entry: str
    kind: str
    what: str
    amount: int
    seq: int
    at: int


class Batch:
    """Reads and writes of one partition's batch; `seen` and `bad` are its recent past.

    `ruleset`: which published rule set is live in this transaction; None before the first.
    """

    def __init__(
        self, connection: Connection, topic: str, shard: int, seen: int, bad: int, ruleset: str | None = None
    ) -> None:
        self._connection = connection
        self._topic = topic
        self._shard = shard
        self.seen = seen
        self.bad = bad
        self.ruleset = ruleset

    def received(self, digests: Collection[bytes]) -> dict[bytes, bytes]:
        """Of these identities the ones seen before: digest → content digest."""
        return {bytes(digest): bytes(content) for digest, content in self._ask(sql.SEEN, [(each,) for each in digests])}

    def receive(self, identities: Mapping[bytes, bytes], at: int) -> None:
        """Remember these identities as seen at `at`; Contended when another writer received one meanwhile."""
        self._all(sql.RECEIVE, [(digest, content, at) for digest, content in sorted(identities.items())])

    def keep(self, articles: Sequence[Article]) -> None:
        """What is told of the catalogue, in so far as it is newer than what is known."""
        if articles:
            keep_in(self._connection, articles)

    def customers(self, ids: Collection[str]) -> dict[str, Loaded]:
        """Every one of these customers, new ones empty."""
        found = {
            id: Loaded(version, decode_customer(state), due)
            for id, version, state, due in self._ask(sql.CUSTOMERS, [(each,) for each in ids])
        }
        return {id: found.get(id) or Loaded(0, Customer()) for id in ids}

    def orders(self, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], Order]:
        """Of these (customer, key) the orders known."""
        return self._orders(self._ask(sql.ORDERS, list(keys)))

    def orders_of(self, customer: str) -> Iterator[tuple[str, Order]]:
        """Every order of a customer, by key; read a page at a time, for there may be a million."""
        asked = {"customer": customer, "after": "", "most": CHUNK}
        while page := self._connection.execute(sql.ORDERS_OF, asked).all():
            yield from ((key, decode_order(state)) for key, state in page)
            asked["after"] = page[-1].key

    def save_customers(self, customers: Mapping[str, Loaded]) -> None:
        """Insert the new, update the known at the version read; Contended when somebody else was there."""
        new: list[Row] = []
        known: list[Row] = []
        for id, loaded in sorted(customers.items()):
            state = loaded.state
            sums = (state.orders, state.net_revenue, state.last_order_at)
            columns = (*sums, loaded.next_due, encode_customer(state), id)
            if loaded.version:
                known.append((*columns, loaded.version))
            else:
                new.append((*columns, 1, self._shard))
        self._all(sql.NEW_CUSTOMER, new)
        self._all(sql.SAVE_CUSTOMER, known)

    def plan(self, dues: Iterable[tuple[int | None, str, int]]) -> None:
        """(next_due, customer, version) of customers who stay as they are."""
        self._write(sql.PLAN, list(dues))

    def save_orders(self, orders: Mapping[tuple[str, str], Order]) -> None:
        """Insert or replace these orders."""
        self._write(sql.SAVE_ORDER, [(customer, key, encode_order(order)) for (customer, key), order in orders.items()])

    def log(self, events: Iterable[Event], ruleset: str) -> None:
        """Append stamped events to the log."""
        self._write(
            sql.LOG,
            [(e.customer, e.seq, e.at, e.time, e.source, e.id, e.type, ruleset, e.amount, e.raw) for e in events],
        )

    def logged(self, events: Collection[tuple[str, int]]) -> dict[tuple[str, int], Event]:
        """Of these (customer, seq) the events that the log still has, and that this version can read."""
        rows = self._ask(sql.LOGGED, list(events))
        return {(event.customer, event.seq): event for row in rows if (event := _event(row)) is not None}

    def count(self, deltas: Mapping[Key, int]) -> None:
        """Add to the counters of this partition's shard."""
        self._write(sql.COUNT, [(*key, self._shard, value) for key, value in sorted(deltas.items()) if value])

    def decide(self, decisions: Iterable[NewDecision]) -> None:
        """Write the decisions of rules that passed their condition."""
        self._write(sql.DECIDE, [astuple(decision) for decision in decisions])

    def queue(self, messages: Iterable[NewMessage]) -> None:
        """Queue messages; one whose key is known is queued already."""
        self._write(sql.QUEUE, [(*astuple(message), "queued", 0) for message in messages])

    def request(self, requests: Iterable[NewRequest]) -> None:
        """Ask; what was asked for under the same id is asked for already."""
        self._write(sql.REQUEST, [(*astuple(request), "waiting") for request in requests])

    def cancel(self, keys: Collection[str], now: int) -> None:
        """What must not leave any more: messages and requests by their keys, those of this batch too."""
        cancel(self._connection, keys, now)

    def hand_out(self, records: Iterable[tuple[str, bytes, bytes]]) -> None:
        """Records (topic, key, value) for the relay."""
        self._write(sql.OUTBOX, list(records))

    def bury(self, letters: Iterable[DeadLetter], now: int) -> None:
        """Keep what could not be applied, once a place."""
        bury_rows(self._connection, letters, now)

    def health(self, seen: int, bad: int) -> None:
        """Write back the partition's recent past."""
        self._connection.execute(sql.HEALTH, {"topic": self._topic, "id": self._shard, "seen": seen, "bad": bad})

    def _orders(self, rows: Iterable[Any]) -> dict[tuple[str, str], Order]:
        return {(customer, key): decode_order(state) for customer, key, state in rows}

    def _ask(self, statement: Many, rows: Sequence[Row]) -> Iterator[Any]:
        for start in range(0, len(rows), CHUNK):
            yield from ask(self._connection, statement, rows[start : start + CHUNK])

    def _write(self, statement: Many, rows: Sequence[Row]) -> int:
        return write(self._connection, statement, rows)

    def _all(self, statement: Many, rows: Sequence[Row]) -> None:
        """Every row must take effect; one that does not was written by somebody else since we looked."""
        if self._write(statement, rows) != len(rows):
            raise Contended("another writer changed the same rows")


def _event(row: Any) -> Event | None:
    try:
        event = logged(row.source, row.id, row.type, row.customer, row.time, bytes(row.data), row.amount)
    except BadEvent as error:
        log.warning("the log of a customer holds an event that this version cannot read: %s", error)
        return None
    event.at, event.seq = row.at, row.seq
    return event


def bury_rows(connection: Connection, letters: Iterable[DeadLetter], now: int) -> None:
    """Keep dead letters, once a place."""
    rows = [_dead_letter(letter, now) for letter in letters]
    if rows:
        connection.execute(sql.DEAD_LETTER, rows)


def _dead_letter(letter: DeadLetter, now: int) -> dict[str, Any]:
    place = letter.place
    headers = [[name, None if value is None else base64.b64encode(value).decode()] for name, value in letter.headers]
    return {
        "incarnation": place.incarnation,
        "topic": place.topic,
        "partition": place.partition,
        "offset": place.offset,
        "at": now,
        "reason": letter.reason,
        "field": letter.field,
        "detail": letter.detail,
        "key": letter.key,
        "value": letter.value,
        "headers": msgspec.json.encode(headers).decode(),
    }
