"""What is granted: never over stock or budget, in whatever order it is asked for."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from retention.decode import micros, moment
from retention.events import Event
from retention.periods import day_of
from retention.shop import Shop
from rules.engine.budgets import Span, span
from rules.engine.codes import generated
from rules.engine.granting import Granted, MemoryGranter, asked_with
from rules.engine.outcome import QueuedMessage, Request
from rules.offers import Gift, Offer
from rules.policy import DAY, HOUR, Policy
from rules.ruleset import rule_set

ZONE = ZoneInfo("Asia/Bangkok")
SECRET = b"secret"
NOTE = Gift("note", "A handwritten note", cost=1500)
TEA = Offer("tea", "15% off", percent=1500, most=30_000, prefix="TEA", expires=14 * DAY)
POOLED = Offer("pooled", "15% off", percent=1500, pool="comeback")


def at(text: str) -> int:
    return micros(dt.datetime.fromisoformat(text))


MARCH = at("2026-03-01T00:00+07:00")


def granter(*given: Offer | Gift, **pools: Iterable[str]) -> MemoryGranter:
    offers = {one.id: one for one in given if isinstance(one, Offer)}
    gifts = {one.id: one for one in given if isinstance(one, Gift)}
    return MemoryGranter(rule_set([], Policy(Shop()), "0" * 16, offers=offers, gifts=gifts), SECRET, pools)


def gift(key: str, when: int = MARCH, what: str = "note") -> Request:
    return Request(key, "thanks", "gift", what, 1, 0, key, when)


def offer(key: str, when: int = MARCH, what: str = "tea", entry: str = "") -> Request:
    return Request(key, "win-back", "offer", what, 1, 0, entry or key, when)


def asked(shop: MemoryGranter, *requests: Request) -> list[str]:
    return [f"{one.outcome} {one.why}".strip() for one in (shop.grant(each, "anna", ZONE) for each in requests)]


@pytest.mark.parametrize(
    ("period", "when", "expected"),
    [
        ("day", "2026-03-05T00:00+07:00", ("2026-03-05", 1, 1)),
        ("week", "2026-03-05T12:00+07:00", ("2026-03-02", 7, 4)),
        ("week", "2026-03-01T23:59+07:00", ("2026-02-23", 7, 7)),
        ("month", "2026-02-28T18:00+00:00", ("2026-03-01", 31, 1)),  # one in the morning where the shop is
        ("month", "2028-02-29T12:00+07:00", ("2028-02-01", 29, 29)),
        ("quarter", "2026-05-01T00:00+07:00", ("2026-04-01", 91, 31)),
        ("year", "2026-12-31T23:59+07:00", ("2026-01-01", 365, 365)),
    ],
)
def test_a_period_begins_where_the_shops_calendar_begins_it(period, when, expected) -> None:
    first, days, begun = expected
    assert span(period, at(when), ZONE) == Span(day_of(dt.date.fromisoformat(first)), days, begun)


@given(st.sampled_from(["day", "week", "month", "quarter", "year"]), st.integers(0, 60 * 365 * DAY))
def test_every_day_lies_in_its_period_and_the_next_period_begins_where_it_ends(period, when) -> None:
    found = span(period, when, ZONE)
    day = day_of(moment(when).astimezone(ZONE).date())
    assert found.first <= day < found.first + found.days
    assert found.begun == day - found.first + 1
    following = span(period, when + (found.days - found.begun + 1) * DAY, ZONE)
    assert (following.first, following.begun) == (found.first + found.days, 1)


def test_a_gift_is_given_while_there_are_any() -> None:
    shop = granter(replace(NOTE, stock=2))
    assert asked(shop, gift("a"), gift("b"), gift("c")) == ["granted", "granted", "denied stock"]


def test_who_asks_again_is_given_the_same_and_nothing_more() -> None:
    shop = granter(replace(NOTE, stock=2), TEA)
    assert asked(shop, gift("a"), gift("a"), gift("a"), gift("b"), gift("c"), gift("c")) == [
        *["granted"] * 4,
        *["denied stock"] * 2,
    ]
    first = shop.grant(offer("m-1"), "anna", ZONE)
    assert shop.grant(offer("m-1"), "anna", ZONE, MARCH + 9 * DAY) == first


def test_a_budget_is_for_a_period_of_the_shops_calendar() -> None:
    shop = granter(replace(NOTE, budget=3200, period="month"))
    last = at("2026-03-31T23:59+07:00")
    assert asked(shop, gift("a"), gift("b", last), gift("c", last)) == ["granted", "granted", "denied budget"]
    assert asked(shop, gift("d", last + 60_000_000)) == ["granted"]


def test_an_even_pace_gives_each_day_its_part_and_at_least_one() -> None:
    shop = granter(replace(NOTE, budget=31 * 1000, period="month", pace="even"))
    tenth = MARCH + 9 * DAY
    assert asked(shop, gift("a"), gift("b")) == ["granted", "denied pace"]  # 1,000 for the first day; one costs 1,500
    assert asked(shop, gift("c", MARCH + 2 * DAY), gift("d", MARCH + 2 * DAY)) == ["granted", "denied pace"]
    assert asked(shop, *(gift(f"e-{n}", tenth) for n in range(6))) == [*["granted"] * 4, *["denied pace"] * 2]
    assert asked(shop, *(gift(f"f-{n}", MARCH + 30 * DAY) for n in range(20)))[-1] == "denied budget"


def test_a_gift_that_costs_more_than_the_budget_is_never_given() -> None:
    shop = granter(replace(NOTE, budget=1400, period="month", pace="even"))
    assert asked(shop, gift("a", MARCH + 30 * DAY)) == ["denied budget"]


@pytest.mark.parametrize(("when_empty", "outcome"), [("hold", "held"), ("send_without", "without"), ("skip", "denied")])
def test_what_is_empty_does_as_it_says(when_empty, outcome) -> None:
    shop = granter(replace(POOLED, when_empty=when_empty), replace(NOTE, stock=0, when_empty=when_empty))
    assert asked(shop, offer("m", what="pooled"), gift("g")) == [f"{outcome} pool", f"{outcome} stock"]


def test_what_is_held_is_granted_when_there_is_room() -> None:
    shop = granter(replace(NOTE, budget=1500, period="day", when_empty="hold"))
    assert asked(shop, gift("a"), gift("b")) == ["granted", "held budget"]
    assert shop.grant(gift("b"), "anna", ZONE, MARCH + 23 * HOUR).outcome == "held"
    assert shop.grant(gift("b"), "anna", ZONE, MARCH + DAY).outcome == "granted"


def test_what_the_shop_has_no_more_is_denied() -> None:
    assert asked(granter(), gift("a"), offer("b")) == ["denied gone", "denied gone"]


def test_an_offers_code_is_the_customers_own_and_the_same_for_all_of_an_entry() -> None:
    shop = granter(replace(TEA, budget=60_000, period="month"))
    first = shop.grant(offer("m-1", entry="e-1"), "anna", ZONE)
    assert first == Granted(
        "m-1",
        "granted",
        code=generated(SECRET, "tea", "TEA", "win-back", "anna", "e-1"),
        expires_at=at("2026-03-15T23:59:59.999999+07:00"),
        cost=30_000,
    )
    reminder = shop.grant(offer("m-2", MARCH + 7 * DAY, entry="e-1"), "anna", ZONE)
    assert reminder == replace(first, key="m-2", cost=0)
    assert shop.grant(offer("m-3", entry="e-2"), "anna", ZONE).code != first.code
    assert asked(shop, offer("m-4", entry="e-3")) == ["held budget"]


def test_a_code_holds_to_the_end_of_the_day_where_the_customer_is() -> None:
    answer = granter(TEA).grant(offer("m"), "anna", ZoneInfo("America/New_York"))
    assert answer.expires_at == at("2026-03-14T23:59:59.999999-04:00")


def test_codes_of_a_pool_are_given_once_each_in_their_order() -> None:
    shop = granter(POOLED, comeback=["A", "B"])
    answers = [shop.grant(offer(key, what="pooled"), "anna", ZONE) for key in ("m-1", "m-2", "m-1", "m-3")]
    assert [(one.outcome, one.code) for one in answers] == [
        ("granted", "A"),
        ("granted", "B"),
        ("granted", "A"),
        ("held", ""),
    ]


def test_a_pool_loses_no_code_to_a_message_that_the_budget_does_not_reach() -> None:
    shop = granter(replace(POOLED, most=100, budget=100, period="day"), comeback=["A", "B"])
    assert asked(shop, offer("m-1", what="pooled"), offer("m-2", what="pooled")) == ["granted", "held budget"]
    assert shop.grant(offer("m-2", what="pooled"), "anna", ZONE, MARCH + DAY).code == "B"


def test_points_are_given_to_whom_they_are_for() -> None:
    shop = granter()
    request = Request("p", "points", "points", "", 50, 0, "e", MARCH)
    for _ in range(2):
        assert shop.grant(request, "anna", ZONE) == Granted("p", "granted", amount=50)
    shop.grant(replace(request, key="q", amount=7), "ben", ZONE)
    assert shop.points == {"anna": 50, "ben": 7}


@pytest.mark.parametrize("kind", ["notify", "emit"])
def test_words_to_the_staff_are_nothing_that_is_granted(kind) -> None:
    with pytest.raises(ValueError, match=kind):
        granter().grant(Request("n", "r", kind, "Call them", 1, 0, "e", MARCH), "anna", ZONE)


def test_what_comes_to_nothing_is_there_for_others() -> None:
    shop = granter(replace(NOTE, stock=1, budget=1500, period="month"), POOLED, comeback=["A"])
    assert asked(shop, gift("a"), offer("m-1", what="pooled")) == ["granted", "granted"]
    shop.release("a")
    shop.release("m-1")
    shop.release("never-asked")
    assert asked(shop, gift("b"), gift("c")) == ["granted", "denied stock"]
    assert shop.grant(offer("m-2", what="pooled"), "ben", ZONE).code == "A"


def test_a_code_is_taken_back_when_the_last_message_with_it_comes_to_nothing() -> None:
    shop = granter(POOLED, comeback=["A"])
    for key in ("m-1", "m-2"):
        assert shop.grant(offer(key, what="pooled", entry="e"), "anna", ZONE).code == "A"
    shop.release("m-1")
    assert asked(shop, offer("m-3", what="pooled")) == ["held pool"]
    shop.release("m-2")
    assert asked(shop, offer("m-3", what="pooled")) == ["granted"]


def test_a_message_asks_for_the_offer_that_goes_with_it() -> None:
    event = Event("shop", "e-1", "inactive", "anna", MARCH, None, b"", 0)
    message = QueuedMessage(
        "m", "win-back", "words", "email", "marketing", 3, "e-1", MARCH, None, "tea", "", answers=event
    )
    assert asked_with(message, MARCH + 1) == Request("m", "win-back", "offer", "tea", 1, 3, "e-1", MARCH + 1)


PERIODS = ["day", "week", "month", "quarter", "year", ""]
WHEN = st.integers(MARCH, MARCH + 120 * DAY)
LIMITS = st.fixed_dictionaries(
    {
        "budget": st.integers(0, 20_000),
        "period": st.sampled_from(PERIODS),
        "pace": st.sampled_from(["even", "free"]),
        "when_empty": st.sampled_from(["hold", "send_without", "skip"]),
    }
)
HOW = st.sampled_from(["ask", "ask", "ask", "look", "release"])
ASKED = st.lists(st.tuples(st.integers(0, 40), WHEN, HOW), max_size=60)
THOROUGH = settings(max_examples=400)


def _spent(gifts: dict[str, int], what: Gift | Offer, cost: int) -> Counter[int]:
    return Counter({0: 0}) + Counter(
        {
            first: n * cost
            for first, n in Counter(span(what.period, when, ZONE).first for when in gifts.values()).items()
        }
    )


@THOROUGH
@given(st.integers(1, 3_000), st.none() | st.integers(0, 10), LIMITS, ASKED)
def test_gifts_are_never_over_stock_budget_or_pace_in_any_order(
    cost: int, stock: Any, limits: Any, wanted: Any
) -> None:
    what = Gift("note", "Note", cost=cost, stock=stock, **limits)
    shop, have = granter(what), dict[str, int]()
    for number, when, how in wanted:
        key = f"g-{number}"
        if how == "release":
            shop.release(key)
            have.pop(key, None)
            continue
        answer = (shop.look if how == "look" else shop.grant)(gift(key, when), "anna", ZONE)
        if how == "ask" and answer.outcome == "granted" and key not in have:
            have[key] = when
            now = span(what.period, when, ZONE)
            spent = _spent(have, what, cost)[now.first]
            if what.budget and what.pace == "even":
                assert spent <= max(what.budget * now.begun / now.days, cost)
        assert stock is None or len(have) <= stock
        assert not what.budget or all(spent <= what.budget for spent in _spent(have, what, cost).values())


@THOROUGH
@given(st.integers(1, 3_000), st.none() | st.integers(0, 10), LIMITS, st.lists(WHEN, max_size=30))
def test_all_that_may_be_given_is_given(cost: int, stock: Any, limits: Any, times: list[int]) -> None:
    what = Gift("note", "Note", cost=cost, stock=stock, **limits | {"pace": "free"})
    shop, given_ = granter(what), Counter[int]()
    for number, when in enumerate(times):
        first = span(what.period, when, ZONE).first
        room = not what.budget or (given_[first] + 1) * cost <= what.budget
        room = room and (stock is None or given_.total() < stock)
        assert (shop.grant(gift(f"g-{number}", when), "anna", ZONE).outcome == "granted") is room
        given_[first] += room


@THOROUGH
@given(LIMITS, st.integers(0, 12), ASKED)
def test_codes_of_a_pool_are_nobody_elses_in_any_order(limits: Any, size: int, wanted: Any) -> None:
    what = replace(POOLED, most=700, **limits)
    shop, have = granter(what, comeback=[f"C-{n}" for n in range(size)]), dict[str, str]()
    for number, when, how in wanted:
        key = f"m-{number}"
        if how == "release":
            shop.release(key)
            have.pop(key, None)
            continue
        answer = (shop.look if how == "look" else shop.grant)(offer(key, when, "pooled"), "anna", ZONE)
        assert have.get(key, answer.code) == answer.code
        if how == "ask" and answer.outcome == "granted":
            have[key] = answer.code
        assert len(set(have.values())) == len(have) <= size


@THOROUGH
@given(LIMITS, st.lists(WHEN, max_size=20))
def test_looking_uses_nothing_up(limits: Any, times: list[int]) -> None:
    what = Gift("note", "Note", cost=1000, stock=5, **limits)
    looked_at, plain = granter(what, POOLED, comeback=["A", "B"]), granter(what, POOLED, comeback=["A", "B"])
    for number, when in enumerate(times):
        for request in (gift(f"g-{number}", when), offer(f"m-{number}", when, "pooled")):
            foreseen = [looked_at.look(request, "anna", ZONE) for _ in range(3)]
            answer = looked_at.grant(request, "anna", ZONE)
            assert foreseen == [answer] * 3
            assert answer == plain.grant(request, "anna", ZONE)


@given(st.sampled_from(["week", "month", "quarter"]), st.integers(1, 500), st.integers(1, 20_000))
def test_at_an_even_pace_each_day_gives_what_the_days_until_then_leave(period: Any, cost: int, budget: int) -> None:
    """Asked more often than it can be given, every day of the period from its first to its last."""
    shop = granter(Gift("note", "Note", cost=cost, budget=budget, period=period, pace="even"))
    now = span(period, MARCH, ZONE)
    spent = 0
    for day in range(now.begun, now.days + 1):
        when, rest = MARCH + (day - now.begun) * DAY, min(budget, max(budget * day // now.days, cost)) - spent
        possible = min(rest // cost, 40)
        answers = asked(shop, *(gift(f"g-{day}-{n}", when) for n in range(possible + 1)))
        assert answers[:possible] == ["granted"] * possible
        if possible < 40:
            assert answers[possible] != "granted"
        spent += cost * answers.count("granted")
    assert spent <= budget
