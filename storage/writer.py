"""The one who writes: takes partitions, and commits batches behind the fence."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from msgspec import Struct
from sqlalchemy import Connection, text

from storage import sql
from storage.batch import Batch
from storage.errors import Busy, Fenced, Halted, Importing, Unreachable
from storage.lock import holder
from storage.store import Store

TAKE_TIMEOUT_MS = 5_000
"""How long PostgreSQL may make us wait for a partition's row before its owner counts as frozen."""


class Held(Struct, frozen=True):
    """A partition we own, and the epoch that proves it."""

    topic: str
    id: int
    epoch: int


class Writer:
    """One connection, one thread at a time. Batches of all partitions of a process go through it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._connection: Connection | None = None

    def take(self, topic: str, partition: int, importing: bool = False) -> Held:
        """Become the owner of a partition: whoever owned it is fenced off from now on.

        Raises Importing while an import runs, unless it is the import that takes. A frozen owner on
        PostgreSQL is ended.
        """
        try:
            return self._take(topic, partition, importing)
        except Busy:
            self._drop()
        except Unreachable:
            self._drop()
            raise
        self._end_owner(topic, partition)
        return self._take(topic, partition, importing)

    @contextlib.contextmanager
    def batch(self, held: Held, position: int | None, now: int) -> Iterator[Batch]:
        """One transaction of one partition: fenced first, committed at the end, rolled back by an exception.

        `position` is the next offset to read (None leaves what is known), `now` microseconds since 1970.
        Raises Fenced, Halted, and Unreachable: then every partition must be taken again, for the connection
        that owned it is gone.
        """
        try:
            with self.store.write(self._connected()) as connection:
                row = connection.execute(
                    sql.FENCE,
                    {"topic": held.topic, "id": held.id, "epoch": held.epoch, "position": position, "at": now},
                ).one_or_none()
                if row is None:
                    raise Fenced(f"partition {held.topic}/{held.id} has a new owner")
                if row.halted is not None:
                    raise Halted(row.halted)
                yield Batch(connection, held.topic, held.id, row.seen, row.bad, row.ruleset or None)
        except Unreachable:
            self._drop()
            raise

    def halt(self, held: Held, why: str) -> None:
        """Stop the intake of a partition until an operator resumes it; survives a restart."""
        with self.store.write(self._connected()) as connection:
            connection.execute(sql.HALT, {"topic": held.topic, "id": held.id, "why": why})

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self.store.connect()
        return self._connection

    def _drop(self) -> None:
        """After a database error the connection may be dead; the next use opens another."""
        if self._connection is not None:
            self._connection.invalidate()
            self.close()

    def _take(self, topic: str, partition: int, importing: bool) -> Held:
        with self.store.write(self._connected()) as connection:
            backend = None
            if not self.store.sqlite:
                connection.execute(text(f"SET LOCAL lock_timeout = {TAKE_TIMEOUT_MS}"))
                backend = connection.execute(
                    text("SELECT pid || ' ' || backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()")
                ).scalar_one()
            if not importing and holder(connection) is not None:
                raise Importing("an import is running")
            parameters = {"topic": topic, "id": partition, "backend": backend}
            return Held(topic, partition, connection.execute(sql.TAKE, parameters).scalar_one())

    def _end_owner(self, topic: str, partition: int) -> None:
        """The owner holds its row's lock and does not move: end its backend, if it is still that one."""
        with self.store.read() as connection:
            connection.execute(
                text(
                    """SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a
                       JOIN partition p ON p.backend = a.pid || ' ' || a.backend_start
                       WHERE p.topic = :topic AND p.id = :id"""
                ),
                {"topic": topic, "id": partition},
            )
