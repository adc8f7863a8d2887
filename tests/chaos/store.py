"""What the store holds, by SQL of our own. Shares no code with the product."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg

Row = Sequence[Any]
DELIVERY = "regulars:delivery"
"""The source of results."""
SOON = 60 * 1_000_000
"""Microseconds: who comes due later than that from now on is not waited for."""


class Store:
    """Reads a SQLite or PostgreSQL store while others write it."""

    def __init__(self, url: str) -> None:
        self._sqlite = url.removeprefix("sqlite:///") if url.startswith("sqlite") else None
        self._url = url.replace("postgresql+psycopg://", "postgresql://")

    def rows(self, query: str) -> list[Row]:
        """All rows of a query; none while the store has no such table yet."""
        try:
            with closing(self._connect()) as connection:
                return list(connection.execute(query).fetchall())
        except (sqlite3.OperationalError, psycopg.errors.UndefinedTable):
            return []

    def _connect(self) -> Any:
        if self._sqlite is not None:
            return sqlite3.connect(f"file:{self._sqlite}?mode=ro", uri=True, timeout=30)
        return psycopg.connect(self._url)

    def last_commit(self) -> int:
        """When the last batch of `events` was committed, microseconds since 1970; 0 = never."""
        rows = self.rows("SELECT MAX(at) FROM partition WHERE topic = 'events'")
        return int(rows[0][0] or 0) if rows else 0

    def laggard(self) -> int:
        """The same of the partition whose last batch is the oldest; 0 also while the store does not answer."""
        try:
            rows = self.rows("SELECT MIN(at) FROM partition WHERE topic = 'events' HAVING COUNT(*) > 1")
        except psycopg.OperationalError:
            return 0
        return int(rows[0][0] or 0) if rows else 0

    def waiting(self) -> int:
        """Rows that wait to be produced."""
        rows = self.rows("SELECT (SELECT COUNT(*) FROM outbox) + (SELECT COUNT(*) FROM dead_letter WHERE NOT relayed)")
        return int(rows[0][0]) if rows else 0

    def due(self, now: int) -> int:
        """Customers whose time has come, or comes soon."""
        rows = self.rows(f"SELECT COUNT(*) FROM customer WHERE next_due <= {now + SOON}")
        return int(rows[0][0]) if rows else 0

    def telling(self) -> int:
        """Articles that were launched and of which not everybody has been told."""
        done = "SELECT COUNT(*) FROM fan_out WHERE kind = 'launch' AND ended_at IS NOT NULL AND chosen = ''"
        rows = self.rows(f"SELECT (SELECT COUNT(*) FROM product) - ({done})")
        return int(rows[0][0]) if rows else 0

    def unsent(self) -> int:
        """Messages without a final status."""
        rows = self.rows("SELECT COUNT(*) FROM message WHERE done_at IS NULL")
        return int(rows[0][0]) if rows else 0


@dataclass(frozen=True)
class Held:
    """The store's contents that can be lost or doubled."""

    log: dict[str, list[tuple[str, str, str, Any]]]
    """Customer → (source, id, type, data) in the order of the log."""
    dead: dict[tuple[str, int, int], str]
    letters: dict[tuple[str, int, int], tuple[bytes | None, bytes | None]]
    """Place → original key and value."""
    sums: dict[tuple[str, str, str], int]
    decided: Counter[tuple[str, str, str]]
    status: dict[str, str]
    """Key of a message → where it stands."""
    slowest: float
    """The longest from an event to the end of its message, seconds."""
    backwards: list[str]
    """Customers whose events are not in the order of their stamps."""
    stamps: dict[tuple[str, str], tuple[int, str]]
    """Identity of an event → when it was decided, microseconds since 1970, and the rule set that did."""
    steps: Counter[tuple[str, str, str, int, str, str, int]]
    """Decisions: (customer, rule, entry, step, outcome, reason, when)."""
    by_poke: int
    """How many of those came with a poke."""

    @property
    def keys(self) -> list[str]:
        """Of messages."""
        return list(self.status)

    @property
    def results(self) -> dict[str, list[str]]:
        """Key of a message → the states that delivery's events in the log speak of."""
        found: dict[str, list[str]] = {}
        for log in self.log.values():
            for source, _, kind, data in log:
                if kind == "message" and source == DELIVERY:
                    found.setdefault(data["message_id"], []).append(data["state"])
        return found


_BACKWARDS = """
    SELECT DISTINCT customer FROM
    (SELECT customer, at, LAG(at) OVER (PARTITION BY customer ORDER BY seq) AS earlier FROM event) AS step
    WHERE at < earlier
"""

_STAMPS = "SELECT source, id, at, ruleset FROM event WHERE source <> 'regulars:clock'"
_STEPS = "SELECT customer, rule, entry, step, outcome, reason, at FROM decision"
_BY_POKE = """
    SELECT COUNT(*) FROM decision JOIN event ON event.customer = decision.customer AND event.seq = decision.seq
    WHERE event.source = 'regulars:clock'
"""


def held(store: Store, incarnation: str) -> Held:
    """Read it all."""
    log: dict[str, list[tuple[str, str, str, Any]]] = {}
    for customer, source, id, kind, data in store.rows(
        "SELECT customer, source, id, type, data FROM event WHERE source <> 'regulars:clock' ORDER BY customer, seq"
    ):
        parsed = json.loads(bytes(data), parse_float=Decimal, parse_int=Decimal)
        log.setdefault(customer, []).append((source, id, kind, parsed))
    letters = store.rows('SELECT topic, partition, "offset", reason, key, value, incarnation FROM dead_letter')
    assert all(row[6] == incarnation for row in letters)
    sums = store.rows("SELECT measure, period, dims, SUM(value) FROM counter GROUP BY measure, period, dims")
    decided = store.rows("SELECT rule, outcome, reason, COUNT(*) FROM decision GROUP BY rule, outcome, reason")
    return Held(
        log,
        {(row[0], row[1], row[2]): row[3] for row in letters},
        {(row[0], row[1], row[2]): (_bytes(row[4]), _bytes(row[5])) for row in letters},
        {(row[0], row[1], row[2]): int(row[3]) for row in sums if row[3]},
        Counter({(row[0], row[1], row[2]): row[3] for row in decided}),
        {row[0]: row[1] for row in store.rows("SELECT key, status FROM message")},
        int(store.rows("SELECT COALESCE(MAX(done_at - created_at), 0) FROM message")[0][0]) / 1_000_000,
        [row[0] for row in store.rows(_BACKWARDS)],
        {(row[0], row[1]): (row[2], row[3]) for row in store.rows(_STAMPS)},
        Counter(tuple(row) for row in store.rows(_STEPS)),
        int(store.rows(_BY_POKE)[0][0]),
    )


def _bytes(value: Any) -> bytes | None:
    return None if value is None else bytes(value)
