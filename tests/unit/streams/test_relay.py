"""Rows to topics with a producer that fails when told to; on both databases."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiokafka.errors import KafkaError
from sqlalchemy import text

from storage import outbox
from storage.batch import Place
from storage.store import Store
from streams.broker import DEAD_LETTERS, EVENTS, Broker
from streams.errors import BrokerUnreachable, StreamError
from streams.relay import LARGEST, REFUSED, Relay
from tests.unit.storage.kit import batch, letter, rows
from tests.unit.streams.kit import FakeProducer

NOWHERE = Broker("nowhere:1")


class Topics:
    """The broker's topics: makes any but those that are `refused`."""

    def __init__(self, *refused: str) -> None:
        self.refused = set(refused)
        self.created: list[str] = []

    async def create(self, topic: str) -> None:
        if topic in self.refused:
            raise StreamError(f"topic {topic} could not be created: TopicAuthorizationFailedError")
        self.created.append(topic)


def put(store: Store, *values: bytes, topic: str = EVENTS) -> None:
    with store.write() as connection:
        for value in values:
            connection.execute(
                text("INSERT INTO outbox (topic, key, value) VALUES (:topic, :key, :value)"),
                {"topic": topic, "key": b"anna", "value": value},
            )


def waiting(store: Store) -> tuple[int, int]:
    """Rows of the outbox, and dead letters not relayed."""
    return len(rows(store, "outbox")), sum(not row["relayed"] for row in rows(store, "dead_letter"))


async def relay(store: Store, producer: FakeProducer) -> int:
    return await relay_on(store).relay(producer)


def relay_on(store: Store, topics: Topics | None = None, steady: Callable[[], float] = lambda: 1.0) -> Relay:
    return Relay(store, NOWHERE, lambda: 1, (topics or Topics()).create, steady)


def test_of_several_relays_one_works_until_its_time_is_over(store: Store) -> None:
    def lead(me: str, now: int) -> bool:
        with store.write() as connection:
            return outbox.lead(connection, me, now, now + 10)

    assert lead("a", 100)
    assert not lead("b", 100)
    assert lead("a", 105), "who relays goes on"
    assert not lead("b", 115)
    assert lead("b", 116)
    assert not lead("a", 117)


def test_whether_something_waits_is_known_without_reading_it(store: Store) -> None:
    def anything() -> bool:
        with store.read() as connection:
            return outbox.anything(connection)

    assert not anything()
    put(store, b"1")
    assert anything()
    with store.write() as connection:
        connection.execute(text("DELETE FROM outbox"))
    assert not anything()
    with batch(store) as opened:
        opened.bury([letter(4)], 1)
    assert anything()


async def test_what_waits_is_handed_on_and_goes_once_it_is_acknowledged(store: Store) -> None:
    put(store, b"1", b"2")
    with batch(store) as opened:
        opened.bury([letter(4, reason="bad-data", field="data.total", key=None, value=b"\xff")], 1)
    producer = FakeProducer()
    assert await relay(store, producer) == 3
    assert producer.values(EVENTS) == [b"1", b"2"]
    [(_, key, value, headers)] = [one for one in producer.sent if one[0] == DEAD_LETTERS]
    assert (key, value) == (None, b"\xff")
    assert headers == {"reason": b"bad-data", "field": b"data.total", "place": b"log-1/events/0/4"}
    assert waiting(store) == (0, 0)
    assert len(rows(store, "dead_letter")) == 1
    assert await relay(store, producer) == 0
    assert len(producer.sent) == 3


async def test_nothing_goes_that_was_not_acknowledged(store: Store) -> None:
    put(store, b"1", b"2")
    with pytest.raises(KafkaError):
        await relay(store, FakeProducer(EVENTS))
    assert waiting(store) == (2, 0)
    producer = FakeProducer()
    assert await relay(store, producer) == 2
    assert producer.values(EVENTS) == [b"1", b"2"]


async def test_dead_letters_that_the_broker_refuses_hold_up_no_result(store: Store) -> None:
    put(store, b"1")
    with batch(store) as opened:
        opened.bury([letter(4)], 1)
    with pytest.raises(KafkaError):
        await relay(store, FakeProducer(DEAD_LETTERS))
    assert waiting(store) == (0, 1)


async def test_a_row_that_comes_during_a_round_waits_for_the_next(store: Store) -> None:
    put(store, b"1")

    class Interrupting(FakeProducer):
        async def send(self, *arguments: Any, **named: Any) -> Awaitable[None]:
            if not self.sent:
                put(store, b"2")
            return await super().send(*arguments, **named)

    producer = Interrupting()
    assert await relay(store, producer) == 1
    assert waiting(store) == (1, 0)
    assert await relay(store, producer) == 1
    assert producer.values(EVENTS) == [b"1", b"2"]


