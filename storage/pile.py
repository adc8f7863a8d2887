"""Rows that are too many for memory: laid aside on disk for a moment, and read back sorted."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator


class Pile:
    """A database of SQLite's own temporary kind: without a name, and gone when it is closed or the process ends."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        for statement in (
            "PRAGMA journal_mode = OFF",
            "PRAGMA cache_size = -16384",
            "PRAGMA temp_store = FILE",
            "CREATE TABLE pile (key TEXT, state BLOB)",
        ):
            self._database.execute(statement)

    def put(self, rows: Iterable[tuple[str, bytes]]) -> None:
        """Lay rows aside."""
        self._database.execute("BEGIN")
        self._database.executemany("INSERT INTO pile (key, state) VALUES (?, ?)", rows)
        self._database.execute("COMMIT")

    def sorted(self) -> Iterator[tuple[str, bytes]]:
        """All of them, by key."""
        yield from self._database.execute("SELECT key, state FROM pile ORDER BY key")

    def close(self) -> None:
        """Forget them."""
        self._database.close()
