"""What is nobody's crash: a stranger's lock on the store, a clock that jumps, a rule file with a mistake."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from tests.chaos.faults import Scene

LOCKED = {True: 45.0, False: 20.0}
"""Whether the store is SQLite → seconds for which a stranger holds its lock: longer than workers keep silent."""
TELLS = "the store cannot take a batch yet", "the store has not answered for"
"""What a worker says that waits."""
JUMPS = (3600, 0, -3600, 3600, -3600, 0)
"""By how many seconds the first worker's clock is wrong, in turn; the others' are right."""
LOOKED = 0.05
WRONG_FOR = (2.0, 5.0)
"""Seconds from one jump to the next."""
STALL, STUCK = 10.0, 60.0
"""Seconds without a commit on some partition that are not usual; after which we give up."""
MISTAKE = ("when: customer.orders_ever == 1", "when: customer.oders_ever == 1")
RULE = "campaigns/welcome.yaml"
READY = "running on"
FAILS_WITHIN = 60.0


async def lock_store(scene: Scene) -> None:
    """A stranger holds the store's lock: everybody waits, says so, and nobody is ended for it."""
    url = scene.setup.direct or scene.setup.store
    before = [_told(worker.said()) for worker in scene.crew.workers]
    hold = _sqlite(Path(url.removeprefix("sqlite:///"))) if url.startswith("sqlite") else _postgres(url)
    with hold:
        await asyncio.sleep(LOCKED[url.startswith("sqlite")])
        after = [_told(worker.said()) for worker in scene.crew.workers]
    silent = [worker.log.name for worker, was, now in zip(scene.crew.workers, before, after, strict=True) if was == now]
    if silent:
        scene.problems.append(f"the store was locked, and nothing is said in {', '.join(silent)}")
    if scene.crew.ended:
        scene.problems.append(f"workers ended while the store was locked, exit codes {scene.crew.ended}")


def _told(said: str) -> int:
    return sum(said.count(each) for each in TELLS)


@contextlib.contextmanager
def _sqlite(path: Path) -> Iterator[None]:
    with contextlib.closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as stranger:
        stranger.execute("BEGIN IMMEDIATE")
        yield
        stranger.execute("ROLLBACK")


@contextlib.contextmanager
def _postgres(url: str) -> Iterator[None]:
    """Whose session is ended meanwhile raises here."""
    with psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://")) as stranger:
        stranger.execute("LOCK TABLE customer IN ACCESS EXCLUSIVE MODE")
        yield
        stranger.execute("SELECT 1")


async def jump(scene: Scene) -> None:
    """The clock of the first worker's host jumps by an hour: forward, back, back again, forward."""
    file = clock_of(scene.setup.home, scene.crew.workers[0].log.stem)
    file.with_suffix(".new").write_text(str(JUMPS[scene.turn % len(JUMPS)]), "utf-8")
    file.with_suffix(".new").rename(file)
    scene.pauses.append(await _moved(scene))
    await asyncio.sleep(scene.chance.uniform(*WRONG_FOR))


async def _moved(scene: Scene) -> float:
    """Seconds until every partition is applied further than now; the time of a commit says nothing just then."""
    before, began = await asyncio.to_thread(_positions, scene), time.monotonic()
    while any(each <= before.get(place, 0) for place, each in (await asyncio.to_thread(_positions, scene)).items()):
        if time.monotonic() > began + STUCK:
            raise RuntimeError(f"a partition is not applied any more:\n{scene.crew.said()}")
        await asyncio.sleep(LOOKED)
    took = time.monotonic() - began
    if took > STALL:
        scene.problems.append(f"a clock jumped, and a partition stood still for {took:.1f} s")
    return took


def clock_of(home: Path, worker: str) -> Path:
    """The file that says how wrong a worker's clock is."""
    return home / f"{worker}.clock"


def _positions(scene: Scene) -> dict[int, int]:
    """How far every partition is applied. By their own word: the time of the last commit is the worker's."""
    rows = scene.store.rows("SELECT id, position FROM partition WHERE topic = 'events' AND position IS NOT NULL")
    return {row[0]: row[1] for row in rows}


async def bad_rules(scene: Scene) -> None:
    """A marketer's mistake lands in the folder: who runs goes on, and so does who starts, and names it."""
    from tests.chaos.faults import applied_after

    path = scene.setup.rules / RULE
    good = path.read_text("utf-8")
    assert good.count(MISTAKE[0]) == 1
    path.write_text(good.replace(*MISTAKE), "utf-8")
    try:
        await applied_after(scene, time.time())
        worker = scene.crew.any(scene.chance)
        worker.kill()
        worker.start()
        deadline = time.monotonic() + FAILS_WITHIN
        while READY not in worker.said():
            if time.monotonic() > deadline:
                scene.problems.append("a worker did not start beside a bad rule file")
                break
            await asyncio.sleep(LOOKED)
        if path.name not in worker.said():
            scene.problems.append("a worker that started beside a bad rule file said nothing of it")
        if len(scene.crew.workers) > 1:
            await applied_after(scene, time.time())
    finally:
        path.write_text(good, "utf-8")
    await _all_ready(scene)


async def _all_ready(scene: Scene) -> None:
    """Until the supervisor has brought back who ended."""
    deadline = time.monotonic() + STUCK
    while not all(READY in worker.said() for worker in scene.crew.workers):
        if time.monotonic() > deadline:
            raise RuntimeError(f"the file is mended, and not all workers run:\n{scene.crew.said()}")
        await asyncio.sleep(LOOKED)
