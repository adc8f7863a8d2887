"""Messages and requests that must not go any further, and the event that says what became of a message.

Cancelling meets delivery at a message's row. Queued or claimed, nothing of it has left: it is cancelled, and whoever
claimed it finds that out when they want to begin (`Messages.begin_sending` is False). In `sending` it may have left
or not: it is let be, and only a second try is taken from it, since it expires now. Whichever of the two locks the row
first goes first. Who locks several messages takes them by key, so that nobody waits in a circle: batches here,
`Messages.recover`; a claim waits for nobody (SKIP LOCKED).
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import Connection

from retention.decode import moment
from storage import message_sql as sql

STOPPED = "stopped"
"""The error code of a message whose rule ended for the customer before it left."""
TOGETHER = 1_000
"""Keys in one statement."""


def cancel(connection: Connection, keys: Collection[str], now: int) -> None:
    """Cancel what waits under these keys, in this transaction; each message's result goes into the outbox once."""
    left = iter(sorted(set(keys)))
    while some := list(islice(left, TOGETHER)):
        _messages(connection, some, now)
        connection.execute(sql.CANCEL_REQUESTS, {"keys": some})


def _messages(connection: Connection, keys: list[str], now: int) -> None:
    lock = sql.LOCK_UNSENT if connection.dialect.name == "sqlite" else sql.LOCK_UNSENT_ROWS
    unsent = connection.execute(lock, {"keys": keys}).all()
    waiting = [row for row in unsent if row.status != "sending"]
    if waiting:
        stopped = {"now": now, "error": STOPPED}
        connection.execute(sql.CANCEL, [{"key": row.key} | stopped for row in waiting])
        results = [result(row.key, "cancelled", row.customer, row.channel, "cancelled", now) for row in waiting]
        connection.execute(sql.OUTBOX, results)
    if len(waiting) < len(unsent):
        leaving = [{"key": row.key, "now": now} for row in unsent if row.status == "sending"]
        connection.execute(sql.NO_SECOND_TRY, leaving)


def result(key: str, name: str, customer: str, channel: str, state: str, now: int) -> dict[str, Any]:
    """What became of a message as an outbox row. The id says what happened to which, so that it counts once."""
    event = {
        "specversion": "1.0",
        "id": f"{key}:{name}",
        "source": "regulars:delivery",
        "type": "message",
        "subject": customer,
        "time": moment(now).isoformat(),
        "data": {"message_id": key, "state": state, "channel": channel},
    }
    return {"key": customer.encode(), "value": msgspec.json.encode(event)}
