"""Articles are launched, and whoever tells customers of it dies on the way."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import time
from collections.abc import Awaitable
from typing import TYPE_CHECKING, TypeVar

from tests.chaos.failpoints import POINTS
from tests.chaos.launches import Launched
from tests.chaos.producer import client
from tests.chaos.rulebook import ZONE
from tests.chaos.setup import Setup

if TYPE_CHECKING:
    from tests.chaos.faults import Scene

T = TypeVar("T")
TOLD_WITHIN = 60.0
"""Seconds from a death until everybody is told."""
LOOKED = 0.1
GROWN = 8.0
"""Seconds before each launch: there are new customers then."""
PLACES = [name for name, point in POINTS.items() if point.needs == "launch"]


class Launcher:
    """The shop's catalogue: an article after the other, each launched today."""

    def __init__(self, setup: Setup) -> None:
        self.launches: list[Launched] = []
        self._setup = setup

    async def launch(self) -> None:
        """Tell of another one; the broker has it then."""
        sku, today = f"NEW-{len(self.launches) + 1}", dt.datetime.now(ZONE).date().isoformat()
        article = {"sku": sku, "name": "Doi White", "category": "tea", "launched": today}
        producer = client(self._setup)
        await producer.start()
        try:
            known = dt.datetime.now(dt.UTC)
            await producer.send_and_wait("products", key=sku.encode(), value=json.dumps(article).encode())
        finally:
            await producer.stop()
        self.launches.append(Launched(sku, known))

    async def meanwhile(self, waited_for: Awaitable[T]) -> T:
        """Tell of another one while something is waited for that comes of it; that."""
        waiting = asyncio.ensure_future(waited_for)
        await asyncio.sleep(LOOKED)
        await self.launch()
        return await waiting


async def launch(scene: Scene) -> None:
    """An article is launched; whoever goes through the customers dies at each place in turn, and at none in
    particular."""
    turns = [scene.point] if scene.point else [*PLACES, ""]
    place = turns[scene.turn % len(turns)]
    await asyncio.sleep(GROWN)
    if place:
        await _dies(scene, place)
    else:
        await scene.launcher.launch()
        await asyncio.sleep(scene.chance.uniform(0.5, 8.0))
        worker = scene.crew.any(scene.chance)
        worker.kill()
        worker.start()
    await _told(scene)


async def _dies(scene: Scene, place: str) -> None:
    passes = scene.chance.randint(0, POINTS[place].passes)
    worker = await scene.launcher.meanwhile(scene.crew.died_at(place, passes))
    if worker is None:
        scene.problems.append(f"nobody came to {place} in time")
        return
    scene.hits[place] += 1
    worker.kill()
    worker.start()


async def _told(scene: Scene) -> None:
    deadline = time.monotonic() + TOLD_WITHIN
    while await asyncio.to_thread(scene.store.telling):
        if time.monotonic() > deadline:
            scene.problems.append(f"not everybody was told of a launch within {TOLD_WITHIN:g} s")
            return
        await asyncio.sleep(LOOKED)
