"""What can go wrong while a shop sells, at random moments; and how long it takes until everything moves again."""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos import clocks, disk, launching, mailfaults, nodes, otherfaults, publishing, scale
from tests.chaos.crew import Crew
from tests.chaos.failpoints import POINTS
from tests.chaos.history import Historian
from tests.chaos.launching import Launcher
from tests.chaos.mailserver import MailServer
from tests.chaos.proxy import ThreadedProxy
from tests.chaos.publishing import Publisher
from tests.chaos.setup import Setup
from tests.chaos.store import Store
from tests.chaos.worker import Worker

SOONEST, LATEST = 0.005, 3.0
"""Seconds after everything moves again; drawn evenly on a logarithmic scale: what piled up is worked off then."""
WHILE_STARTING = 0.15
"""Share of kills while the worker killed before starts, joins or is not ready."""
PATIENCE = 150.0
"""Seconds without a commit after which the workers count as stuck."""
SESSION = {True: 3.0, False: 10.0}
"""Whether the broker is the embedded one → seconds after which a silent member of a group counts as gone."""
BUSY = 30.0
"""Seconds a worker waits for another's transaction on SQLite before it says so."""
LOOKED = 0.05
"""Seconds between looks at the store; more often would cost the workers their processor."""
DOWN = (18.0, 0.0, 5.0)
"""Seconds a server stays away, in turn; once longer than any session."""
CUT_OFF = (18.0, 1.0, 5.0)
"""Seconds without a network, in turn."""


Stopped = Worker | Path | Publisher | None
"""Who stopped himself inside a transaction, or died at a failpoint; the file of an import that did; who published."""


@dataclass
class Scene:
    """What a fault may touch."""

    setup: Setup
    crew: Crew
    store: Store
    chance: random.Random
    historian: Historian
    publisher: Publisher
    launcher: Launcher
    mail: MailServer | None = None
    point: str = ""
    """The only failpoints to die at, with commas; empty: all of them in turn."""
    problems: list[str] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    """Seconds that a partition waited at the longest, of a fault that measures this itself."""
    stopped: Stopped = None
    hits: Counter[str] = field(default_factory=Counter)
    """Failpoint → deaths there."""
    turn: int = 0
    """How many faults there were before."""

    @property
    def points(self) -> list[str]:
        """The failpoints that somebody passes, or the one that is asked for."""
        roles = {role for worker in self.crew.workers for role in worker.roles} | {"import", "publish"}
        return self.point.split(",") if self.point else [name for name, point in POINTS.items() if point.role in roles]

    @property
    def session(self) -> float:
        """Seconds of silence after which a worker's partitions go to another."""
        return SESSION[self.setup.embedded]


@dataclass
class Struck:
    """What the faults came to, seconds."""

    times: int = 0
    while_starting: int = 0
    stuck: bool = False
    """The workers did not go on; what they lack then is no proof of anything."""
    hits: Counter[str] = field(default_factory=Counter)
    recoveries: list[float] = field(default_factory=list)
    """From the fault, or from its end where nobody can work before, to a commit on every partition; of `node-kill`
    and the steps of `scale` the longest time that a partition went without a commit."""

    def quantile(self, share: float) -> float | None:
        """A quantile of the recoveries."""
        ordered = sorted(self.recoveries)
        return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)] if ordered else None


Fault = Callable[[Scene], Coroutine[Any, Any, None]]


async def kill(scene: Scene) -> None:
    """SIGKILL to a worker; started again at once."""
    worker = scene.crew.any(scene.chance)
    worker.kill()
    worker.start()


async def kill_at(scene: Scene) -> None:
    """A worker has died at a failpoint, or a command has; started again at once."""
    if isinstance(scene.stopped, Worker):
        scene.stopped.kill()
        scene.stopped.start()
    elif isinstance(scene.stopped, Publisher):
        scene.problems += await scene.stopped.again()
    elif scene.stopped is not None:
        scene.problems += await scene.historian.again(scene.stopped)


async def freeze(scene: Scene) -> None:
    """A worker stands still, longer than its group waits for it, and goes on as if nothing had been: a zombie."""
    worker = scene.crew.any(scene.chance)
    async with _frozen(worker):
        await asyncio.sleep(scene.session * scene.chance.uniform(1.2, 2.0))


