"""Workers come and go under load: one becomes three, and one again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from tests.chaos.pauses import pausing

if TYPE_CHECKING:
    from tests.chaos.crew import Crew
    from tests.chaos.faults import Scene

MORE = 2
"""Workers that join in a cycle, and leave again."""
SETTLED = 4.0
"""Seconds that a step is watched after everything moved again: a second rebalance may follow."""
PATIENCE = 60.0


async def cycle(scene: Scene) -> None:
    """Two workers join, one after the other, then two leave: one politely, the other in every second cycle by SIGKILL.

    What is told as recovery are pauses: of every step the longest time that a partition went without a commit.
    """
    crew = scene.crew
    for _ in range(MORE):
        await _step(scene, lambda: _join(crew))
    for number in range(MORE):
        hard = number == 1 and scene.turn % 2 == 1
        await _step(scene, lambda hard=hard: _leave(scene, hard))  # type: ignore[misc]
    if any("deadlock" in worker.log.read_text("utf-8", "replace").lower() for worker in crew.everybody):
        scene.problems.append("a transaction met a deadlock")


async def _step(scene: Scene, do: Callable[[], Awaitable[None]]) -> None:
    from tests.chaos.faults import applied_after

    async with pausing(scene) as pause:
        await do()
        await applied_after(scene, time.time())
        await asyncio.sleep(SETTLED)
        await applied_after(scene, time.time())
    scene.pauses.append(pause.longest)


async def _join(crew: Crew) -> None:
    worker = crew.join()
    deadline = time.monotonic() + PATIENCE
    while not worker.ready:
        if time.monotonic() > deadline:
            raise RuntimeError(f"a worker that joined is not ready:\n{worker.said()[-3000:]}")
        await asyncio.sleep(0.05)


async def _leave(scene: Scene, hard: bool) -> None:
    worker = scene.crew.leave(scene.crew.any(scene.chance))
    if hard:
        await asyncio.to_thread(worker.kill)
    elif code := await asyncio.to_thread(worker.stop):
        scene.problems.append(f"the exit code of {worker.log.stem} after SIGTERM was {code}")
