"""How long the shop's events waited while something went on: the longest time a partition had no commit."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.chaos.faults import Scene

LOOKED = 0.1
"""Seconds between looks at the store: as exact as a pause is told."""


@dataclass
class Pause:
    """The longest so far, seconds. The shop emits some 20 records a second and partition, so rest is below 1 s."""

    longest: float = 0.0


@contextlib.asynccontextmanager
async def pausing(scene: Scene) -> AsyncIterator[Pause]:
    """Watch inside; what was going on before the block began counts from its beginning."""
    began, pause = time.time(), Pause()

    async def watch() -> None:
        while True:
            oldest = await asyncio.to_thread(scene.store.laggard) / 1_000_000
            if oldest:  # else the store did not answer; the next answer tells of that time, too
                pause.longest = max(pause.longest, time.time() - max(oldest, began))
            await asyncio.sleep(LOOKED)

    watching = asyncio.create_task(watch())
    try:
        yield pause
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
