"""What people ask of the store: sums, customers, dead letters, partitions. Only reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, text

from retention import orders, state
from retention.counters import Deltas
from retention.state import Customer


class Logged(Struct, frozen=True):
    """One row of the log; `data` the bytes of the event's data."""

    customer: str
    seq: int
    at: int
    time: int
    source: str
    id: str
    type: str
    amount: int
    data: bytes


class Decided(Struct, frozen=True):
    """One decision, with the status of its message. `due`: when it goes on, or the message leaves.

    `error`: why the message did not leave, or what it waits for; a code.
    """

    at: int
    rule: str
    step: int
    outcome: str
    reason: str
    due: int | None
    message: str | None
    status: str | None
    error: str | None = None


class Asked(Struct, frozen=True):
    """A request that nobody has granted yet."""

    at: int
    rule: str
    kind: str
    what: str
    amount: int


class DeadLetterRow(Struct, frozen=True):
    """A dead letter as it may be listed: nothing of the event itself."""

    place: str
    at: int
    reason: str
    field: str
    detail: str
    size: int


class DeadLetterBody(Struct, frozen=True):
    """The original bytes of a dead letter; for `show`, never for a list."""

    row: DeadLetterRow
    key: bytes | None
    value: bytes | None
    headers: str


class PartitionState(Struct, frozen=True):
    """How far the writers are with one partition."""

    topic: str
    id: int
    epoch: int
    position: int
    at: int
    seen: int
    bad: int
    halted: str | None


class Totals(Struct, frozen=True):
    """Rows of the tables an operator looks at."""

    events: int
    customers: int
    dead_letters: int
    messages: dict[str, int]
    """Status → messages."""


_SUMS = text("SELECT measure, period, dims, sum(value) FROM counter GROUP BY measure, period, dims")
_PLAIN = text("SELECT measure, period, sum(value) FROM counter WHERE dims = '' GROUP BY measure, period")
_LOG = text("SELECT customer, seq, at, time, source, id, type, amount, data FROM event ORDER BY customer, seq")
_LETTERS = text(
    """SELECT incarnation, topic, partition, "offset", at, reason, field, detail, length(value) AS size
       FROM dead_letter ORDER BY at DESC, topic, partition, "offset" DESC LIMIT :most"""
)
_BODY = text(
    """SELECT incarnation, topic, partition, "offset", at, reason, field, detail, length(value) AS size, key, value,
         headers
       FROM dead_letter
       WHERE incarnation = :incarnation AND topic = :topic AND partition = :partition AND "offset" = :offset"""
)
_REASONS = text("SELECT reason, count(*) FROM dead_letter GROUP BY reason ORDER BY 2 DESC, 1")
_ORDER_IDS = text('SELECT key FROM "order" WHERE customer = :id AND key NOT LIKE :loose ORDER BY key DESC LIMIT :most')
_DECISIONS = text(
    """SELECT d.at, d.rule, d.step, d.outcome, d.reason, d.due, d.message, m.status, m.error
       FROM decision d LEFT JOIN message m ON m.key = d.message
       WHERE d.customer = :customer ORDER BY d.seq DESC, d.n DESC LIMIT :most"""
)
_ASKED = text(
    """SELECT at, rule, kind, what, amount FROM request
       WHERE customer = :customer AND status = 'waiting' ORDER BY seq DESC, at DESC, id LIMIT :most"""
)


def sums(connection: Connection) -> Deltas:
    """Every counter, summed over shards."""
    return {(measure, period, dims): int(value) for measure, period, dims, value in connection.execute(_SUMS)}


def plain_sums(connection: Connection) -> dict[tuple[str, str], int]:
    """Counters without dimensions, summed over shards: what the measures are made of."""
    return {(measure, period): int(value) for measure, period, value in connection.execute(_PLAIN)}


def log(connection: Connection) -> Iterator[Logged]:
    """The whole log, customer by customer, each in its order; streamed."""
    streamed = connection.execution_options(yield_per=2_000)
    for row in streamed.execute(_LOG):
        yield Logged(row.customer, row.seq, row.at, row.time, row.source, row.id, row.type, row.amount, bytes(row.data))


def customer(connection: Connection, id: str) -> Customer | None:
    """One customer's state; None when there is no such customer."""
    blob = connection.execute(text("SELECT state FROM customer WHERE id = :id"), {"id": id}).scalar()
    return None if blob is None else state.decode(blob)


def order_ids(connection: Connection, id: str, most: int) -> list[str]:
    """Ids of a customer's orders, `most` of them at most; returns that name no order left out."""
    rows = connection.execute(_ORDER_IDS, {"id": id, "loose": f"{orders.LOOSE}%", "most": most})
    return sorted(row.key for row in rows)


def decisions_of(connection: Connection, id: str, most: int) -> list[Decided]:
    """One customer's latest decisions, the last one first."""
    return [Decided(*row) for row in connection.execute(_DECISIONS, {"customer": id, "most": most})]


def requests_of(connection: Connection, id: str, most: int) -> list[Asked]:
    """What rules have asked for a customer, and nobody has granted yet; the latest first."""
    return [Asked(*row) for row in connection.execute(_ASKED, {"customer": id, "most": most})]


