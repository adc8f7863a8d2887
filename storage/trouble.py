"""What a database's error means: its own trouble, which is waited for, or the fault of what it was given to hold.

The difference decides about good records: one that is refused for itself becomes a dead letter. So the values are
at fault only where the database says so; a full disk, missing rights or a table that is not there are its trouble.
"""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from storage.errors import Busy, Full, Unreachable

_OF_THE_VALUES = ("22", "23", "54")
"""PostgreSQL's classes: data exception, integrity constraint, program limit (a key too long for its index)."""
_SQLITE_VALUES = {sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH}
_LOCK_TIMEOUT = "55P03"
_DISK_FULL = "53100"
_NO_SPACE = "No space left on device"
_REMEDIES = (
    (("out of memory", "cannot allocate memory"), "give the database more memory, or start fewer workers"),
    (("too many clients", "connection slots", "too many connections"), "raise max_connections, or start fewer workers"),
    (("read-only", "readonly"), "is REGULARS_STORE a standby, or the file not ours to write?"),
    (("permission denied",), "give the user of REGULARS_STORE all rights on its tables"),
    (("disk i/o error",), "look whether its disk is full or fails"),
    (("no such table", "no such column", "does not exist"), "look with `regulars doctor` whether its tables fit"),
    (("deadlock", "could not serialize"), "another transaction was in the way; this one is done again"),
)
"""Words of the error in lower case → what to do."""


def trouble(name: str, error: Exception) -> Unreachable | None:
    """The trouble of the store `name` that a driver's error tells of; None when the values are at fault, or we are."""
    if isinstance(error, MemoryError):
        return Unreachable(_told(name, "out of memory"))
    if isinstance(error, PoolTimeout):
        return Unreachable(_told(name, "every connection of this process is in use"))
    if not isinstance(error, DBAPIError) or not _own(error):
        return None
    says = _first_line(error)
    if _is_full(error):
        return Full(f"the store {name} is full: {says}; make room on the database's disk, work goes on by itself then")
    return (Busy if _state(error) == _LOCK_TIMEOUT else Unreachable)(_told(name, says))


def _own(error: DBAPIError) -> bool:
    """Without a code the driver itself complains: of a dead connection, or of values it cannot hand over."""
    state, code = _state(error), _sqlite_code(error)
    if error.connection_invalidated:
        return True
    if state is not None:
        return not state.startswith(_OF_THE_VALUES)
    if code is not None:
        return code not in _SQLITE_VALUES
    return isinstance(error, (OperationalError, InterfaceError)) or type(error) is DatabaseError


def _is_full(error: DBAPIError) -> bool:
    return _state(error) == _DISK_FULL or _sqlite_code(error) == sqlite3.SQLITE_FULL or _NO_SPACE in str(error.orig)


def _told(name: str, says: str) -> str:
    remedies = (remedy for words, remedy in _REMEDIES if any(word in says.lower() for word in words))
    return "; ".join([f"the store {name} does not answer: {says}", *remedies])


def _state(error: DBAPIError) -> str | None:
    """PostgreSQL's SQLSTATE; None when the server did not speak, or for SQLite."""
    return getattr(error.orig, "sqlstate", None)


def _sqlite_code(error: DBAPIError) -> int | None:
    """SQLite's primary result code; None when the driver refused before SQLite saw it, or for PostgreSQL."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    return None if code is None else int(code) & 0xFF


def _first_line(error: DBAPIError) -> str:
    return str(error.orig or error).strip().splitlines()[0]
