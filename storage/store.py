"""The store: its engine, its migrations, its transactions. SQLite embedded, PostgreSQL in production."""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from retention.errors import NewerState
from storage.errors import Newer, StoreError
from storage.trouble import trouble

BUSY_TIMEOUT = 30.0
"""How long a SQLite writer waits for another process's transaction, seconds."""
_MIGRATION_LOCK = 7_236_401
_KEYS = ("digest-key", "coupon-key")
"""Secrets of the store's own, rows of table `meta`."""


class Store:
    """One database. Connections are opened when first used; `close` returns them.

    `read()` and `write()` give transactions on pooled connections; a write on SQLite takes the lock at
    its start (BEGIN IMMEDIATE), so that it never fails half-way, and queues fairly inside the process.
    """

    def __init__(self, url: str) -> None:
        self.url = _parsed(url)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite(self.url.database or "") if self.sqlite else _postgres(str_url(self.url))
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """The store's address without its password, nor the options, which may hold one."""
        return self.url.set(query={}).render_as_string(hide_password=True)

    @contextlib.contextmanager
    def write(self, connection: Connection | None = None) -> Iterator[Connection]:
        """One transaction that may write: committed at the end, rolled back by an exception.

        Raises Unreachable, and its kinds Busy and Full, when the database is away, locked, full or otherwise
        in trouble (see storage.trouble): whether the commit took effect is then unknown, and the caller does
        the whole again.
        """
        queue = self._lock if self.sqlite else contextlib.nullcontext()
        with queue, self._translated():
            own = contextlib.nullcontext(connection) if connection is not None else self.engine.connect()
            with own as opened:
                opened.info["write"] = True
                with opened.begin():
                    yield opened

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """One transaction that only reads; it never waits for a writer. Raises Unreachable."""
        with self._translated(), self.engine.connect() as connection:
            connection.info["write"] = False
            with connection.begin():
                yield connection

    def connect(self) -> Connection:
        """A connection from the pool; Unreachable when the database does not answer."""
        with self._translated():
            return self.engine.connect()

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        """The database's own troubles as ours: nobody outside this room knows the driver's errors."""
        try:
            yield
        except NewerState as error:
            raise Newer(str(error)) from error
        except (SQLAlchemyError, MemoryError) as error:
            if (ours := trouble(self.name, error)) is None:
                raise
            raise ours from error

    def migrate(self) -> None:
        """Bring the tables to this version; several processes may call it at once.

        Raises Newer, and changes nothing, when a newer version has migrated them.
        """
        with self.write() as connection:
            if not self.sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            config = _alembic()
            config.attributes["connection"] = connection
            known = [each.revision for each in ScriptDirectory.from_config(config).walk_revisions()]  # newest first
            found = self.revision(connection)
            if found is not None and found not in known:
                raise Newer(f"the store {self.name} has tables of a newer Regulars ({found}); run that one")
            if found != known[0]:
                command.upgrade(config, "head")
            connection.execute(
                text("INSERT INTO meta (name, value) VALUES (:name, :key) ON CONFLICT DO NOTHING"),
                [{"name": name, "key": secrets.token_hex(32)} for name in _KEYS],
            )

    def revision(self, connection: Connection) -> str | None:
        """The migration the tables stand at; None when there are none."""
        return MigrationContext.configure(connection).get_current_revision()

    def current(self) -> bool:
        """Whether the tables stand at this version of Regulars."""
        with self.read() as connection:
            return self.revision(connection) == ScriptDirectory.from_config(_alembic()).get_current_head()

    def digest_key(self) -> bytes:
        """The secret that keys the inbox's digests; made once with the tables."""
        return self._key("digest-key")

    def coupon_key(self) -> bytes:
        """The secret that generated coupon codes come from; made once. Another would give everybody another code."""
        return self._key("coupon-key")

    def _key(self, name: str) -> bytes:
        with self.read() as connection:
            key: str = connection.execute(
                text("SELECT value FROM meta WHERE name = :name"), {"name": name}
            ).scalar_one()
        return bytes.fromhex(key)

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def _parsed(url: str) -> URL:
    """A URL we have a driver for. Raises StoreError, which never repeats it: it may hold a password."""
    expected = "expected sqlite:///file or postgresql+psycopg://user:password@host:5432/database"
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        hint = "; in a password write @ as %40, : as %3A, / as %2F" if "@" in url else ""
        raise StoreError(f"REGULARS_STORE is not a database URL; {expected}{hint}") from None
    if parsed.drivername == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("sqlite", "postgresql+psycopg"):
        raise StoreError(f"REGULARS_STORE: {parsed.drivername} is not supported; {expected}")
    return parsed


def str_url(url: Any) -> str:
    """A URL as a string with its password, for the driver."""
    return str(url.render_as_string(hide_password=False))


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def _sqlite(path: str) -> Engine:
    """`hide_parameters` keeps customers' data out of the messages of errors."""
    if path and path != ":memory:":
        with contextlib.suppress(OSError):  # what is wrong with the folder, opening the file says
            Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        f"sqlite:///{path}", connect_args={"timeout": BUSY_TIMEOUT, "check_same_thread": False}, hide_parameters=True
    )

    @event.listens_for(engine, "connect")
    def _open(dbapi: Any, _record: Any) -> None:
        dbapi.isolation_level = None  # we say BEGIN ourselves
        _write_ahead(dbapi)
        for pragma in (
            "synchronous=FULL",
            "cache_size=-65536",
            "temp_store=MEMORY",
            "wal_autocheckpoint=16000",
        ):
            dbapi.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.info.get("write") else "BEGIN")

    return engine


def _write_ahead(dbapi: Any) -> None:
    """The switch to a write-ahead log, which a new file's first openers make at once, waits for nobody by itself."""
    deadline = time.monotonic() + BUSY_TIMEOUT
    while True:
        try:
            dbapi.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(0.01)


def _postgres(url: str) -> Engine:
    return create_engine(url, connect_args={"connect_timeout": 10}, pool_pre_ping=True, hide_parameters=True)
