"""Liveness is progress: a process whose consumers died quietly looks well but stands still."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Sequence

from aiokafka.errors import KafkaError

from streams.broker import TopicPosition
from streams.errors import BrokerUnreachable, Stalled

log = logging.getLogger(__name__)

EVERY = 30.0
LIMIT = 180.0
"""Seconds: between looks, and how long a partition with a lag may stand still."""


class Watch:
    """Looks at the committed offsets from outside the consumers, and says when they stop moving."""

    def __init__(
        self,
        look: Callable[[], Awaitable[Sequence[TopicPosition]]],
        excused: Callable[[], bool],
        topics: Collection[str],
        every: float = EVERY,
    ) -> None:
        self._look = look
        self._topics = topics
        """What this process reads: that nobody reads the others is not its fault."""
        self._every = every
        self._excused = excused
        self._moved: dict[tuple[str, int], tuple[int | None, float]] = {}
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Watch until `stop`. Raises Stalled: the process must be started again."""
        while not await self._stopped_within(self._every):
            try:
                positions = await self._look()
            except (BrokerUnreachable, KafkaError) as error:
                log.warning("the broker does not answer (%s)", type(error).__name__)
                self._moved.clear()
                continue
            excused = await asyncio.to_thread(self._excused)
            self.judge([] if excused else positions, time.monotonic())

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()

    async def _stopped_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)
        return self._stopping.is_set()

    def judge(self, positions: Sequence[TopicPosition], now: float) -> None:
        """Raise Stalled when a partition with a lag has stood still for `LIMIT` seconds; `now` in seconds."""
        moved: dict[tuple[str, int], tuple[int | None, float]] = {}
        for each in positions:
            if not each.lag or each.topic not in self._topics:
                continue
            place = (each.topic, each.partition)
            known = self._moved.get(place)
            since = known[1] if known is not None and known[0] == each.committed else now
            if now - since >= LIMIT:
                raise Stalled(
                    f"{each.topic}/{each.partition} stands still at {each.committed} with {each.lag} records waiting"
                )
            moved[place] = (each.committed, since)
        self._moved = moved
