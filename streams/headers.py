"""Records whose header names are not UTF-8: aiokafka raises on them, which would stop every reader for good.

Kafka takes any bytes for a header's name, and clients that are not Java's send any. A name means nothing to us unless
it is one of CloudEvents', so a strange one is written with escapes and the record read like any other.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy


def tolerate() -> None:
    """Every consumer of this process reads such records from now on."""
    fetcher.MemoryRecords = _Records


class _Records(_MemoryRecordsPy):  # type: ignore[misc]
    """The batches of one answer of the broker; aiokafka's own class splits them, its compiled one reads them."""

    def next_batch(self) -> Any:
        raw, batch = self._next_slice, super().next_batch()
        return None if batch is None else _Batch(batch, raw)


class _Batch:
    """aiokafka's batch, until a name is no text: then the slow reader takes over where it stopped."""

    def __init__(self, batch: Any, raw: memoryview) -> None:
        self._batch = batch
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        read = 0
        try:
            for record in self._batch:
                read += 1
                yield record
        except UnicodeDecodeError:
            yield from islice(_Slow(self._raw), read, None)


class _Slow(_DefaultRecordBatchPy):  # type: ignore[misc]
    """aiokafka's batch in Python, on bytes whose slices decode whatever they hold."""

    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer: bytearray = _Bytes(self._buffer)


class _Bytes(bytearray):
    def __getitem__(self, place: Any) -> Any:
        found = super().__getitem__(place)
        return _Bytes(found) if isinstance(place, slice) else found

    def decode(self, encoding: str = "utf-8", errors: str = "backslashreplace") -> str:
        return super().decode(encoding, errors)
