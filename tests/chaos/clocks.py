"""Two processes that only poke, one of which stands still for a while, or dies; and pokes that get lost."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

from tests.chaos.failpoints import POINTS

if TYPE_CHECKING:
    from tests.chaos.faults import Scene

CLOCKS = 2
STILL = (3.0, 9.0)
"""Seconds for which a clock stands still."""
ROUND = 45.0
"""Seconds, by whose end, or soon after, a clock looks whether those who were due a while ago are due still."""


async def clocks(scene: Scene) -> None:
    """In turn: one stands still with customers in hand whom it means to poke, and pokes them when others have; both
    stand still at once; one is killed."""
    await (_still_in_hand, _both_still, _killed)[scene.turn % 3](scene)


async def lose_pokes(scene: Scene) -> None:
    """Every other page of pokes is lost on the way for a while; nobody but the clock itself makes good for it."""
    await asyncio.sleep(ROUND)


async def _still_in_hand(scene: Scene) -> None:
    passes = scene.chance.randint(0, POINTS["poke"].passes)
    clock = await scene.crew.died_at("poke", passes, signal.SIGSTOP)
    if clock is None:
        scene.problems.append("no clock had anybody to poke")
        return
    scene.hits["poke"] += 1
    try:
        await asyncio.sleep(scene.chance.uniform(*STILL))
    finally:
        scene.crew.orders.forget(clock.pid)
        clock.thaw()


async def _both_still(scene: Scene) -> None:
    for clock in scene.crew.clocks:
        clock.freeze()
    try:
        await asyncio.sleep(scene.chance.uniform(*STILL))
    finally:
        for clock in scene.crew.clocks:
            clock.thaw()


async def _killed(scene: Scene) -> None:
    clock = scene.chance.choice(scene.crew.clocks)
    clock.kill()
    clock.start()
