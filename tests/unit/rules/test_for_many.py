"""What is about many customers at once: an article is launched, and a rule catches up with who was past it already."""

from __future__ import annotations

from typing import Any

import pytest

from retention.events import CATALOGUE, Consent, Event, Poke, Product, Profile, Purchase
from retention.money import Money
from retention.state import Customer
from rules.engine.launches import launch
from rules.language import Condition, compile_condition
from rules.language.schema import customers
from rules.policy import DAY, HOUR, Policy
from rules.ruleset import CatchUp, FanOut, Inactive, OnDate, Reentry, Rule, Status
from rules.steps import Wait
from tests.unit.rules.story import BYE, HELLO, NOW, Story, at, rule
from tests.unit.rules.test_simulation import Shop

SIXTY = Inactive("last_order", 60 * DAY)
YES: Condition = lambda _event, _customer: True  # noqa: E731


def quiet(*do: Any, most: int = 500, **more: Any) -> Rule:
    return rule(*(do or (HELLO,)), on="inactive", trigger=SIXTY, catch_up=CatchUp(most), **more)


def new_article(*do: Any, audience: Condition = YES, **more: Any) -> Rule:
    return rule(*(do or (HELLO,)), on="product", trigger=FanOut(audience), **more)


def day(written: str) -> int:
    return (at(f"{written} 12:00") + 7 * HOUR) // DAY


# Catching up: one customer.


def late_for(*rules: Rule, days: int = 90) -> Story:
    """Anna bought so many days before she is looked at, and nothing passed her by meanwhile but time."""
    story = Story(*rules)
    story.buy()
    story.customer.elapsed = NOW + days * DAY
    return story


def told(story: Story) -> list[tuple[str, str]]:
    return [(one.outcome, one.reason) for one in story.decided.decisions]


def test_a_poke_that_names_a_rule_takes_who_was_past_it_with_now_the_pokes() -> None:
    story = late_for(quiet(Wait(DAY), HELLO))
    story.poke(Poke("r", NOW + 80 * DAY), NOW + 90 * DAY)
    assert told(story) == [("waiting", "wait")]
    [journey] = story.customer.journeys
    assert (journey.entered, journey.due, journey.seq) == (NOW + 90 * DAY, NOW + 91 * DAY, 0)
    story.until(NOW + 91 * DAY)
    assert told(story) == [("queued", "")]


@pytest.mark.parametrize("again", [Reentry("never"), Reentry("always")])
def test_the_same_poke_a_second_time_does_nothing(again: Reentry) -> None:
    story = late_for(quiet(reentry=again))
    for _ in range(2):
        story.poke(Poke("r", NOW + 80 * DAY), NOW + 90 * DAY)
    assert [line[2] for line in story.told] == ["queued"]
    assert story.customer.entries["r"][0] == 1


def test_who_comes_past_it_only_later_is_left_to_time() -> None:
    story = late_for(quiet())
    story.poke(Poke("r", NOW + 59 * DAY), NOW + 90 * DAY)
    assert story.told == []


def test_who_has_entered_since_is_not_taken_again() -> None:
    story = Story(quiet(reentry=Reentry("always")))
    story.buy()
    story.until(NOW + 60 * DAY)
    assert told(story) == [("queued", "")]
    story.poke(Poke("r", NOW + 80 * DAY), NOW + 90 * DAY)
    assert told(story) == []


def test_who_bought_meanwhile_is_not_past_it_any_more() -> None:
    story = late_for(quiet())
    story.buy(NOW + 90 * DAY, "o-2")
    story.poke(Poke("r", NOW + 80 * DAY), NOW + 91 * DAY)
    assert story.told == []


@pytest.mark.parametrize(
    "other",
    [
        quiet(status=Status.PAUSED),
        rule(HELLO, on="inactive", trigger=SIXTY),
        quiet(id_="other"),
        quiet(condition=lambda _event, customer: customer.orders > 1),
        quiet(active=(day("2027-01-01"), None)),
    ],
)
def test_a_rule_that_stands_still_or_is_not_for_them_takes_nobody(other: Rule) -> None:
    story = late_for(other)
    story.poke(Poke("r", NOW + 80 * DAY), NOW + 90 * DAY)
    assert (story.told, story.customer.entries) == ([], {})


