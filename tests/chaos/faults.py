"""Killing the worker at random moments, and measuring how long it takes until events are applied again."""

from __future__ import annotations

import asyncio
import math
import random
import time
from dataclasses import dataclass, field

from tests.chaos.store import Store
from tests.chaos.worker import Worker

SOONEST, LATEST = 0.005, 3.0
"""Seconds after the first commit; drawn evenly on a logarithmic scale: what piled up is worked off at the start."""
WHILE_STARTING = 0.15
"""Share of kills while the worker starts, joins or is not ready."""
PATIENCE = 120.0
"""Seconds without a commit after which the worker counts as stuck."""


@dataclass
class Kills:
    """What the killing came to, seconds."""

    times: int = 0
    while_starting: int = 0
    recoveries: list[float] = field(default_factory=list)
    """From a kill to the first commit of a worker that was started afterwards."""

    def quantile(self, share: float) -> float | None:
        """A quantile of the recoveries."""
        ordered = sorted(self.recoveries)
        return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)] if ordered else None


async def kill_often(worker: Worker, store: Store, times: int, chance: random.Random) -> Kills:
    """Kill the running worker so often, and start it again at once each time. At the end it runs and applies."""
    kills = Kills()
    began = time.time()
    await commit_after(worker, store, began)
    since: float | None = None
    while kills.times < times:
        starting = since is not None and chance.random() < WHILE_STARTING
        if starting:
            await asyncio.sleep(chance.uniform(0.0, 8.0))
        else:
            if since is not None:
                kills.recoveries.append(await commit_after(worker, store, since) - since)
                since = None
            await asyncio.sleep(SOONEST * (LATEST / SOONEST) ** chance.random())
        worker.kill()
        since = time.time()
        worker.start()
        kills.times += 1
        kills.while_starting += starting
    assert since is not None
    kills.recoveries.append(await commit_after(worker, store, since) - since)
    return kills


async def commit_after(worker: Worker, store: Store, moment: float) -> float:
    """When the first batch after `moment` was committed, seconds since 1970."""
    deadline = time.monotonic() + PATIENCE
    while True:
        last = store.last_commit() / 1_000_000
        if last > moment:
            return last
        if not worker.alive or time.monotonic() > deadline:
            raise RuntimeError(f"the worker applies nothing:\n{worker.said()[-3000:]}")
        await asyncio.sleep(0.005)
