"""Copies on a real cluster of three: what is acknowledged outlives a node, and the doctor says where it would not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError
from aiokafka.protocol.metadata import MetadataRequest
from typer.testing import CliRunner

from console.cli.main import app
from streams.broker import DEAD_LETTERS, EVENTS, INTAKE, TOPICS, Broker, connect
from streams.copies import MIN_ISR, Kept, said
from tests.servers import KafkaCluster
from tests.unit.streams.kit import event
from tests.unit.streams.rig import PARTITIONS, eventually, produce, read

ROOT = Path(__file__).resolve().parents[2]
OF_THE_TOPIC = 1
"""Where a setting comes from, in Kafka's answer."""


@pytest.fixture
def doctor(kafka_cluster: KafkaCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """What `regulars doctor` warns of on this cluster; it is content with the broker otherwise."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("REGULARS_BROKER", f"kafka://{kafka_cluster.bootstrap}")
    monkeypatch.setenv("REGULARS_STORE", f"sqlite:///{tmp_path / 'regulars.db'}")

    def ask() -> list[str]:
        done = CliRunner().invoke(app, ["doctor", "--json"])
        document = json.loads(done.stdout)
        [check] = [each for each in document["checks"] if each["name"] == "broker"]
        assert (done.exit_code, document["ok"], check["ok"]) == (0, True, True)
        told: list[str] = check["warnings"]
        return told

    return ask


@pytest.fixture
async def admin(kafka_cluster: KafkaCluster) -> AsyncIterator[AIOKafkaAdminClient]:
    """A client of the cluster with none of our topics on it."""
    client = AIOKafkaAdminClient(bootstrap_servers=kafka_cluster.bootstrap)
    await client.start()
    try:
        if old := set(TOPICS) & set(await client.list_topics()):
            await client.delete_topics(sorted(old))
            await eventually(lambda: forgotten(client))
        yield client
    finally:
        await client.close()


async def known(admin: AIOKafkaAdminClient) -> list[dict[str, list[Any]]]:
    """What each node knows of our topics, topic → partitions: one may be late, and clients ask any."""
    answers = [
        (await admin._send_request_to_node(node.nodeId, MetadataRequest(None))).to_object()
        for node in admin._client.cluster.brokers()
    ]
    return [{each["topic"]: each["partitions"] for each in one["topics"] if each["topic"] in TOPICS} for one in answers]


async def forgotten(admin: AIOKafkaAdminClient) -> bool:
    return not any(await known(admin))


async def made(admin: AIOKafkaAdminClient) -> bool:
    return all(set(topics) == set(TOPICS) and all(topics.values()) for topics in await known(admin))


async def own_settings(admin: AIOKafkaAdminClient, topic: str) -> dict[str, str]:
    """What was set for the topic itself, whatever the cluster's defaults are; any node is asked, also a late one."""
    found: list[Any] = []

    async def answered() -> bool:
        [answer] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
        [(error, _, _, _, settings)] = answer.resources
        found[:] = settings
        return not error

    await eventually(answered)
    return {name: value for name, value, _, source, *_ in found if source == OF_THE_TOPIC}


async def make(admin: AIOKafkaAdminClient, *topics: str, copies: int, **settings: str) -> None:
    named = {name.replace("_", "."): value for name, value in settings.items()}
    answer = await admin.create_topics([NewTopic(name, 2, copies, topic_configs=named) for name in topics])
    assert not any(entry[1] for entry in answer.topic_errors)


@pytest.mark.parametrize(("copies", "needed"), [(1, "1"), (2, "1"), (3, "2")])
async def test_topics_are_made_so_that_one_node_may_be_lost(
    kafka_cluster: KafkaCluster, admin: AIOKafkaAdminClient, copies: int, needed: str
) -> None:
    await connect(Broker(kafka_cluster.bootstrap), 2, copies, 7)
    await eventually(lambda: made(admin))
    for topic in TOPICS:
        settings = await own_settings(admin, topic)
        stamped = {} if topic in INTAKE else {"message.timestamp.type": "LogAppendTime"}
        assert settings == {MIN_ISR: needed, "retention.ms": str(7 * 86_400_000), **stamped}
        [described] = await admin.describe_topics([topic])
        assert {len(partition["replicas"]) for partition in described["partitions"]} == {copies}


async def test_the_doctor_warns_of_topics_that_one_node_can_take_with_it(
    kafka_cluster: KafkaCluster, admin: AIOKafkaAdminClient, doctor: Callable[[], list[str]]
) -> None:
    await make(admin, EVENTS, "purchases", copies=3, min_insync_replicas="1")
    await make(admin, "returns", copies=1)
    await make(admin, DEAD_LETTERS, copies=3, min_insync_replicas="2", unclean_leader_election_enable="true")
    kept = [Kept(EVENTS, 3, 1), Kept("purchases", 3, 1), Kept("returns", 1), Kept(DEAD_LETTERS, 3, 2, unclean=True)]
    await eventually(lambda: warns(doctor, said(3, kept)))
    assert len(said(3, kept)) == 3


async def test_the_doctor_is_content_with_the_topics_that_were_made_for_three_nodes(
    kafka_cluster: KafkaCluster, admin: AIOKafkaAdminClient, doctor: Callable[[], list[str]]
) -> None:
    await connect(Broker(kafka_cluster.bootstrap), 2, 3, 7)
    await eventually(lambda: warns(doctor, []))


async def warns(doctor: Callable[[], list[str]], expected: list[str]) -> bool:
    """A node may hear late of a topic that was made a moment ago, so this is asked more than once."""
    return await asyncio.to_thread(doctor) == expected


async def test_with_one_of_three_nodes_left_nothing_is_acknowledged(
    kafka_cluster: KafkaCluster, admin: AIOKafkaAdminClient
) -> None:
    """What one node has alone would be lost with it. Afterwards everything goes on."""
    broker = await connect(Broker(kafka_cluster.bootstrap), PARTITIONS, 3, 7)
    await produce(broker, event("1"), partition=0)
    try:
        kafka_cluster.stop(3)
        await produce(broker, event("2"), partition=0)
        kafka_cluster.stop(2)
        assert not await is_acknowledged(broker, event("3"))
    finally:
        kafka_cluster.start()
    await produce(broker, event("4"), partition=0)
    values = [one.value for one in await read(broker, EVENTS, 3)]
    assert [value for value in values if value != event("3")] == [event("1"), event("2"), event("4")]


async def is_acknowledged(broker: Broker, value: bytes) -> bool:
    """Whether a record is, within some seconds."""
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap, acks="all", request_timeout_ms=5_000)
    await producer.start()
    try:
        await producer.send_and_wait(EVENTS, value, key=b"anna", partition=0)
    except KafkaError:
        return False
    finally:
        await producer.stop()
    return True
