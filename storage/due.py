"""Customers whose time has come, for the clock."""

from __future__ import annotations

from msgspec import Struct
from sqlalchemy import Connection, text

_DUE = text(
    """SELECT next_due, id FROM customer
       WHERE next_due IS NOT NULL AND next_due <= :until AND (next_due, id) > (:at, :id)
       ORDER BY next_due, id LIMIT :most"""
)


_OVERDUE = text("SELECT count(*) AS customers, min(next_due) AS since FROM customer WHERE next_due <= :before")


class Due(Struct, frozen=True):
    """A customer whose earliest timer is due `at`, microseconds since 1970. Also a place: the next page is behind."""

    at: int
    id: str


def due(connection: Connection, behind: Due, until: int, most: int) -> list[Due]:
    """The first customers behind that place whose timers are due by then, the longest due first."""
    rows = connection.execute(_DUE, {"at": behind.at, "id": behind.id, "until": until, "most": most})
    return [Due(row.next_due, row.id) for row in rows]


class Overdue(Struct, frozen=True):
    """How many customers nobody has woken, and since when the first of them is due, microseconds since 1970."""

    customers: int
    since: int | None


def overdue(connection: Connection, before: int) -> Overdue:
    """Customers who have been due since before that moment."""
    return Overdue(*connection.execute(_OVERDUE, {"before": before}).one())
