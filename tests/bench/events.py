"""The events every contestant gets: a shop's ordinary traffic, the same for the same seed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import islice
from random import Random
from typing import Any
from uuid import UUID

import msgspec

from retention.decode import moment

SEED = 20_260_301
SPREAD = dt.timedelta(hours=12)
"""The events lie in the last hours before `now`: old ones would fire no rule."""
_REACHABLE = 0.25
"""Share of customers who sign up with an address and a consent before their first order."""
_RETURNS = 0.05
_BIRTHDAYS = 0.01
_ARTICLES = [
    (f"TEA-{number:03d}", f"{name} No. {number}", category)
    for number, (name, category) in enumerate(
        [("Oolong", "tea"), ("Sencha", "tea"), ("Teapot", "pottery"), ("Gift box", "gifts"), ("Honey", "pantry")] * 40
    )
]


class Sent(msgspec.Struct, frozen=True, array_like=True):
    """A record to produce: key and value as the broker gets them."""

    key: bytes
    value: bytes


def make(events: int, customers: int, now: int) -> Iterator[Sent]:
    """`events` structured CloudEvents of about 320 bytes on average, every id once, all of them good.

    `now` is microseconds since 1970. Seven in eight are purchases; ids are random, as storefronts make them.
    """
    rng = Random(SEED)
    step = SPREAD // max(1, events)
    time = moment(now) - SPREAD
    for type_, customer, data in islice(_endless(rng, customers), events):
        time += step
        event = {
            "specversion": "1.0",
            "id": str(UUID(int=rng.getrandbits(128), version=4)),
            "source": "/shop",
            "type": type_,
            "subject": customer,
            "time": time,
            "data": data,
        }
        yield Sent(customer.encode(), msgspec.json.encode(event))


def _endless(rng: Random, customers: int) -> Iterator[tuple[str, str, dict[str, Any]]]:
    orders: dict[str, list[tuple[str, float]]] = {}
    number = 0
    while True:
        customer = f"c-{rng.randrange(customers):06d}"
        if customer not in orders:
            orders[customer] = []
            if rng.random() < _REACHABLE:
                yield "profile", customer, {"email": f"{customer}@example.com", "first_name": "Anna", "locale": "en"}
                yield "consent", customer, {"channel": "email", "state": "granted", "source": "sign-up"}
        draw = rng.random()
        number += 1
        if draw < _BIRTHDAYS:
            yield "birthday", customer, {"date": "--03-01"}
        elif draw < _BIRTHDAYS + _RETURNS and orders[customer]:
            order, total = orders[customer].pop()
            yield "return", customer, {"return_id": f"r-{number:07d}", "order_id": order, "total": total}
        else:
            data = _purchase(rng, number)
            orders[customer].append((data["order_id"], data["total"]))
            yield "purchase", customer, data


def _purchase(rng: Random, number: int) -> dict[str, Any]:
    items = []
    total = 0.0
    for sku, name, category in rng.sample(_ARTICLES, rng.choice((1, 1, 2))):
        qty, price = rng.randint(1, 3), rng.randint(50, 900) / 2
        total += qty * price
        items.append({"sku": sku, "name": name, "category": category, "qty": qty, "price": price})
    return {"order_id": f"o-{number:07d}", "total": total, "currency": "THB", "items": items}
