"""Rows on their way to the broker: the outbox, and dead letters not yet relayed."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from msgspec import Struct
from sqlalchemy import Connection, Text, bindparam, text


class Outgoing(Struct, frozen=True):
    """One record of the outbox."""

    id: int
    topic: str
    key: bytes
    value: bytes


class Letter(Struct, frozen=True):
    """One dead letter to relay: its place, why, and the original bytes."""

    incarnation: str
    topic: str
    partition: int
    offset: int
    reason: str
    field: str
    key: bytes | None
    value: bytes | None


_OUTBOX = text(
    "SELECT id, topic, key, value FROM outbox WHERE topic NOT IN :without ORDER BY id LIMIT :most"
).bindparams(bindparam("without", expanding=True, type_=Text))
# Not by the number alone: SQLite gives that of a deleted last row again, and another relay may have deleted it.
_SENT = text("DELETE FROM outbox WHERE id = :id AND value = :value")
_LETTERS = text(
    """SELECT incarnation, topic, partition, "offset", reason, field, key, value FROM dead_letter
       WHERE NOT relayed ORDER BY at LIMIT :most"""
)
_RELAYED = text(
    """UPDATE dead_letter SET relayed = TRUE
       WHERE incarnation = :incarnation AND topic = :topic AND partition = :partition AND "offset" = :offset"""
)
_ANYTHING = text("SELECT EXISTS (SELECT 1 FROM outbox) OR EXISTS (SELECT 1 FROM dead_letter WHERE NOT relayed)")
_LEAD = text(
    """INSERT INTO meta (name, value) VALUES ('relay', :mine)
       ON CONFLICT (name) DO UPDATE SET value = excluded.value
       WHERE meta.value < :now OR substr(meta.value, 22) = :me"""
)


def anything(connection: Connection) -> bool:
    """Whether something waits to be relayed."""
    return bool(connection.execute(_ANYTHING).scalar_one())


def lead(connection: Connection, me: str, now: int, until: int) -> bool:
    """Be the one who relays until then, microseconds; False while another is."""
    row = {"me": me, "mine": f"{until:020} {me}", "now": f"{now:020}"}
    return connection.execute(_LEAD, row).rowcount == 1


def waiting(connection: Connection, most: int, without: Collection[str] = ()) -> list[Outgoing]:
    """The oldest rows of the outbox, those for some topics left out."""
    rows = connection.execute(_OUTBOX, {"most": most, "without": list(without)})
    return [Outgoing(row.id, row.topic, bytes(row.key), bytes(row.value)) for row in rows]


def sent(connection: Connection, rows: Sequence[Outgoing]) -> None:
    """The broker has these: they go."""
    if rows:
        connection.execute(_SENT, [{"id": row.id, "value": row.value} for row in rows])


def letters(connection: Connection, most: int) -> list[Letter]:
    """The oldest dead letters not yet relayed."""
    return [Letter(*row) for row in connection.execute(_LETTERS, {"most": most})]


def relayed(connection: Connection, rows: Sequence[Letter]) -> None:
    """The broker has these."""
    if rows:
        connection.execute(
            _RELAYED,
            [
                {"incarnation": row.incarnation, "topic": row.topic, "partition": row.partition, "offset": row.offset}
                for row in rows
            ],
        )
