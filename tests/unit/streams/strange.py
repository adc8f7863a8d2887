"""Batches as they lie in Kafka's log, with header names that only clients other than Python's and Java's can write."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record._crc32c import crc as crc32c
from aiokafka.record.default_records import DefaultRecordBatchBuilder

PLACEHOLDER = "NAME-TO-REPLACE"
_ATTRIBUTES = 21
"""Where in a batch that begins which its checksum vouches for."""


def batch(names: Sequence[str], key: bytes = b"", value: bytes = b"v", stamp: int = 1_000) -> bytes:
    """A record a header name; the key tells its number unless given."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=False,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=1_000_000,
    )
    for number, name in enumerate(names):
        headers = [("a", None), (name, b"x")]
        builder.append(offset=number, timestamp=stamp, key=key or b"k%d" % number, value=value, headers=headers)
    return bytes(builder.build())


def spoiled(plain: bytes, name: bytes) -> bytes:
    """The same batch with the placeholder's first bytes replaced."""
    return sealed(plain.replace(PLACEHOLDER.encode(), name + PLACEHOLDER.encode()[len(name) :]))


def sealed(changed: bytes) -> bytes:
    """The batch with its checksum right."""
    return changed[:17] + struct.pack(">I", crc32c(changed[_ATTRIBUTES:])) + changed[_ATTRIBUTES:]


async def produce_raw(bootstrap: str, topic: str, partition: int, raw: bytes) -> None:
    """Hand a batch to the broker as it is; AssertionError when it does not take it."""
    client = AIOKafkaClient(bootstrap_servers=bootstrap)
    await client.bootstrap()
    try:
        await client.set_topics([topic])
        [leader] = client.cluster.brokers()
        request = ProduceRequest(
            transactional_id=None, required_acks=-1, timeout=10_000, topics=[(topic, [(partition, raw)])]
        )
        answer = await client.send(leader.nodeId, request)
        [(_, [(_, error, *_)])] = answer.topics
        assert error == 0, error
    finally:
        await client.close()
