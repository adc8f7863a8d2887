"""Is this the hour for a message? Quiet hours, rules that stand still, offers with nothing in their pool."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from delivery.check import LOOK_AGAIN, Held, Refusal, timely
from delivery.offers import LOOK_AGAIN as OFFERS_LOOK_AGAIN
from delivery.offers import Given, Offers
from delivery.wording import offered
from retention.decode import micros
from retention.state import Customer
from retention.zones import quiet_until
from rules.engine.codes import generated
from rules.offers import Offer
from rules.policy import DAY, HOUR, MARKETING, TRANSACTIONAL, Policy
from rules.ruleset import Status
from storage.messages import Claimed
from templates.values import Amount, Percent
from tests.unit.delivery.queue import CONTEXT, NOW, SHOP, rules

NIGHT = (21 * 60, 9 * 60)
POLICY = Policy(SHOP, quiet=NIGHT)
MESSAGE = Claimed("m", "anna", "welcome", 0, "welcome", "email", "marketing", NOW, None, 0, b"", "token", NOW)
RECEIPT = replace(MESSAGE, class_="transactional")
SECRET = b"secret"
TEA = Offer("tea", "15% off", percent=1500, expires=14 * DAY, prefix="TEA")


def at(text: str) -> int:
    return micros(dt.datetime.fromisoformat(text))


def anna(**profile: Any) -> Customer:
    return Customer(profile=profile)


LATE, MORNING, NOON = at("2026-03-01T23:00+07:00"), at("2026-03-02T09:00+07:00"), at("2026-03-01T12:00+07:00")


def test_a_promotion_waits_for_the_end_of_the_quiet_hours() -> None:
    assert timely(MESSAGE, anna(), LATE, rules(POLICY)) == Held(MORNING, "quiet-hours")
    assert timely(MESSAGE, anna(), MORNING, rules(POLICY)) is None
    assert timely(MESSAGE, anna(), MORNING - 1, rules(POLICY)) == Held(MORNING, "quiet-hours")
    assert timely(MESSAGE, anna(), NOON, rules(POLICY)) is None


def test_the_hours_are_quiet_where_the_customer_is() -> None:
    for profile in ({"time_zone": "Europe/Madrid"}, {"country": "ES"}):
        assert timely(MESSAGE, anna(**profile), LATE, rules(POLICY)) is None  # five in the afternoon
        night = at("2026-03-01T22:00+01:00")
        assert timely(MESSAGE, anna(**profile), night, rules(POLICY)) == Held(
            at("2026-03-02T09:00+01:00"), "quiet-hours"
        )


def test_without_quiet_hours_it_leaves_at_any_hour() -> None:
    assert timely(MESSAGE, anna(), LATE, rules()) is None


DROPPED = Refusal("cancelled", "quiet-hours")
DEFERRED = Held(MORNING, "quiet-hours")


@pytest.mark.parametrize(
    ("message", "of_class", "of_rule", "expected"),
    [
        (MESSAGE, "defer", None, DEFERRED),
        (MESSAGE, "drop", None, DROPPED),
        (MESSAGE, "ignore", None, None),
        (MESSAGE, "defer", "drop", DROPPED),
        (MESSAGE, "defer", "ignore", None),
        (MESSAGE, "ignore", "defer", DEFERRED),
        (RECEIPT, "drop", None, None),
        (RECEIPT, "drop", "defer", DEFERRED),
        (replace(MESSAGE, class_="news"), "ignore", None, DEFERRED),
    ],
)
def test_what_the_rule_says_goes_before_what_its_class_says(message, of_class, of_rule, expected) -> None:
    limits = {"marketing": replace(MARKETING, quiet=of_class), "transactional": TRANSACTIONAL}
    policy = Policy(SHOP, quiet=NIGHT, limits=limits)
    assert timely(message, anna(), LATE, rules(policy, quiet=of_rule)) == expected


def test_a_shop_may_let_its_receipts_wait_too() -> None:
    policy = Policy(SHOP, quiet=NIGHT, limits={"transactional": replace(TRANSACTIONAL, quiet="defer")})
    assert timely(RECEIPT, anna(), LATE, rules(policy)) == DEFERRED


@pytest.mark.parametrize("status", [Status.PAUSED, Status.DRAFT, Status.SHADOW])
@pytest.mark.parametrize("message", [MESSAGE, RECEIPT])
def test_the_messages_of_a_rule_that_is_not_live_wait(message, status) -> None:
    assert timely(message, anna(), NOW, rules(status=status)) == Held(NOW + LOOK_AGAIN, "rule-paused")


def test_the_messages_of_a_rule_that_is_gone_wait() -> None:
    assert timely(MESSAGE, anna(), NOW, rules(id="other")) == Held(NOW + LOOK_AGAIN, "rule-gone")


@pytest.mark.parametrize(("rule", "code"), [({"status": Status.PAUSED}, "rule-paused"), ({"id": "x"}, "rule-gone")])
def test_nothing_waits_for_a_rule_for_longer_than_the_policy_lets_it(rule, code) -> None:
    policy = Policy(SHOP, give_up=3 * DAY)
    assert timely(MESSAGE, anna(), NOW + 3 * DAY - 1, rules(policy, **rule)) == Held(
        NOW + 3 * DAY - 1 + LOOK_AGAIN, code
    )
    assert timely(MESSAGE, anna(), NOW + 3 * DAY, rules(policy, **rule)) == Refusal("cancelled", code)


@given(
    st.integers(NOW, NOW + 800 * DAY),
    st.tuples(st.integers(0, 1439), st.integers(0, 1439)),
    st.sampled_from(["Asia/Bangkok", "America/New_York", "Africa/Cairo", "Australia/Lord_Howe"]),
)
def test_a_message_put_off_is_timely_when_its_hour_has_come(now, quiet, zone) -> None:
    held = timely(MESSAGE, anna(time_zone=zone), now, rules(Policy(SHOP, quiet=quiet)))
    if held is None:
        assert quiet_until(now, quiet, ZoneInfo(zone)) is None
    else:
        assert isinstance(held, Held)
        assert now < held.until <= now + DAY + HOUR
        assert timely(MESSAGE, anna(time_zone=zone), held.until, rules(Policy(SHOP, quiet=quiet))) is None


def test_an_offer_comes_with_a_code_of_the_customers_own() -> None:
    offers = Offers(rules(offers={"tea": TEA}), SECRET)
    answered = replace(CONTEXT, offer="tea", entry="e-1")
    given_ = offers(MESSAGE, answered, anna(), NOW)
    assert isinstance(given_, Given)
    assert given_.code == generated(SECRET, "tea", "TEA", "welcome", "anna", "e-1")
    later = replace(MESSAGE, attempts=3, due_at=NOW + DAY, channel="sms", key="m-2")
    assert offers(later, answered, anna(), NOW + DAY) == given_
    others = (replace(MESSAGE, customer="ben"), answered), (MESSAGE, replace(answered, entry="e-2"))
    for message, other in others:
        assert offers(message, other, anna(), NOW) != given_


def test_a_message_without_offer_has_none() -> None:
    assert Offers(rules(offers={"tea": TEA}), SECRET)(MESSAGE, CONTEXT, anna(), NOW) is None


@pytest.mark.parametrize(
    ("profile", "expires_at"),
    [({}, "2026-03-15T23:59:59.999999+07:00"), ({"country": "US"}, "2026-03-15T23:59:59.999999-04:00")],
)
def test_a_code_holds_to_the_end_of_the_day_on_the_customers_clock(profile, expires_at) -> None:
    """Decided on the first of March at 17:00 in Bangkok; sent whenever."""
    given_ = Offers(rules(offers={"tea": TEA}), SECRET)(
        MESSAGE, replace(CONTEXT, offer="tea"), anna(**profile), NOW + DAY
    )
    assert isinstance(given_, Given)
    assert given_.expires_at == at(expires_at)


def test_a_reminder_tells_the_same_last_day_as_the_message_before_it() -> None:
    answered = replace(CONTEXT, offer="tea", offered_at=at("2026-03-01T17:00:00+07:00"))
    reminder = replace(MESSAGE, key="m-2", created_at=MESSAGE.created_at + 11 * DAY)
    given_ = Offers(rules(offers={"tea": TEA}), SECRET)(reminder, answered, anna(), NOW + 11 * DAY)
    assert isinstance(given_, Given)
    assert given_.expires_at == at("2026-03-15T23:59:59.999999+07:00")


@pytest.mark.parametrize(
    ("when_empty", "expected"),
    [
        ("hold", Held(NOW + OFFERS_LOOK_AGAIN, "offer-empty")),
        ("send_without", None),
        ("skip", Refusal("cancelled", "offer-empty")),
    ],
)
def test_an_offer_from_a_pool_finds_it_empty(when_empty, expected) -> None:
    pooled = replace(TEA, prefix="", pool="comeback", when_empty=when_empty)
    offers = Offers(rules(offers={"tea": pooled}), SECRET)
    assert offers(MESSAGE, replace(CONTEXT, offer="tea"), anna(), NOW) == expected


def test_nothing_waits_for_an_offer_for_longer_than_the_policy_lets_it() -> None:
    pooled, policy = replace(TEA, pool="comeback"), Policy(SHOP, give_up=DAY)
    offers = Offers(rules(policy, offers={"tea": pooled}), SECRET)
    answered = replace(CONTEXT, offer="tea")
    assert offers(MESSAGE, answered, anna(), NOW + DAY - 1) == Held(NOW + DAY - 1 + OFFERS_LOOK_AGAIN, "offer-empty")
    assert offers(MESSAGE, answered, anna(), NOW + DAY) == Refusal("cancelled", "offer-empty")


def test_a_message_waits_for_an_offer_that_the_shop_has_no_more() -> None:
    offers = Offers(rules(), SECRET)
    assert offers(MESSAGE, replace(CONTEXT, offer="tea"), anna(), NOW) == Held(NOW + OFFERS_LOOK_AGAIN, "offer-gone")


def test_an_offer_is_told_with_money_of_the_shop_and_none_for_what_it_has_not() -> None:
    full = replace(TEA, minimum=50_000, most=30_000)
    told = offered(Given(full, "TEA-1", NOW), SHOP)
    assert told == {
        "code": "TEA-1",
        "name": "15% off",
        "percent": Percent(1500),
        "amount": None,
        "free_shipping": False,
        "minimum": Amount(50_000, "THB"),
        "most": Amount(30_000, "THB"),
        "expires_at": dt.datetime(2026, 3, 1, 10, tzinfo=dt.UTC),
    }
    bare = offered(Given(Offer("post", "Free post", free_shipping=True), "X", None), SHOP)
    assert {key for key, value in bare.items() if value} == {"code", "name", "free_shipping"}
    assert offered(Given(Offer("less", "50 off", amount=5_000), "X", None), SHOP)["amount"] == Amount(5_000, "THB")
