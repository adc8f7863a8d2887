"""Count what became of every record produced from outside, by reading the topics again.

Shares no code with the worker: its own consumer, its own reading of JSON. What the worker says of itself
is no proof.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer
from msgspec import Struct

from streams import broker as brokers
from streams.broker import EVENTS, SOURCES, Broker, ends

Identity = tuple[str, str]
"""(source, id)"""
Place = tuple[str, int, int]
"""(topic, partition, offset)"""


class Audit(Struct):
    """events = applied + duplicates + dead_letters + lost, counted record by record."""

    events: int = 0
    applied: int = 0
    duplicates: int = 0
    dead_letters: int = 0
    lost: int = 0


async def audit(broker: Broker, applied: Collection[Identity], buried: Collection[Place]) -> Audit:
    """Read every topic from its beginning to its end and look each record up in what the store holds."""
    records = await _records(broker)
    copies, places = _identities(records, broker.incarnation)
    result = Audit()
    for identity, times in copies.items():
        dead = sum(place in buried for place in places[identity])
        here = 1 if identity in applied else 0
        result.events += times
        result.applied += here
        result.dead_letters += min(dead, times - here)
        rest = times - here - min(dead, times - here)
        result.duplicates += rest if here else 0
        result.lost += 0 if here else rest
    unreadable = [place for place, record in records.items() if _identity(place, record, broker.incarnation) is None]
    result.events += len(unreadable)
    dead = sum(place in buried for place in unreadable)
    result.dead_letters += dead
    result.lost += len(unreadable) - dead
    return result


def _identities(
    records: Mapping[Place, Any], incarnation: str
) -> tuple[Counter[Identity], dict[Identity, list[Place]]]:
    """How many records from outside carry an identity, and every place where it stands, forwarded copies too."""
    copies: Counter[Identity] = Counter()
    places: dict[Identity, list[Place]] = {}
    for place, record in records.items():
        identity = _identity(place, record, incarnation)
        if identity is None or identity[0].startswith("regulars:"):
            continue
        places.setdefault(identity, []).append(place)
        if not (place[0] == EVENTS and identity[0].startswith("/topics/")):
            copies[identity] += 1
    return copies, places


def _identity(place: Place, record: Any, incarnation: str) -> Identity | None:
    topic, partition, offset = place
    try:
        value = json.loads(record.value)
        if topic == EVENTS:
            return str(value["source"]), str(value["id"])
        if isinstance(value.get("id"), str):
            return f"/topics/{topic}", value["id"]
    except (TypeError, ValueError, KeyError, AttributeError):
        if topic == EVENTS:
            return None
    return f"/topics/{topic}/{incarnation}", f"{partition}-{offset}"


async def _records(broker: Broker) -> dict[Place, Any]:
    partitions = [each for each in await brokers.partitions(broker) if each.topic in (EVENTS, *SOURCES)]
    if not partitions:
        return {}
    consumer = AIOKafkaConsumer(bootstrap_servers=broker.bootstrap, enable_auto_commit=False, **broker.security)
    await consumer.start()
    try:
        consumer.assign(partitions)
        until = await ends(consumer, partitions)
        await consumer.seek_to_beginning(*partitions)
        found: dict[Place, Any] = {}
        reached = dict(await consumer.beginning_offsets(partitions))
        while any(reached[each] < until[each] for each in partitions):
            for each, messages in (await consumer.getmany(timeout_ms=500)).items():
                for message in messages:
                    found[message.topic, message.partition, message.offset] = message
                reached[each] = messages[-1].offset + 1
        return found
    finally:
        await consumer.stop()
