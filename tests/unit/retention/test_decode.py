"""Records of topic `events` to checked events, in both modes, and every reason a record is refused for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from retention.decode import MAX_BYTES, decode, decode_data, logged
from retention.errors import REASONS, BadEvent
from retention.events import Birthday, Item, Poke, Purchase
from retention.money import Money
from templates.errors import Refused
from templates.links import checked
from tests.unit.retention.making import BINARY, NOW, PURCHASE, SHOP, record, refused, taken, why


def test_a_purchase_is_taken_with_every_field() -> None:
    data = {
        "order_id": "o-1",
        "total": 890.50,
        "currency": "THB",
        "items": [{"sku": "TEA-1", "name": "Oolong", "category": "tea", "qty": 2, "price": "445.25"}],
        "discount": 10,
        "tax": 58.26,
        "shipping": 0,
        "coupon": "ANNA15",
        "channel": "web",
    }
    event = taken(record(json.dumps(data)))
    assert event.data == Purchase(
        "o-1",
        Money("890.50"),
        "THB",
        [Item("TEA-1", 2, Money("445.25"), "Oolong", "tea")],
        Money(10),
        Money("58.26"),
        Money(0),
        "ANNA15",
        "web",
    )
    assert (event.type, event.customer, event.source, event.id) == ("purchase", "anna", "/shop", "evt-1")
    assert event.amount == 89050
    assert event.time == NOW - 14 * 3600 * 1_000_000
    assert json.loads(event.raw) == data


def test_the_raw_data_is_the_producers_own_bytes() -> None:
    spaced = '{ "order_id" : "o-1",\n "total":1.10, "unknown": [1, {"x": null}] }'
    assert taken(record(spaced)).raw == spaced.encode()


REFUSED: dict[str, tuple[bytes | None, str, dict[str, Any]]] = {
    "tombstone": (None, "", {}),
    "no-key": (record(), "", {"key": b""}),
    "bad-key": (record(), "", {"key": b"\xff"}),
    "key-mismatch": (record(), "subject", {"key": b"ben"}),
    "too-large": (record() + b" " * MAX_BYTES, "", {}),
    "not-utf8": (record().replace(b"o-1", b"\xe9"), "", {}),
    "not-json": (b"<event/>", "", {}),
    "too-deep": (record("[" * 5000 + "]" * 5000), "", {}),
    "bad-envelope": (record(specversion="0.3"), "specversion", {}),
    "unknown-type": (record(type="purchased"), "type", {}),
    "internal-type": (record("{}", type="poke"), "type", {}),
    "bad-data": (record('{"score":11}', type="survey"), "data.score", {}),
    "bad-money": (record('{"order_id":"o-1","total":1.005}'), "data.total", {}),
    "bad-time": (record(time="2026-03-01T10:00:00"), "time", {}),
    "time-ahead": (record(time="2026-03-03T00:00:00.000001Z"), "time", {}),
    "too-many-items": (
        record(json.dumps({"order_id": "o", "total": 1, "items": [{"sku": "s", "qty": 1, "price": 1}] * 1001})),
        "data.items",
        {},
    ),
    "no-rate": (record('{"order_id":"o-1","total":1,"currency":"EUR"}'), "data.currency", {}),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_a_bad_record_is_refused_for_its_reason_and_at_its_field(reason) -> None:
    value, field, more = REFUSED[reason]
    bad = refused(value, **more)
    assert (bad.reason, bad.field) == (reason, field)
    assert bad.detail


def test_every_reason_a_record_alone_can_have_is_tried_above() -> None:
    assert set(REFUSED) == set(REASONS) - {"before-horizon", "id-reused", "failed"}


@pytest.mark.parametrize(
    ("value", "reason", "field"),
    [
        (record(id=None), "bad-envelope", "id"),
        (record(time=None), "bad-envelope", "time"),
        (record(subject=7), "bad-envelope", "subject"),
        (record(id="a\tb"), "bad-envelope", "id"),
        (record(source="a\u0007"), "bad-envelope", "source"),
        (record(source="s" * 201), "bad-envelope", "source"),
        (b"null", "bad-envelope", ""),
        (b"[]", "bad-envelope", ""),
        (b"", "not-json", ""),
        (record().replace(b',"data":' + PURCHASE.encode(), b""), "bad-envelope", "data"),
        (record("null"), "bad-data", "data"),
        (record('{"order_id":"o-1"}'), "bad-data", "data.total"),
        (record('{"order_id":"","total":1}'), "bad-data", "data.order_id"),
        (record('{"order_id":"o\\u0085","total":1}'), "bad-data", "data.order_id"),
        (record('{"order_id":"o","total":1,"items":[{"sku":"s","qty":0,"price":1}]}'), "bad-data", "data.items[0].qty"),
        (
            record('{"order_id":"o","total":1,"items":[{"sku":"s","qty":2.0,"price":1}]}'),
            "bad-data",
            "data.items[0].qty",
        ),
        (record('{"order_id":"o","total":1,"items":[{"sku":"s","price":1}]}'), "bad-data", "data.items[0].qty"),
        (record('{"order_id":"o","state":"lost"}', type="fulfilment"), "bad-data", "data.state"),
        (record('{"state":"granted","channel":"a\\nb"}', type="consent"), "bad-data", "data.channel"),
        (record("{}", type="referral"), "bad-data", "data"),
        (record('{"date":"2026-02-29"}', type="birthday"), "bad-data", "data.date"),
        (record('{"date":"--02-30"}', type="birthday"), "bad-data", "data.date"),
        (record('{"date":"2026-02-01\\n"}', type="birthday"), "bad-data", "data.date"),
        (record('{"birth_date":"1990-13-01"}', type="profile"), "bad-data", "data.birth_date"),
        (record('{"country":"TH\\n"}', type="profile"), "bad-data", "data.country"),
        (record('{"staff":null}', type="profile"), "bad-data", "data.staff"),
        (record('{"sku":"s","name":"n","category":"c"}', type="product"), "unknown-type", "type"),
        (record('{"order_id":"o","total":1,"currency":"thb"}'), "no-rate", "data.currency"),
        (record('{"order_id":"o","total":1,"currency":"THB\\n"}'), "bad-data", "data.currency"),
    ],
)
def test_the_path_names_the_field_that_is_wrong(value, reason, field) -> None:
    assert why(value) == (reason, field)


@pytest.mark.parametrize("key", [b"\x00", b"a\nb", b"k" * 201, "a\u200fb".encode()])
def test_a_key_that_no_row_could_carry_is_refused(key) -> None:
    assert why(record(), key=key) == ("bad-key", "")


def test_a_key_is_any_printable_text_in_any_script() -> None:
    key = "ลูกค้า-" + "ก" * 190
    assert taken(record(subject=key), key=key.encode()).customer == key


def test_a_leap_day_without_its_year_is_a_birthday() -> None:
    assert taken(record('{"date":"--02-29"}', type="birthday")).data == Birthday("--02-29")


def test_an_event_of_just_256_kib_is_taken() -> None:
    value = record()
    padded = value + b" " * (MAX_BYTES - len(value))
    assert taken(padded).amount == 89000
    assert why(padded + b" ") == ("too-large", "")


def test_a_thousand_items_are_taken() -> None:
    items = [{"sku": "s", "qty": 1, "price": 1}] * 1000
    assert len(taken(record(json.dumps({"order_id": "o", "total": 1, "items": items}))).data.items) == 1000


def headers(**changes: bytes | None) -> list[tuple[str, bytes | None]]:
    """Binary-mode headers; a change None takes one away."""
    return [(name, content) for name, content in (BINARY | changes).items() if content is not None]


def test_binary_mode_is_the_same_event_as_structured_mode() -> None:
    binary = taken(PURCHASE.encode(), headers=headers())
    assert binary == taken(record())


def test_header_names_are_told_without_regard_to_case() -> None:
    shouted = [(name.upper(), content) for name, content in BINARY.items()]
    assert taken(PURCHASE.encode(), headers=shouted) == taken(record())


@pytest.mark.parametrize(
    "content_type",
    [b"application/cloudevents+json", b"application/cloudevents+json; charset=UTF-8", b" Application/CloudEvents+JSON"],
)
def test_structured_mode_is_told_by_its_content_type_whatever_else_the_headers_hold(content_type) -> None:
    extra = headers(**{"content-type": content_type, "traceparent": b"00-1-1-01"})
    assert taken(record(), headers=extra) == taken(record())


def test_structured_mode_needs_no_header_and_other_headers_do_no_harm() -> None:
    assert taken(record(), headers=[("traceparent", b"\xff"), ("__TypeId__", None)]) == taken(record())


def test_a_header_without_a_value_is_as_good_as_none() -> None:
    assert taken(PURCHASE.encode(), headers=[*headers(), ("ce_extension", None)]).id == "evt-1"
    assert why(PURCHASE.encode(), headers=[*headers(ce_time=None), ("ce_time", None)]) == ("bad-envelope", "time")


def test_headers_that_are_no_attribute_of_ours_are_not_looked_at() -> None:
    strange = [("ce_data", b"{}"), ("ce_anna@example.com", b"\xff"), ("ce_traceparent", b"00")]
    assert taken(PURCHASE.encode(), headers=[*headers(), *strange]) == taken(record())


def test_a_batch_of_events_in_one_record_is_refused() -> None:
    batch = headers(**{"content-type": b"application/cloudevents-batch+json"})
    assert why(b"[" + record() + b"]", headers=batch) == ("bad-envelope", "content-type")


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"ce_specversion": b"0.3"}, "bad-envelope", "specversion"),
        ({"ce_id": b"\xff"}, "bad-envelope", "id"),
        ({"ce_id": b""}, "bad-envelope", "id"),
        ({"ce_subject": None}, "bad-envelope", "subject"),
        ({"ce_subject": b"ben"}, "key-mismatch", "subject"),
        ({"ce_time": b"yesterday"}, "bad-time", "time"),
        ({"ce_time": b"2026-03-01"}, "bad-time", "time"),
        ({"ce_type": b"erased"}, "internal-type", "type"),
    ],
)
def test_binary_mode_refuses_what_structured_mode_refuses(changes, reason, field) -> None:
    assert why(PURCHASE.encode(), headers=headers(**changes)) == (reason, field)


def test_binary_data_that_is_no_json_or_nested_deeply_is_refused() -> None:
    assert why(b"\x00\x01", headers=headers()) == ("not-json", "data")
    assert why(b'{"order_id":"o","total":1,"x":' + b"[" * 5000 + b"]" * 5000 + b"}", headers=headers()) == (
        "too-deep",
        "data",
    )


POKE = {"type": "poke", "source": "regulars:clock"}


@pytest.mark.parametrize("data", ["{}", '{"order_id":"o-1","total":5}', "[1,2]", "null"])
def test_a_poke_is_the_clocks_and_says_nothing_whatever_its_data(data: str) -> None:
    event = taken(record(data, **POKE))
    assert (event.type, event.source, event.data, event.raw, event.amount) == (
        "poke",
        "regulars:clock",
        Poke(),
        b"{}",
        0,
    )
    assert logged(event.source, event.id, event.type, event.customer, event.time, event.raw, 0) == event


def test_a_poke_may_name_a_rule_that_takes_the_customer() -> None:
    event = taken(record('{"rule":"win-back","before":1700000000000000,"more":1}', **POKE))
    assert (event.data, event.raw) == (
        Poke("win-back", 1_700_000_000_000_000),
        b'{"rule":"win-back","before":1700000000000000}',
    )
    assert logged(event.source, event.id, event.type, event.customer, event.time, event.raw, 0) == event


ARTICLE = '{"sku":"TEA-9","name":"Doi White","category":"tea","price":"520.00","launched":"2026-12-01"}'


def test_an_article_is_told_to_customers_by_the_catalogue_alone() -> None:
    event = taken(record(ARTICLE, type="product", source="regulars:catalogue"))
    assert (event.type, event.data.launched, event.amount) == ("product", "2026-12-01", 52_000)
    assert logged(event.source, event.id, event.type, event.customer, event.time, event.raw, event.amount) == event
    with pytest.raises(BadEvent) as refused:
        taken(record(ARTICLE, type="product"))
    assert (refused.value.reason, refused.value.field) == ("unknown-type", "type")


@pytest.mark.parametrize(
    ("data", "reason", "field"),
    [
        (ARTICLE.replace("2026-12-01", "2026-02-30"), "bad-data", "data.launched"),
        (ARTICLE.replace("520.00", "-1"), "bad-money", "data.price"),
        (ARTICLE.replace("520.00", "5.001"), "bad-money", "data.price"),
        (ARTICLE.replace("TEA-9", "TEA\\u0007"), "bad-data", "data.sku"),
        (ARTICLE.replace("2026-12-01", "2569-12-01"), "bad-data", "data.launched"),
        *((ARTICLE[:-1] + f', "{field}":"/tea-9"}}', "bad-data", f"data.{field}") for field in ("url", "image")),
    ],
)
def test_an_article_that_makes_no_sense_is_refused(data: str, reason: str, field: str) -> None:
    with pytest.raises(BadEvent) as refused:
        taken(record(data, type="product", source="regulars:catalogue"))
    assert (refused.value.reason, refused.value.field) == (reason, field)


LINKS = ["https://shop.example/tea-9?a=1#b", "HTTP://shop.example", "https://shop.example/ชา", ""]
NO_LINKS = ["/tea-9", "shop.example/x", "javascript:x", "https://u:p@shop.example/", "https://shop.example/a b", "//x"]


@pytest.mark.parametrize("link", [*LINKS, *NO_LINKS])
def test_an_article_leads_only_where_a_message_may(link: str) -> None:
    said = ARTICLE[:-1] + f', "url":{json.dumps(link)}}}'
    if link in LINKS:
        assert decode_data("product", said.encode(), SHOP)[0].url == link
        assert not link or checked(link)
        return
    with pytest.raises(BadEvent, match="A link is a whole address"):
        decode_data("product", said.encode(), SHOP)
    with pytest.raises(Refused):
        checked(link)


@pytest.mark.parametrize(
    ("launched", "says"),
    [
        ('"soon"', "A day is written YYYY-MM-DD"),
        ('"2026-12-01T10:00:00Z"', "A day is written YYYY-MM-DD"),
        ("20261201", "A day is written YYYY-MM-DD"),
        ('"2569-12-01"', "here 2569 is written 2026"),
    ],
)
def test_a_day_that_is_none_is_told_how_it_is_written(launched: str, says: str) -> None:
    with pytest.raises(BadEvent, match=says):
        decode_data("product", ARTICLE.replace('"2026-12-01"', launched).encode(), SHOP)


@pytest.mark.parametrize("changes", [{"source": "/shop"}, {"source": "regulars:rules"}, {"type": "reward"}])
def test_nobody_else_pokes_and_the_clock_says_nothing_else(changes: dict[str, str]) -> None:
    assert why(record("{}", **(POKE | changes))) == ("internal-type", "type")


def test_a_poke_is_checked_like_any_event() -> None:
    assert why(record("{}", **POKE), key=b"ben") == ("key-mismatch", "subject")
    assert why(record("{}", **POKE, time="2027-03-01T10:00:00Z")) == ("time-ahead", "time")
    assert why(record("{", **POKE))[0] == "not-json"
    with pytest.raises(BadEvent, match="internal-type"):
        decode_data("poke", b"{}", SHOP)


def test_bare_data_has_paths_of_its_own() -> None:
    data, amount = decode_data("purchase", b'{"order_id":"o","total":"1.50"}', SHOP)
    assert (data.order_id, amount) == ("o", 150)
    with pytest.raises(BadEvent) as bad:
        decode_data("purchase", b'{"order_id":"o"}', SHOP)
    assert bad.value.field == "total"


def test_an_event_may_run_ahead_of_the_clock_by_a_day() -> None:
    assert taken(record(time="2026-03-03T00:00:00Z")).time == NOW + 86_400_000_000


def test_no_key_is_told_before_anything_else_is_looked_at() -> None:
    with pytest.raises(BadEvent, match="no-key"):
        decode(None, None, (), SHOP, NOW)


def test_time_is_what_the_header_says() -> None:
    assert taken(PURCHASE.encode(), headers=headers(ce_time=b"2026-03-01T17:00:00+07:00")).time == taken(record()).time
