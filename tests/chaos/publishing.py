"""Rules are published while a shop sells: two editions by turns, by the command, which dies now and then."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tests.chaos.failpoints import POINTS, Orders
from tests.chaos.sets import FIRST, OTHER, Returned
from tests.chaos.setup import OURS, Setup
from tests.chaos.worker import command

if TYPE_CHECKING:
    from tests.chaos.faults import Scene

T = TypeVar("T")
WITHOUT = "not-after-all"
"""The rule that every other edition is without."""
AS_BEFORE = 4
"""Of so many editions one is the very first again, byte by byte."""
MOMENT = (0.05, 2.5)
"""Seconds after which a publication is killed at no particular place."""
BETWEEN = 2.0
"""Seconds that a rule set decides at least."""


class Publisher:
    """Publishes one edition after another, by the command or a mutant of it; each but the very first is a set of its
    own."""

    def __init__(self, setup: Setup, mutants: str, orders: Orders) -> None:
        self.returned: list[Returned] = []
        """Publications that said so."""
        self._setup = setup
        self._mutants = mutants
        self._orders = orders
        self._number = 0

    async def publish(self) -> list[str]:
        """Publish the next edition: what was wrong."""
        self._number += 1
        return await self.again()

    async def again(self) -> list[str]:
        """Publish the edition at hand, which may be live already: what was wrong."""
        publishing = await self._begin(self._mutants)
        out, said = await publishing.communicate()
        if publishing.returncode:
            return [f"regulars rules publish: exit code {publishing.returncode}, {out!r} {said!r}"]
        self.returned.append(Returned(json.loads(out)["ruleset"], time.time_ns() // 1_000))
        return []

    async def dies(self, point: str) -> list[str]:
        """Publish the next edition, up to a failpoint: what was wrong."""
        self._number += 1
        self._orders.give(point)
        publishing = await self._begin(",".join(filter(None, [self._mutants, "failpoints"])))
        out, said = await publishing.communicate()
        self._orders.withdraw(point)
        if self._orders.obeyed(publishing.pid) == point:
            return []
        return [f"a publication passed {point}, exit code {publishing.returncode}, {out!r} {said!r}"]

    async def is_killed(self, after: float) -> None:
        """Publish the next edition, and kill the command after so many seconds, wherever it is then."""
        self._number += 1
        publishing = await self._begin(self._mutants)
        await asyncio.sleep(after)
        if publishing.returncode is None:
            publishing.kill()
        await publishing.communicate()

    async def meanwhile(self, waited_for: Awaitable[T]) -> tuple[T, list[str]]:
        """Publish the next edition while something is waited for that comes of it; that, and what was wrong."""
        waiting = asyncio.ensure_future(waited_for)
        await asyncio.sleep(0.1)
        problems = await self.publish()
        return await waiting, problems

    async def _begin(self, planted: str) -> asyncio.subprocess.Process:
        edition = FIRST if self._number % 2 == 0 else OTHER
        rules = await asyncio.to_thread(self._written, edition)
        settings = {"REGULARS_RULES": str(rules), **self._orders.environment, "STOP_INSIDE": "", "CLOCK": ""}
        return await asyncio.create_subprocess_exec(
            *command(planted),
            *("rules", "publish", "--json", "--note", f"{self._number} {edition}"),
            cwd=self._setup.home,
            env=self._setup.environment(**settings),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    def _written(self, edition: str) -> Path:
        """The folder of the edition at hand."""
        if self._number % AS_BEFORE == 0:
            return self._setup.rules
        folder = self._setup.home / "editions" / str(self._number)
        shutil.copytree(self._setup.rules, folder, dirs_exist_ok=True)
        campaigns = folder / "campaigns"
        if edition == OTHER:
            shutil.copytree(OURS / OTHER, campaigns, dirs_exist_ok=True)
            (campaigns / f"{WITHOUT}.yaml").unlink(missing_ok=True)
        with (campaigns / "call-back.yaml").open("a", encoding="utf-8") as file:
            file.write(f"# Edition {self._number}.\n")
        return folder


async def publish(scene: Scene) -> None:
    """In turn: a worker dies when it has found other rules and not decided by them; the command dies before, and after,
    its commit; it is killed wherever it is. What did not say that it is live is published again."""
    publisher, turns = scene.publisher, ("follow", "publishing", "published", "")
    turn = scene.point or turns[scene.turn % len(turns)]
    if turn == "follow":
        await _follower_dies(scene)
    elif turn:
        scene.problems += await publisher.dies(turn)
        scene.hits[turn] += 1
    else:
        await publisher.is_killed(scene.chance.uniform(*MOMENT))
    await asyncio.sleep(scene.chance.uniform(0, BETWEEN))
    scene.problems += await publisher.again()
    await asyncio.sleep(BETWEEN)


async def _follower_dies(scene: Scene) -> None:
    died = scene.crew.died_at("follow", POINTS["follow"].passes)
    worker, problems = await scene.publisher.meanwhile(died)
    scene.problems += problems
    if worker is None:
        scene.problems.append("nobody took up the rules that were published")
        return
    scene.hits["follow"] += 1
    worker.kill()
    worker.start()
