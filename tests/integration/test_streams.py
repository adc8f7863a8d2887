"""Topics, positions, the relay, sending and the audit on real brokers, and both halves of the worker together."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from functools import partial
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.errors import KafkaError
from sqlalchemy import text

from retention.shop import Shop as Money
from storage import queries
from storage.batch import Place
from storage.store import Store
from storage.writer import Writer
from streams.apply import Applier, Intake
from streams.audit import Audit, audit
from streams.broker import DEAD_LETTERS, EVENTS, PRODUCTS, SOURCES, TOPICS, Broker, connect, create, ends, positions
from streams.errors import BrokerUnreachable, StreamError
from streams.reader import Reader
from streams.relay import LARGEST, Relay
from streams.send import send_file
from streams.sources.forward import Forwarder
from tests import services
from tests.unit.storage.kit import batch, letter, rows
from tests.unit.streams.kit import RULES, event, reachable, shop_on, told
from tests.unit.streams.rig import DEADLINE, PARTITIONS, empty, eventually, produce, read, sources


def clock() -> int:
    return time.time_ns() // 1_000


async def asked(shop: Broker) -> dict[TopicPartition, int]:
    """What `ends` says of every partition of `events`."""
    consumer = AIOKafkaConsumer(bootstrap_servers=shop.bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = [TopicPartition(EVENTS, partition) for partition in range(PARTITIONS)]
        consumer.assign(partitions)
        return await ends(consumer, partitions)
    finally:
        await consumer.stop()


# Topics


async def test_connecting_makes_every_topic_once_and_names_the_log(shop: Broker) -> None:
    found = await positions(shop)
    assert {(each.topic, each.partition) for each in found} == {
        (topic, partition) for topic in TOPICS for partition in range(PARTITIONS)
    }
    assert await connect(Broker(shop.bootstrap, shop.embedded, shop.incarnation), PARTITIONS + 2, 1, 7) == shop
    assert len(await positions(shop)) == len(found)
    assert shop.incarnation
    if not shop.embedded:
        assert (await connect(Broker(shop.bootstrap), 1, 1, 7)).incarnation == shop.incarnation


async def test_two_processes_may_connect_at_once(tansu_broker: str) -> None:
    one, other = (Broker(tansu_broker, True, "log-1") for _ in range(2))
    assert list(await asyncio.gather(connect(one, 2, 1, 7), connect(other, 2, 1, 7))) == [one, other]


async def test_a_broker_without_our_topics_has_no_positions(tansu_broker: str) -> None:
    assert await positions(Broker(tansu_broker, True, "log-1")) == []


@pytest.mark.parametrize("embedded", [True, False])
async def test_a_broker_that_does_not_answer_is_told_with_its_address(embedded: bool) -> None:
    nowhere = Broker(f"127.0.0.1:{services.free_port()}", embedded, "log-1")
    for use in (connect(nowhere, 1, 1, 7), positions(nowhere)):
        with pytest.raises(BrokerUnreachable, match=f"{nowhere.bootstrap} does not answer"):
            await use


async def test_ends_are_right_however_the_records_came(shop: Broker) -> None:
    """One by one, and many in one batch: the embedded broker's own answer is wrong for those."""
    expected = dict.fromkeys((TopicPartition(EVENTS, partition) for partition in range(PARTITIONS)), 0)
    assert await asked(shop) == expected
    for many in (1, 1, 40, 3, 1):
        await produce(shop, *[b"x"] * many, key=b"k", partition=1)
        expected[TopicPartition(EVENTS, 1)] += many
        assert await asked(shop) == expected


async def test_positions_tell_what_there_is_and_what_nobody_has_read(shop: Broker) -> None:
    await produce(shop, *[b"x"] * 5, key=b"k", partition=0)
    await produce(shop, *[b"x"] * 3, key=b"k", partition=2, topic=DEAD_LETTERS)
    found = {(each.topic, each.partition): each for each in await positions(shop)}
    events = found[EVENTS, 0]
    assert (events.begin, events.end, events.committed, events.lag) == (0, 5, None, 5)
    letters = found[DEAD_LETTERS, 2]
    assert (letters.begin, letters.end, letters.committed, letters.lag) == (0, 3, None, None)
    assert all(each.lag == 0 for key, each in found.items() if key[0] in SOURCES)


