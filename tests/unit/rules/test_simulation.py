"""The way of an event on a virtual clock: timers, messages, requests, in their order and at their time."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.events import Consent, Event, Message, Profile, Purchase, Return, Support
from retention.money import Money
from rules.engine.granting import Granted
from rules.engine.outcome import Request
from rules.offers import Gift, Offer
from rules.policy import DAY, HOUR, Cap, Policy
from rules.ruleset import Inactive, MessageClass, Rule, Status, rule_set
from rules.simulation.entries import HAPPENED, Entry
from rules.simulation.granter import Granter
from rules.simulation.simulation import Simulation
from rules.steps import Assign, Emit, Grant, Notify, Send, Tag, Wait
from tests.unit.rules.story import BYE, HELLO, NOW, at, rule, when

NIGHT = (21 * 60, 9 * 60)
GIFT, POINTS = Grant("gift", "handwritten-note"), Grant("points", amount=50)
OFFERS = {"comeback-15": Offer("comeback-15", "15% off", percent=1_500, pool="comeback")}
GIFTS = {"handwritten-note": Gift("handwritten-note", "A note", stock=100)}
AT_TEN = Send("hello", ("email",), at=600)


class Shop:
    """A simulation, and what a storefront sends into it."""

    def __init__(self, *rules: Rule, policy: Policy | None = None, granter: Granter | None = None, **more: Any) -> None:
        self.simulation = Simulation(rule_set(rules, policy or Policy(), "0" * 16, {}, OFFERS, GIFTS), granter, **more)
        self.sent = 0

    def hear(self, kind: str, data: Any, time: int, customer: str = "anna", amount: int = 89_000) -> None:
        self.sent += 1
        self.simulation.take(Event("shop", f"e{self.sent}", kind, customer, time, data, b"", amount, time))

    def meet(self, time: int = NOW, customer: str = "anna") -> None:
        """Make somebody known who can be reached and agreed to it."""
        self.hear("profile", Profile(email=f"{customer}@example.com"), time, customer)
        self.hear("consent", Consent("email", "granted"), time, customer)

    def buy(self, time: int = NOW, order: str = "", customer: str = "anna") -> None:
        self.hear("purchase", Purchase(order or f"o{self.sent}", Money(890)), time, customer)

    def until(self, time: int) -> None:
        self.simulation.run(time)

    @property
    def told(self) -> list[tuple[str, str, str]]:
        return [(when(one.at), one.what, one.reason) for one in self.simulation.timeline]

    @property
    def happened(self) -> list[tuple[str, str, str]]:
        return [(when(one.at), one.kind, one.name) for one in self.simulation.timeline if one.what in HAPPENED]


def test_a_message_leaves_at_once_and_its_successor_after_the_wait() -> None:
    shop = Shop(rule(HELLO, Wait(7 * DAY), BYE))
    shop.meet()
    shop.buy()
    shop.until(NOW + 30 * DAY)
    assert shop.told == [
        ("03-10 10:00", "queued", ""),
        ("03-10 10:00", "waiting", "wait"),
        ("03-10 10:00", "sent", ""),
        ("03-17 10:00", "queued", ""),
        ("03-17 10:00", "sent", ""),
    ]
    assert shop.simulation.people["anna"].began == {}


def test_the_clock_stops_where_it_is_told_to() -> None:
    shop = Shop(rule(HELLO, Wait(7 * DAY), BYE))
    shop.meet()
    shop.buy()
    shop.until(NOW + 7 * DAY - 1)
    assert [name for _, _, name in shop.happened] == ["hello"]
    shop.until(NOW + 7 * DAY)
    assert [name for _, _, name in shop.happened] == ["hello", "bye"]


def test_a_message_of_the_night_leaves_in_the_morning() -> None:
    shop = Shop(rule(HELLO), policy=Policy(quiet=NIGHT))
    shop.meet(at("2026-03-10 22:30"))
    shop.buy(at("2026-03-10 22:30"))
    shop.until(at("2026-03-12 00:00"))
    assert shop.happened == [("03-11 09:00", "send", "hello")]


def test_a_message_for_ten_o_clock_leaves_at_the_customers_ten() -> None:
    shop = Shop(rule(AT_TEN))
    shop.meet()
    shop.hear("profile", Profile(time_zone="Europe/Berlin"), NOW)
    shop.buy(at("2026-03-10 12:00"))
    shop.until(NOW + 2 * DAY)
    assert shop.happened == [("03-10 16:00", "send", "hello")]


def test_an_order_stops_what_waits_for_the_morning() -> None:
    shop = Shop(rule(AT_TEN, stop_on=("purchase",)))
    shop.meet()
    shop.buy(at("2026-03-10 12:00"))
    shop.buy(at("2026-03-10 13:00"))
    shop.until(NOW + 5 * DAY)
    assert shop.told == [
        ("03-10 12:00", "queued", ""),
        ("03-10 13:00", "stopped", "stop-on"),
        ("03-10 13:00", "queued", ""),
        ("03-10 13:00", "cancelled", "stop-on"),
        ("03-11 10:00", "sent", ""),
    ]


def test_what_is_cancelled_counts_no_more_towards_a_cap() -> None:
    policy = Policy(caps=(Cap(1, 7 * DAY),))
    stopped = rule(AT_TEN, id_="a", on="purchase", stop_on=("support",))
    shop = Shop(stopped, rule(HELLO, id_="b", on="return", class_=MessageClass.MARKETING), policy=policy)
    shop.meet()
    shop.buy(at("2026-03-10 12:00"))
    shop.hear("support", Support("t-1", "opened"), at("2026-03-10 13:00"))
    shop.hear("support", Support("t-1", "closed"), at("2026-03-10 14:00"))
    shop.hear("return", Return("r-1", Money(1)), at("2026-03-10 15:00"))
    shop.until(NOW + 5 * DAY)
    assert shop.happened == [("03-10 15:00", "send", "hello")]


def test_a_cap_keeps_the_second_message_back() -> None:
    shop = Shop(rule(HELLO), policy=Policy(caps=(Cap(1, 7 * DAY),)))
    shop.meet()
    for day in (0, 1, 8):
        shop.buy(NOW + day * DAY)
    shop.until(NOW + 30 * DAY)
    assert [one[0] for one in shop.happened] == ["03-10 10:00", "03-18 10:00"]
    assert ("03-11 10:00", "suppressed", "cap") in shop.told


def test_who_takes_back_consent_before_the_morning_gets_nothing() -> None:
    shop = Shop(rule(AT_TEN))
    shop.meet()
    shop.buy(at("2026-03-10 12:00"))
    shop.hear("consent", Consent("email", "denied"), at("2026-03-10 13:00"))
    shop.until(NOW + 5 * DAY)
    assert shop.told == [("03-10 12:00", "queued", ""), ("03-11 10:00", "cancelled", "no-consent")]


def test_without_an_address_any_more_it_fails() -> None:
    shop = Shop(rule(AT_TEN))
    shop.meet()
    shop.buy(at("2026-03-10 12:00"))
    shop.hear("profile", Profile(email=None), at("2026-03-10 13:00"))
    shop.until(NOW + 5 * DAY)
    assert shop.told[-1] == ("03-11 10:00", "failed", "unreachable")


def test_a_customer_who_moves_has_their_quiet_hours_with_them() -> None:
    shop = Shop(rule(AT_TEN), policy=Policy(quiet=NIGHT))
    shop.meet()
    shop.buy(at("2026-03-10 12:00"))
    shop.hear("profile", Profile(time_zone="Europe/Berlin"), at("2026-03-10 13:00"))
    shop.until(NOW + 5 * DAY)
    assert shop.happened == [("03-11 15:00", "send", "hello")]  # ten in Bangkok is four in the morning in Berlin


def test_a_message_that_is_put_off_too_long_expires() -> None:
    shop = Shop(rule(AT_TEN, expires_after=24 * HOUR), policy=Policy(quiet=(10 * 60 + 30, 10 * 60)))
    shop.meet()
    shop.buy(at("2026-03-10 12:00"))
    shop.hear("profile", Profile(time_zone="Asia/Tokyo"), at("2026-03-10 13:00"))
    shop.until(NOW + 5 * DAY)
    assert shop.told[-1] == ("03-11 12:00", "expired", "expired")


def test_customers_who_are_due_at_one_instant_come_by_their_ids() -> None:
    shop = Shop(rule(Wait(DAY), HELLO))
    for customer in ("zoe", "ben", "anna"):
        shop.meet(NOW - HOUR, customer)
    for customer in ("anna", "ben", "zoe"):
        shop.buy(customer=customer)
    shop.until(NOW + 2 * DAY)
    assert [one.customer for one in shop.simulation.timeline if one.what == "sent"] == ["anna", "ben", "zoe"]


def test_time_does_not_go_backwards() -> None:
    shop = Shop(rule(HELLO))
    shop.buy()
    with pytest.raises(ValueError, match="order of time"):
        shop.buy(NOW - 1)


def test_what_a_rule_asks_for_is_granted_and_what_it_marks_is_done() -> None:
    steps = (GIFT, POINTS, Notify("call them"), Emit("loyal-ones"), Tag("vip"), Assign((("size", 42),)))
    shop = Shop(rule(*steps, Tag("vip", on=False)))
    shop.buy()
    shop.until(NOW + DAY)
    assert {one[1:] for one in shop.happened} == {
        ("gift", "handwritten-note"),
        ("points", "50"),
        ("notify", "call them"),
        ("emit", "loyal-ones"),
        ("tag", "vip"),
        ("set", "size 42"),
        ("untag", "vip"),
    }


def said(outcome: Any, why: Any = "") -> Granted:
    return Granted("", outcome, why)


class Stingy:
    """Answers so many times with `first`, then with yes."""

    def __init__(self, first: Granted, times: int) -> None:
        self.first, self.times = first, times

    def grant(self, request: Request, customer: str, zone: ZoneInfo, now: int | None = None) -> Granted:
        self.times -= 1
        return self.first if self.times >= 0 else said("granted")


def test_what_is_denied_does_not_happen_and_says_why() -> None:
    shop = Shop(rule(GIFT), granter=Stingy(said("denied", "stock"), 1))
    shop.buy()
    shop.until(NOW + DAY)
    assert shop.happened == []
    assert shop.told[-1] == ("03-10 10:00", "denied", "stock")


def test_a_gift_that_is_out_of_stock_is_asked_for_again() -> None:
    shop = Shop(rule(GIFT), granter=Stingy(said("held", "stock"), 2))
    shop.buy()
    shop.until(NOW + DAY)
    assert shop.happened == [("03-10 18:00", "gift", "handwritten-note")]


WITH_OFFER = Send("hello", ("email",), offer="comeback-15")


@pytest.mark.parametrize(
    ("first", "told", "offer"),
    [
        (said("granted"), ("03-10 10:00", "sent", ""), "comeback-15"),
        (said("without", "pool"), ("03-10 10:00", "sent", ""), ""),
        (said("held", "pool"), ("03-10 14:00", "sent", ""), "comeback-15"),
        (said("denied", "budget"), ("03-10 10:00", "cancelled", "offer-empty"), "comeback-15"),
    ],
)
def test_a_message_with_an_offer_leaves_as_the_offer_is_granted(
    first: Granted, told: tuple[str, str, str], offer: str
) -> None:
    shop = Shop(rule(WITH_OFFER), granter=Stingy(first, 1))
    shop.meet()
    shop.buy()
    shop.until(NOW + DAY)
    assert shop.told[-1] == told
    assert shop.simulation.timeline[-1].offer == offer


def test_a_message_never_waits_for_its_offer_past_its_hour() -> None:
    shop = Shop(rule(WITH_OFFER, expires_after=24 * HOUR), granter=Stingy(said("held", "pool"), 1_000))
    shop.meet()
    shop.buy()
    shop.until(NOW + 30 * DAY)
    assert shop.told[-1] == ("03-11 10:00", "expired", "expired")


def test_an_offer_that_comes_in_the_night_lets_its_message_leave_in_the_morning() -> None:
    shop = Shop(rule(WITH_OFFER), policy=Policy(quiet=NIGHT), granter=Stingy(said("held", "pool"), 1))
    shop.meet(at("2026-03-10 18:00"))
    shop.buy(at("2026-03-10 18:00"))
    shop.until(NOW + 5 * DAY)
    assert shop.happened == [("03-11 09:00", "send", "hello")]


def test_a_rule_in_shadow_sends_nothing() -> None:
    shop = Shop(rule(HELLO, GIFT, status=Status.SHADOW))
    shop.meet()
    shop.buy()
    shop.until(NOW + DAY)
    assert shop.happened == []
    assert [one[1] for one in shop.told] == ["shadow", "shadow"]


def test_who_goes_quiet_is_written_to_by_the_clock_alone() -> None:
    quiet = rule(HELLO, Wait(7 * DAY), BYE, on="inactive", trigger=Inactive("last_order", 60 * DAY))
    shop = Shop(quiet)
    shop.meet()
    shop.buy()
    shop.until(NOW + 365 * DAY)
    assert shop.happened == [("05-09 10:00", "send", "hello"), ("05-16 10:00", "send", "bye")]


def test_what_did_not_fire_is_counted_and_told_on_demand() -> None:
    never = rule(HELLO, condition=lambda event, customer: False)
    for explain in (False, True):
        shop = Shop(never, explain=explain)
        shop.buy()
        shop.buy(NOW + DAY)
        assert shop.simulation.not_fired == {("r", "condition"): 2}
        told = ("not-fired", "condition") if explain else ()
        assert [one[1:] for one in shop.told] == [told] * 2 * explain


def test_entries_go_where_they_are_told_to() -> None:
    told: list[Entry] = []
    shop = Shop(rule(HELLO), tell=told.append)
    shop.meet()
    shop.buy()
    shop.until(NOW)
    assert [one.what for one in told] == ["queued", "sent"]
    assert shop.simulation.timeline == []


def test_the_counters_are_kept() -> None:
    shop = Shop()
    shop.buy(order="o-1")
    shop.hear("return", Return("r-1", Money(890), "o-1"), NOW + DAY)
    assert shop.simulation.counters["placed", "2026-03", ""] == 1
    assert shop.simulation.counters["refunds", "2026-03", ""] == 89_000


EVERYTHING = (
    rule(HELLO, Wait(3 * DAY), BYE, id_="a", stop_on=("support",)),
    rule(AT_TEN, GIFT, id_="b", on="support", priority=10, group="one"),
    rule(BYE, Wait(DAY), WITH_OFFER, id_="c", on="support", group="one", wait_if_capped=True),
    rule(HELLO, id_="d", on="inactive", trigger=Inactive("last_event", 5 * DAY)),
)
BUSY = Policy(quiet=NIGHT, caps=(Cap(2, 3 * DAY), Cap(1, 0, "email")))


@st.composite
def stories(draw: st.DrawFn) -> list[tuple[int, str, str, Any]]:
    """(hours, customer, type, data), in order."""
    hours = sorted(draw(st.lists(st.integers(0, 24 * 20), min_size=1, max_size=25)))
    made = []
    for n, hour in enumerate(hours):
        kind = draw(st.sampled_from(("purchase", "consent", "support", "message")))
        state = draw(st.booleans())
        data: Any = {
            "purchase": Purchase(f"o{n % 7}", Money(890)),
            "consent": Consent("email", "granted" if state or n < 4 else "denied"),
            "support": Support("t", "opened" if state else "closed"),
            "message": Message("?", "complained" if state and n > 15 else "opened", "email"),
        }[kind]
        made.append((hour, draw(st.sampled_from(("anna", "ben"))), kind, data))
    return sorted(made, key=lambda one: one[:2])


def tell(story: list[tuple[int, str, str, Any]], stops: list[int], held: int) -> list[Entry]:
    """The timeline of a story during which the clock is also stopped here and there, and so many grants must wait."""
    shop = Shop(*EVERYTHING, policy=BUSY, granter=Stingy(said("held", "stock"), held), explain=True)
    for customer in ("anna", "ben"):
        shop.meet(NOW - HOUR, customer)
    for hour, customer, kind, data in story:
        for stop in stops:
            if shop.simulation.now < NOW + stop * HOUR < NOW + hour * HOUR:
                shop.until(NOW + stop * HOUR)
        shop.hear(kind, data, NOW + hour * HOUR, customer)
    shop.until(NOW + 40 * DAY)
    return shop.simulation.timeline


@given(stories(), st.lists(st.integers(0, 24 * 20), max_size=10).map(sorted))
def test_where_the_clock_is_stopped_in_between_changes_nothing(
    story: list[tuple[int, str, str, Any]], stops: list[int]
) -> None:
    told = tell(story, [], 3)
    assert tell(story, stops, 3) == told
    assert [one.at for one in told] == sorted(one.at for one in told)


@given(stories())
def test_every_message_comes_to_one_end_and_keeps_to_the_night_and_to_the_caps(
    story: list[tuple[int, str, str, Any]],
) -> None:
    told = tell(story, [], 0)  # a message that waits for its offer counted when it was decided
    queued = [one.key for one in told if one.what == "queued"]
    ended = [one for one in told if one.key in set(queued) and one.what != "queued"]
    assert sorted(one.key for one in ended) == sorted(queued)
    sent = [one for one in ended if one.what == "sent"]
    assert all("09:00" <= when(one.at)[6:] < "21:00" for one in sent)
    for one in sent:
        same = [other for other in sent if other.customer == one.customer]
        assert sum(when(other.at)[:5] == when(one.at)[:5] for other in same) <= 1
        assert sum(one.at - 3 * DAY < other.at <= one.at for other in same) <= 2
