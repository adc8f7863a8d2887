"""A record as it came from the broker."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from retention.errors import BadEvent
from storage.batch import DeadLetter, Place


class Record(Struct, frozen=True, gc=False):
    """One record of a topic, bytes untouched; `timestamp` in milliseconds since 1970."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()


def dead_letter(record: Record, incarnation: str, error: BadEvent) -> DeadLetter:
    """`record` as it is buried: where it stood in the broker's log, why, and its bytes."""
    place = Place(incarnation, record.topic, record.partition, record.offset)
    return DeadLetter(place, error.reason, error.field, error.detail, record.key, record.value, record.headers)
