"""Forgets what may be forgotten: a slice of the inbox every few minutes, the whole of it in a day."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from retention.decode import AHEAD
from storage.errors import StoreError
from storage.prune import SLICES, prune_inbox
from storage.store import Store

log = logging.getLogger(__name__)

DAY = 86_400.0


class Housekeeper:
    """Prunes until stopped. Two of them do no harm."""

    def __init__(self, store: Store, horizon: int, clock: Callable[[], int], pause: float = DAY / SLICES) -> None:
        self.store = store
        self.horizon = horizon * 86_400_000_000 + AHEAD
        """How old an identity is when it is forgotten, microseconds."""
        self.pause = pause
        self._clock = clock
        self._stopping = asyncio.Event()
        self._part = 0

    async def run(self) -> None:
        """A slice, a pause, the next slice."""
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self.pause)
                return
            await self.turn()

    async def turn(self) -> int:
        """Prune the next slice; how many identities went."""
        try:
            gone = await asyncio.to_thread(prune_inbox, self.store, self._part, self._clock() - self.horizon)
        except StoreError as error:
            log.warning("the inbox was not pruned: %s", error)
            return 0
        self._part = (self._part + 1) % SLICES
        if gone:
            log.info("forgot %d events older than the dedupe horizon", gone)
        return gone

    def stop(self) -> None:
        """Prune no more."""
        self._stopping.set()
