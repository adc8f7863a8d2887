"""Forgets what may be forgotten, a little every few minutes: identities beyond the dedupe horizon, and old events."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Callable

from retention.decode import AHEAD
from storage.errors import StoreError
from storage.prune import SLICES, prune_inbox
from storage.snapshots import Round, last_round, let_go, look, remember_round, snapshot
from storage.store import Store

log = logging.getLogger(__name__)

DAY = 86_400.0
_MICROSECONDS = 86_400_000_000
LOOK = 1_000
"""Customers looked at together when old events are let go."""
LOOKS = 20
"""How often, in one turn: five million customers a day. With more of them a round takes longer than a day."""
TOGETHER = 50
"""Customers whose snapshots are moved in one transaction."""
BREATH = 0.02
"""Seconds between two transactions: those who take events in go first."""


class Housekeeper:
    """Prunes until stopped. Two of them do no harm. `horizon` and `log_days` in days; `log_days` 0 keeps the log."""

    def __init__(
        self, store: Store, horizon: int, clock: Callable[[], int], pause: float = DAY / SLICES, log_days: int = 0
    ) -> None:
        self.store = store
        self.horizon = horizon * _MICROSECONDS + AHEAD
        """How old an identity is when it is forgotten, microseconds."""
        self.kept = log_days * _MICROSECONDS
        """How long events stay in the log at least, microseconds; 0 = for ever."""
        self.pause = pause
        self._clock = clock
        self._stopping = asyncio.Event()
        self._part = secrets.randbelow(SLICES)  # so that restarts leave out no slice for good

    async def run(self) -> None:
        """A slice, a pause, the next slice."""
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self.pause)
                return
            await self.turn()
            await self.let_go()

    async def turn(self) -> int:
        """Prune the next slice of the inbox; how many identities went."""
        try:
            gone = await asyncio.to_thread(prune_inbox, self.store, self._part, self._clock() - self.horizon)
        except StoreError as error:
            log.warning("the inbox was not pruned: %s", error)
            return 0
        self._part = (self._part + 1) % SLICES
        if gone:
            log.info("forgot %d events older than the dedupe horizon", gone)
        return gone

    async def let_go(self) -> int:
        """Go on with the day's round through the customers; how many events left the log."""
        if not self.kept:
            return 0
        gone = 0
        try:
            for _ in range(LOOKS):
                more = await self._look()
                if more is None:
                    break
                gone += more
        except StoreError as error:
            log.warning("the log was not let go: %s", error)
        if gone:
            log.info("let %d events go that the log need not keep", gone)
        return gone

    async def _look(self) -> int | None:
        """The next customers of the round; None when there is nothing to do today, or we are to stop."""
        now = self._clock()
        known = await asyncio.to_thread(last_round, self.store)
        if known is None or known.after is None:
            if known is not None and known.began <= now < known.began + _MICROSECONDS:
                return None
            known = Round(now, "")
        due, last = await asyncio.to_thread(look, self.store, known.after or "", now - self.kept, LOOK)
        gone = 0
        for start in range(0, len(due), TOGETHER):
            more = await self._customers(due[start : start + TOGETHER], now)
            if more is None:
                return None
            gone += more
        await asyncio.to_thread(remember_round, self.store, Round(known.began, last))
        return gone

    async def _customers(self, customers: list[str], now: int) -> int | None:
        """Everything there is to do for a few customers; None when we are to stop in the middle of it."""
        left = await asyncio.to_thread(snapshot, self.store, customers, now, now - self.kept)
        gone = 0
        while left:
            if self._stopping.is_set():
                return None
            await asyncio.sleep(BREATH)
            went, left = await asyncio.to_thread(let_go, self.store, left)
            gone += went
        return gone

    def stop(self) -> None:
        """Prune no more."""
        self._stopping.set()
