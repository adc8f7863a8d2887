"""Functions of conditions, the shop's own fields, and what arithmetic does at its ends."""

from __future__ import annotations

import datetime as dt

import pytest

from retention.decode import decode_data, logged
from retention.events import Event, Purchase
from retention.money import Money
from retention.shop import Shop
from retention.state import Customer
from rules.language import compile_condition
from rules.language.kinds import Kind
from rules.language.schema import Declared, schema

NOW = int(dt.datetime(2026, 3, 10, 3, tzinfo=dt.UTC).timestamp()) * 1_000_000
DECLARED = Declared(
    {"size": Kind.COUNT, "height": Kind.NUMBER, "club": Kind.BOOL, "colour": Kind.TEXT},
    {"rsvp": {"seats": Kind.COUNT, "coming": Kind.BOOL}},
)


def holds(text: str, customer: Customer | None = None, coupon: str | None = None) -> bool:
    event = Event("shop", "e", "purchase", "anna", NOW, Purchase("o", Money(1), coupon=coupon), b"", at=NOW)
    compiled = compile_condition(text, schema("purchase", Shop(), DECLARED))
    assert compiled.condition is not None, compiled.faults
    return compiled.condition(event, customer or Customer())


def both(text: str, **attributes: object) -> tuple[bool, bool]:
    """Whether the condition holds, and whether its opposite does."""
    customer = Customer(orders=3, profile={"attributes": attributes})
    return holds(text, customer), holds(f"!({text})", customer)


@pytest.mark.parametrize(
    "text",
    [
        'event.coupon.startsWith("ANNA") and not event.coupon.startsWith("anna")',
        'event.coupon.endsWith("15") and event.coupon.contains("NA1") and event.coupon.contains("")',
        'event.coupon.lowerAscii() == "anna15" and (event.coupon).lowerAscii().startsWith("anna")',
        "event.coupon.size() == 6 and size(event.coupon) == 6 and event.coupon.size() % 4 == 2",
        '"ÉA".lowerAscii() == "Éa" and "ชา".size() == 2 and "🎁".size() == 1',
        "has(event.coupon) and !has(event.channel) and not has(customer.country)",
    ],
)
def test_texts_can_be_looked_into(text: str) -> None:
    assert holds(text, coupon="ANNA15")


def test_what_is_asked_of_a_missing_text_is_unknown() -> None:
    for text in ('event.coupon.startsWith("A")', "event.coupon.size() >= 0", 'event.coupon.lowerAscii() != "x"'):
        assert (holds(text), holds(f"not ({text})")) == (False, False)


def test_consent_is_what_was_said_and_unknown_before() -> None:
    customer = Customer(consents={"email": [True, 1], "sms": [False, 1], "email/news": [False, 1]})
    assert holds('consent("email") == "granted" and consent("sms") == "denied"', customer)
    assert holds('consent("email/news") != "granted" and consent("line") == null', customer)
    assert not holds('consent("line") != "granted"', customer)


def test_a_date_written_out_begins_at_the_shops_midnight() -> None:
    first = int(dt.datetime(2026, 2, 28, 17, tzinfo=dt.UTC).timestamp()) * 1_000_000
    assert holds('customer.first_order_at == timestamp("2026-03-01")', Customer(first_order_at=first))
    assert holds('customer.first_order_at == timestamp("2026-03-01T00:00:00+07:00")', Customer(first_order_at=first))
    assert holds('days_since(timestamp("2026-03-01")) == 9 and timestamp("2026-02-28T17:00:00.000001Z") < event.at')


def test_a_length_of_time_divided_by_another_is_how_often_it_fits() -> None:
    assert holds("36h / 1d == 1.5 and (event.at - event.time) / 1d == 0")


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("{} + 1 > 0", 2**63 - 1, (False, False)),
        ("{} + 0 > 0", 2**63 - 1, (True, False)),
        ("{} - 1 < 0", -(2**63), (False, False)),
        ("-{} > 0", -(2**63), (False, False)),
        ("{} * 2 > 0", 2**62, (False, False)),
        ("{} * 2 < 0", -(2**62), (True, False)),
        ("{} % -1 == 0", -(2**63), (False, False)),
        ("{} % {} == 0", 2**63 - 1, (True, False)),
        ("{} / 2 > 1", 2**63 - 1, (True, False)),
        ("{} > 0", 2**63, (False, False)),
        ("{} + 1 > 0 or customer.orders == 3", 2**63 - 1, (True, False)),
    ],
)
def test_beyond_64_bits_nothing_is_known(text: str, value: int, expected: tuple[bool, bool]) -> None:
    assert both(text.replace("{}", "customer.attributes.size"), size=value) == expected