async def test_records_that_retention_took_away_are_no_lag(kafka_broker: str) -> None:
    shop = await empty(kafka_broker, embedded=False)
    await produce(shop, *[b"x"] * 8, key=b"k", partition=0)
    admin = AIOKafkaAdminClient(bootstrap_servers=shop.bootstrap)
    await admin.start()
    try:
        for before, lag in ((6, 2), (8, 0)):
            await admin.delete_records({TopicPartition(EVENTS, 0): RecordsToDelete(before)})
            [first] = [each for each in await positions(shop) if (each.topic, each.partition) == (EVENTS, 0)]
            assert (first.begin, first.end, first.lag) == (before, 8, lag)
    finally:
        await admin.close()


@pytest.mark.parametrize("topic", [EVENTS, DEAD_LETTERS])
@pytest.mark.parametrize("wrong_by", [3 * 3600, -30 * 86_400], ids=["ahead", "behind"])
async def test_a_worker_whose_clock_is_wrong_can_still_produce_and_retention_spares_it(
    kafka_broker: str, topic: str, wrong_by: int
) -> None:
    shop = await empty(kafka_broker, embedded=False)
    stamp = round((time.time() + wrong_by) * 1_000)
    await produce(shop, b"x", key=b"k", partition=0, topic=topic, timestamp_ms=stamp)
    [record] = await read(shop, topic, 1)
    assert abs(record.timestamp / 1_000 - time.time()) < 60


# The relay


async def created(shop: Broker, topic: str) -> None:
    await create(shop, topic, PARTITIONS, 1, 7)


async def test_what_rules_produce_finds_its_topic_though_nobody_made_it(shop: Broker, store: Store) -> None:
    topic = f"loyalty-{secrets.token_hex(4)}"
    with batch(store) as opened:
        opened.hand_out([(topic, b"anna", event("l-1")), (EVENTS, b"anna", event("r-1"))])
    producer = shop.producer()
    await producer.start()
    try:
        relay = Relay(store, shop, clock, partial(created, shop))
        assert await relay.relay(producer) == 2
        await created(shop, topic)
        assert len(await producer.partitions_for(topic)) == PARTITIONS
    finally:
        await producer.stop()
    [record] = await read(shop, topic, 1)
    assert (record.key, record.value) == (b"anna", event("l-1"))
    assert rows(store, "outbox") == []


async def test_a_topic_that_cannot_be_made_is_said_with_its_name(kafka_broker: str, store: Store) -> None:
    shop = await empty(kafka_broker, embedded=False)
    with pytest.raises(StreamError, match="topic loyalty could not be created: InvalidReplicationFactor"):
        await create(shop, "loyalty", PARTITIONS, 7, 7)


async def test_the_relay_hands_on_results_and_dead_letters_and_survives_its_own_end(shop: Broker, store: Store) -> None:
    def put(*values: bytes) -> None:
        with store.write() as connection:
            for value in values:
                connection.execute(
                    text("INSERT INTO outbox (topic, key, value) VALUES ('events', :key, :value)"),
                    {"key": b"anna", "value": value},
                )

    def settled() -> bool:
        return not rows(store, "outbox") and all(row["relayed"] for row in rows(store, "dead_letter"))

    put(event("r-1"), event("r-2"))
    with batch(store) as opened:
        opened.bury([letter(1, key=None, value=None), letter(2, value=b"\xff\x00")], 1)
        opened.bury([letter(place=Place("log-1", EVENTS, 0, 3), value=b"x" * (LARGEST * 5))], 2)
    relay = Relay(store, shop, clock, partial(created, shop))
    running = asyncio.create_task(relay.run())
    await eventually(settled)
    put(event("r-3"))
    await eventually(settled)
    relay.stop()
    await asyncio.wait_for(running, DEADLINE)
    results = await read(shop, EVENTS, 3)
    assert [json.loads(record.value)["id"] for record in results] == ["r-1", "r-2", "r-3"]
    assert {record.key for record in results} == {b"anna"}
    letters = {dict(record.headers)["place"]: record for record in await read(shop, DEAD_LETTERS, 3)}
    assert {place: record.value for place, record in letters.items()} == {
        b"log-1/events/0/1": b"",
        b"log-1/events/0/2": b"\xff\x00",
        b"log-1/events/0/3": None,
    }
    assert f"{LARGEST * 5} bytes".encode() in dict(letters[b"log-1/events/0/3"].headers)["left-out"]
    assert dict(letters[b"log-1/events/0/2"].headers)["reason"] == b"not-json"