def test_a_poke_that_comes_too_late_takes_nobody_and_says_so() -> None:
    story = late_for(quiet())
    poke = Poke("r", NOW + 80 * DAY)
    story.poke(poke, NOW + 90 * DAY, said=NOW + 90 * DAY - Policy().lateness - 1)
    assert (told(story), story.customer.entries) == ([("suppressed", "late")], {})
    story.poke(poke, NOW + 90 * DAY, said=NOW + 90 * DAY - Policy().lateness)
    assert told(story) == [("queued", "")]


def test_a_date_that_has_passed_is_caught_up_with_once() -> None:
    story = Story(
        rule(HELLO, on="date", trigger=OnDate("customer.attributes.renews", -7), catch_up=CatchUp(5)),
        attributes={"renews": "2026-03-12"},
    )
    story.buy()
    for moment in (NOW, NOW + HOUR):
        story.poke(Poke("r", NOW), moment)
    assert [line[2] for line in story.told] == ["queued"]


def test_a_tills_walk_in_is_not_taken() -> None:
    story = late_for(quiet())
    story.customer.walk_in = True
    story.poke(Poke("r", NOW + 80 * DAY), NOW + 90 * DAY)
    assert story.told == []


# Catching up: everybody, on the virtual clock.


def happened(shop: Shop) -> list[tuple[str, str]]:
    """(day, whom) of every message that left."""
    left = [one for one in shop.simulation.timeline if one.what == "sent"]
    return [(str((one.at - NOW) // DAY), one.customer) for one in left]


def full_of_people(shop: Shop, *names: str) -> None:
    for name in names:
        shop.meet(NOW, name)
        shop.buy(NOW, customer=name)


def test_those_who_were_past_it_when_the_rule_begins_are_taken_so_many_a_day() -> None:
    begins = day("2026-06-20")
    shop = Shop(quiet(most=2, active=(begins, None)))
    full_of_people(shop, "anna", "ben", "cleo", "dan", "eve")
    shop.meet(at("2026-05-01 10:00"), "finn")
    shop.buy(at("2026-05-01 10:00"), customer="finn")
    shop.until(at("2026-07-31 00:00"))
    left = [(one.at, one.customer) for one in shop.simulation.timeline if one.what == "sent"]
    assert left == [
        (at("2026-06-20 00:00"), "anna"),
        (at("2026-06-20 00:00"), "ben"),
        (at("2026-06-21 00:00"), "cleo"),
        (at("2026-06-21 00:00"), "dan"),
        (at("2026-06-22 00:00"), "eve"),
        (at("2026-06-30 10:00"), "finn"),
    ]


def test_without_catching_up_they_are_not() -> None:
    shop = Shop(rule(HELLO, on="inactive", trigger=SIXTY, active=(day("2026-06-20"), None)))
    full_of_people(shop, "anna")
    shop.until(at("2026-07-31 00:00"))
    assert happened(shop) == []


def test_rules_that_begin_in_the_middle_of_history_catch_up_from_there() -> None:
    shop = Shop(quiet(most=1))
    for whom in ("anna", "ben"):
        for kind, data in [
            ("profile", Profile(email="a@example.com")),
            ("consent", Consent("email", "granted")),
            ("purchase", Purchase("o-1", Money(890))),
        ]:
            shop.simulation.look_back(Event("shop", f"{whom}-{kind}", kind, whom, NOW, data, b"", 89_000, NOW))
    shop.simulation.begin(NOW + 90 * DAY)
    shop.until(NOW + 95 * DAY)
    assert [whom for _, whom in happened(shop)] == ["anna", "ben"]
    first, second = (one.at for one in shop.simulation.timeline if one.what == "sent")
    assert (first, second) == (NOW + 90 * DAY, NOW + 90 * DAY + 14 * HOUR)


# Launches.


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ("2026-02-01 12:00", ("2026-03-10 09:00", "2026-03-10 09:00")),
        ("2026-03-10 15:00", ("2026-03-10 09:00", "2026-03-10 15:00")),
        ("2026-03-11 09:00", ("2026-03-10 09:00", "2026-03-11 09:00")),
        ("2026-03-11 09:01", None),
    ],
)
def test_an_article_is_launched_on_the_morning_of_its_day(known: str, expected: tuple[str, str] | None) -> None:
    found = launch(Policy(), "2026-03-10", at(known))
    assert found == (None if expected is None else tuple(map(at, expected)))


@pytest.mark.parametrize("written", ["0001-01-01", "9999-12-31"])
def test_a_day_at_the_end_of_the_calendar_is_no_trouble(written: str) -> None:
    launch(Policy(), written, NOW)


def article(shop: Shop, time: int, launched: str | None = "2026-03-12", sku: str = "TEA-9") -> None:
    shop.hear("product", Product(sku, "Doi White", "tea", launched=launched), time, sku, amount=52_000)


def test_everybody_in_the_audience_is_told_of_a_launch_each_once() -> None:
    audience = compile_condition("customer.orders >= 1", customers(Policy().shop)).condition
    assert audience is not None
    shop = Shop(new_article(audience=audience))
    full_of_people(shop, "anna", "ben")
    shop.meet(NOW, "cleo")
    article(shop, NOW)
    article(shop, NOW + HOUR)
    full_of = [one.customer for one in shop.simulation.timeline]
    assert full_of == []
    shop.until(NOW + 30 * DAY)
    sent = [(one.at, one.customer) for one in shop.simulation.timeline if one.what == "sent"]
    assert sent == [(at("2026-03-12 09:00"), "anna"), (at("2026-03-12 09:00"), "ben")]


def test_a_message_about_an_article_answers_it() -> None:
    shop = Shop(new_article(HELLO, Wait(DAY), BYE), new_article(id_="not-yet", status=Status.DRAFT))
    full_of_people(shop, "anna")
    article(shop, NOW)
    shop.until(at("2026-03-12 10:00"))
    [journey] = shop.simulation.people["anna"].state.journeys
    began = shop.simulation.people["anna"].recall(journey.seq)
    assert began is not None
    assert (began.source, began.type, began.data.sku, began.amount) == (CATALOGUE, "product", "TEA-9", 52_000)
    shop.until(at("2026-03-13 10:00"))
    assert [one.name for one in shop.simulation.timeline if one.what == "sent"] == ["hello", "bye"]


@pytest.mark.parametrize("launched", [None, "2026-03-08", "2027-01-01"])
def test_an_article_without_a_launch_now_is_told_to_nobody(launched: str | None) -> None:
    shop = Shop(new_article())
    full_of_people(shop, "anna")
    article(shop, NOW, launched)
    shop.until(NOW + 30 * DAY)
    assert shop.simulation.timeline == []


def test_a_launch_is_nothing_the_customer_did() -> None:
    shop = Shop(new_article(BYE), rule(HELLO, id_="silent", on="inactive", trigger=Inactive("last_event", 20 * DAY)))
    full_of_people(shop, "anna")
    article(shop, NOW)
    shop.until(NOW + 21 * DAY)
    assert [one.name for one in shop.simulation.timeline if one.what == "sent"] == ["bye", "hello"]
    assert shop.simulation.people["anna"].state.last_event_at == NOW


def test_who_is_a_walk_in_is_told_nothing() -> None:
    shop = Shop(new_article())
    full_of_people(shop, "anna")
    shop.simulation.people["anna"].state = Customer(walk_in=True, profile={"email": "a@example.com"})
    article(shop, NOW)
    shop.until(NOW + 30 * DAY)
    assert shop.simulation.timeline == []
