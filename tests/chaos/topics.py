"""What lies on the topics, read from the beginning without a group. Shares no code with the product."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

SOURCES = {"purchases": "purchase", "returns": "return", "birthdays": "birthday"}
GROUPS = {"events": "regulars", **dict.fromkeys((*SOURCES, "products"), "regulars-sources")}
"""Topic → the consumer group whose committed offsets say how far it was worked off."""


@dataclass(frozen=True)
class Raw:
    """A record; `timestamp` in milliseconds."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, bytes]


async def read(bootstrap: str, topics: Sequence[str]) -> list[Raw]:
    """Every record of these topics, which nobody writes any more; those of one partition in their order.

    The embedded broker's end offsets stop after the first record of the last batch, so an empty poll must follow.
    """
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, enable_auto_commit=False, max_partition_fetch_bytes=4 * 1024 * 1024
    )
    await consumer.start()
    try:
        places = await _places(bootstrap, topics)
        ends = await consumer.end_offsets(places)
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        found: list[Raw] = []
        polled: Any = True
        while polled or any([await consumer.position(place) < ends[place] for place in places]):
            polled = await consumer.getmany(timeout_ms=1_000)
            found += [_raw(message) for messages in polled.values() for message in messages]
        return found
    finally:
        await consumer.stop()


async def lag(bootstrap: str) -> int:
    """Records not worked off yet, by the groups' committed offsets; on the embedded broker all but a last batch."""
    return sum((await lags(bootstrap)).values())


async def lags(bootstrap: str) -> dict[str, int]:
    """The same by topic/partition, where there are any."""
    found = {}
    for group in set(GROUPS.values()):
        consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False)
        await consumer.start()
        try:
            places = await _places(bootstrap, [topic for topic, owner in GROUPS.items() if owner == group])
            ends = await _ends(consumer, places)
            for place in places:
                found[f"{place.topic}/{place.partition}"] = ends[place] - (await consumer.committed(place) or 0)
        finally:
            await consumer.stop()
    return {place: waiting for place, waiting in found.items() if waiting > 0}


async def _ends(consumer: AIOKafkaConsumer, places: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
    """The next offsets. Tansu answers with one past the first record of its last batch; its high watermark is right."""
    ends: dict[TopicPartition, int] = await consumer.end_offsets(places)
    filled = [place for place in places if ends[place] > 0]
    consumer.assign(places)
    for place in filled:
        consumer.seek(place, ends[place] - 1)
    for _ in range(100):
        if all(consumer.highwater(place) is not None for place in filled):
            break
        await consumer.getmany(timeout_ms=100)
    return {place: max(ends[place], consumer.highwater(place) or 0) for place in places}


async def _places(bootstrap: str, topics: Sequence[str]) -> list[TopicPartition]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        described = await admin.describe_topics(list(topics))
    finally:
        await admin.close()
    return sorted(
        TopicPartition(topic["topic"], partition["partition"])
        for topic in described
        for partition in topic["partitions"]
    )


def _raw(message: Any) -> Raw:
    return Raw(
        message.topic,
        message.partition,
        message.offset,
        message.timestamp,
        message.key,
        message.value,
        dict(message.headers),
    )
