"""Whether the topics are kept so that what was acknowledged outlives a node; words for the operator where not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError
from msgspec import Struct

from streams.broker import TOPICS, Broker, admin_of
from streams.errors import BrokerUnreachable

OFFSETS = "__consumer_offsets"
"""Kafka's own topic of what the consumer groups have read."""
MIN_ISR, UNCLEAN = "min.insync.replicas", "unclean.leader.election.enable"


class Kept(Struct, frozen=True):
    """How a topic is kept: copies of the partition that has fewest, and how many of them must have a record."""

    topic: str
    copies: int
    needed: int = 1
    unclean: bool = False
    """Whether a copy that lacks records may come to lead."""


async def worries(broker: Broker) -> list[str]:
    """A sentence, with what to do, for every way a single node could take acknowledged events with it.

    None for the embedded broker, which keeps nothing anyway. Raises BrokerUnreachable.
    """
    if broker.embedded:
        return []
    admin = await admin_of(broker)
    try:
        cluster = await admin.describe_cluster()
        existing = set(await admin.list_topics()) & {*TOPICS, OFFSETS}
        described = await admin.describe_topics(sorted(existing)) if existing else []
        settings = await _settings(admin, sorted(existing)) if existing else {}
    except KafkaError as error:
        raise BrokerUnreachable(f"the broker at {broker.bootstrap} refused: {type(error).__name__}") from error
    finally:
        await admin.close()
    found = []
    for topic in described:
        name, own = topic["topic"], settings.get(topic["topic"], {})
        copies = min(len(partition["replicas"]) for partition in topic["partitions"])
        found.append(Kept(name, copies, int(own.get(MIN_ISR, copies)), own.get(UNCLEAN) == "true"))
    return said(len(cluster["brokers"]), found)


async def _settings(admin: object, topics: Iterable[str]) -> dict[str, dict[str, str]]:
    """Topic → its settings; without those of topics that we may not look at."""
    asked = [ConfigResource(ConfigResourceType.TOPIC, topic, {MIN_ISR: "", UNCLEAN: ""}) for topic in topics]
    answers = await admin.describe_configs(asked)  # type: ignore[attr-defined]
    return {
        name: {setting[0]: setting[1] for setting in settings}
        for answer in answers
        for error, _, _, name, settings in answer.resources
        if not error
    }


def said(brokers: int, topics: Sequence[Kept]) -> list[str]:
    """The worries about these topics on a cluster of so many brokers."""
    ours = sorted((each for each in topics if each.topic != OFFSETS), key=lambda each: each.topic)
    single = [each.topic for each in ours if each.copies == 1 and brokers > 1]
    weak = [each for each in ours if each.copies > 1 and each.needed == 1]
    unclean = [each.topic for each in ours if each.copies > 1 and each.unclean]
    sentences = []
    if single:
        sentences.append(
            f"{_named(single)} one copy on a cluster of {brokers} brokers: a lost disk loses their events, a stopped "
            "node halts them. Give them three copies with kafka-reassign-partitions.sh; or delete them while they are "
            "empty, set REGULARS_REPLICATION=3 and start a worker, which makes them anew"
        )
    for copies in sorted({each.copies for each in weak}):
        names = [each.topic for each in weak if each.copies == copies]
        sentences.append(
            f"{_named(names)} {copies} copies but {MIN_ISR}=1: an event counts as accepted when one node has it, and "
            "is lost with that node. For each: kafka-configs.sh --alter --entity-type topics --entity-name TOPIC "
            f"--add-config {MIN_ISR}={max(2, copies - 1)}"
            + (". Better three copies: of two, nothing is accepted while one node is away" if copies == 2 else "")
        )
    if unclean:
        sentences.append(
            f"{_named(unclean)} {UNCLEAN}=true: a copy that lacks accepted events may come to lead. Set it to false"
        )
    if any(each.topic == OFFSETS and each.copies == 1 for each in topics) and brokers > 1:
        sentences.append(
            f"topic {OFFSETS} has one copy: while its node is away nobody reads. Give it three with "
            "kafka-reassign-partitions.sh"
        )
    return sentences


def _named(topics: Sequence[str]) -> str:
    return f"topic {topics[0]} has" if len(topics) == 1 else f"topics {', '.join(topics)} have"
