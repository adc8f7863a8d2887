"""The corpus of costly records through everything a record meets: each gets an answer, and its neighbours theirs."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from retention.decode import decode
from retention.errors import BadEvent
from retention.events import Event
from retention.shop import Shop as Money
from storage.intake import bury
from storage.store import Store
from streams.record import Record, dead_letter
from streams.sources.wrap import wrap
from tests.nasty import NOW, Nasty, corpus, event, told_apart
from tests.unit.storage.kit import store_of
from tests.unit.streams.kit import shop_on

CORPUS = corpus()
BARE = [one for one in CORPUS if one.bare]
WHOLE = [one for one in CORPUS if not one.bare]
SHOP = Money()
GOOD = event(b'{"order_id":"o-1","total":8.90}')


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.service)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with store_of(request.param, request, tmp_path) as made:
        yield made


def record(nasty: Nasty, offset: int = 0) -> Record:
    topic = "purchases" if nasty.bare else "events"
    return Record(topic, 0, offset, nasty.timestamp, nasty.key, nasty.value, nasty.headers)


def good(offset: int) -> Record:
    value = GOOD.replace(b"evt-1", b"good-%d" % offset).replace(b"o-1", b"g-%d" % offset)
    return Record("events", 0, offset, NOW // 1_000, b"anna", value)


def named(one: Nasty) -> str:
    return f"{one.kind}{' (bare)' if one.bare else ''}"


def answer(nasty: Nasty) -> Event | BadEvent:
    """What becomes of it before the store: an event on topic `events`, or why not."""
    try:
        if not nasty.bare:
            return decode(nasty.key, nasty.value, nasty.headers, SHOP, NOW)
        made = wrap(record(nasty), "purchase", "log-1", SHOP, NOW)
    except BadEvent as bad:
        return bad
    return decode(made.key, made.value, (), SHOP, NOW)


@pytest.mark.parametrize("nasty", CORPUS, ids=named)
def test_each_is_an_event_or_refused_in_a_few_words(nasty: Nasty) -> None:
    found = answer(nasty)
    if isinstance(found, BadEvent):
        assert len(str(found)) < 1_000
    else:
        assert found.raw == nasty.value.strip() if nasty.bare else found.raw in nasty.value


def test_the_corpus_is_about_something() -> None:
    """Much of it is taken, and much refused, for most of the reasons there are."""
    answers = [answer(one) for one in CORPUS]
    assert len([one for one in answers if not isinstance(one, BadEvent)]) > 60
    assert len({one.reason for one in answers if isinstance(one, BadEvent)}) > 10


def test_all_of_them_go_through_the_store_and_their_neighbours_too(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever both databases cannot hold would raise, and be found by halving: nothing here may."""
    records: list[Record] = []
    for one in WHOLE:
        records += [record(told_apart(one, len(records)), len(records)), good(len(records) + 1)]
    with shop_on(store, bad_share=1.0) as shop, caplog.at_level(logging.INFO):
        shop.now = NOW
        for start in range(0, len(records), 50):
            shop.apply(records[start : start + 50])
        letters = {row["offset"]: row for row in shop.rows("dead_letter")}
        assert "failed" not in {row["reason"] for row in letters.values()}
        applied = {row["id"] for row in shop.rows("event")}
        assert len(applied) > len(WHOLE) + 30
        assert applied >= {f"good-{offset}" for offset in range(1, len(records), 2)}
        for offset, row in letters.items():
            assert (bytes(row["key"]), bytes(row["value"])) == (records[offset].key, records[offset].value)
            assert len(json.loads(row["headers"])) == len(records[offset].headers)
            assert len(row["field"]) + len(row["detail"]) < 1_000
    assert max((len(line) for line in caplog.messages), default=0) < 1_000


def test_what_the_sources_refuse_can_be_buried(store: Store) -> None:
    answers = [(record(one, offset), answer(one)) for offset, one in enumerate(BARE)]
    letters = [dead_letter(what, "log-1", bad) for what, bad in answers if isinstance(bad, BadEvent)]
    bury(store, letters, {("purchases", 0): [len(BARE), len(letters)]}, 1.0, NOW)
    with shop_on(store) as shop:
        assert len(shop.rows("dead_letter")) == len(letters) > 20
