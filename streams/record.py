"""A record as it came from the broker."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct


class Record(Struct, frozen=True, gc=False):
    """One record of a topic, bytes untouched; `timestamp` in milliseconds since 1970."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()
