"""Two sets of rules on one history: figures, differences, examples."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from retention.events import Consent, Event, Message, Profile, Purchase
from retention.money import Money
from rules.backtest.examples import LINES, MOST
from rules.backtest.history import RESULTS, played
from rules.backtest.play import Backtest, Played
from rules.offers import Gift, Offer
from rules.policy import DAY, HOUR, Cap, Policy
from rules.ruleset import Inactive, Rule, RuleSet, Status, rule_set
from rules.steps import Grant, Notify, Send, Tag, Wait
from tests.unit.rules.story import BYE, HELLO, NOW, rule

OFFERS = {"comeback-15": Offer("comeback-15", "15% off", percent=1_500)}
GIFTS = {"note": Gift("note", "A note", cost=1_500, stock=2)}
POLICY = Policy(costs={"email": Decimal("0.02")})


def ruled(*rules: Rule, policy: Policy = POLICY) -> RuleSet:
    return rule_set(rules, policy, "0" * 16, {}, OFFERS, GIFTS)


class History:
    """What happened in a shop; every event has an id of its own."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def hear(self, kind: str, data: Any, time: int, customer: str = "anna", amount: int = 0) -> None:
        id = f"e{len(self.events)}"
        self.events.append(Event("shop", id, kind, customer, time, data, b"{}", amount))

    def meet(self, *customers: str, time: int = NOW) -> None:
        for customer in customers:
            self.hear("profile", Profile(email=f"{customer}@example.com"), time, customer)
            self.hear("consent", Consent("email", "granted"), time, customer)

    def buy(self, time: int = NOW, customer: str = "anna") -> None:
        order = f"o{len(self.events)}"
        self.hear("purchase", Purchase(order, Money(890)), time, customer, 89_000)

    def play(self, today: RuleSet, candidate: RuleSet | None = None, until: int = NOW + 30 * DAY) -> Played:
        backtest = Backtest(today, candidate)
        for event in sorted(self.events, key=lambda one: one.time):
            backtest.take(replace(event))
        return backtest.end(until)


@pytest.fixture
def shop() -> History:
    """Three people who can be reached; each buys, and anna again a day later."""
    history = History()
    history.meet("anna", "ben", "cleo")
    for customer in ("anna", "ben", "cleo"):
        history.buy(customer=customer)
    history.buy(NOW + DAY)
    return history


def test_messages_their_cost_and_who_got_them_are_counted(shop: History) -> None:
    found = shop.play(ruled(rule(HELLO, id_="thanks"), rule(BYE, id_="bye")))
    thanks = found.today.each["thanks"]
    assert (thanks.messages, thanks.customers, thanks.cost) == ({"email": 4}, 3, Decimal("0.08"))
    both = found.today.all
    assert (both.sent, both.customers, both.cost) == (8, 3, Decimal("0.16"))
    assert (both.peak.messages, both.peak.customer, both.peak.at) == (4, "anna", NOW + DAY)
    assert thanks.peak.messages == 2
    assert (found.span.events, found.span.customers, found.span.start, found.span.end) == (
        10,
        3,
        NOW,
        NOW + 30 * DAY,
    )


def test_a_week_is_any_seven_days_and_its_first_instant_is_outside() -> None:
    history = History()
    history.meet("anna")
    for days in (0, 6, 7, 12, 13):
        history.buy(NOW + days * DAY)
    found = history.play(ruled(rule(HELLO)))
    assert found.today.all.peak.messages == 3
    assert found.today.all.peak.at == NOW + 12 * DAY
    assert found.today.each["r"].peak == found.today.all.peak


def test_what_keeps_a_message_back_is_counted_by_its_reason(shop: History) -> None:
    shop.hear("consent", Consent("email", "denied"), NOW - 1, "ben")
    shop.events[2], shop.events[3] = shop.events[3], shop.events[2]
    once = rule(HELLO, id_="capped")
    policy = replace(POLICY, caps=(Cap(1, 7 * DAY),))
    found = shop.play(ruled(once, policy=policy))
    capped = found.today.each["capped"]
    assert (capped.sent, capped.suppressed) == (3, {"cap": 1})


def test_waiting_stopping_shadow_and_holdouts_are_counted(shop: History) -> None:
    stops = rule(Wait(2 * DAY), HELLO, id_="stops", stop_on=("purchase",))
    shadow = rule(HELLO, id_="shadow", status=Status.SHADOW)
    out = rule(HELLO, id_="out", holdout=10_000)
    found = shop.play(ruled(stops, shadow, out))
    each = found.today.each
    assert (each["stops"].waited, each["stops"].stopped, each["stops"].sent) == ({"wait": 4}, {"stop-on": 1}, 3)
    assert (each["shadow"].shadow, each["shadow"].sent) == (4, 0)
    assert each["out"].held_out == {"holdout": 4}
    assert found.today.all.customers == 3


def test_a_message_whose_hour_lies_behind_the_end_is_still_to_leave(shop: History) -> None:
    found = shop.play(ruled(rule(Send("hello", ("email",), at=0))), until=NOW + DAY)
    figures = found.today.each["r"]
    assert (figures.sent, figures.under_way) == (3, 1)


def test_a_message_that_is_called_back_was_not_sent(shop: History) -> None:
    put_off = rule(Send("hello", ("email",), at=9 * 60), stop_on=("purchase",))
    shop.buy(NOW + HOUR, "ben")
    figures = shop.play(ruled(put_off)).today.each["r"]
    assert figures.unsent == {"stop-on": 1}
    assert (figures.sent, figures.under_way) == (4, 0)


