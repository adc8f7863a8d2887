"""The shop's past: some eighteen months of sign-ups, orders, returns and birthdays, in time order."""

from __future__ import annotations

import datetime as dt
from itertools import takewhile
from random import Random
from typing import Any, NamedTuple

from msgspec.structs import replace

from console.demo.orders import make_purchase, make_return
from console.demo.people import Person, make_person
from console.demo.rhythm import birthdays, purchase_times, shopping_time

DAYS = 547
"""How far back the past reaches: a year and a half."""
SOURCE = "/shop"
_RETURNED = 0.045
_UNSUBSCRIBED = 0.06


class Placed(NamedTuple):
    """An order someone placed; `data` is that of its purchase event."""

    person: Person
    data: dict[str, Any]


class _Draft(NamedTuple):
    """An event that has no id yet: ids are numbered in time order."""

    time: dt.datetime
    type: str
    customer: str
    data: dict[str, Any]


class Past:
    """Everything before `now`. `people` are the customers as they are now, `kept` the orders nobody returned."""

    def __init__(self, rng: Random, now: dt.datetime, customers: int) -> None:
        self._rng = rng
        self._now = now
        self._drafts: list[_Draft] = []
        self.people: list[Person] = []
        orders = [(time, number - 1) for number in range(1, customers + 1) for time in self._join(number)]
        self.kept: list[Placed] = []
        for number, (time, index) in enumerate(sorted(orders), 1):
            self._buy(time, self.people[index], number)
        self.last_order = len(orders)
        self._drafts.sort(key=lambda draft: draft.time)
        self.events = tuple(cloud_event(f"past-{n:06d}", *draft) for n, draft in enumerate(self._drafts, 1))

    def _join(self, number: int) -> list[dt.datetime]:
        """A customer signs up minutes before the first order; gives back the times of all orders."""
        rng = self._rng
        person = make_person(rng, number, self._now.year)
        first = shopping_time(rng, (self._now - dt.timedelta(days=5 + (DAYS - 5) * rng.random() ** 0.8)).date())
        joined = first - dt.timedelta(seconds=rng.randint(60, 900))
        self._drafts.append(_Draft(joined, "profile", person.id, person.profile()))
        if person.consent is not None:
            self._consent(joined + dt.timedelta(seconds=20), person)
        times = purchase_times(rng, person, first, self._now)
        self._celebrate(person, joined)
        self.people.append(self._perhaps_unsubscribe(person, first))
        return times

    def _celebrate(self, person: Person, joined: dt.datetime) -> None:
        mornings = takewhile(lambda morning: morning < self._now, birthdays(person, joined))
        self._drafts += [_Draft(morning, "birthday", person.id, birthday(person)) for morning in mornings]

    def _consent(self, time: dt.datetime, person: Person) -> None:
        data = {"channel": "email", "state": person.consent, "source": "sign-up"}
        self._drafts.append(_Draft(time, "consent", person.id, data))

    def _perhaps_unsubscribe(self, person: Person, first: dt.datetime) -> Person:
        """Now and then someone has had enough: the later word counts."""
        leaves = first + dt.timedelta(days=self._rng.uniform(10, 120))
        if person.consent != "granted" or leaves >= self._now or self._rng.random() >= _UNSUBSCRIBED:
            return person
        data = {"channel": "email", "state": "denied", "source": "unsubscribe link"}
        self._drafts.append(_Draft(leaves.replace(microsecond=0), "consent", person.id, data))
        return replace(person, consent="denied")

    def _buy(self, time: dt.datetime, person: Person, number: int) -> None:
        """One order and, for a few, what comes back days later."""
        order = make_purchase(self._rng, person, order_id(number))
        self._drafts.append(_Draft(time, "purchase", person.id, order))
        back = shopping_time(self._rng, (time + dt.timedelta(days=self._rng.randint(4, 14))).date())
        if self._rng.random() < _RETURNED and back < self._now:
            data = make_return(self._rng, person, order, f"r-{number + 10_000}")
            self._drafts.append(_Draft(back, "return", person.id, data))
        else:
            self.kept.append(Placed(person, order))


def birthday(person: Person) -> dict[str, Any]:
    """The `data` of a birthday event: the day as the profile has it, and nothing else."""
    return {"date": person.birth_date}


def order_id(number: int) -> str:
    """The id of the shop's `number`th order."""
    return f"o-{number + 10_000}"


def rfc3339(time: dt.datetime) -> str:
    """`time` in UTC, to the millisecond where it has fractions: 2026-03-01T10:00:00Z."""
    utc = time.astimezone(dt.UTC)
    text = utc.isoformat(timespec="milliseconds" if utc.microsecond else "seconds")
    return text.replace("+00:00", "Z")


def cloud_event(id_: str, time: dt.datetime, type_: str, customer: str, data: dict[str, Any]) -> dict[str, Any]:
    """A structured CloudEvent of the shop."""
    return {
        "specversion": "1.0",
        "id": id_,
        "source": SOURCE,
        "type": type_,
        "subject": customer,
        "time": rfc3339(time),
        "data": data,
    }
