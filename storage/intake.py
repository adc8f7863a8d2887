"""The recent past of a partition, and what the sources bury before it ever reaches `events`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, text

from storage import sql
from storage.batch import DeadLetter, bury_rows
from storage.errors import Halted
from storage.store import Store

RECENT = 1_000
"""How many records of a partition count as its recent past; then the past is halved."""
ENOUGH = 100
"""Below this many recent records no share of bad ones halts the intake."""

_HEALTH = text("SELECT seen, bad, halted FROM partition WHERE topic = :topic AND id = :id")
_HALTED = text("SELECT topic, id FROM partition WHERE halted IS NOT NULL")
_PARTITIONS = text("SELECT max(id) + 1 FROM partition WHERE topic = :topic")
_ADD = text(
    """INSERT INTO partition (topic, id, epoch, position, at, seen, bad)
       VALUES (:topic, :id, 0, -1, :at, :seen, :bad)
       ON CONFLICT (topic, id) DO UPDATE SET seen = excluded.seen, bad = excluded.bad, at = excluded.at"""
)


def next_health(seen: int, bad: int) -> tuple[int, int]:
    """Halve the past until it is recent. Below 0 the records are pardoned: an operator has looked at them."""
    while seen > RECENT:
        seen, bad = seen // 2, bad // 2
    return seen, bad if seen > 0 else 0


def too_many_bad(topic: str, partition: int, seen: int, bad: int, share: float) -> str | None:
    """Why the intake of a partition must halt, or None."""
    if seen < ENOUGH or bad / seen <= share:
        return None
    return (
        f"{bad} of the last {seen} records of {topic}/{partition} are bad, more than the share of {share:g} that may "
        "be; look at `regulars dead-letters list`, mend the cause, then `regulars resume --intake`"
    )


def bury(
    store: Store, letters: Sequence[DeadLetter], counts: Mapping[tuple[str, int], Sequence[int]], share: float, now: int
) -> None:
    """Keep what the sources could not forward; `counts` is (topic, partition) → [records, bad ones].

    Raises Halted, and keeps nothing of this call, when too many of a partition's recent records were bad.
    """
    try:
        with store.write() as connection:
            for (topic, partition), (records, bad) in sorted(counts.items()):
                _add(connection, topic, partition, records, bad, share, now)
            bury_rows(connection, letters, now)
    except _Stop as stop:
        with store.write() as connection:
            connection.execute(_ADD, {"topic": stop.topic, "id": stop.partition, "at": now, "seen": 0, "bad": 0})
            connection.execute(sql.HALT, {"topic": stop.topic, "id": stop.partition, "why": stop.why})
        raise Halted(stop.why) from None


class _Stop(Exception):
    def __init__(self, topic: str, partition: int, why: str) -> None:
        self.topic, self.partition, self.why = topic, partition, why


def _add(connection: Connection, topic: str, partition: int, records: int, bad: int, share: float, now: int) -> None:
    past = connection.execute(_HEALTH, {"topic": topic, "id": partition}).one_or_none()
    if past is not None and past.halted is not None:
        raise Halted(past.halted)
    seen, rotten = (past.seen if past else 0) + records, (past.bad if past else 0) + bad
    why = too_many_bad(topic, partition, seen, rotten, share)
    if why is not None:
        raise _Stop(topic, partition, why)
    seen, rotten = next_health(seen, rotten)
    connection.execute(_ADD, {"topic": topic, "id": partition, "at": now, "seen": seen, "bad": rotten})


def resume(store: Store, partitions: int = 0) -> int:
    """Let every halted partition take in again; how many there were.

    What halted it is still in the topic and is read again first. The next `RECENT` records of every
    partition of its topic go by unjudged, of those nobody has read yet too (`partitions` of them at
    least): what is wrong with one is most likely wrong with all, and each would halt in its turn.
    """
    with store.write() as connection:
        halted = connection.execute(_HALTED).all()
        for topic in {row.topic for row in halted}:
            known = connection.execute(_PARTITIONS, {"topic": topic}).scalar_one()
            for number in range(max(partitions, known)):
                connection.execute(sql.RESUME, {"topic": topic, "id": number, "pardoned": -RECENT})
    return len(halted)
