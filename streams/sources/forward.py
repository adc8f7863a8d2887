"""From the shop's own topics to `events`: wrap, produce, wait for every acknowledgement; bury what is wrong.

What the catalogue's topic tells is kept in the store.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from retention.errors import BadEvent
from retention.shop import Shop
from storage.batch import DeadLetter
from storage.catalogue import Article, keep
from storage.errors import Halted, Unreachable
from storage.intake import RECENT, bury
from storage.store import Store
from streams.broker import EVENTS, PRODUCTS, SOURCES
from streams.errors import IntakeHalted
from streams.record import Record, dead_letter
from streams.sources.article import article
from streams.sources.wrap import Wrapped, wrap

log = logging.getLogger(__name__)

RETRY_FIRST, RETRY_MOST = 0.1, 5.0


class Forwarder:
    """Hands records on until the broker has acknowledged each; never gives up, never raises for a bad one."""

    def __init__(
        self,
        producer: AIOKafkaProducer,
        store: Store,
        shop: Callable[[], Shop],
        incarnation: str,
        bad_share: float,
        clock: Callable[[], int],
    ) -> None:
        self.producer = producer
        self.store = store
        self._shop = shop
        self.incarnation = incarnation
        self.bad_share = bad_share
        self._clock = clock
        self._counts: dict[tuple[str, int], list[int]] | None = None

    async def forward(self, records: Sequence[Record]) -> None:
        """Return once every record is on `events`, in the catalogue or among the dead letters. Raises IntakeHalted."""
        good: list[Wrapped] = []
        articles: list[Article] = []
        bad: list[DeadLetter] = []
        now, shop = self._clock(), self._shop()
        for record in records:
            try:
                if record.topic == PRODUCTS:
                    articles.append(article(record, shop, now))
                else:
                    good.append(wrap(record, SOURCES[record.topic], self.incarnation, shop, now))
            except BadEvent as error:
                bad.append(dead_letter(record, self.incarnation, error))
        counts = self._count(records, bad)
        if counts is not None:
            await self._until_done(lambda: asyncio.to_thread(bury, self.store, bad, counts, self.bad_share, now))
        await self._until_done(lambda: asyncio.to_thread(keep, self.store, articles))
        await self._until_done(lambda: self._produce(good))

    async def _produce(self, wrapped: Sequence[Wrapped]) -> None:
        sent = [await self.producer.send(EVENTS, key=each.key, value=each.value) for each in wrapped]
        await asyncio.gather(*sent)

    def _count(self, records: Sequence[Record], bad: Sequence[DeadLetter]) -> dict[tuple[str, int], list[int]] | None:
        """Count (topic, partition) → [records, bad ones]; the counts when it is time to tell the store.

        Always with the first records, which is where a halt is seen, and with bad ones. What is handed out is
        the caller's alone: the agents of the other topics count on meanwhile.
        """
        first = self._counts is None
        counts = self._counts = self._counts or {}
        for record in records:
            counts.setdefault((record.topic, record.partition), [0, 0])[0] += 1
        for letter in bad:
            counts[letter.place.topic, letter.place.partition][1] += 1
        if not (first or bad or sum(seen for seen, _ in counts.values()) >= RECENT):
            return None
        self._counts = {}
        return counts

    async def _until_done(self, step: Callable[[], Awaitable[None]]) -> None:
        wait = RETRY_FIRST
        while True:
            try:
                await step()
                return
            except Halted as error:
                raise IntakeHalted(error.why) from None
            except (KafkaError, Unreachable) as error:
                log.warning("records wait to be forwarded (%s); trying again", type(error).__name__)
                await asyncio.sleep(wait)
                wait = min(wait * 2, RETRY_MOST)
