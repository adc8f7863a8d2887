"""The functions of conditions: what each takes and gives, and the Python behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import UNSET

from retention.events import Event
from retention.periods import local
from retention.state import DAYS_KEPT, Customer
from rules.language.kinds import Kind
from rules.language.tree import MICROS

DAY = MICROS["d"]
_QUARTER = 900


@dataclass(frozen=True, slots=True)
class Function:
    """`takes` one argument of that kind (`literal`: written out, not computed) and `gives` another.

    `template` is Python over `e`, `c` and {0}, the argument; an unknown argument makes the result unknown.
    """

    takes: Kind
    gives: Kind
    template: str
    example: str
    literal: bool = True


FUNCTIONS: dict[str, Function] = {
    "has_tag": Function(Kind.TEXT, Kind.BOOL, "{0} in (c.profile.get('tags') or ())", 'has_tag("vip")'),
    "bought": Function(Kind.TEXT, Kind.BOOL, "bought(e, c, {0})", 'bought("tea")'),
    "orders_in": Function(Kind.DURATION, Kind.COUNT, "window(c, day(e.at) - {0}, 0)", "orders_in(90d)"),
    "spent_in": Function(Kind.DURATION, Kind.MONEY, "window(c, day(e.at) - {0}, 1)", "spent_in(90d)"),
    "days_since": Function(
        Kind.INSTANT, Kind.COUNT, "day(e.at) - day({0})", "days_since(customer.last_order_at)", literal=False
    ),
}


def window_fault(micros: int) -> str:
    """Why a window of that length cannot be counted, or nothing."""
    if micros % DAY or micros == 0:
        return "a window is whole days, such as 90d"
    return "" if micros <= DAYS_KEPT * DAY else f"windows reach at most {DAYS_KEPT}d back"


def names(zone: ZoneInfo) -> dict[str, Any]:
    """Everything generated code may call, for a shop in `zone`."""
    return {
        "bought": bought,
        "window": window,
        "day": day_counter(zone),
        "divide": divide,
        "remainder": remainder,
        "known": known,
        "len": len,
        "__builtins__": {},
    }


def bought(event: Event, customer: Customer, what: str) -> bool:
    """Whether the customer bought of category `what`, or the event is about an article or category `what`."""
    if what in customer.categories:
        return True
    items = getattr(event.data, "items", ())
    return any(item.sku == what or getattr(item, "category", None) == what for item in items)


def window(customer: Customer, after: int, which: int) -> int:
    """Counting orders (`which` 0) or their amount (1) of the days after day number `after`."""
    return sum(bucket[which] for day, bucket in customer.days.items() if day > after)


def divide(left: int | Decimal, right: int | Decimal) -> Decimal | None:
    """The exact quotient; by zero it is unknown."""
    return Decimal(left) / right if right else None


def remainder(left: int, right: int) -> int | None:
    """What is left of a whole division towards zero, with the sign of `left`; by zero it is unknown."""
    if not right:
        return None
    rest = abs(left) % abs(right)
    return rest if left >= 0 else -rest


def known(value: Any) -> Any:
    """A field of a profile event, None when the event does not speak of it."""
    return None if value is UNSET else value


def day_counter(zone: ZoneInfo) -> Callable[[int], int]:
    """A fast `day_of(local(…))` for one zone: offsets change on quarters of an hour, so one is kept for each."""

    @lru_cache(maxsize=4096)
    def offset(quarter: int) -> int:
        shift = local(quarter * _QUARTER * 1_000_000, zone).utcoffset()
        assert shift is not None
        return int(shift.total_seconds())

    def day(micros: int) -> int:
        seconds = micros // 1_000_000
        return (seconds + offset(seconds // _QUARTER)) // 86_400

    return day