async def freeze_inside(scene: Scene) -> None:
    """The same in the middle of a transaction, all locks held; on SQLite until the others say that they wait."""
    worker = scene.stopped
    assert isinstance(worker, Worker)
    others = [each for each in scene.crew.workers if each is not worker]
    sqlite = scene.setup.store.startswith("sqlite")
    before = [each.said().count("the store cannot take a batch yet") for each in others]
    async with _frozen(worker):
        await asyncio.sleep(BUSY + 15 if sqlite else scene.session * scene.chance.uniform(2.2, 2.8))
    after = [each.said().count("the store cannot take a batch yet") for each in others]
    if sqlite and others and before == after:
        scene.problems.append("nobody said that the store was locked")


async def broker_restart(scene: Scene) -> None:
    """The only Kafka broker is stopped, or killed, and comes back."""
    assert scene.setup.kafka is not None
    await _away(scene, scene.setup.kafka.stop, scene.setup.kafka.kill, scene.setup.kafka.start)


async def postgres_restart(scene: Scene) -> None:
    """PostgreSQL is stopped, or killed, and comes back."""
    assert scene.setup.postgres is not None
    await _away(scene, scene.setup.postgres.stop, scene.setup.postgres.kill, scene.setup.postgres.start)


async def cut_store(scene: Scene) -> None:
    """Every connection of the workers to the store is reset, new ones are refused."""
    await _net(scene, scene.setup.store_net, ThreadedProxy.cut)


async def cut_broker(scene: Scene) -> None:
    """The same between the broker and its clients, the shop among them."""
    await _net(scene, scene.setup.broker_net, ThreadedProxy.cut)


async def freeze_net_store(scene: Scene) -> None:
    """Nothing passes between the workers and the store, and nobody is told."""
    await _net(scene, scene.setup.store_net, ThreadedProxy.freeze)


async def freeze_net_broker(scene: Scene) -> None:
    """The same between the broker and its clients."""
    await _net(scene, scene.setup.broker_net, ThreadedProxy.freeze)


async def bring_in(scene: Scene) -> None:
    """`regulars import` beside the traffic; killed on its way every other time, and run again."""
    scene.problems += await scene.historian.bring_in(scene.chance)


FAULTS: dict[str, Fault] = {
    "kill": kill,
    "kill-at": kill_at,
    "freeze": freeze,
    "freeze-inside": freeze_inside,
    "broker-restart": broker_restart,
    "postgres-restart": postgres_restart,
    "cut-store": cut_store,
    "cut-broker": cut_broker,
    "freeze-net-store": freeze_net_store,
    "freeze-net-broker": freeze_net_broker,
    "import": bring_in,
    "kill-sent": kill_at,
    "smtp-hang": mailfaults.hang,
    "smtp-cut": mailfaults.cut,
    "lock-store": otherfaults.lock_store,
    "clock": otherfaults.jump,
    "bad-rules": otherfaults.bad_rules,
    "node-kill": nodes.kill_node,
    "two-nodes": nodes.two_nodes,
    "broker-long": nodes.broker_long,
    "store-long": nodes.store_long,
    "scale": scale.cycle,
    "disk-full": disk.disk_full,
    "publish": publishing.publish,
    "clocks": clocks.clocks,
    "lost-pokes": clocks.lose_pokes,
    "launch": launching.launch,
}
COUNTED_FROM_THE_FAULT = {"kill", "kill-at", "kill-sent", "freeze", "freeze-inside"}
NEEDS_MAIL = {"kill-sent", "smtp-hang", "smtp-cut"}
PLANTED = {
    "freeze-inside": "stops",
    "kill-at": "failpoints,small-pages",
    "kill-sent": "failpoints",
    "publish": "failpoints",
    "clocks": "failpoints",
    "clock": "wrong-clock",
    "lost-pokes": "loses-pokes",
    "launch": "failpoints,small-pages",
}
"""What has to be planted into the workers, so that the fault hits them where it should."""
PROXIED = {"cut-store", "cut-broker", "freeze-net-store", "freeze-net-broker"}
NEEDS_KAFKA = {"broker-restart", "cut-broker", "freeze-net-broker", "broker-long"}
NEEDS_NODES = {"node-kill", "two-nodes"}
SMALL_DISK = {"disk-full"}
NEEDS_POSTGRES = {"postgres-restart", "store-long", "cut-store", "freeze-net-store"}


