"""A bare record of one of the shop's topics as a CloudEvent: deterministic, and accepted by decode."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.decode import decode
from retention.errors import BadEvent
from retention.shop import Shop
from streams.broker import SOURCES
from streams.record import Record
from streams.sources.wrap import Wrapped, wrap
from tests.unit.streams.kit import NOW

SHOP = Shop()
MS = NOW // 1_000
PURCHASE = {"order_id": "o-1", "total": "8.90"}


def bare(data: Any, key: bytes | None = b"anna", timestamp: int = MS, topic: str = "purchases") -> Record:
    value = data if isinstance(data, bytes) else json.dumps(data).encode()
    return Record(topic, 2, 17, timestamp, key, value)


def wrapped(record: Record, incarnation: str = "log-1") -> Wrapped:
    return wrap(record, SOURCES[record.topic], incarnation, SHOP, NOW)


def head(result: Wrapped) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.value)
    return found


def why(record: Record) -> tuple[str, str]:
    with pytest.raises(BadEvent) as caught:
        wrapped(record)
    return caught.value.reason, caught.value.field


def test_without_an_id_the_place_in_this_brokers_log_is_the_identity() -> None:
    found = head(wrapped(bare(PURCHASE)))
    assert (found["source"], found["id"]) == ("/topics/purchases/log-1", "2-17")
    assert (found["type"], found["subject"], found["specversion"]) == ("purchase", "anna", "1.0")
    assert found["time"] == "2026-03-01T10:00:00.000Z"
    assert head(wrapped(bare(PURCHASE), "log-2"))["source"] == "/topics/purchases/log-2"


def test_an_id_of_the_shops_own_holds_across_logs_and_places() -> None:
    first = wrapped(bare(PURCHASE | {"id": "evt-9"}), "log-1")
    assert first == wrapped(bare(PURCHASE | {"id": "evt-9"}), "log-2")
    assert (head(first)["source"], head(first)["id"]) == ("/topics/purchases", "evt-9")


def test_a_time_of_the_shops_own_goes_before_the_records() -> None:
    given_time = "2026-02-28T23:59:59.5+07:00"
    assert head(wrapped(bare(PURCHASE | {"time": given_time}, timestamp=0)))["time"] == given_time


def test_the_data_stays_byte_for_byte() -> None:
    raw = '{ "total" : 8.90 ,"order_id":"o-1", "note":"ชา\\u00e9" }'.encode()
    result = wrapped(bare(raw))
    assert raw in result.value
    assert decode(result.key, result.value, (), SHOP, NOW).raw == raw


@pytest.mark.parametrize("key", [None, b""])
def test_without_a_key_the_field_customer_says_who(key: bytes | None) -> None:
    result = wrapped(bare(PURCHASE | {"customer": "แอน"}, key=key))
    assert (result.key, head(result)["subject"]) == ("แอน".encode(), "แอน")


def test_a_key_goes_before_the_field_customer() -> None:
    assert wrapped(bare(PURCHASE | {"customer": "ben"})).key == b"anna"


@pytest.mark.parametrize(
    ("record", "reason", "field"),
    [
        (Record("purchases", 0, 0, MS, b"anna", None), "tombstone", ""),
        (bare(b"{"), "not-json", ""),
        (bare(b"\xff"), "not-utf8", ""),
        (bare({"order_id": "o-1"}), "bad-data", "total"),
        (bare(PURCHASE | {"total": -1}), "bad-money", "total"),
        (bare(PURCHASE | {"id": 7}), "bad-data", "id"),
        (bare(PURCHASE | {"customer": 7}), "bad-data", "customer"),
        (bare(PURCHASE | {"id": ""}), "bad-envelope", "id"),
        (bare(PURCHASE | {"id": "a\nb"}), "bad-envelope", "id"),
        (bare(PURCHASE | {"time": "yesterday"}), "bad-time", "time"),
        (bare(PURCHASE | {"time": "2026-03-01T10:00:00"}), "bad-time", "time"),
        (bare(PURCHASE | {"time": "2026-03-03T10:00:00Z"}), "time-ahead", "time"),
        (bare(PURCHASE, key=None), "no-key", "customer"),
        (bare(PURCHASE, key=b"\xff"), "bad-key", ""),
        (bare(PURCHASE | {"customer": "x" * 201}, key=None), "bad-key", ""),
        (bare(PURCHASE, timestamp=-1), "bad-time", "time"),
        (bare(PURCHASE, timestamp=NOW), "bad-time", "time"),
        (bare(PURCHASE, timestamp=-(2**63)), "bad-time", "time"),
        (bare(PURCHASE, timestamp=2**63 - 1), "bad-time", "time"),
        (bare(PURCHASE, timestamp=MS + 90_000_000), "time-ahead", "time"),
        (bare(b" " * (256 * 1024 - 40) + json.dumps(PURCHASE).encode()), "too-large", ""),
        (bare({"date": "2026-02-30"}, topic="birthdays"), "bad-data", "date"),
    ],
)
def test_what_is_wrong_is_said_where_the_shop_wrote_it(record: Record, reason: str, field: str) -> None:
    assert why(record) == (reason, field)


texts = st.text(max_size=12)
fields = st.fixed_dictionaries(
    {"order_id": texts, "total": st.one_of(st.integers(-5, 10**16), st.decimals(allow_nan=False).map(str), texts)},
    optional={
        "id": st.one_of(texts, st.none(), st.integers()),
        "time": st.one_of(st.datetimes().map(lambda when: when.isoformat() + "Z"), texts, st.none()),
        "customer": st.one_of(texts, st.none(), st.booleans()),
        "currency": st.one_of(st.sampled_from(["THB", "USD", "thb"]), st.none()),
        "channel": texts,
    },
)
values = st.one_of(fields.map(lambda data: json.dumps(data).encode()), st.binary(max_size=40))


@given(
    values,
    st.one_of(st.none(), st.binary(max_size=8), texts.map(lambda text: text.encode(errors="replace"))),
    st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(MS - 10**9, MS + 10**8)),
    st.sampled_from(sorted(SOURCES)),
)
def test_whatever_comes_is_refused_or_becomes_an_event_that_is_accepted(
    value: bytes, key: bytes | None, timestamp: int, topic: str
) -> None:
    record = Record(topic, 0, 3, timestamp, key, value)
    try:
        result = wrapped(record)
    except BadEvent:
        return
    assert wrapped(record) == result
    event = decode(result.key, result.value, (), SHOP, NOW)
    assert event.type == SOURCES[topic]
    assert event.customer.encode() == result.key
    assert event.raw in value
    if key:
        assert result.key == key


@given(fields.filter(lambda data: isinstance(data["total"], int) and 0 <= data["total"] < 10**12))
def test_a_good_purchase_is_accepted_so_that_the_property_is_about_something(data: dict[str, Any]) -> None:
    good = {"order_id": "o" + "".join(filter(str.isprintable, data["order_id"])), "total": data["total"]}
    assert wrapped(bare(good)).key == b"anna"
