"""The log of all customers by the time things happened, for playing it again. Only reads."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from sqlalchemy import Connection, text

from storage.queries import Logged

_NOT_PLAYED = "type NOT IN ('poke', 'reward', 'merged', 'erased')"
_REACH = text(
    f"SELECT count(*) AS events, coalesce(max(time), 0) AS newest FROM event WHERE {_NOT_PLAYED}"  # noqa: S608
)
_HISTORY = text(
    f"""SELECT customer, seq, at, time, source, id, type, amount, data FROM event WHERE {_NOT_PLAYED}
        ORDER BY time, customer, seq"""  # noqa: S608
)


class Reach(Struct, frozen=True):
    """How many events there are to play, and when the newest of them happened, microseconds since 1970 UTC."""

    events: int
    newest: int


def reach(connection: Connection) -> Reach:
    """How far the log reaches; of what Regulars itself told it only its messages count."""
    row = connection.execute(_REACH).one()
    return Reach(row.events, row.newest)


def history(connection: Connection) -> Iterator[Logged]:
    """Those events by time, customer and number; streamed, and sorted by the database."""
    streamed = connection.execution_options(yield_per=2_000)
    for row in streamed.execute(_HISTORY):
        yield Logged(row.customer, row.seq, row.at, row.time, row.source, row.id, row.type, row.amount, bytes(row.data))