async def strike(name: str, scene: Scene, times: int) -> Struck:
    """Let the fault happen so often. At the end every partition is applied."""
    struck = Struck()
    await applied_after(scene, time.time())
    while struck.times < times:
        await asyncio.sleep(SOONEST * (LATEST / SOONEST) ** scene.chance.random())
        if name in LURES:
            scene.stopped = await LURES[name](scene)
        since = time.time()
        async with _watched(scene, since) as again:
            await FAULTS[name](scene)
            while name == "kill" and struck.times + 1 < times and scene.chance.random() < WHILE_STARTING:
                await asyncio.sleep(scene.chance.uniform(0.0, 8.0))
                await kill(scene)
                struck.times += 1
                struck.while_starting += 1
            struck.times += 1
            scene.turn = struck.times
            if scene.pauses:
                struck.recoveries += scene.pauses
                scene.pauses.clear()
            elif name in COUNTED_FROM_THE_FAULT and struck.while_starting == 0:
                struck.recoveries.append(await again - since)
            else:
                ended = time.time()
                struck.recoveries.append(await applied_after(scene, ended) - ended)
    struck.hits = scene.hits
    if name == "kill-at":
        never = [point for point in scene.points[:times] if not scene.hits[point]]
        scene.problems += [f"nobody died at {', '.join(never)}"] if never else []
    return struck


async def _died(scene: Scene) -> Stopped:
    """Who died at the next of all failpoints, in turn."""
    points = scene.points
    name = points[scene.turn % len(points)]
    died = await _dies(scene, name, scene.chance.randint(0, POINTS[name].passes))
    if died is None:
        scene.problems.append(f"nobody came to failpoint {name} in time")
    else:
        scene.hits[name] += 1
    return died


async def _dies(scene: Scene, name: str, passes: int) -> Stopped:
    point = POINTS[name]
    if point.role == "import":
        return await scene.historian.dies(scene.crew.orders, passes)
    if point.role == "publish":
        scene.problems += await scene.publisher.dies(name)
        return scene.publisher
    died = scene.crew.died_at(name, passes)
    if point.needs == "launch":
        return await scene.launcher.meanwhile(died)
    if not point.needs:
        return await died
    worker, problems = await scene.publisher.meanwhile(died)
    scene.problems += problems
    return worker


async def _stopped(scene: Scene) -> Worker:
    return await scene.crew.stopped_inside()


LURES: dict[str, Callable[[Scene], Coroutine[Any, Any, Stopped]]] = {
    "freeze-inside": _stopped,
    "kill-at": _died,
    "kill-sent": mailfaults.died_sent,
}
"""Faults that begin when a worker has come to a certain place."""


async def applied_after(scene: Scene, moment: float) -> float:
    """When every partition of `events` had a batch committed after `moment`, seconds since 1970."""
    deadline = time.monotonic() + PATIENCE
    while (await asyncio.to_thread(scene.store.laggard)) / 1_000_000 <= moment:
        if time.monotonic() > deadline:
            raise RuntimeError(f"a partition is not applied any more:\n{scene.crew.said()}")
        await asyncio.sleep(LOOKED)
    return time.time()


@contextlib.asynccontextmanager
async def _watched(scene: Scene, since: float) -> AsyncIterator[Awaitable[float]]:
    watching = asyncio.create_task(applied_after(scene, since))
    try:
        yield watching
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


@contextlib.asynccontextmanager
async def _frozen(worker: Worker) -> AsyncIterator[None]:
    worker.freeze()
    try:
        yield
    finally:
        worker.thaw()


async def _away(scene: Scene, stop: Callable[[], None], kill: Callable[[], None], start: Callable[[], None]) -> None:
    await asyncio.to_thread((kill, stop)[scene.turn % 2])
    try:
        await asyncio.sleep(DOWN[scene.turn % 3])
    finally:
        await asyncio.to_thread(start)


async def _net(scene: Scene, net: ThreadedProxy | None, fail: Callable[[ThreadedProxy], None]) -> None:
    assert net is not None
    await asyncio.to_thread(fail, net)
    try:
        await asyncio.sleep(CUT_OFF[scene.turn % 3] * scene.chance.uniform(0.7, 1.3))
    finally:
        await asyncio.to_thread(net.heal)
