"""The events a backtest plays: from the store's log, or from a file of CloudEvents; in the order of time."""

from __future__ import annotations

import contextlib
import hashlib
import heapq
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from msgspec import Struct, field
from sqlalchemy import Connection

from retention.decode import decode, decode_data, logged
from retention.errors import BadEvent
from retention.events import PRODUCT, Event
from retention.shop import Shop
from rules.backtest.history import played
from storage.catalogue import launched
from storage.history import Reach, history
from storage.pile import Pile
from streams.history import read_lines, subject_of

AT_ONCE = 10_000
"""Lines laid aside at one time."""


class Refused(Struct, frozen=True):
    """A line that is no event, or an event of the log that nobody can read any more (`number` 0)."""

    number: int
    reason: str
    field: str
    detail: str


class Taken(Struct):
    """What became of all that there was: events `left_out` are what Regulars itself told the log."""

    events: int = 0
    newest: int = 0
    duplicates: int = 0
    left_out: int = 0
    refused: list[Refused] = field(default_factory=list)


def of_store(connection: Connection, found: Reach, shop: Shop, taken: Taken) -> Iterator[Event]:
    """The log's events, and between them the articles of the catalogue that say when they are launched."""
    taken.newest = found.newest
    articles = sorted(_articles(connection, found.newest, shop, taken), key=_time)
    return heapq.merge(articles, _log(connection, taken), key=_time)


def _time(event: Event) -> int:
    return event.time


def _articles(connection: Connection, until: int, shop: Shop, taken: Taken) -> Iterator[Event]:
    """Those known by then, each as of when it was."""
    for one in launched(connection, "0001-01-01", "9999-12-31"):
        if one.known > until:
            continue
        try:
            data, price = decode_data(PRODUCT, one.data or b"", shop)
        except BadEvent as error:
            taken.refused.append(Refused(0, error.reason, error.field, error.detail))
            continue
        yield Event("catalogue", one.sku, PRODUCT, one.sku, one.known, data, one.data or b"", price)


def _log(connection: Connection, taken: Taken) -> Iterator[Event]:
    """All that happened to customers."""
    for row in history(connection):
        try:
            event = logged(row.source, row.id, row.type, row.customer, row.time, row.data, row.amount)
        except BadEvent as error:
            taken.refused.append(Refused(0, error.reason, error.field, error.detail))
            continue
        if played(event):
            taken.events += 1
            yield event
        else:
            taken.left_out += 1


@contextlib.contextmanager
def of_file(path: Path, shop: Shop, now: int, taken: Taken, told: Callable[[int], None]) -> Iterator[Iterator[Event]]:
    """The file's events, sorted by time and customer; `told` hears the bytes read so far.

    Every line is looked at first, as `regulars import` does, and what is wrong noted in `taken`; then the events come
    in their order from where they were laid aside, on disk. Raises OSError, EOFError.
    """
    pile = Pile()
    try:
        _sort(path, pile, _Reader(shop, now, taken), told)
        yield (logged(*_row(row)) for _, row in pile.sorted())
    finally:
        pile.close()


def _sort(path: Path, pile: Pile, reader: _Reader, told: Callable[[int], None]) -> None:
    aside: list[tuple[str, bytes]] = []
    for number, position, line in read_lines(path):
        event = reader.take(number, line)
        if event is not None:
            aside.append((f"{event.time:020d} {event.customer}\x00{number:012d}", _laid_aside(event)))
        if len(aside) == AT_ONCE:
            pile.put(aside)
            aside.clear()
            told(position)
    pile.put(aside)


_Row = tuple[str, str, str, str, int, bytes, int]
"""What `logged` makes an event of."""
_row = msgspec.msgpack.Decoder(_Row).decode


def _laid_aside(event: Event) -> bytes:
    row: _Row = (event.source, event.id, event.type, event.customer, event.time, event.raw, event.amount)
    return msgspec.msgpack.encode(row)


def _event(line: bytes, shop: Shop, now: int) -> Event:
    return decode((subject_of(line) or "-").encode(), line, (), shop, now, articles=True)


class _Reader:
    """Looks at lines; of two that are the same event the first counts."""

    def __init__(self, shop: Shop, now: int, taken: Taken) -> None:
        self._shop = shop
        self._now = now
        self._taken = taken
        self._seen: dict[bytes, bytes] = {}

    def take(self, number: int, line: bytes) -> Event | None:
        """The event, if it is to be played."""
        try:
            event = _event(line, self._shop, self._now)
            if self._known(event):
                self._taken.duplicates += 1
                return None
        except BadEvent as error:
            self._taken.refused.append(Refused(number, error.reason, error.field, error.detail))
            return None
        if not played(event):
            self._taken.left_out += 1
            return None
        if event.type != PRODUCT:
            self._taken.events += 1
            self._taken.newest = max(self._taken.newest, event.time)
        return event

    def _known(self, event: Event) -> bool:
        """Raises BadEvent when the same id came with something else before."""
        content = _digest(f"{event.type}\x1f{event.customer}\x1f".encode() + event.raw)
        before = self._seen.setdefault(_digest(f"{event.source}\x1f{event.id}".encode()), content)
        if before is content:
            return False
        if before != content:
            raise BadEvent("id-reused", "id")
        return True


def _digest(text: bytes) -> bytes:
    return hashlib.blake2b(text, digest_size=12).digest()


def reasons(refused: list[Refused]) -> dict[str, int]:
    """Reason → how many, the most frequent first."""
    return dict(Counter(one.reason for one in refused).most_common())
