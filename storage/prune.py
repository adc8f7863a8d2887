"""What may be forgotten, forgotten a little at a time."""

from __future__ import annotations

from sqlalchemy import text

from storage.store import Store

SLICES = 256
"""The inbox is pruned by the first byte of its digests, which are random: each slice is a short transaction."""
KEPT = 2**62
"""`inbox.at` of an identity never forgotten: imports accept any age, so nothing else would stop a second one."""

_PRUNE = text("DELETE FROM inbox WHERE digest >= :first AND digest < :past AND at < :before")
_PRUNE_LAST = text("DELETE FROM inbox WHERE digest >= :first AND at < :before")


def prune_inbox(store: Store, part: int, before: int) -> int:
    """Forget the identities of slice `part` (0 to 255) that were seen before `before`; how many there were.

    Safe once an event seen then would be refused for its age: `before` lies the dedupe horizon and the day
    that an event's time may run ahead of the clock in the past.
    """
    row: dict[str, object] = {"first": bytes([part]), "before": before}
    statement = _PRUNE_LAST
    if part + 1 < SLICES:
        statement = _PRUNE
        row["past"] = bytes([part + 1])
    with store.write() as connection:
        return connection.execute(statement, row).rowcount
