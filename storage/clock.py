"""One clock for all workers: the store's. PostgreSQL's server has it; SQLite is of one machine, whose clock it is."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable

from sqlalchemy import text

from storage.errors import StoreError
from storage.store import Store

log = logging.getLogger(__name__)

LOOK_EVERY = 30.0
"""Seconds between two looks at the server's clock."""
APART = 60 * 1_000_000_000
"""How far the machine's clock may be off before we say so, nanoseconds."""

_NOW = text("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)")

_LAST_BATCH = text("SELECT coalesce(max(at), 0) FROM partition")


class Unhurried:
    """Now for who forgets what is old: it may fall behind the clock, and never jumps ahead.

    It begins at the last batch that the store saw and goes on with the steady clock; so a clock that is years
    ahead for a moment, when a worker starts too, makes nothing old.
    """

    def __init__(self, store: Store, clock: Callable[[], int], steady: Callable[[], int] = time.monotonic_ns) -> None:
        with store.read() as connection:
            self._last = int(connection.execute(_LAST_BATCH).scalar_one())
        self._clock = clock
        self._steady = steady
        self._began = steady()

    def __call__(self) -> int:
        return min(self._clock(), self._last + (self._steady() - self._began) // 1_000)


class StoreClock:
    """Now, in microseconds since 1970 UTC. Called from any thread; asks the store only in `look`.

    Between two looks the machine's steady clock leads on from the server's, so that a machine whose own clock
    is wrong, or jumps, does no harm to what it shares with the others. The first look may raise Unreachable.
    """

    def __init__(
        self,
        store: Store,
        wall: Callable[[], int] = time.time_ns,
        steady: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._store = store
        self._wall = wall
        self._steady = steady
        self._ahead = 0
        """Of the steady clock, nanoseconds."""
        self._warned = False
        self._stopping = asyncio.Event()
        self.look()

    def __call__(self) -> int:
        return (self._wall() if self._store.sqlite else self._steady() + self._ahead) // 1_000

    def look(self) -> None:
        """Set it by the server's; half the way there and back is taken for the way back. Raises Unreachable."""
        if self._store.sqlite:
            return
        with self._store.read() as connection:
            asked = self._steady()
            server = int(connection.execute(_NOW).scalar_one()) * 1_000
            answered = self._steady()
        self._ahead = server - (asked + answered) // 2
        self._compare(self._wall() - self._steady() - self._ahead)

    def _compare(self, apart: int) -> None:
        if abs(apart) > APART and not self._warned:
            way = "ahead of" if apart > 0 else "behind"
            log.warning("this machine's clock is %d s %s the store's, which counts", abs(apart) // 10**9, way)
        self._warned = abs(apart) > APART

    async def run(self) -> None:
        """Look again and again until stopped; while the store is away the steady clock leads on."""
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), LOOK_EVERY)
                return
            with contextlib.suppress(StoreError):
                await asyncio.to_thread(self.look)

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()