@pytest.mark.parametrize(("size", "whole"), [(LARGEST, True), (LARGEST + 1, False)])
async def test_a_value_too_large_for_the_topic_is_left_out_and_said_so(store: Store, size: int, whole: bool) -> None:
    value = b"x" * size
    with batch(store) as opened:
        opened.bury([letter(place=Place("log-1", EVENTS, 0, 9), reason="too-large", value=value)], 1)
    producer = FakeProducer()
    assert await relay(store, producer) == 1
    [(_, _, sent, headers)] = producer.sent
    assert sent == (value if whole else None)
    assert ("left-out" in headers) == (not whole)
    assert bytes(rows(store, "dead_letter")[0]["value"]) == value


async def test_a_key_too_large_for_the_topic_is_left_out_and_said_so(store: Store) -> None:
    """Else the broker would refuse it for ever, and with it every dead letter after it."""
    with batch(store) as opened:
        opened.bury([letter(1, reason="bad-key", key=b"k" * 2_000_000, value=b"v")], 1)
        opened.bury([letter(2, reason="bad-key", key=b"k" * 2_000_000, value=b"x" * (LARGEST + 1))], 2)
    producer = FakeProducer()
    assert await relay(store, producer) == 2
    assert [(key, value) for _, key, value, _ in producer.sent] == [(None, b"v"), (None, b"")]
    assert all(b"dead-letters show" in headers["left-out"] for *_, headers in producer.sent)
    assert len(bytes(rows(store, "dead_letter")[0]["key"])) == 2_000_000


async def test_a_record_without_key_and_value_is_relayed_too(store: Store) -> None:
    """The producer refuses to send neither."""
    with batch(store) as opened:
        opened.bury([letter(1, reason="tombstone", key=None, value=None)], 1)
        opened.bury([letter(2, reason="too-large", key=None, value=b"x" * (LARGEST + 1))], 2)
    producer = FakeProducer()
    assert await relay(store, producer) == 2
    assert [(key, value) for _, key, value, _ in producer.sent] == [(None, b""), (None, b"")]


# What rules produce.


async def test_a_topic_that_rules_name_is_created_before_it_is_written_and_once(store: Store) -> None:
    topics, producer = Topics(), FakeProducer()
    relay = relay_on(store, topics)
    for _ in range(2):
        put(store, b"1")
        put(store, b"2", b"3", topic="loyalty")
        put(store, b"4", topic="notifications")
        assert await relay.relay(producer) == 4
    assert topics.created == ["loyalty", "notifications"]
    assert (producer.values("loyalty"), producer.values("notifications")) == ([b"2", b"3"] * 2, [b"4"] * 2)
    assert producer.values(EVENTS) == [b"1", b"1"]
    assert waiting(store) == (0, 0)


@pytest.mark.parametrize("refused", ["created", "written"])
async def test_a_topic_that_is_refused_holds_up_nothing_but_itself_and_is_tried_again(
    store: Store, caplog: pytest.LogCaptureFixture, refused: str
) -> None:
    now = 1.0
    topics, producer = (
        Topics(*(["loyalty"] if refused == "created" else [])),
        FakeProducer(*(["loyalty"] if refused == "written" else [])),
    )
    relay = relay_on(store, topics, lambda: now)
    put(store, b"1", topic="loyalty")
    for _ in range(3):
        put(store, b"2")
        put(store, b"3", topic="notifications")
        with batch(store) as opened:
            opened.bury([letter(4)], 1)
        await relay.relay(producer)
    assert waiting(store) == (1, 0)
    assert (len(producer.values(EVENTS)), len(producer.values("notifications"))) == (3, 3)
    [said] = [one.getMessage() for one in caplog.records if one.levelname == "ERROR"]
    assert "1 or more records for topic loyalty wait: " in said
    assert "create it, or give us the right to" in said
    topics.refused.clear()
    producer.broken.clear()
    now += REFUSED - 0.1
    assert await relay.relay(producer) == 0
    now += 0.2
    assert await relay.relay(producer) == 1
    assert producer.values("loyalty")[-1] == b"1"
    assert waiting(store) == (0, 0)


async def test_a_thousand_records_for_a_topic_that_is_refused_are_not_in_the_way_of_results(store: Store) -> None:
    topics, producer = Topics("loyalty"), FakeProducer()
    relay = relay_on(store, topics)
    put(store, *[b"x"] * 1_000, topic="loyalty")
    put(store, b"1")
    assert await relay.relay(producer) == 0
    assert await relay.relay(producer) == 1
    assert producer.values(EVENTS) == [b"1"]


async def test_a_broker_that_is_away_when_a_topic_is_to_be_created_keeps_the_records(store: Store) -> None:
    class Away(Topics):
        async def create(self, topic: str) -> None:
            raise BrokerUnreachable("the broker at nowhere:1 does not answer")

    put(store, b"1", topic="loyalty")
    assert await relay_on(store, Away()).relay(FakeProducer()) == 0
    assert waiting(store) == (1, 0)
