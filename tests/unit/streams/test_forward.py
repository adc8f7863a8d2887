"""From the shop's own topics to `events`, with a producer that fails when told to."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka.errors import KafkaError, KafkaTimeoutError, NotEnoughReplicasError

from retention.shop import Shop as Money
from storage.intake import ENOUGH, RECENT, resume
from storage.store import Store
from streams.broker import EVENTS
from streams.errors import IntakeHalted
from streams.record import Record
from streams.sources.forward import Forwarder
from tests.unit.storage.kit import store_of
from tests.unit.streams.kit import NOW, shop_on

MS = NOW // 1_000
DEADLINE = 20.0


class FakeProducer:
    """Takes records; each `fail` makes one later record fail, at once or when its acknowledgement is due."""

    def __init__(self) -> None:
        self.acknowledged: list[tuple[str, bytes, bytes]] = []
        self.failures: deque[tuple[str, KafkaError]] = deque()
        self.gate = asyncio.Event()
        self.gate.set()
        self.sends = 0
        self.two_sent = asyncio.Event()

    def fail(self, when: str, error: KafkaError) -> None:
        self.failures.append((when, error))

    async def send(self, topic: str, key: bytes, value: bytes) -> asyncio.Future[None]:
        self.sends += 1
        if self.sends == 2:
            self.two_sent.set()
        when, error = self.failures.popleft() if self.failures else ("", KafkaError())
        if when == "at once":
            raise error
        return asyncio.ensure_future(self._acknowledge(topic, key, value, error if when else None))

    async def _acknowledge(self, topic: str, key: bytes, value: bytes, error: KafkaError | None) -> None:
        await self.gate.wait()
        if error is not None:
            raise error
        self.acknowledged.append((topic, key, value))

    @property
    def orders(self) -> list[str]:
        return [json.loads(value)["data"]["order_id"] for _, _, value in self.acknowledged]


@pytest.fixture
def store(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Store]:
    with store_of("sqlite", request, tmp_path) as made:
        yield made


@pytest.fixture
async def producer() -> FakeProducer:
    return FakeProducer()


@pytest.fixture
def forwarder(producer: FakeProducer, store: Store) -> Forwarder:
    return Forwarder(producer, store, Money, "log-1", 0.5, lambda: NOW)


def purchases(*orders: str, at: int = 0) -> list[Record]:
    """Records of topic purchases; an order called `bad…` has no total."""
    return [
        Record("purchases", 1, at + number, MS, b"anna", f'{{"order_id":"{order}","total":{_total(order)}}}'.encode())
        for number, order in enumerate(orders)
    ]


def _total(order: str) -> str:
    return '"none"' if order.startswith("bad") else "1"


def dead(store: Store) -> dict[tuple[str, int], tuple[str, str]]:
    with shop_on(store) as shop:
        rows = shop.rows("dead_letter")
    return {(row["topic"], row["offset"]): (row["reason"], row["field"]) for row in rows}


async def test_good_records_are_forwarded_in_order_and_bad_ones_buried(
    forwarder: Forwarder, producer: FakeProducer, store: Store
) -> None:
    await forwarder.forward(purchases("a", "bad-1", "b", "bad-2", "c"))
    assert producer.orders == ["a", "b", "c"]
    assert {(topic, key) for topic, key, _ in producer.acknowledged} == {(EVENTS, b"anna")}
    assert dead(store) == {("purchases", 1): ("bad-money", "total"), ("purchases", 3): ("bad-money", "total")}


def articles(*values: bytes | None, key: bytes | None = b"TEA-9", ms: int = MS) -> list[Record]:
    return [Record("products", 0, number, ms, key, value) for number, value in enumerate(values)]


def kept(store: Store) -> dict[str, tuple[str, int, bytes]]:
    """Sku → (launched, its time, its data)."""
    with shop_on(store) as shop:
        return {row["sku"]: (row["launched"], row["time"], bytes(row["data"])) for row in shop.rows("product")}


TEA = b'{"sku":"TEA-9","name":"Doi White","category":"tea","launched":"2026-04-01"}'


async def test_articles_are_kept_in_the_catalogue_and_nothing_is_produced(
    forwarder: Forwarder, producer: FakeProducer, store: Store
) -> None:
    await forwarder.forward(articles(TEA, TEA.replace(b"2026-04-01", b"2026-05-01")))
    assert kept(store) == {"TEA-9": ("2026-05-01", NOW, TEA.replace(b"2026-04-01", b"2026-05-01"))}
    early = TEA.replace(b'"sku"', b'"time":"2026-02-28T10:00:00Z","sku"')
    await forwarder.forward(articles(early))
    assert kept(store)["TEA-9"][0] == "2026-05-01"
    await forwarder.forward(articles(None, ms=MS + 1))
    assert kept(store) == {}
    assert (producer.sends, dead(store)) == (0, {})


@pytest.mark.parametrize(
    ("value", "key", "reason", "field"),
    [
        (b"", b"TEA-9", "not-json", ""),
        (b"[]", b"TEA-9", "bad-data", ""),
        (b"\xff", b"TEA-9", "not-utf8", ""),
        (None, None, "no-key", ""),
        (TEA, b"TEA-8", "key-mismatch", "sku"),
        (TEA.replace(b"Doi White", b"\\u0000"), b"TEA-9", "bad-data", ""),
        (TEA.replace(b'"category":"tea"', b'"x":1'), b"TEA-9", "bad-data", "category"),
        (TEA.replace(b"2026-04-01", b"2026-02-30"), b"TEA-9", "bad-data", "launched"),
        (TEA.replace(b'"sku"', b'"time":"yesterday","sku"'), b"TEA-9", "bad-time", "time"),
        (TEA.replace(b'"sku"', b'"time":"2026-03-09T10:00:00Z","sku"'), b"TEA-9", "time-ahead", "time"),
        (TEA.replace(b'"sku"', b'"price":"5.001","sku"'), b"TEA-9", "bad-money", "price"),
    ],
)
async def test_an_article_that_is_none_is_buried(
    forwarder: Forwarder, store: Store, value: bytes | None, key: bytes | None, reason: str, field: str
) -> None:
    await forwarder.forward(articles(value, key=key))
    assert dead(store) == {("products", 0): (reason, field)}
    assert kept(store) == {}


@pytest.mark.parametrize(("ms", "reason"), [(MS + 25 * 3_600_000, "time-ahead"), (-1, "bad-time"), (0, "bad-time")])
@pytest.mark.parametrize("value", [TEA, None])
async def test_an_article_of_a_time_that_is_none_would_hold_for_ever_and_is_buried(
    forwarder: Forwarder, store: Store, value: bytes | None, ms: int, reason: str
) -> None:
    await forwarder.forward(articles(value, ms=ms))
    assert dead(store) == {("products", 0): (reason, "time")}


async def test_an_article_without_a_key_is_known_by_its_sku(forwarder: Forwarder, store: Store) -> None:
    await forwarder.forward(articles(TEA, key=None))
    assert list(kept(store)) == ["TEA-9"]


async def test_forward_does_not_return_before_the_last_acknowledgement(
    forwarder: Forwarder, producer: FakeProducer
) -> None:
    producer.gate.clear()
    forwarding = asyncio.create_task(forwarder.forward(purchases("a", "b")))
    await asyncio.wait_for(producer.two_sent.wait(), DEADLINE)
    assert not forwarding.done()
    assert producer.acknowledged == []
    producer.gate.set()
    await asyncio.wait_for(forwarding, DEADLINE)
    assert producer.orders == ["a", "b"]


@pytest.mark.parametrize("when", ["at once", "later"])
async def test_a_producer_that_fails_is_asked_again_until_everything_is_there(
    forwarder: Forwarder, producer: FakeProducer, store: Store, when: str
) -> None:
    producer.fail(when, KafkaTimeoutError())
    producer.fail(when, NotEnoughReplicasError())
    await asyncio.wait_for(forwarder.forward(purchases("a", "bad", "b", "c")), DEADLINE)
    assert set(producer.orders) == {"a", "b", "c"}
    assert len(set(producer.acknowledged)) == 3, "a record forwarded twice is the same record"
    assert len(dead(store)) == 1


async def test_a_batch_forwarded_again_after_a_crash_is_the_same_records(
    forwarder: Forwarder, producer: FakeProducer, store: Store
) -> None:
    batch = purchases("a", "bad", "b")
    await forwarder.forward(batch)
    again = Forwarder(producer, store, Money, "log-1", 0.5, lambda: NOW + 10**9)
    await again.forward(batch)
    assert producer.acknowledged[:2] == producer.acknowledged[2:]
    assert len(dead(store)) == 1


async def test_nothing_is_forwarded_of_a_batch_that_halts_and_a_restart_knows(
    forwarder: Forwarder, producer: FakeProducer, store: Store
) -> None:
    batch = purchases("a", *(f"bad-{number}" for number in range(ENOUGH)))
    with pytest.raises(IntakeHalted, match=f"{ENOUGH} of the last {ENOUGH + 1} records of purchases/1"):
        await forwarder.forward(batch)
    assert (producer.acknowledged, dead(store)) == ([], {})
    restarted = Forwarder(producer, store, Money, "log-1", 0.5, lambda: NOW)
    with pytest.raises(IntakeHalted):
        await restarted.forward(purchases("b", at=200))
    assert producer.acknowledged == []
    assert resume(store) == 1
    resumed = Forwarder(producer, store, Money, "log-1", 0.5, lambda: NOW)
    await resumed.forward(purchases("b", at=200))
    assert producer.orders == ["b"]


async def test_good_records_are_told_to_the_store_now_and_then(
    forwarder: Forwarder, producer: FakeProducer, store: Store
) -> None:
    """So that a few bad ones among many good ones halt nothing."""
    for start in range(0, 2 * RECENT, 250):
        await forwarder.forward(purchases(*(f"o-{start + number}" for number in range(250)), at=start))
    with shop_on(store) as shop:
        [row] = shop.rows("partition")
    assert (row["topic"], row["id"], row["bad"]) == ("purchases", 1, 0)
    assert row["seen"] >= RECENT // 2
    await forwarder.forward(purchases(*(f"bad-{number}" for number in range(ENOUGH)), at=5_000))
    assert len(dead(store)) == ENOUGH


async def test_a_store_that_is_away_is_waited_for(producer: FakeProducer, tmp_path: Path) -> None:
    """The file is no database until the second try: nothing is forwarded before the bad ones are kept."""
    path = tmp_path / "late.db"
    made = Store(f"sqlite:///{path}")
    made.migrate()
    made.close()
    good = path.read_bytes()
    path.write_bytes(b"no database" * 1000)
    late = Store(f"sqlite:///{path}")
    forwarder = Forwarder(producer, late, Money, "log-1", 0.5, lambda: NOW)
    forwarding = asyncio.create_task(forwarder.forward(purchases("a", "bad")))
    done, _ = await asyncio.wait({forwarding}, timeout=0.3)
    assert not done
    assert producer.sends == 0
    path.write_bytes(good)
    await asyncio.wait_for(forwarding, DEADLINE)
    assert producer.orders == ["a"]
    assert len(dead(late)) == 1
    late.close()
