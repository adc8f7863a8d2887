"""What compiled conditions call. None is "nothing is known", of what goes in and of what comes out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import UNSET

from retention.events import Event
from retention.periods import local
from retention.state import Customer
from rules.language.kinds import RANGES, Kind

LEAST, MOST = RANGES[Kind.COUNT]
_QUARTER = 900
_KEPT = 40_000
"""Quarters of which the offset is kept: more than a year's."""
_ENDS = (
    int(dt.datetime(1, 1, 3, tzinfo=dt.UTC).timestamp()) // _QUARTER,
    int(dt.datetime(9999, 12, 29, tzinfo=dt.UTC).timestamp()) // _QUARTER,
)
"""The quarters whose local time every zone's calendar has."""
_SMALL = {letter: letter + 32 for letter in range(ord("A"), ord("Z") + 1)}


def names(zone: ZoneInfo) -> dict[str, Any]:
    """Everything generated code may call, for a shop in `zone`."""
    return {
        "attributes": attributes,
        "bought": bought,
        "consent": consent,
        "window": window,
        "day": day_counter(zone),
        "divide": divide,
        "remainder": remainder,
        "known": known,
        "lower": lower,
        "text": text,
        "count": count,
        "number": number,
        "flag": flag,
        "tags": tags,
        "len": len,
        "__builtins__": {},
    }


def tags(customer: Customer) -> Sequence[str]:
    """The customer's tags, whoever put them on."""
    known: Sequence[str] = customer.profile.get("tags") or ()
    return [*known, *customer.own_tags] if customer.own_tags else known


def attributes(customer: Customer, name: str) -> Mapping[str, Any] | None:
    """Where the attribute `name` is to be looked up: what a rule set goes before the profile."""
    return customer.own if name in customer.own else customer.profile.get("attributes")


def bought(event: Event, customer: Customer, what: str) -> bool:
    """Whether the customer bought of category `what`, or the event is about an article or category `what`."""
    if what in customer.categories:
        return True
    if type(event.data) is dict:  # of the shop's own: `items` of a dict is a method
        return False
    for item in getattr(event.data, "items", ()):  # noqa: SIM110 - a generator costs more than the usual order's items
        if item.sku == what or getattr(item, "category", None) == what:
            return True
    return False


def consent(customer: Customer, channel: str) -> str | None:
    """What the customer said to `channel`, or `channel/topic`."""
    said = customer.consents.get(channel)
    return None if said is None else "granted" if said[0] else "denied"


def window(customer: Customer, after: int, which: int) -> int:
    """Counting orders (`which` 0) or their amount (1) of the days after day number `after`."""
    total = 0
    for day, bucket in customer.days.items():
        if day > after:
            total += bucket[which]
    return total


def divide(left: int | Decimal, right: int | Decimal) -> Decimal | None:
    """The quotient to 28 digits; by zero it is unknown."""
    return Decimal(left) / right if right else None


def remainder(left: int, right: int) -> int | None:
    """What is left of a whole division towards zero, with the sign of `left`; unknown where the quotient is."""
    if not right or (right == -1 and left == LEAST):
        return None
    rest = abs(left) % abs(right)
    return rest if left >= 0 else -rest


def known(value: Any) -> Any:
    """A field of a profile event, None when the event does not speak of it."""
    return None if value is UNSET else value


def lower(value: str) -> str:
    """`value` with A to Z made small, and nothing else: what other letters become depends on the language."""
    return value.lower() if value.isascii() else value.translate(_SMALL)


# The shop's own fields: a value of another kind than was declared is one nobody knows.


def text(values: Mapping[str, Any] | None, name: str) -> str | None:
    """The text called `name`."""
    value = values.get(name) if values else None
    return value if type(value) is str else None


def count(values: Mapping[str, Any] | None, name: str) -> int | None:
    """The whole number called `name`, of 64 bits."""
    value = values.get(name) if values else None
    return value if type(value) is int and LEAST <= value <= MOST else None


def number(values: Mapping[str, Any] | None, name: str) -> int | Decimal | None:
    """The number called `name`, whole or decimal."""
    value = values.get(name) if values else None
    return value if isinstance(value, Decimal) and value.is_finite() else count(values, name)


def flag(values: Mapping[str, Any] | None, name: str) -> bool | None:
    """The true or false called `name`."""
    value = values.get(name) if values else None
    return value if type(value) is bool else None


class _Offsets(dict[int, int]):
    """Quarter of an hour → seconds the zone is ahead in it: clocks change on quarters, so one answer is kept for each.

    The next quarters to be asked for are today's and those around a customer's orders: few, and the same.
    """

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone

    def __missing__(self, quarter: int) -> int:
        there = min(max(quarter, _ENDS[0]), _ENDS[1])
        shift = local(there * _QUARTER * 1_000_000, self.zone).utcoffset()
        assert shift is not None
        if len(self) >= _KEPT:
            self.clear()
        self[quarter] = seconds = int(shift.total_seconds())
        return seconds


def day_counter(zone: ZoneInfo) -> Callable[[int], int]:
    """A fast `day_of(local(…))` for one zone."""
    offsets = _Offsets(zone)

    def day(micros: int) -> int:
        seconds = micros // 1_000_000
        return (seconds + offsets[seconds // 900]) // 86_400

    return day
