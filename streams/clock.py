"""Wakes customers whose time has come, each with a `poke` event: before it their timers fire, and then it is nothing.

A poke only moves a customer's time on, so any number of them do no harm: from two clocks, or from one that stood
still for an hour. And the store knows who is due, so one that is lost is sent again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from retention.decode import moment
from retention.events import CLOCK, POKE, short
from storage.due import Due, due
from storage.errors import Unreachable
from storage.lock import holder
from storage.store import Store
from streams.broker import EVENTS, Broker
from streams.cloud_event import cloud_event
from streams.turns import rest, turns

log = logging.getLogger(__name__)

LOOK = 1.0
"""Seconds between two looks at who has come due."""
AGAIN, MOST = 30.0, 16 * 60.0
"""Seconds between two rounds through those who are due still: at first, and at most (it doubles while there are any:
while nobody reads, their pokes wait in the topic, and more of them help nobody)."""
PAGE, BREATH = 500, 0.25
"""Customers poked together, and seconds between two such pages: 2,000 a second, so that events find their way."""
BEHIND = 100_000
"""Microseconds by which a worker's idea of the clock may be behind ours: for none of them may a poke be too early."""
RETRY = 2.0
"""Seconds to wait after an error."""

_FIRST = Due(0, "")


class Clock:
    """Pokes until stopped; rests while an import runs, as the workers do. `clock` is theirs, microseconds."""

    def __init__(
        self, store: Store, broker: Broker, clock: Callable[[], int], steady: Callable[[], float] = time.monotonic
    ) -> None:
        self.store = store
        self.broker = broker
        self._clock = clock
        self._steady = steady
        self._known = 0
        """Who was due by then has been poked."""
        self._long_known = 0
        """The same, and a round ago: whoever is due still is poked again."""
        self._wait = AGAIN
        self._round_at = steady() + AGAIN
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Poke until `stop`."""
        await turns(self.broker, self._stopping, self._turn)

    def stop(self) -> None:
        """Finish the page at hand."""
        self._stopping.set()

    async def _turn(self, producer: AIOKafkaProducer) -> None:
        try:
            await self.look(producer)
            await rest(self._stopping, LOOK)
        except (KafkaError, Unreachable) as error:
            log.warning("the clock could not poke (%s); trying again", type(error).__name__)
            await rest(self._stopping, RETRY)

    async def look(self, producer: AIOKafkaProducer) -> int:
        """Poke who has come due since the last look, and now and then who is due still; how many pokes that were."""
        if await asyncio.to_thread(self._resting):
            return 0
        now = self._clock() - BEHIND
        poked = await self._poke(producer, Due(self._known + 1, ""), now)
        self._known = now  # back too, when the clock has gone back
        return poked + (await self._round(producer, now) if self._steady() >= self._round_at else 0)

    async def _round(self, producer: AIOKafkaProducer, now: int) -> int:
        poked = await self._poke(producer, _FIRST, min(self._long_known, now))
        self._wait = min(self._wait * 2, MOST) if poked else AGAIN
        self._long_known, self._round_at = self._known, self._steady() + self._wait
        return poked

    async def _poke(self, producer: AIOKafkaProducer, behind: Due, until: int) -> int:
        """Poke everybody who is due by then, behind that place; a page at a time, each acknowledged."""
        poked = 0
        while page := await asyncio.to_thread(self._page, behind, until):
            now = self._clock()
            sending = [await producer.send(EVENTS, key=one.id.encode(), value=poke(one, now)) for one in page]
            await asyncio.gather(*sending)
            poked, behind = poked + len(page), page[-1]
            if len(page) < PAGE or self._stopping.is_set():
                break
            await rest(self._stopping, BREATH)
        return poked

    def _resting(self) -> bool:
        with self.store.read() as connection:
            return holder(connection) is not None

    def _page(self, behind: Due, until: int) -> list[Due]:
        with self.store.read() as connection:
            return due(connection, behind, until, PAGE)


def poke(one: Due, now: int) -> bytes:
    """The event that wakes a customer; the id says for which time, so that the same one has the same id."""
    return cloud_event(f"{one.at}:{short(one.id)}", CLOCK, POKE, one.id, moment(now).isoformat(), b"{}")
