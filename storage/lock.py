"""The import lock: while it stands, nobody takes a partition. It outlives its holder, so that a crash hides nothing."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, text

from storage.errors import StoreError
from storage.store import Store


class Holder(Struct, frozen=True):
    """Who imports: a process on a host."""

    host: str
    pid: int

    @property
    def gone(self) -> bool:
        """The process is on this host and no longer there."""
        if self.host != socket.gethostname():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False


class ImportRunning(StoreError):
    """Another import holds the store."""


@contextlib.contextmanager
def importing(store: Store) -> Iterator[None]:
    """Hold the import lock; a lock whose holder died on this host is taken over. Raises ImportRunning."""
    me = Holder(socket.gethostname(), os.getpid())
    with store.write() as connection:
        known = holder(connection)
        if known is not None and not known.gone:
            raise ImportRunning(
                f"process {known.pid} on {known.host} imports already; wait for it. If it died, "
                "delete row `import` of table meta"
            )
        connection.execute(text("DELETE FROM meta WHERE name = 'import'"))
        connection.execute(
            text("INSERT INTO meta (name, value) VALUES ('import', :me)"), {"me": msgspec.json.encode(me).decode()}
        )
    try:
        yield
    finally:
        with store.write() as connection:
            connection.execute(text("DELETE FROM meta WHERE name = 'import'"))


def holder(connection: Connection) -> Holder | None:
    """Who holds the import lock, if anybody."""
    value = connection.execute(text("SELECT value FROM meta WHERE name = 'import'")).scalar()
    return None if value is None else msgspec.json.decode(value, type=Holder)
