"""What may be spent on offers and gifts, and by when. Money in minor units, instants in µs since 1970 UTC."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

from retention.periods import GRAINS, calendar, day_of
from rules.offers import Gift, Offer

Period = Literal["day", "week", "month", "quarter", "year", ""]
Short = Literal["", "stock", "budget", "pace"]
"""What there is too little of: none is left; the period's budget is spent; or what there is of it for today."""


class Span(Struct, frozen=True):
    """A period of the shop's calendar: its `first` day (days since 1970-01-01), how many it has and have begun."""

    first: int
    days: int
    begun: int


def span(period: Period, at: int, zone: ZoneInfo) -> Span:
    """The period that `at` lies in; weeks begin on Monday. Without a name: all of time, and all of it has begun."""
    month, day = calendar(at, zone)
    if period == "":
        return Span(0, 1, 1)
    if period == "day":
        return Span(day, 1, 1)
    if period == "week":
        weekday = (day + 3) % 7  # 1970-01-01 was a Thursday
        return Span(day - weekday, 7, weekday + 1)
    start = month - month % GRAINS[period]
    first, end = _first_day(start), _first_day(start + GRAINS[period])
    return Span(first, end - first, day - first + 1)


def _first_day(month: int) -> int:
    return day_of(dt.date(month // 12, month % 12 + 1, 1))


def worth(what: Offer | Gift) -> int:
    """The most that one of it can cost; 0 where nobody knows before the order: a percent of anything, the post."""
    if isinstance(what, Gift):
        return what.cost
    return what.amount or what.most


def allowance(what: Offer | Gift, at: int, zone: ZoneInfo) -> int | None:
    """The most that all of it may come to in the period of `at`, until the end of that day; None: there is no limit.

    At an even pace that is the budget's part for the days that have begun, but enough for one. Never more than the
    budget.
    """
    if not what.budget:
        return None
    if what.pace == "free":
        return what.budget
    now = span(what.period, at, zone)
    return min(what.budget, max(what.budget * now.begun // now.days, worth(what)))


class Purse:
    """What has been used up of stock and budgets, in the shop's `zone`."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._used: Counter[str] = Counter()
        self._spent: Counter[tuple[str, str, int]] = Counter()

    def short(self, what: Offer | Gift, at: int) -> Short:
        """What keeps one more of it from being given at `at`, or nothing."""
        if isinstance(what, Gift) and what.stock is not None and self._used[what.id] >= what.stock:
            return "stock"
        most, after = allowance(what, at, self._zone), self._spent[self._period(what, at)] + worth(what)
        if most is None or after <= most:
            return ""
        return "budget" if after > what.budget else "pace"

    def take(self, what: Offer | Gift, at: int, times: int = 1) -> None:
        """One more of it is given at `at`; with `times` −1 that is taken back."""
        self._spent[self._period(what, at)] += worth(what) * times
        if isinstance(what, Gift):
            self._used[what.id] += times

    def _period(self, what: Offer | Gift, at: int) -> tuple[str, str, int]:
        return type(what).__name__, what.id, span(what.period, at, self._zone).first