def test_grants_are_counted_and_the_stock_is_that_of_the_shop(shop: History) -> None:
    gives = rule(Grant("gift", "note"), Grant("points", amount=50), Tag("vip"), Notify("call"), id_="gives")
    offers = rule(Send("hello", ("email",), offer="comeback-15"), Grant("offer", "comeback-15"), id_="offers")
    each = shop.play(ruled(gives, offers)).today.each
    given = each["gives"]
    assert (given.gifts, given.denied, given.spend, given.points) == ({"note": 2}, {"stock": 2}, 3_000, 200)
    assert given.done == {"tag": 4, "notify": 4}
    assert each["offers"].offers == {"comeback-15": 8}


def test_the_same_rules_twice_differ_in_nothing(shop: History) -> None:
    rules = ruled(rule(HELLO, Wait(DAY), BYE))
    found = shop.play(rules, rules)
    assert found.candidate is not None
    assert found.candidate.each == found.today.each
    assert found.candidate.all == found.today.all
    assert found.examples == ()


def test_examples_are_a_few_customers_for_whom_something_is_different(shop: History) -> None:
    shop.meet("dora", "emil", time=NOW + 1)
    for customer in ("dora", "emil"):
        shop.buy(NOW + 2, customer)
    changed = rule(BYE, id_="thanks")
    same = rule(HELLO, id_="same")
    found = shop.play(ruled(rule(HELLO, id_="thanks"), same), ruled(changed, same))
    assert {one.rule for one in found.examples} == {"thanks"}
    assert [one.customer for one in found.examples] == ["anna", "ben", "cleo"][:MOST]
    first = found.examples[0]
    assert [[entry.name for entry in side.entries if entry.what == "sent"] for side in first.sides] == [
        ["hello", "hello"],
        ["bye", "bye"],
    ]
    left = first.sides[1].left
    assert left is not None
    assert (left.message.template, left.customer.profile["email"], left.at) == ("bye", "anna@example.com", NOW)


def test_a_difference_that_nobody_notices_is_an_example_only_where_there_is_no_other(shop: History) -> None:
    before = ruled(rule(Wait(40 * DAY), HELLO, id_="later"), rule(HELLO, id_="thanks"))
    after = ruled(rule(Wait(50 * DAY), HELLO, id_="later"), rule(Wait(DAY), HELLO, id_="thanks"))
    found = shop.play(before, after)
    quiet = [one for one in found.examples if one.rule == "later"]
    assert [(one.customer, one.loud) for one in quiet] == [("anna", False)]
    assert all(one.loud for one in found.examples if one.rule == "thanks")
    assert sum(one.rule == "thanks" for one in found.examples) == MOST


def test_the_example_has_the_customer_as_they_were_when_the_message_left() -> None:
    history = History()
    history.meet("anna")
    history.buy()
    history.hear("profile", Profile(email="new@example.com"), NOW + DAY)
    example = history.play(ruled(rule(HELLO)), ruled(rule(BYE))).examples[0]
    assert example.sides[0].left is not None
    assert example.sides[0].left.customer.profile["email"] == "anna@example.com"


def test_an_example_has_an_end() -> None:
    history = History()
    history.meet("anna")
    for days in range(20):
        history.buy(NOW + days * DAY)
    example = history.play(ruled(rule(HELLO)), ruled(rule(BYE))).examples[0]
    assert [len(side.entries) for side in example.sides] == [LINES, LINES]
    assert all(side.more > 0 for side in example.sides)


def test_without_a_candidate_the_examples_are_who_was_reached_first(shop: History) -> None:
    found = shop.play(ruled(rule(HELLO)))
    assert found.candidate is None
    assert [one.customer for one in found.examples] == ["anna", "ben", "cleo"]
    assert all(len(one.sides) == 1 and one.sides[0].left is not None for one in found.examples)


def test_what_lies_before_is_known_but_no_rule_hears_of_it() -> None:
    history = History()
    history.meet("anna")
    history.buy()
    history.buy(NOW + 20 * DAY)
    quiet = rule(BYE, id_="quiet", on="inactive", trigger=Inactive("last_order", 15 * DAY))
    second = rule(HELLO, id_="second", condition=lambda event, customer: customer.orders_ever == 2)
    backtest = Backtest(ruled(second, quiet))
    for event in history.events[:-1]:
        backtest.look_back(event)
    backtest.begin(NOW + 18 * DAY)
    backtest.take(history.events[-1])
    found = backtest.end(NOW + 60 * DAY)
    assert found.today.each["second"].sent == 1
    assert found.today.each["quiet"].sent == 1, "the silence that ended before does not count, the next one does"
    assert found.today.each["quiet"].suppressed == {}
    assert (found.span.before, found.span.events, found.span.start) == (3, 1, NOW + 18 * DAY)


@pytest.mark.parametrize("state", sorted(RESULTS))
def test_what_delivery_said_of_the_logs_messages_is_not_played(state: Any) -> None:
    assert not played(Event("regulars:delivery", "m:1", "message", "anna", NOW, Message("m", state), b""))


@pytest.mark.parametrize("state", ["unsubscribed", "bounced", "complained", "opened", "clicked", "delivered"])
def test_what_customers_did_with_them_is(state: Any) -> None:
    assert played(Event("/mail", "m:1", "message", "anna", NOW, Message("m", state), b""))


@pytest.mark.parametrize("kind", ["poke", "reward"])
def test_what_regulars_tells_itself_is_not_played(kind: str) -> None:
    assert not played(Event("regulars:clock", "p", kind, "anna", NOW, None, b""))