def dead_letters(connection: Connection, most: int) -> list[DeadLetterRow]:
    """The newest dead letters."""
    return [_letter(row) for row in connection.execute(_LETTERS, {"most": most})]


def dead_letter(connection: Connection, place: str) -> DeadLetterBody | None:
    """One dead letter by its place `incarnation/topic/partition/offset`, whole."""
    parts = place.rsplit("/", 3)
    if len(parts) != 4 or not (parts[2].isdecimal() and parts[3].isdecimal()):
        return None
    where = {"incarnation": parts[0], "topic": parts[1], "partition": int(parts[2]), "offset": int(parts[3])}
    row = connection.execute(_BODY, where).one_or_none()
    return None if row is None else DeadLetterBody(_letter(row), row.key, row.value, row.headers)


def dead_letter_reasons(connection: Connection) -> dict[str, int]:
    """Reason → dead letters."""
    return {row.reason: row[1] for row in connection.execute(_REASONS)}


def partitions(connection: Connection) -> list[PartitionState]:
    """Every partition somebody has read."""
    statement = text("SELECT topic, id, epoch, position, at, seen, bad, halted FROM partition ORDER BY topic, id")
    return [PartitionState(*row) for row in connection.execute(statement)]


def totals(connection: Connection) -> Totals:
    """How much there is of everything."""

    def count(table: str) -> int:
        number: int = connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()  # noqa: S608
        return number

    statuses = connection.execute(text("SELECT status, count(*) FROM message GROUP BY status ORDER BY status"))
    return Totals(count("event"), count("customer"), count("dead_letter"), {row[0]: row[1] for row in statuses})


def _letter(row: Any) -> DeadLetterRow:
    place = f"{row.incarnation}/{row.topic}/{row.partition}/{row.offset}"
    return DeadLetterRow(place, row.at, row.reason, row.field, row.detail, row.size or 0)


class Happened(Struct, frozen=True):
    """One line of what happened lately: an event, a decision, a mail or a dead letter."""

    at: int
    kind: str
    customer: str
    what: str
    """Event type, rule, template or reason."""
    detail: str
    """Outcome and reason, channel or field."""
    data: bytes | None = None


_HAPPENED = text(
    """SELECT * FROM (
         SELECT at, 'event' AS kind, customer, type AS what, '' AS detail, data FROM event
           WHERE at > :since AND ruleset <> '' AND type NOT IN ('message', 'poke', 'product')
         UNION ALL
         SELECT d.at, 'decision', d.customer, d.rule, d.outcome || ' ' || d.reason, NULL
           FROM decision d JOIN event e ON e.customer = d.customer AND e.seq = d.seq
           WHERE d.at > :since AND (e.type NOT IN ('poke', 'product') OR d.outcome = 'queued')
         UNION ALL
         SELECT done_at, 'mail', customer, template, status || ' ' || channel, NULL FROM message WHERE done_at > :since
         UNION ALL
         SELECT at, 'dead-letter', '', reason, topic || ' ' || field, NULL FROM dead_letter WHERE at > :since
       ) AS recent ORDER BY at LIMIT :most"""
)


def happened(connection: Connection, since: int, most: int) -> list[Happened]:
    """What happened after `since` (microseconds since 1970), oldest first. Reads whole tables: for small stores.

    Of what time brings, and of launches, only the messages that were queued: the rest is about many at once.
    """
    return [Happened(*row) for row in connection.execute(_HAPPENED, {"since": since, "most": most})]


_WAIT_SINCE_LAUNCHES = text(
    """SELECT count(*), coalesce(min(d.due), 0) FROM decision d
         JOIN event e ON e.customer = d.customer AND e.seq = d.seq WHERE e.type = 'product' AND d.outcome = 'waiting'"""
)


def wait_since_launches(connection: Connection) -> tuple[int, int]:
    """How many customers were told of a launch and their rule waited, and until when at least, µs since 1970.

    Reads whole tables: for small stores.
    """
    number, due = connection.execute(_WAIT_SINCE_LAUNCHES).one()
    return number, due


def identities(connection: Connection) -> set[tuple[str, str]]:
    """(source, id) of every event of the log."""
    return {(row.source, row.id) for row in connection.execute(text("SELECT source, id FROM event"))}


def places(connection: Connection) -> set[tuple[str, int, int]]:
    """(topic, partition, offset) of every dead letter."""
    statement = text('SELECT topic, partition, "offset" FROM dead_letter')
    return {(row[0], row[1], row[2]) for row in connection.execute(statement)}


def unfinished(connection: Connection, now: int) -> bool:
    """Whether a message is to be sent now, microseconds since 1970, or a row waits for the broker."""
    statement = """SELECT EXISTS (SELECT 1 FROM message WHERE done_at IS NULL AND due_at <= :now)
                     OR EXISTS (SELECT 1 FROM outbox)"""
    return bool(connection.execute(text(statement), {"now": now}).scalar())


def applied_from_outside(connection: Connection) -> int:
    """Events of the log that came through the broker and are not our own feedback."""
    statement = "SELECT count(*) FROM event WHERE ruleset <> '' AND source NOT LIKE 'regulars:%'"
    return int(connection.execute(text(statement)).scalar_one())
