"""Records with header names that are not UTF-8, on real brokers: they stop nobody."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from retention.shop import Shop as Money
from storage.store import Store
from streams.broker import EVENTS, Broker
from streams.headers import tolerate
from streams.sources.forward import Forwarder
from tests.unit.storage.kit import store_of
from tests.unit.streams.kit import event, shop_on
from tests.unit.streams.rig import committed, eventually, produce, read, reading, sources
from tests.unit.streams.strange import PLACEHOLDER, batch, produce_raw, spoiled


@pytest.fixture
def store(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Store]:
    tolerate()
    with store_of("sqlite", request, tmp_path) as made:
        yield made


def strange(value: bytes, key: bytes) -> bytes:
    """The same record twice: with a good header, and with one whose name is no text."""
    return spoiled(batch(["good", PLACEHOLDER], key, value, stamp=time.time_ns() // 1_000_000), b"\xff\xfe")


async def test_the_reader_applies_them_and_goes_on(shop: Broker, store: Store) -> None:
    [(partition, _)] = await produce(shop, event("e-1"))
    await produce_raw(shop.bootstrap, EVENTS, partition, strange(event("e-2"), b"anna"))
    await produce_raw(shop.bootstrap, EVENTS, partition, strange(b"{", b"anna"))
    await produce(shop, event("e-3"))
    async with reading(shop, store) as work:
        await eventually(lambda: (work.total.applied, work.total.duplicates, work.total.dead) == (3, 1, 2))
    with shop_on(store) as found:
        assert [row["id"] for row in found.rows("event", "seq")] == ["e-1", "e-2", "e-3"]
        headers = [row["headers"] for row in found.rows("dead_letter", "2, 3, 4")]
    assert "good" in headers[0]
    assert "xff" in headers[1]


async def test_the_sources_forward_them_and_go_on(shop: Broker, store: Store) -> None:
    bare = b'{"order_id": "o-1", "total": 1}'
    await produce_raw(shop.bootstrap, "purchases", 0, strange(bare, b"anna"))
    producer = shop.producer()
    await producer.start()
    try:
        forwarder = Forwarder(producer, store, Money, shop.incarnation, 0.5, lambda: time.time_ns() // 1_000)
        async with sources(shop, forwarder):
            found = await read(shop, EVENTS, 2)

            async def acknowledged() -> bool:
                return await committed(shop, "purchases") == {0: 2}

            await eventually(acknowledged)
    finally:
        await producer.stop()
    assert [record.key for record in found] == [b"anna", b"anna"]
