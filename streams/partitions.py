"""Which partition a key belongs to: murmur2, as Java's and aiokafka's default partitioners have it."""

from __future__ import annotations

from functools import lru_cache

from aiokafka.partitioner import murmur2

LOOK_AGAIN_MS = 30_000
"""How often a worker looks whether a topic has more partitions now."""


@lru_cache(maxsize=65_536)
def partition_of(key: bytes, partitions: int) -> int:
    """The partition of `key` among `partitions`."""
    hashed: int = murmur2(key)
    return (hashed & 0x7FFFFFFF) % partitions
