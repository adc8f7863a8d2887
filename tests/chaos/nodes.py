"""Nodes of a Kafka cluster that die, or are stopped, and come back."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING

from aiokafka.admin import AIOKafkaAdminClient

from tests.chaos.pauses import pausing
from tests.servers import KafkaCluster

if TYPE_CHECKING:
    from tests.chaos.faults import Scene

AWAY = (0.0, 5.0, 18.0)
"""Seconds a node stays away, in turn; Kafka gives a silent one up after 9."""
TWO_AWAY = 15.0
"""Seconds that only one node of three is there."""
LONG = 310.0
"""Seconds; `max_poll_interval_ms` of the reader's consumer is 300,000."""
IN_STEP = 60.0
"""Seconds that a node may take until it has again what it missed."""
GROUP = "regulars"


async def kill_node(scene: Scene) -> None:
    """A node of three, in turn a leader, the readers' coordinator, the controller, is killed or stopped for a while."""
    from tests.chaos.faults import applied_after

    cluster = _cluster(scene)
    victim = await _victim(cluster, scene)
    async with pausing(scene) as pause:
        await asyncio.to_thread((cluster.kill, cluster.stop)[scene.turn % 2], victim)
        await asyncio.sleep(AWAY[scene.turn % len(AWAY)])
        await asyncio.to_thread(cluster.start, victim)
        await _in_step(cluster, scene)
        await applied_after(scene, time.time())
    scene.pauses.append(pause.longest)


async def two_nodes(scene: Scene) -> None:
    """Two of three nodes are killed or stopped: nothing is acknowledged until one of them is back."""
    cluster = _cluster(scene)
    going = scene.chance.sample(sorted(cluster.nodes), 2)
    await asyncio.to_thread((cluster.kill, cluster.stop)[scene.turn % 2], *going)
    try:
        await asyncio.sleep(TWO_AWAY)
    finally:
        await asyncio.to_thread(cluster.start, *going)
    await _in_step(cluster, scene)


async def broker_long(scene: Scene) -> None:
    """Every node is away for longer than consumers may go without a poll."""
    cluster = _cluster(scene)
    await asyncio.to_thread(cluster.kill)
    try:
        await asyncio.sleep(LONG)
    finally:
        await asyncio.to_thread(cluster.start)


async def store_long(scene: Scene) -> None:
    """PostgreSQL is away for as long: a reader holds a batch and polls no more, and its group lets it go."""
    server = scene.setup.postgres
    assert server is not None, "the fault needs --store postgres"
    await asyncio.to_thread(server.stop)
    try:
        await asyncio.sleep(LONG)
    finally:
        await asyncio.to_thread(server.start)


def _cluster(scene: Scene) -> KafkaCluster:
    assert scene.setup.kafka is not None, "the fault needs --broker kafka or kafka3"
    return scene.setup.kafka


async def _victim(cluster: KafkaCluster, scene: Scene) -> int:
    """Who has the role whose turn it is; its time away varies from round to round."""
    role = (scene.turn + scene.turn // 3) % 3
    if role == 2:
        return controller(cluster)
    admin = AIOKafkaAdminClient(bootstrap_servers=cluster.bootstrap)
    await admin.start()
    try:
        if role == 1:
            return int(await admin.find_coordinator(GROUP))
        [events] = await admin.describe_topics(["events"])
        number: int = scene.chance.choice(events["partitions"])["leader"]
        return number
    finally:
        await admin.close()


def controller(cluster: KafkaCluster) -> int:
    """The node that leads the quorum: clients are not told, so each node's own note of its last vote is read."""
    said = []
    for node in cluster.nodes.values():
        note = node.folder / "data" / "__cluster_metadata-0" / "quorum-state"
        state = json.loads(note.read_text("utf-8"))
        said.append((state["leaderEpoch"], state["leaderId"]))
    return int(max(said)[1])


async def _in_step(cluster: KafkaCluster, scene: Scene) -> None:
    """Wait until every copy is complete, so that the next fault finds three of three."""
    admin = AIOKafkaAdminClient(bootstrap_servers=cluster.bootstrap)
    await admin.start()
    deadline = time.monotonic() + IN_STEP
    try:
        while late := await _late(admin):
            if time.monotonic() > deadline:
                scene.problems.append(f"copies not complete after {IN_STEP:g} s: {', '.join(sorted(late))}")
                return
            await asyncio.sleep(0.2)
    finally:
        await admin.close()


async def _late(admin: AIOKafkaAdminClient) -> set[str]:
    """Topics with a copy that is behind, those of Kafka itself as well."""
    described = await admin.describe_topics()
    return {
        topic["topic"]
        for topic in described
        for partition in topic["partitions"]
        if len(partition["isr"]) < len(partition["replicas"])
    }
