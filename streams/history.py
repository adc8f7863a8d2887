"""`regulars import`: a file of CloudEvents, a line each, straight into the store. Fires no rules."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from rules.ruleset import RuleSet
from storage import fan_outs
from storage.clock import StoreClock
from storage.lock import importing
from storage.queries import partitions as written
from storage.store import Store
from storage.writer import Held, Writer
from streams.apply import Applier, Intake, Outcome
from streams.broker import EVENTS
from streams.partitions import partition_of
from streams.record import Record

LINES = 10_000
"""Lines read before their partitions' batches are written."""
BATCH = 5_000


class Head(Struct, frozen=True):
    """What a line says of itself: about which customer, or article; `time` and `data` as they are written."""

    subject: str = "-"
    type: str = ""
    time: msgspec.Raw = msgspec.Raw(b"null")
    data: msgspec.Raw = msgspec.Raw(b"null")


_head = msgspec.json.Decoder(Head)


def import_file(
    store: Store, rules: RuleSet, path: Path, partitions: int, told: Callable[[int, Outcome], None]
) -> Outcome:
    """Bring a file of history in, plain or .gz; running workers wait and go on afterwards.

    `told` hears the bytes of the file read so far and what became of their lines. The same file twice
    changes nothing: every line is a duplicate then. Raises ImportRunning, OSError, EOFError (a .gz that
    ends early).
    """
    total = Outcome()
    with importing(store):
        writer = Writer(store)
        try:
            intake = Intake(f"import:{_digest(path)}", history=True)
            applier = Applier(writer, rules, intake, StoreClock(store))
            held = _take_all(writer, partitions)
            for position, chunk in _chunks(path):
                outcome = Outcome()
                for partition, records in _by_partition(chunk, partitions).items():
                    for start in range(0, len(records), BATCH):
                        outcome += applier.apply(held[partition], records[start : start + BATCH])
                if outcome.applied:
                    _catch_up_anew(store)
                told(position, outcome)
                total += outcome
        finally:
            writer.close()
    return total


def _catch_up_anew(store: Store) -> None:
    """Who was brought in was past many a rule when they came: rules that catch up begin once more with everybody."""
    with store.read() as connection:
        known = fan_outs.of_kind(connection, fan_outs.CATCH_UP)
    fan_outs.change(store, [], known)


def _take_all(writer: Writer, partitions: int) -> dict[int, Held]:
    """Fence off every worker: of the partitions there shall be, and of those somebody has written."""
    with writer.store.read() as connection:
        known = {row.id for row in written(connection) if row.topic == EVENTS}
    return {each: writer.take(EVENTS, each, importing=True) for each in sorted(known | set(range(partitions)))}


def read_lines(path: Path) -> Iterator[tuple[int, int, bytes]]:
    """(number from 1, bytes of the file read so far, line) for every line that is not blank; .gz is unpacked.

    Raises OSError, EOFError (a .gz that ends early).
    """
    with path.open("rb") as raw, gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw as lines:
        try:
            for number, line in enumerate(lines, 1):
                stripped = line.strip()
                if stripped:
                    yield number, raw.tell(), stripped
        except zlib.error:
            raise OSError("the compressed data are damaged") from None


def head_of(line: bytes) -> Head | None:
    """The head of a line; None when it does not say whom it is about."""
    try:
        head = _head.decode(line)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    return head if head.subject != "-" else None


def subject_of(line: bytes) -> str | None:
    """The customer a line is about; None when it does not say."""
    head = head_of(line)
    return None if head is None else head.subject


def _chunks(path: Path) -> Iterator[tuple[int, list[Record]]]:
    """(bytes of the file read so far, lines as records); a record's offset is its line's number."""
    chunk: list[Record] = []
    position = 0
    for number, position, line in read_lines(path):
        key = (subject_of(line) or "-").encode()
        chunk.append(Record(path.name, 0, number, 0, key, line))
        if len(chunk) == LINES:
            yield position, chunk
            chunk = []
    if chunk:
        yield position, chunk


def _by_partition(records: list[Record], partitions: int) -> dict[int, list[Record]]:
    split: dict[int, list[Record]] = {}
    for record in records:
        assert record.key is not None
        split.setdefault(partition_of(record.key, partitions), []).append(record)
    return split


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]