async def test_a_relay_that_dies_before_it_could_delete_sends_again(shop: Broker, store: Store) -> None:
    with store.write() as connection:
        connection.execute(
            text("INSERT INTO outbox (topic, key, value) VALUES ('events', :key, :value)"),
            {"key": b"anna", "value": event("r-1")},
        )

    class Dying(Relay):
        def _sent(self, rows: object) -> None:
            raise KafkaError

    producer = shop.producer()
    await producer.start()
    try:
        with pytest.raises(KafkaError):
            await Dying(store, shop, clock, partial(created, shop)).relay(producer)
        assert await Relay(store, shop, clock, partial(created, shop)).relay(producer) == 1
    finally:
        await producer.stop()
    twice = await read(shop, EVENTS, 2)
    assert twice[0].value == twice[1].value
    with shop_on(store) as worker:
        assert worker.take(*[record.value for record in twice]).duplicates == 1


# Sending


async def test_a_file_is_sent_in_order_and_lines_without_a_customer_are_told(shop: Broker, tmp_path: Path) -> None:
    lines = [event("1"), b"", b"{", event("2"), b'{"subject":1}', event("3", "ben")]
    heard: list[int] = []
    path = told(lines, tmp_path / "events.jsonl")
    sent = await send_file(shop, path, heard.append)
    assert (sent.sent, sent.refused) == (3, [3, 5])
    found = await read(shop, EVENTS, 3)
    assert {record.key for record in found} == {b"anna", b"ben"}
    assert [record.value for record in found if record.key == b"anna"] == [event("1"), event("2")]


async def test_articles_of_a_file_go_to_their_own_topic_as_that_has_them(shop: Broker, tmp_path: Path) -> None:
    when = "2026-03-01T10:00:00Z"
    data = '{"sku":"TEA-9","name":"Doi White","category":"tea","price":520.50}'
    head = (
        f'{{"specversion":"1.0","id":"a-1","source":"/shop","type":"product","subject":"TEA-9","time":"{when}","data":'
    )
    own = data.replace("{", '{"time":"2026-02-28T10:00:00Z",')
    path = told([f"{head}{one}}}".encode() for one in (data, own, "7")] + [event("1")], tmp_path / "shelf.jsonl")
    sent = await send_file(shop, path, lambda _position: None)
    assert (sent.sent, sent.articles, sent.refused) == (1, 3, [])
    found = [record.value for record in await read(shop, PRODUCTS, 3) if record.key == b"TEA-9"]
    assert found == [data.replace("{", f'{{"time":"{when}",').encode(), own.encode(), b"7"]
    assert [record.value for record in await read(shop, EVENTS, 1)] == [event("1")]


# All of it together


async def test_one_worker_with_sources_and_reader_accounts_for_every_record(shop: Broker, store: Store) -> None:
    """The audit reads the topics again and shares no code with the worker."""
    now = time.time_ns() // 1_000
    good = [event(f"e-{number}", f"c-{number % 7}", time=now) for number in range(30)]
    await produce(shop, *good, *good[:5], reachable("c-1"))
    await produce(shop, b"{", b"\xff", event("e-0", "c-0", time=now, total="2.00"), key=b"c-0")
    orders = [f'{{"order_id":"s-{number}","total":1}}'.encode() for number in range(10)]
    await produce(shop, *orders, *orders[:2], b"{}", topic="purchases", key=b"c-1")
    await produce(shop, b'{"id":"b-1"}', b'{"id":"b-1"}', topic="birthdays", key=b"c-1", timestamp_ms=now // 1_000)

    producer, writer = shop.producer(), Writer(store)
    await producer.start()
    forwarder = Forwarder(producer, store, Money, shop.incarnation, 0.9, clock)
    applier = Applier(writer, RULES, Intake(shop.incarnation, bad_share=0.9), clock)

    async def read_up() -> bool:
        return all(not each.lag for each in await positions(shop))

    def everything() -> bool:
        with store.read() as connection:
            return queries.totals(connection).events == 30 + 1 + 12 + 1

    reader = Reader(shop, applier, 20)
    reading = asyncio.create_task(reader.run())
    try:
        async with sources(shop, forwarder, 20):
            await eventually(everything)
            await eventually(read_up)
    finally:
        reader.stop()
        await asyncio.wait_for(reading, DEADLINE)
        await producer.stop()
        await asyncio.to_thread(writer.close)
    with store.read() as connection:
        identities, places = queries.identities(connection), queries.places(connection)
    # From outside: 30 + 5 + 1 + 3 on events, 13 purchases, 2 birthdays. Two orders came twice without an id of
    # their own: other places, other events.
    assert await audit(shop, identities, places) == Audit(
        events=54, applied=30 + 1 + 12 + 1, duplicates=5 + 1, dead_letters=3 + 1, lost=0
    )
    with shop_on(store) as found:
        assert found.count("placed") == 30 + 10
    assert await audit(shop, identities - {("/shop", "e-20")}, places) == Audit(
        events=54, applied=43, duplicates=6, dead_letters=4, lost=1
    )
