"""What the customers of a shop do in some weeks, drawn from a seed: when each thing is heard of, and the event."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, NamedTuple

from retention.decode import moment
from rules.policy import DAY, HOUR
from tests.unit.streams.kit import event

Item = dict[str, Any]
TEA: Item = {"sku": "TEA-1", "name": "Oolong", "category": "tea", "qty": 1, "price": "350.00"}
POT: Item = {"sku": "POT-1", "name": "Pot", "category": "teaware", "qty": 1, "price": "650.00"}
BASKETS = ([TEA], [TEA], [TEA, TEA | {"sku": "TEA-2"}], [TEA, POT])
LATE = 3 * DAY
"""How long after it happened a late event is heard of."""
ZONES = (None, None, "Europe/Berlin", "America/New_York")


class Heard(NamedTuple):
    """An event, and when the shop hears of it, microseconds since 1970."""

    at: int
    value: bytes


class Person:
    """One customer; `regular` ones order every ten to twelve days, the others once or twice."""

    def __init__(self, number: int, seed: int) -> None:
        self.id = f"c-{number:03}"
        self.chance = random.Random(f"{seed}:{number}")
        self.regular = number % 3 == 0
        self.said = 0

    def life(self, begin: int, end: int) -> Iterator[Heard]:
        """All of it, in no order."""
        at = begin + self.chance.randrange(6 * DAY)
        yield from self.arrives(at, begin, end)
        for _ in range(9 if self.regular else self.chance.randint(1, 2)):
            at += self.chance.randrange(HOUR, 2 * HOUR)
            yield from self.buys(at)
            at += self.chance.randrange(10 * DAY, 12 * DAY)
            if at >= end:
                return
        yield from self.aside(at)

    def arrives(self, at: int, begin: int, end: int) -> Iterator[Heard]:
        born = moment(self.chance.randrange(begin, end))
        profile = {
            "email": f"{self.id}@example.com",
            "first_name": self.id,
            "birth_date": f"1980-{born:%m-%d}",
            "time_zone": self.chance.choice(ZONES),
            "locale": self.chance.choice(("en", "th")),
            "staff": self.chance.random() < 0.03,
        }
        yield self.says(at, "profile", profile)
        word = self.chance.choices(("granted", "denied", None), (8, 1, 1))[0]
        if word is not None:
            yield self.says(at + 1, "consent", {"channel": "email", "state": word})

    def buys(self, at: int) -> Iterator[Heard]:
        """An order, and what may follow it."""
        order, chance = f"{self.id}-{self.said}", self.chance
        items = chance.choice(BASKETS)
        total = f"{sum(float(one['price']) for one in items):.2f}"
        bought = self.says(at, "purchase", {"order_id": order, "total": total, "items": items})
        yield bought
        if chance.random() < 0.15:  # the storefront says it again
            yield bought._replace(at=at + chance.randrange(2 * DAY))
        if chance.random() < 0.08:
            yield self.says(at + HOUR, "purchase", {"order_id": order, "total": "300.00", "items": [TEA]})
        yield self.says(at + 2 * DAY, "fulfilment", {"order_id": order, "state": "delivered"})
        yield from self.after(at + 2 * DAY, order)

    def after(self, at: int, order: str) -> Iterator[Heard]:
        """They have it; some are happy, some are not."""
        chance, drawn = self.chance, self.chance.random()
        if drawn < 0.12:
            back = {"return_id": f"r-{order}", "order_id": order, "total": "350.00", "items": [TEA]}
            for day, state in ((1, "requested"), (3, "received"), (4, "refunded")):
                yield self.says(at + day * DAY, "return", back | {"state": state})
        elif drawn < 0.24:
            ticket = f"t-{order}"
            yield self.says(at + 9 * HOUR, "support", {"ticket_id": ticket, "state": "opened"})
            yield self.says(at + chance.randrange(DAY, 6 * DAY), "support", {"ticket_id": ticket, "state": "closed"})
        elif drawn < 0.5:
            yield self.says(at + 3 * DAY + HOUR, "survey", {"score": chance.randint(2, 10), "order_id": order})
        elif drawn < 0.65:
            yield self.says(at + 5 * HOUR, "social_share", {"network": "x"})

    def aside(self, at: int) -> Iterator[Heard]:
        """What is said besides."""
        yield self.says(at, "review", {"rating": self.chance.randint(1, 5)})
        yield self.says(at + DAY, "referral", {"code": "friend"})
        if self.chance.random() < 0.3:  # the storefront too says that it is the day
            yield self.says(at + 2 * DAY, "birthday", {})

    def says(self, at: int, kind: str, data: Item) -> Heard:
        """An event that is heard of at once, or, one in eleven of most kinds, only three days later."""
        self.said += 1
        late = LATE if kind not in ("profile", "consent") and self.chance.random() < 0.09 else 0
        return Heard(at + late, event(f"{self.id}/{self.said}", self.id, kind, at, **data))


def lives(people: int, begin: int, days: int, seed: int = 1) -> list[Heard]:
    """What is heard of so many customers, in the order in which it is."""
    persons = (Person(number, seed) for number in range(people))
    end = begin + days * DAY
    return sorted(one for person in persons for one in person.life(begin, end) if one.at < end)