def test_money_and_times_have_their_ends_too() -> None:
    rich = Customer(gross=10**18, refunds=0)
    assert (holds("customer.gross * 10 > 0", rich), holds("not (customer.gross * 10 > 0)", rich)) == (False, False)
    assert not holds("customer.gross / 0.001 > 0", rich)
    assert holds("customer.gross * 9 > 0 and customer.gross * 9.2 > customer.gross * 9", rich)
    assert holds("event.at + 104000d + 104000d > event.at")
    longer = "104000d + (event.at - event.at) + 104000d > 1d"
    assert (holds(longer), holds(f"not ({longer})")) == (False, False)
    late = 'timestamp("9999-12-31") + 2d > event.at'
    assert (holds(late), holds(f"not ({late})")) == (False, False)
    assert not holds('timestamp("9999-12-31") - event.at > 1d')


def test_the_shops_own_attributes_have_the_kind_they_were_declared_with() -> None:
    known = {"size": 42, "height": Money("1.75"), "club": True, "colour": "red"}
    text = (
        "customer.attributes.size == 42 and customer.attributes.height > 1.7 and customer.attributes.club and "
        'customer.attributes.colour.startsWith("r")'
    )
    assert both(text, **known) == (True, False)
    for name, other in {"size": "42", "height": True, "club": 1, "colour": 5}.items():
        assert both(text, **known | {name: other}) == (False, False)
        assert both(f"customer.attributes.{name} == null", **known | {name: other}) == (True, False)
    assert not holds("customer.attributes.size == 42", Customer(profile={"attributes": None}))


def test_an_event_of_the_shops_own_has_the_fields_it_was_declared_with() -> None:
    fields = schema("rsvp", Shop(), DECLARED)
    condition = compile_condition("event.seats >= 2 and event.coming and customer.orders == 0", fields).condition
    assert condition is not None
    for data, expected in (({"seats": 2, "coming": True}, True), ({"seats": "2", "coming": True}, False), ({}, False)):
        assert condition(Event("shop", "e", "rsvp", "anna", NOW, data, b"", at=NOW), Customer()) is expected
    assert compile_condition("event.total > 3", fields).faults[0].code == "unknown-field"


def test_an_event_of_the_shops_own_is_about_no_article() -> None:
    """Its data is a dict, and a dict has `items` of another sort."""
    condition = compile_condition('bought("tea")', schema("rsvp", Shop(), DECLARED)).condition
    assert condition is not None
    event = Event("shop", "e", "rsvp", "anna", NOW, {"seats": 2}, b"", at=NOW)
    assert condition(event, Customer()) is False
    assert condition(event, Customer(categories={"tea": 1})) is True


def test_conditions_read_an_event_of_the_shops_own_as_it_came_and_out_of_the_log() -> None:
    shop = Shop(events={"rsvp": {"seats": "count", "coming": "flag?", "worth": "number?", "where": "text?"}})
    kinds = {"seats": Kind.COUNT, "coming": Kind.BOOL, "worth": Kind.NUMBER, "where": Kind.TEXT}
    fields = schema("rsvp", shop, Declared({}, {"rsvp": kinds}))
    raw = b'{"seats":2,"worth":1.10,"where":"Chiang Mai","other":[1]}'
    data, _ = decode_data("rsvp", raw, shop)
    for event in (
        Event("shop", "e", "rsvp", "anna", NOW, data, raw, at=NOW),
        logged("shop", "e", "rsvp", "anna", NOW, raw, 0),
    ):
        for text in (
            "event.seats == 2",
            "event.worth * 2 == 2.2",
            'event.where.startsWith("Ch")',
            "!has(event.coming)",
        ):
            condition = compile_condition(text, fields).condition
            assert condition is not None
            assert condition(event, Customer()), text
