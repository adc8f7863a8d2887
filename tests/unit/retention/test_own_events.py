"""Events of the shop's own, as `rules/events.yaml` declares them: what is taken, what is refused, and what is kept."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from retention.decode import decode, decode_data, logged
from retention.errors import BadEvent
from retention.events import Event
from retention.money import Money
from retention.orders import row_key
from retention.own import known
from retention.shop import Shop
from tests.unit.retention.making import BINARY, NOW, Desk, record

DECLARED = {
    "social_share": {"network": "text", "url": "text?", "followers": "count?"},
    "event_rsvp": {"event": "text", "seats": "count", "worth": "number", "coming": "flag"},
    "opened_the_door": {},
}
SHOP = Shop(events=DECLARED)
RSVP = '{"event":"Spring tasting","seats":2,"worth":12.50,"coming":true}'


def share(data: str) -> Event:
    return decode(b"anna", record(data, type="social_share"), (), SHOP, NOW)


def rsvp(data: str) -> Event:
    return decode(b"anna", record(data, type="event_rsvp"), (), SHOP, NOW)


def why(kind: str, data: str) -> tuple[str, str, str]:
    with pytest.raises(BadEvent) as caught:
        decode(b"anna", record(data, type=kind), (), SHOP, NOW)
    return caught.value.reason, caught.value.field, caught.value.detail


def test_the_data_is_a_dict_of_the_declared_fields() -> None:
    event = rsvp(RSVP)
    assert event.data == {"event": "Spring tasting", "seats": 2, "worth": Money("12.50"), "coming": True}
    assert {name: type(value) for name, value in event.data.items()} == {
        "event": str,
        "seats": int,
        "worth": Money,
        "coming": bool,
    }
    assert (event.type, event.amount, event.raw) == ("event_rsvp", 0, RSVP.encode())


@pytest.mark.parametrize("data", ['{"network":"LINE"}', '{"network":"LINE","url":null,"followers":null}'])
def test_a_field_that_may_be_left_out_and_is_or_is_null_is_not_in_the_data(data: str) -> None:
    assert share(data).data == {"network": "LINE"}


def test_a_type_may_have_no_fields() -> None:
    assert decode(b"anna", record("{}", type="opened_the_door"), (), SHOP, NOW).data == {}


def test_fields_that_nobody_declared_are_kept_in_the_raw_bytes_and_not_looked_at() -> None:
    data = '{"network":"LINE","likes":1e5,"tags":["a",{"b":[1]}],"worth":NULL}'.replace("NULL", "99999999999999999999")
    event = share(data)
    assert event.data == {"network": "LINE"}
    assert event.raw == data.encode()


def test_binary_mode_is_taken_too() -> None:
    headers = tuple((BINARY | {"ce_type": b"social_share"}).items())
    assert decode(b"anna", b'{"network":"LINE"}', headers, SHOP, NOW).data == {"network": "LINE"}


@pytest.mark.parametrize(
    ("value", "read"),
    [("0", 0), ("-5", -5), ("1.10", Decimal("1.10")), ("999999999999999.999999", Decimal("999999999999999.999999"))],
)
def test_a_number_is_exact(value: str, read: Any) -> None:
    worth = rsvp(RSVP.replace("12.50", value)).data["worth"]
    assert worth == read
    assert not isinstance(worth, float)
    assert str(worth) == value


@pytest.mark.parametrize("value", [2**63 - 1, -(2**63), 0])
def test_a_count_has_64_bits(value: int) -> None:
    assert rsvp(RSVP.replace('"seats":2', f'"seats":{value}')).data["seats"] == value


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("event", "5", "text of at most 10,000 characters"),
        ("event", "true", "text of at most 10,000 characters"),
        ("event", '["a"]', "text of at most 10,000 characters"),
        ("event", '"' + "x" * 10_001 + '"', "text of at most 10,000 characters"),
        ("seats", '"2"', "a whole number"),
        ("seats", "2.0", "a whole number"),
        ("seats", "true", "a whole number"),
        ("seats", str(2**63), "a whole number"),
        ("seats", str(-(2**63) - 1), "a whole number"),
        ("seats", "{}", "a whole number"),
        ("worth", '"12.50"', "a plain decimal number"),
        ("worth", "1e2", "a plain decimal number"),
        ("worth", "0.1234567", "a plain decimal number"),
        ("worth", "1000000000000000", "a plain decimal number"),
        ("worth", "false", "a plain decimal number"),
        ("coming", "1", "true or false"),
        ("coming", '"yes"', "true or false"),
    ],
)
def test_a_value_of_another_kind_is_refused_with_a_remedy(field: str, value: str, says: str) -> None:
    now = {"event": '"Spring tasting"', "seats": "2", "worth": "12.50", "coming": "true"}
    data = ",".join(f'"{name}":{value if name == field else one}' for name, one in now.items())
    reason, path, detail = why("event_rsvp", f"{{{data}}}")
    assert (reason, path) == ("bad-data", f"data.{field}")
    assert detail.startswith(f"Send {says}")


@pytest.mark.parametrize("data", ["{}", '{"network":null}'])
def test_a_field_that_is_required_and_missing_is_named(data: str) -> None:
    assert why("social_share", data) == ("bad-data", "data.network", "The field is required and missing.")


@pytest.mark.parametrize("data", ["[]", "1", "null", '"x"', "true"])
def test_data_that_is_no_object_is_refused(data: str) -> None:
    assert why("social_share", data)[:2] == ("bad-data", "data")


def test_an_event_has_a_hundred_fields_at_most() -> None:
    others = ",".join(f'"f{number}":1' for number in range(99))
    assert share(f'{{"network":"LINE",{others}}}').data == {"network": "LINE"}
    reason, path, detail = why("social_share", f'{{"network":"LINE","more":1,{others}}}')
    assert (reason, path) == ("bad-data", "data")
    assert detail == "An event of the shop's own has at most 100 fields."


def test_the_path_of_a_bare_record_has_no_data_before_it() -> None:
    with pytest.raises(BadEvent) as caught:
        decode_data("social_share", b"{}", SHOP)
    assert caught.value.field == "network"


def test_a_type_that_is_not_declared_is_unknown_and_the_dead_letter_says_where_to_declare_it() -> None:
    reason, path, detail = why("wish", "{}")
    assert (reason, path) == ("unknown-type", "type")
    assert "rules/events.yaml" in detail


def test_a_shop_cannot_declare_a_type_of_the_contract_away() -> None:
    shop = Shop(events={"purchase": {"network": "text"}})
    assert decode(b"anna", record(), (), shop, NOW).amount == 89000


def test_a_declared_event_is_heard_of_and_nothing_else() -> None:
    desk = Desk()
    event = share('{"network":"LINE"}')
    assert row_key(event) is None
    assert desk.fold(event) == [True]
    assert desk.anna.last_event_at == event.time
    assert (desk.anna.orders, desk.anna.profile, desk.counters()) == (0, {}, {})


def test_the_log_is_read_without_the_declaration() -> None:
    raw = b'{"network":"LINE","likes":3,"worth":1.10,"new":true,"none":null,"deep":{"a":[1]},"odd":1e5}'
    event = logged("/shop", "e-1", "social_share", "anna", 5, raw, 0)
    assert event.data == {"network": "LINE", "likes": 3, "worth": Money("1.10"), "new": True}
    assert (event.raw, event.type, event.time) == (raw, "social_share", 5)


@pytest.mark.parametrize("data", [RSVP, RSVP.replace("12.50", "12"), RSVP.replace("}", ',"more":"x"}')])
def test_a_logged_event_says_of_the_declared_fields_what_it_said_when_it_came(data: str) -> None:
    came = rsvp(data)
    again = logged(came.source, came.id, came.type, came.customer, came.time, came.raw, 0)
    assert {name: again.data[name] for name in DECLARED["event_rsvp"]} == came.data


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"1"])
def test_a_row_of_the_log_that_is_no_event_is_told(raw: bytes) -> None:
    with pytest.raises(BadEvent):
        logged("/shop", "e-1", "social_share", "anna", 5, raw, 0)


def test_what_no_storefront_sends_is_in_no_log() -> None:
    with pytest.raises(BadEvent) as caught:
        logged("/shop", "e-1", "merged", "anna", 5, b"{}", 0)
    assert caught.value.reason == "internal-type"


def test_of_a_logged_event_every_field_that_is_declared_today_is_known_or_none() -> None:
    raw = b'{"network":"LINE","followers":"many","likes":3}'
    fields = {"network": "text", "url": "text?", "followers": "count?", "likes": "number"}
    assert known(raw, fields) == {"network": "LINE", "url": None, "followers": None, "likes": 3}
