"""The plays that are shipped, all at once: a year of made-up customers, and what none of them may get."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from retention.decode import moment
from retention.events import Consent, Event, Fulfilment, Item, Product, Profile, Purchase, Return, Support, Survey
from retention.money import Money
from retention.zones import local_day
from rules.load import load
from rules.policy import DAY, HOUR
from rules.ruleset import MessageClass, RuleSet, rule_set
from rules.simulation.entries import HAPPENED, Entry
from rules.simulation.simulation import Simulation
from tests.unit.rules.story import NOW

SHELF = [("oolong", 445), ("green", 410), ("herbal", 165), ("teaware", 1650), ("gift", 990), ("aged", 890)]
SELLING = {"after-the-return", "at-risk", "birthday", "cheaper-together", "goes-well-with", "the-second-order"}
SELLING |= {"new-for-you", "time-to-restock", "what-we-stand-for", "win-back"}
CUSTOMERS = 120


def shipped() -> RuleSet:
    """The rules as they are, but nobody is kept out."""
    found = load(Path(__file__).parents[3] / "rules").ruleset
    assert found is not None
    everybody = (replace(rule, holdout=0) for rule in found.rules)
    return rule_set(everybody, found.policy, found.hash, found.segments, found.offers, found.gifts)


def year(draw: Random) -> Iterator[tuple[int, str, Any, int]]:
    """(when, type, data, minor units): orders in somebody's own rhythm, and what comes of each."""
    time = NOW + int(draw.random() * 60 * DAY)
    born = f"1990-{draw.randint(1, 12):02d}-{draw.randint(1, 28):02d}"
    yield time, "profile", Profile(email="somebody@example.com", birth_date=born), 0
    yield time, "consent", Consent("email", "granted"), 0
    gap = draw.choice([7, 14, 30, 45, 90, 400])
    while time < NOW + 365 * DAY:
        yield from _order(draw, time)
        time += int(max(0.3, draw.gauss(gap, gap / 3)) * DAY)


def _order(draw: Random, time: int) -> Iterator[tuple[int, str, Any, int]]:
    (category, price), name = draw.choice(SHELF), f"o-{time}"
    item = Item(sku=category.upper(), qty=1, price=Money(price), category=category)
    yield time + HOUR, "purchase", Purchase(name, Money(price), items=[item]), price * 100
    there = time + int(draw.uniform(0.8, 4) * DAY)
    yield there, "fulfilment", Fulfilment(name, "delivered"), 0
    if draw.random() < 0.1:
        yield from _returned(name, price, there + 2 * DAY)
    if draw.random() < 0.3:
        yield there + int(draw.uniform(1, 8) * DAY), "survey", Survey(draw.choice([2, 5, 7, 10])), 0
    if draw.random() < 0.1:
        asked = there + int(draw.uniform(0, 9) * DAY)
        yield asked, "support", Support(name, "opened"), 0
        yield asked + int(draw.uniform(0.1, 5) * DAY), "support", Support(name, "closed"), 0


def _returned(order: str, price: int, time: int) -> Iterator[tuple[int, str, Any, int]]:
    for later, state in ((0, "requested"), (4 * DAY, "refunded")):
        data = Return(f"r-{order}", Money(price), order_id=order, state=state)  # type: ignore[arg-type]
        yield time + later, "return", data, price * 100


def launches() -> Iterator[tuple[int, str, Any, int]]:
    """An article every ten days, told of two days before."""
    for number, day in enumerate(range(5, 365, 10)):
        category, price = SHELF[number % len(SHELF)]
        time = NOW + day * DAY
        launched = moment(time + 2 * DAY).date().isoformat()
        data = Product(f"n-{number}", "New", category, Money(price), launched=launched)
        yield time, "product", data, price * 100


@cache
def happened() -> list[Entry]:
    """What the shipped rules did for all of them, in the order of time."""
    simulation, draw = Simulation(shipped()), Random(1)
    lives = [(life, f"c-{number}") for number in range(CUSTOMERS) for life in year(draw)]
    lives += [(life, life[2].sku) for life in launches()]
    lives.sort(key=lambda one: (one[0][0], one[1]))
    for number, ((time, kind, data, amount), customer) in enumerate(lives):
        simulation.take(Event("shop", f"e-{number}", kind, customer, time, data, b"", amount, time))
    simulation.run(NOW + 450 * DAY)
    return sorted((one for one in simulation.timeline if one.what in HAPPENED), key=lambda one: one.at)


def sent() -> list[Entry]:
    return [one for one in happened() if one.kind == "send"]


def test_every_play_but_that_of_the_posts_and_of_the_undecided_has_its_turn() -> None:
    assert {one.rule for one in sent()} == {*shipped().by_id} - {"we-saw-your-post", "join-newsletter"}


def test_nobody_gets_two_of_one_a_day_on_one_day() -> None:
    rules = shipped()
    grouped = {rule.id for rule in rules.rules if rule.group == "one-a-day"}
    zone = rules.policy.shop.zone
    days = Counter((one.customer, local_day(one.at, zone)) for one in sent() if one.rule in grouped)
    assert [day for day, times in days.items() if times > 1] == []


def test_nobody_gets_more_than_three_marketing_messages_in_seven_days() -> None:
    marketing = {rule.id for rule in shipped().rules if rule.class_ is MessageClass.MARKETING}
    for customer in {one.customer for one in sent()}:
        times = [one.at for one in sent() if one.customer == customer and one.rule in marketing]
        assert [at for at, fourth in zip(times, times[3:], strict=False) if fourth - at < 7 * DAY] == []


def test_nothing_is_sold_to_who_was_let_down() -> None:
    waiting: set[str] = set()
    wrong = []
    for one in happened():
        if one.name == "let-down":
            (waiting.add if one.kind == "tag" else waiting.discard)(one.customer)
        elif one.kind == "send" and one.rule in SELLING and one.customer in waiting:
            wrong.append((one.customer, one.rule))
    assert wrong == []
