"""The slowest record there is: every one of the nasty corpus by itself through everything a record meets.

On topic `events`: decode, apply in a transaction of its own, dead letter or rows, commit. On a bare topic: check and
wrap, and the dead letter with its commit.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from retention.errors import BadEvent
from rules.load import load
from storage.intake import bury
from storage.store import Store
from storage.writer import Writer
from streams.apply import Applier, Intake
from streams.record import Record, dead_letter
from streams.sources.wrap import wrap
from tests.nasty import MS, NOW, Nasty, corpus, event, told_apart

TRIES = 3
ROOT = Path(__file__).parent.parent.parent


class Slow(Struct, frozen=True):
    """One record of the corpus: its best processor time of some, milliseconds, its commit included."""

    kind: str
    topic: str
    bytes: int
    ms: float


class Poison(Struct, frozen=True):
    """`records` is how many there are in the corpus; `ordinary` is a good small purchase, for comparison."""

    records: int
    ordinary: Slow
    slowest: list[Slow]


def measure(show: int = 3) -> Poison:
    """Time them all on a fresh SQLite store, with the rules that ship."""
    with tempfile.TemporaryDirectory(prefix="regulars-poison-") as folder:
        store = Store(f"sqlite:///{Path(folder) / 'store.db'}")
        store.migrate()
        try:
            way = _Way(store)
            plain = Nasty("an ordinary purchase", event(b'{"order_id":"o-1","total":8.90}'))
            ordinary = way.best(plain)
            found = [way.best(one) for one in corpus()]
        finally:
            store.close()
    return Poison(len(found), ordinary, sorted(found, key=lambda one: -one.ms)[:show])


class _Way:
    """What a record meets, each time as if it were new."""

    def __init__(self, store: Store) -> None:
        ruleset = load(ROOT / "rules").ruleset
        assert ruleset is not None
        self._store = store
        self._shop = ruleset.policy.shop
        self._writer = Writer(store)
        self._applier = Applier(self._writer, ruleset, Intake("log-1", bad_share=1.0), lambda: NOW)
        self._held = self._writer.take("events", 0)
        self._offset = 0

    def best(self, nasty: Nasty) -> Slow:
        """Its time, the best of some: other work on the machine only ever slows it down."""
        work = self._forward if nasty.bare else self._apply
        ms = min(self._time(work, nasty) for _ in range(TRIES))
        return Slow(nasty.kind, "purchases" if nasty.bare else "events", len(nasty.value), round(ms, 2))

    def _time(self, work: Callable[[Record], None], nasty: Nasty) -> float:
        self._offset += 1
        one = told_apart(nasty, self._offset)
        topic = "purchases" if one.bare else "events"
        record = Record(topic, 0, self._offset, one.timestamp, one.key, one.value, one.headers)
        began = time.process_time()
        work(record)
        return (time.process_time() - began) * 1_000

    def _apply(self, record: Record) -> None:
        self._applier.apply(self._held, [record])

    def _forward(self, record: Record) -> None:
        try:
            wrap(record, "purchase", "log-1", self._shop, MS * 1_000)
        except BadEvent as bad:
            bury(self._store, [dead_letter(record, "log-1", bad)], {("purchases", 0): [1, 1]}, 1.0, NOW)
