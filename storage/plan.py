"""When every customer is to be looked at next, put right without touching what is known of them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Struct
from sqlalchemy import bindparam, text

from storage import sql
from storage.many import write
from storage.store import Store

_PAGE = text("SELECT id, version, next_due, state FROM customer WHERE id > :after ORDER BY id LIMIT :most")
_LOCK = text("SELECT id FROM customer WHERE id IN :ids FOR UPDATE SKIP LOCKED").bindparams(
    bindparam("ids", expanding=True)
)
_ROUND = text("SELECT value FROM meta WHERE name = 'due-round'")
_REMEMBER = text(
    """INSERT INTO meta (name, value) VALUES ('due-round', :value)
       ON CONFLICT (name) DO UPDATE SET value = excluded.value"""
)


class Planned(Struct, frozen=True):
    """A customer, and when they are to be looked at as things stand."""

    id: str
    version: int
    next_due: int | None
    state: bytes


class Round(Struct, frozen=True):
    """How far a round through all customers is: by which rules, begun when, done up to which id; None = done."""

    rules: str
    began: int
    after: str | None


def page(store: Store, after: str, most: int) -> list[Planned]:
    """The next customers by id."""
    with store.read() as connection:
        return [Planned(*row) for row in connection.execute(_PAGE, {"after": after, "most": most})]


def plan(store: Store, dues: Sequence[tuple[int | None, str, int]]) -> None:
    """(next_due, customer, version): who has another version by now, or is being written, knows better already."""
    if not dues:
        return
    with store.write() as connection:
        if not store.sqlite:  # so that a batch waits for us at most, and we for none
            free = set(connection.execute(_LOCK, {"ids": [id for _, id, _ in dues]}).scalars())
            dues = [due for due in dues if due[1] in free]
        write(connection, sql.PLAN, dues)


def last_round(store: Store) -> Round | None:
    """The round under way or done last, by whichever process; None before the first."""
    with store.read() as connection:
        value = connection.execute(_ROUND).scalar()
    return None if value is None else msgspec.json.decode(value, type=Round)


def remember_round(store: Store, round: Round) -> None:
    """Where the next process goes on."""
    with store.write() as connection:
        connection.execute(_REMEMBER, {"value": msgspec.json.encode(round).decode()})
