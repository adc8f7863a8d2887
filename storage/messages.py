"""Messages on their way out: claims with a token, marks that check it, results for the outbox."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any, Literal

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, TextClause, text

from retention import state
from retention.state import Customer
from storage import message_sql as sql
from storage.cancel import result
from storage.store import Store

Doubt = Literal["resend", "park"]
"""What becomes of a message of which nobody can know whether it left."""
Final = Literal["failed", "cancelled", "expired", "ambiguous"]

MOST_RECOVERED = 500
"""How many abandoned messages one `recover` settles; the rest waits for the next."""


class Context(Struct, array_like=True, frozen=True):
    """The event a message answers, kept with it for the wording. Times in microseconds since 1970 UTC.

    `data` is the event's data as received (JSON), `amount` its total in minor units of the shop's currency;
    `orders` and `orders_ever` are the customer's when the message was decided. `offer` is the id of the offer that
    goes with it, `variant` the customer's in the rule, `entry` the name of the way through the rule it belongs to,
    `ruleset` the rule set it is worded by; empty where there is none. `offered_at`: the day from which the offer's time
    counts; 0: that of the decision.
    """

    type: str
    time: int
    data: bytes
    amount: int
    orders: int
    orders_ever: int
    rule_name: str
    offer: str = ""
    variant: str = ""
    entry: str = ""
    offered_at: int = 0
    ruleset: str = ""

    def encode(self) -> bytes:
        """The blob for column `context`."""
        return msgspec.msgpack.encode(self)

    @classmethod
    def decode(cls, blob: bytes) -> Context:
        """Column `context` back to a value; msgspec.DecodeError when it is not one."""
        return msgspec.msgpack.decode(blob, type=cls)


class Claimed(Struct, frozen=True):
    """A message that this token may move on; `attempts` counts the sendings begun before the claim.

    `created_at`: when it was decided. Instants in microseconds since 1970 UTC.
    """

    key: str
    customer: str
    rule: str
    step: int
    template: str
    channel: str
    class_: str
    due_at: int
    expires_at: int | None
    attempts: int
    context: bytes
    token: str
    created_at: int


class InFlight(Struct, frozen=True, order=True):
    """A message that somebody has claimed, and how far they came: `claimed` or `sending`."""

    key: str
    token: str
    status: str


class MessageView(Struct, frozen=True):
    """A message as the operator sees it; no wording and no address."""

    key: str
    rule: str
    step: int
    template: str
    channel: str
    class_: str
    status: str
    created_at: int
    due_at: int
    expires_at: int | None
    attempts: int
    error: str | None
    done_at: int | None


class Stats(Struct, frozen=True):
    """How many messages stand where. `due`: queued and not waiting for a later hour; `oldest_due_at` of those."""

    by_status: dict[str, int]
    due: int
    oldest_due_at: int | None


class Recovered(Struct, frozen=True):
    """What `recover` did: claims given back; sendings of unknown fate, queued again or set aside."""

    returned: int = 0
    resent: int = 0
    parked: int = 0


class Messages:
    """The queue of outgoing messages. Every method is one short transaction of its own; `now` in microseconds.

    A mark returns False, and changes nothing, when the claim was lost: somebody took us for gone and settled
    the message, or it was cancelled or erased.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        lock = "" if store.sqlite else sql.SKIP_LOCKED
        self._claim = sql.many(sql.CLAIM.format(ready=sql.READY, lock=lock))
        self._wake = text(sql.WAKE.format(lock=lock))

    def claim(self, limit: int, now: int) -> list[Claimed]:
        """At most `limit` due messages; transactional ones first, then the longest due.

        Of one customer, channel and class only the oldest due message is taken, and none while another is
        claimed or being sent. What an abandoned claim holds becomes claimable again through `recover`.
        """
        keys = self._ready(limit, now)
        if not keys:  # an idle dispatcher never takes the write lock
            return []
        token = secrets.token_hex(8)
        with self._store.write() as connection:
            if not self._store.sqlite:
                keys = list(connection.execute(sql.LOCK_GROUPS, {"keys": keys}).scalars())
            parameters = {"keys": keys, "now": now, "token": token}
            rows = connection.execute(self._claim, parameters).all() if keys else []
        return sorted((Claimed(*row) for row in rows), key=lambda one: (one.due_at, one.key))

    def _ready(self, limit: int, now: int) -> list[str]:
        with self._store.read() as connection:
            keys = connection.execute(sql.FIRST, {"now": now, "limit": limit}).scalars().all()
            rest = {"now": now, "limit": limit - len(keys)}
            return [*keys, *connection.execute(sql.REST, rest).scalars()] if len(keys) < limit else [*keys]

    def begin_sending(self, claimed: Claimed) -> bool:
        """Say, before the first byte leaves, that it may leave. False: do not send."""
        with self._store.write() as connection:
            return _hit(connection, sql.BEGIN, claimed)

    def release(self, claimed: Claimed) -> bool:
        """Give back a claim of which nothing was sent."""
        with self._store.write() as connection:
            return _hit(connection, sql.RELEASE, claimed)

    def retry(self, claimed: Claimed, at: int, error: str) -> bool:
        """It surely did not leave, whether or not sending was said: queue it again for `at`."""
        with self._store.write() as connection:
            return _hit(connection, sql.RETRY, claimed, at=at, error=error)

    def wake(self, now: int) -> int:
        """The rules are others: whatever waits for a rule or an offer is looked at again; how many that is."""
        with self._store.write() as connection:
            return connection.execute(self._wake, {"now": now}).rowcount

    def mark_sent(self, claimed: Claimed, now: int) -> bool:
        """The channel took it over."""
        return self._finish(claimed, "sent", None, now)

    def finish(self, claimed: Claimed, status: Final, error: str, now: int) -> bool:
        """Its final status, other than sent; `error` is a code without personal data."""
        return self._finish(claimed, status, error, now)

    def _finish(self, claimed: Claimed, status: str, error: str | None, now: int) -> bool:
        with self._store.write() as connection:
            done = _hit(connection, sql.FINISH, claimed, status=status, error=error, now=now)
            if done:
                event = result(claimed.key, status, claimed.customer, claimed.channel, status, now)
                connection.execute(sql.OUTBOX, event)
            return done

    def doubt(self, claimed: Claimed, now: int, policy: Doubt, most: int, at: int) -> bool:
        """Nobody can know whether it left. `resend`: count that and queue it again for `at`, at most `most` tries."""
        with self._store.write() as connection:
            row = _in_doubt(connection, claimed)
            if row is not None:
                _settle(connection, [row], now, policy, most, at)
            return row is not None

    def in_flight(self) -> list[InFlight]:
        """Every message that somebody has claimed."""
        with self._store.read() as connection:
            return [InFlight(*row) for row in connection.execute(sql.IN_FLIGHT)]

    def recover(self, abandoned: Iterable[InFlight], now: int, policy: Doubt, most: int) -> Recovered:
        """Take up what a crash left behind: claims are queued again, sendings are in doubt.

        What has moved since it was seen is somebody's, and left to them.
        """
        chosen = sorted(abandoned)[:MOST_RECOVERED]  # by key, as all who lock several: nobody locks another out
        if not chosen:
            return Recovered()
        returned, doubted = 0, []
        with self._store.write() as connection:
            for one in chosen:
                if one.status == "claimed":
                    returned += _hit(connection, sql.RELEASE, one)
                elif (row := _in_doubt(connection, one)) is not None:
                    doubted.append(row)
            resent = _settle(connection, doubted, now, policy, most, now)
        return Recovered(returned, resent, len(doubted) - resent)

    def recipient(self, customer: str) -> Customer | None:
        """What is known of the customer now; None when they were erased."""
        with self._store.read() as connection:
            blob = connection.execute(sql.RECIPIENT, {"customer": customer}).scalar_one_or_none()
        return None if blob is None else state.decode(blob)

    def queued_count(self, due_by: int | None = None) -> int:
        """Messages without a final status; with `due_by` only those due until then."""
        with self._store.read() as connection:
            due = 2**62 if due_by is None else due_by
            return int(connection.execute(sql.OPEN, {"due": due}).scalar_one())

    def stats(self, now: int) -> Stats:
        """Counts for the operator."""
        with self._store.read() as connection:
            by_status = {row[0]: row[1] for row in connection.execute(sql.BY_STATUS)}
            due, oldest = connection.execute(sql.DUE, {"now": now}).one()
        return Stats(by_status, due, oldest)

    def for_customer(self, customer: str) -> list[MessageView]:
        """A customer's messages, newest first."""
        with self._store.read() as connection:
            return [MessageView(*row) for row in connection.execute(sql.OF_CUSTOMER, {"customer": customer})]


def _in_doubt(connection: Connection, one: Claimed | InFlight) -> Any:
    """What settling needs of a message in sending under that token, locked; None when there is none."""
    return connection.execute(sql.IN_DOUBT, {"key": one.key, "token": one.token}).one_or_none()


def _hit(connection: Connection, statement: TextClause, claimed: Claimed | InFlight, **values: Any) -> bool:
    return connection.execute(statement, {"key": claimed.key, "token": claimed.token, **values}).rowcount == 1


def _settle(connection: Connection, rows: Iterable[Any], now: int, policy: Doubt, most: int, at: int) -> int:
    """Messages in doubt, locked by this transaction: queue again or set aside; returns how many were queued."""
    queued = 0
    for key, customer, channel, attempts in rows:
        resend = policy == "resend" and attempts < most
        queued += resend
        if resend:
            connection.execute(sql.AGAIN, {"key": key, "at": at})
        else:
            connection.execute(sql.ASIDE, {"key": key, "now": now})
        name = f"ambiguous:{attempts}" if resend else "ambiguous"
        connection.execute(sql.OUTBOX, result(key, name, customer, channel, "ambiguous", now))
    return queued
