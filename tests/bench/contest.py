"""What the bench's parent and a contestant's process tell each other, and how a contestant is timed."""

from __future__ import annotations

import gc
import time

import msgspec


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One contestant's run: `events` records wait on topic `events` of `bootstrap`, `warm` of them untimed."""

    contestant: str
    events: int
    customers: int
    warm: int
    now: int
    """Microseconds since 1970: the events' times follow from it."""
    batch: int
    partitions: int
    folder: str
    """An empty folder for the store's files."""
    store: str = ""
    """Address of another store than SQLite, empty or not; empty for SQLite in `folder`."""
    bootstrap: str = ""
    incarnation: str = ""
    sample: bool = False
    """Say on standard error where the threads were, by sampling."""


class Timed(msgspec.Struct, frozen=True):
    """What one contestant did: `seconds` of wall clock and `cpu` of its process for `events` of them."""

    events: int
    seconds: float
    cpu: float
    store: str = ""
    parts: dict[str, float] = {}
    """Part of the work → microseconds an event, where they were measured one by one."""

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds


class Stopwatch:
    """Starts when at least `warm` of the `total` events are done, in batches of any size; runs until `stop`."""

    def __init__(self, warm: int, total: int) -> None:
        self.done = 0
        self._warm = warm
        self._total = total
        self._start: tuple[float, float, int] | None = None
        self._end: tuple[float, float] | None = None

    @property
    def complete(self) -> bool:
        """Whether all events are done."""
        return self.done >= self._total

    def add(self, events: int) -> None:
        """`events` more are done."""
        self.done += events
        if self._start is None and self.done >= self._warm:
            self._start = time.perf_counter(), time.process_time(), self.done

    def stop(self) -> None:
        """The last event is done for good, now."""
        assert self.done == self._total, f"{self.done} events done, {self._total} produced"
        self._end = time.perf_counter(), time.process_time()

    def timed(self, store: str = "", parts: dict[str, float] | None = None) -> Timed:
        """The result, after `stop`."""
        assert self._start is not None
        assert self._end is not None
        start, cpu, skipped = self._start
        return Timed(self._total - skipped, self._end[0] - start, self._end[1] - cpu, store, parts or {})


def settle() -> None:
    """What every contestant does before its first event: what is loaded by now is never collected again."""
    gc.collect()
    gc.freeze()
