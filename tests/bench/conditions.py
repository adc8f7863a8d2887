"""How many conditions a second one core answers: eight that rules are made of, over customers who differ."""

from __future__ import annotations

import gc
import time
from random import Random

import msgspec

from retention.events import Event, Item, Purchase
from retention.money import Money
from retention.shop import Shop
from retention.state import Customer
from rules.language import Condition, build, compile_condition
from rules.language.schema import customers, schema
from rules.language.segments import resolve
from tests.bench.events import SEED

TYPICAL = (
    "customer.orders_ever == 1",
    "customer.orders >= 2 and customer.net_revenue >= 1500",
    'event.total >= 2000 and customer.country in ["TH", "SG"]',
    'has_tag("vip") or customer.gross / customer.orders > 500',
    "orders_in(90d) >= 3",
    "days_since(customer.first_order_at) > 30 and not customer.staff",
    'event.coupon == null and bought("tea")',
    'segment("reachable") and not (customer.locale == "en")',
)
"""What marketers write: fields, money, a window, days, a list, what may be missing, a segment."""
SEGMENTS = {"reachable": ['consent("email") == "granted" and has(customer.email)']}
AIM = 2_000_000
"""Evaluations a second, all eight together."""
_DAY = 86_400_000_000
_NOW = 20_520 * _DAY
_PEOPLE = 500
_ROUNDS = 40


class Speed(msgspec.Struct, frozen=True):
    """Evaluations a second of all `TYPICAL` together; nanoseconds of each; the share that held."""

    rate: float
    nanoseconds: dict[str, float]
    held: float


def measure(rounds: int = _ROUNDS) -> Speed:
    """The best of `rounds` short runs: other work on the machine only ever slows one down."""
    people = [_someone(Random(SEED + number)) for number in range(_PEOPLE)]
    conditions = compiled()
    gc.collect()
    costs = {text: min(_run(one, people) for _ in range(rounds)) for text, one in conditions.items()}
    held = sum(one(event, customer) for one in conditions.values() for event, customer in people)
    return Speed(
        round(1e9 * len(costs) / sum(costs.values())),
        {text: round(cost, 1) for text, cost in costs.items()},
        round(held / len(costs) / len(people), 3),
    )


def compiled() -> dict[str, Condition]:
    """The typical conditions, ready."""
    segments, wrong = resolve(SEGMENTS, customers(Shop()))
    assert not wrong
    fields = schema("purchase", Shop(), segments=segments)
    made = {text: compile_condition(text, fields) for text in TYPICAL}
    assert not [one.faults for one in made.values() if one.faults]
    return {text: one.condition or build([], fields) for text, one in made.items()}


def _run(condition: Condition, people: list[tuple[Event, Customer]]) -> float:
    """Nanoseconds an evaluation, the loop round it with it."""
    begun = time.perf_counter_ns()
    for event, customer in people:
        condition(event, customer)
    return (time.perf_counter_ns() - begun) / len(people)


def _someone(dice: Random) -> tuple[Event, Customer]:
    orders = dice.choice((1, 1, 2, 3, 5, 12))
    first = _NOW - dice.randrange(400) * _DAY
    profile = {
        "email": "a@example.com",
        "country": dice.choice(("TH", "SG", "GB")),
        "locale": dice.choice(("th", "en")),
    }
    customer = Customer(
        orders=orders,
        orders_ever=orders,
        gross=orders * dice.randrange(30_000, 200_000),
        first_order_at=first,
        last_order_at=_NOW,
        profile={name: value for name, value in profile.items() if dice.random() < 0.8}
        | {"tags": ["vip"][: dice.randrange(2)]},
        days={20_520 - dice.randrange(400): [1, 50_000] for _ in range(orders)},
        categories=dict.fromkeys(dice.sample(("tea", "cups", "gifts"), 2), 1),
        consents={"email": [True, 1]} if dice.random() < 0.7 else {},
    )
    items = [Item(f"TEA-{number}", 1, Money("445.00"), category="tea") for number in range(dice.randrange(1, 4))]
    data = Purchase("o", Money("890.00"), items=items, coupon=dice.choice((None, "ANNA15")))
    return Event(
        "/shop", "e", "purchase", "c", _NOW, data, b"", amount=dice.randrange(20_000, 300_000), at=_NOW
    ), customer
