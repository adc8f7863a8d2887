"""The last look, and what the wording is told."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from delivery.backoff import Backoff
from delivery.check import Refusal, check
from delivery.wording import context
from retention.money import Money
from retention.shop import Shop
from retention.state import Customer
from storage.messages import Claimed, Context
from templates.values import Amount
from tests.unit.delivery.queue import CONTEXT, NOW, SHOP

MESSAGE = Claimed("m", "anna", "welcome", 0, "welcome", "email", "marketing", NOW, None, 0, b"", "token", NOW)
RECEIPT = replace(MESSAGE, class_="transactional")


def anna(**fields: Any) -> Customer:
    known: dict[str, Any] = {"profile": {"email": "anna@example.com"}, "consents": {"email": [True, NOW]}}
    return Customer(**(known | fields))


def test_a_message_goes_to_the_address_that_is_known_now() -> None:
    assert check(MESSAGE, anna(), NOW) == "anna@example.com"
    assert check(replace(MESSAGE, channel="sms"), anna(profile={"phone": "0812345678"}, consents={"sms": [True, 1]}), 1)


@pytest.mark.parametrize(
    ("customer", "expected"),
    [
        (None, Refusal("cancelled", "erased")),
        (anna(consents={}), Refusal("cancelled", "no-consent")),
        (anna(consents={"email": [False, NOW]}), Refusal("cancelled", "no-consent")),
        (anna(consents={"sms": [True, NOW]}), Refusal("cancelled", "no-consent")),
        (anna(suppressed={"email": "bounced"}), Refusal("cancelled", "suppressed")),
        (anna(profile={}), Refusal("failed", "no-address")),
        (anna(profile={"email": None}), Refusal("failed", "no-address")),
        (anna(profile={"email": ""}), Refusal("failed", "no-address")),
    ],
)
def test_a_promotion_does_not_leave(customer: Customer | None, expected: Refusal) -> None:
    assert check(MESSAGE, customer, NOW) == expected


def test_a_receipt_needs_no_consent_but_obeys_suppression() -> None:
    assert check(RECEIPT, anna(consents={"email": [False, NOW]}), NOW) == "anna@example.com"
    assert check(RECEIPT, anna(suppressed={"sms": "bounced"}), NOW) == "anna@example.com"
    assert check(RECEIPT, anna(suppressed={"email": "complained"}), NOW) == Refusal("cancelled", "suppressed")


def test_a_class_that_nobody_knows_needs_consent() -> None:
    assert check(replace(MESSAGE, class_="news"), anna(consents={}), NOW) == Refusal("cancelled", "no-consent")


def test_a_message_never_leaves_after_its_time() -> None:
    until = replace(RECEIPT, expires_at=NOW)
    assert check(until, anna(), NOW) == "anna@example.com"
    assert check(until, anna(), NOW + 1) == Refusal("expired", "expired")


def test_a_purchase_is_told_with_amounts_of_its_own_currency() -> None:
    data = {"order_id": "o", "total": "25.50", "currency": "USD", "items": [{"sku": "T", "qty": 2, "price": 12.75}]}
    answered = replace(CONTEXT, data=json.dumps(data).encode())
    told = context(answered, anna(), "welcome", Shop(rates={"USD": Decimal(34)}))["event"]
    assert (told["type"], told["order_id"], told["currency"]) == ("purchase", "o", "USD")
    assert told["time"] == dt.datetime(2026, 3, 1, 10, tzinfo=dt.UTC)
    assert told["total"] == Amount(2550, "USD")
    assert told["items"] == [{"sku": "T", "qty": 2, "price": Amount(1275, "USD"), "name": None, "category": None}]
    assert told["coupon"] is None


def test_a_purchase_without_currency_is_in_the_shops() -> None:
    told = context(CONTEXT, anna(), "welcome", SHOP)["event"]
    assert (told["total"], told["currency"]) == (Amount(89000, "THB"), "THB")


def test_a_unit_price_of_too_many_decimals_is_rounded() -> None:
    data = b'{"order_id":"o","total":1,"items":[{"sku":"T","qty":3,"price":0.3333}]}'
    told = context(replace(CONTEXT, data=data), anna(), "welcome", SHOP)["event"]
    assert told["items"][0]["price"] == Amount(33, "THB")


def test_the_customer_is_told_with_what_is_unknown_as_none() -> None:
    customer = anna(
        profile={"first_name": "Anna", "locale": "th"},
        gross=100,
        refunds=30,
        last_order_at=NOW,
        orders=9,
        orders_ever=9,
    )
    told = context(replace(CONTEXT, orders=2, orders_ever=3), customer, "welcome", SHOP)
    assert told["customer"]["first_name"] == "Anna"
    assert told["customer"]["last_name"] is None
    assert (told["customer"]["orders"], told["customer"]["orders_ever"]) == (2, 3)
    assert told["customer"]["net_revenue"] == Amount(70, "THB")
    assert told["customer"]["first_order_at"] is None
    assert told["customer"]["last_order_at"] == dt.datetime(2026, 3, 1, 10, tzinfo=dt.UTC)
    assert told["rule"] == {"id": "welcome", "name": "Hi"}


@pytest.mark.parametrize(
    ("profile", "zone"),
    [
        ({}, "Asia/Bangkok"),
        ({"time_zone": "Europe/Paris"}, "Europe/Paris"),
        ({"country": "ES"}, "Europe/Madrid"),
        ({"time_zone": "Mars/Olympus", "country": "ES"}, "Europe/Madrid"),
    ],
)
def test_times_are_told_in_the_customers_zone_or_their_countrys_or_the_shops(
    profile: dict[str, str], zone: str
) -> None:
    assert context(CONTEXT, anna(profile=profile), "r", SHOP)["time_zone"] == zone


def test_a_profile_clears_nothing_that_it_does_not_name() -> None:
    answered = replace(CONTEXT, type="profile", data=b'{"email":null}')
    told = context(answered, anna(), "r", SHOP)["event"]
    assert (told["email"], told["phone"]) == (None, None)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", {}),
        (b"{}", {}),
        (b"[1]", {}),
        (b'{"network":"x","worth":1.10}', {"network": "x", "worth": Decimal("1.10")}),
    ],
)
def test_an_event_of_the_shops_own_that_nobody_declares_any_more_is_told_as_it_is(
    data: bytes, expected: dict[str, Any]
) -> None:
    answered = Context("social_share", NOW, data, 0, 1, 1, "Seen")
    told = context(answered, anna(), "r", SHOP)["event"]
    assert told == expected | {"type": "social_share", "time": dt.datetime(2026, 3, 1, 10, tzinfo=dt.UTC)}
    assert not any(type(value) is Money for value in told.values())


RSVP = Shop(events={"event_rsvp": {"event": "text", "seats": "count?", "worth": "number?", "coming": "flag?"}})


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            b'{"event":"Tasting","seats":2,"worth":1.10,"coming":false,"other":"x"}',
            {"event": "Tasting", "seats": 2, "worth": Decimal("1.10"), "coming": False},
        ),
        (b'{"event":"Tasting","worth":5}', {"event": "Tasting", "seats": None, "worth": Decimal(5), "coming": None}),
        (b'{"event":7,"seats":"2"}', {"event": None, "seats": None, "worth": None, "coming": None}),
    ],
)
def test_an_event_of_the_shops_own_is_told_by_the_fields_it_is_declared_with(
    data: bytes, expected: dict[str, Any]
) -> None:
    told = context(Context("event_rsvp", NOW, data, 0, 1, 1, "Come"), anna(), "r", RSVP)["event"]
    assert told == expected | {"type": "event_rsvp", "time": dt.datetime(2026, 3, 1, 10, tzinfo=dt.UTC)}
    assert type(told["worth"]) in (Decimal, type(None))


def test_each_wait_is_a_share_of_a_longer_one() -> None:
    backoff = Backoff(base=60, factor=4, most=3600)
    assert [backoff.delay(tries, 1.0) // 1_000_000 for tries in range(1, 6)] == [60, 240, 960, 3600, 3600]
    assert backoff.delay(3, 0.0) == 0
    assert backoff.delay(3, 0.5) == 480_000_000
