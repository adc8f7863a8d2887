"""The workers of a trial, and the supervisor that starts again who ended by himself."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import time
from collections.abc import AsyncIterator, Sequence

from tests.chaos.failpoints import Orders
from tests.chaos.otherfaults import clock_of
from tests.chaos.setup import Setup
from tests.chaos.worker import ROLES, Worker

STARTED_AGAIN = 1.0
"""Seconds a supervisor waits before it starts a worker again."""
STOPS_WITHIN = 60.0
"""Seconds in which somebody comes to the place where he is to stop or to die."""
TOLD = 3_000
"""Characters of each worker's log that an error shows."""


class Crew:
    """Workers that read at once; of `clocks` more each does nothing but poke, and the workers leave that to them."""

    def __init__(
        self, setup: Setup, count: int, mutants: str, roles: Sequence[str] = ROLES, clocks: int = 0, **settings: str
    ) -> None:
        self._order = setup.home / "stop"
        settings["STOP_INSIDE"] = str(self._order)
        self.orders = Orders(setup.home / "orders")
        settings |= self.orders.environment

        def make(name: str, roles: Sequence[str]) -> Worker:
            return Worker(setup, mutants, roles, name, **settings, CLOCK=str(clock_of(setup.home, name)))

        self._make = make
        self.workers: list[Worker] = []
        """Those at work."""
        self.everybody: list[Worker] = []
        """Those that left as well."""
        self._roles = tuple(role for role in roles if role != "clock" or not clocks)
        for _ in range(count):
            self._hire(self._roles)
        for _ in range(clocks):
            self._hire(("clock",))
        self.ended: list[int] = []
        """Exit codes of those that ended by themselves."""

    @contextlib.asynccontextmanager
    async def tended(self) -> AsyncIterator[None]:
        """All of them run inside, and are kept running."""
        for worker in self.workers:
            worker.start()
        deadline = time.monotonic() + 60
        while not all(worker.ready for worker in self.workers):
            if time.monotonic() > deadline:
                raise RuntimeError(f"the workers are not ready:\n{self.said()}")
            await asyncio.sleep(0.02)
        tending = asyncio.create_task(self._tend())
        try:
            yield
        finally:
            tending.cancel()
            await asyncio.gather(tending, return_exceptions=True)

    def join(self) -> Worker:
        """Another worker starts; it is not ready yet."""
        worker = self._hire(self._roles)
        worker.start()
        return worker

    def leave(self, worker: Worker) -> Worker:
        """This one is no longer kept running, and is the caller's to end."""
        self.workers.remove(worker)
        return worker

    @property
    def clocks(self) -> list[Worker]:
        """Those who only poke."""
        return [worker for worker in self.workers if worker.roles == ("clock",)]

    def _hire(self, roles: Sequence[str]) -> Worker:
        worker = self._make(f"worker-{len(self.everybody) + 1}", roles)
        self.everybody.append(worker)
        self.workers.append(worker)
        return worker

    def any(self, chance: random.Random) -> Worker:
        """One of those that run, each as likely."""
        return chance.choice([worker for worker in self.workers if worker.alive] or self.workers)

    async def stopped_inside(self) -> Worker:
        """The worker that stops itself in its next transaction; only mutant `stops` obeys."""
        self._order.touch()
        deadline = time.monotonic() + STOPS_WITHIN
        while time.monotonic() < deadline:
            for worker in self.workers:
                if (obeyed := self._order.with_name(f"stop-{worker.pid}")).exists():
                    obeyed.unlink()
                    return worker
            await asyncio.sleep(0.005)
        raise RuntimeError(f"nobody stopped in a transaction:\n{self.said()}")

    async def died_at(self, point: str, passes: int, how: signal.Signals = signal.SIGKILL) -> Worker | None:
        """The worker that died at this point, the next time but `passes`, or by SIGSTOP stands still there; None when
        nobody came there in time."""
        self.orders.give(point, passes, how)
        deadline = time.monotonic() + STOPS_WITHIN
        while time.monotonic() < deadline:
            for worker in self.workers:
                if self.orders.obeyed(worker.pid) == point and (how != signal.SIGKILL or not worker.alive):
                    return worker
            await asyncio.sleep(0.005)
        self.orders.withdraw(point)
        await asyncio.sleep(0.1)
        return next((worker for worker in self.workers if self.orders.obeyed(worker.pid) == point), None)

    def stop(self) -> list[int]:
        """SIGTERM to each in turn: their exit codes."""
        return [worker.stop() for worker in self.workers]

    def said(self) -> str:
        """The end of what each said."""
        return "\n".join(f"{worker.log.name}:\n{worker.said()[-TOLD:]}" for worker in self.workers)

    async def _tend(self) -> None:
        while True:
            for worker in tuple(self.workers):
                if self.orders.obeyed(worker.pid) is None and (code := worker.ended()) is not None:
                    self.ended.append(code)
                    await asyncio.sleep(STARTED_AGAIN)
                    if worker in self.workers:
                        worker.start()
            await asyncio.sleep(0.1)
