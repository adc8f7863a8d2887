"""The running retention counters: what moves when an order starts or stops counting.

Only numerators and denominators are kept, as sums of deltas, so that any order of events, duplicates
left out, comes to the same numbers. A(p) is the set of customers with a counting order in period p.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from zoneinfo import ZoneInfo

from retention.orders import Effect, Order, effect
from retention.periods import GRAINS, Grain, name

Key = tuple[str, str, str]
"""(measure, period, dimensions): ("new", "2026-03", ""), ("cohort", "2026-03", "2")."""
Deltas = dict[Key, int]

MEASURES: dict[str, str] = {
    "placed": "orders placed in the month",
    "orders": "counting orders placed in the month",
    "gross": "what the month's orders came to, minor units; refunds not taken off",
    "refunds": "money given back in the month, minor units (cash view)",
    "refunds_of": "money given back, whenever, for orders placed in the month, minor units",
    "returns": "returns refunded, and cancellations, in the month",
    "active": "|A(p)|; month, quarter and year",
    "new": "customers whose first counting order lies in p; month, quarter and year",
    "retained": "|A(p−1) ∩ A(p)|; month, quarter and year",
    "cohort": "customers of the cohort (month of the first counting order) active at the age in months in `dims`",
    "buyers": "customers with at least one counting order; no period",
    "repeaters": "customers with at least two; no period",
}

_name = lru_cache(maxsize=8192)(name)


def add(deltas: Deltas, measure: str, period: str, value: int, dims: str = "") -> None:
    """Add `value` to one counter."""
    key = (measure, period, dims)
    deltas[key] = deltas.get(key, 0) + value


def placed(deltas: Deltas, month: int, gross: int) -> None:
    """A new order about which nothing else was said: what `money` does for it, shorter."""
    period = _name(month, "month")
    add(deltas, "placed", period, 1)
    add(deltas, "gross", period, gross)
    add(deltas, "orders", period, 1)


def money(deltas: Deltas, before: Effect, after: Effect) -> None:
    """Move the additive counters of the months by the difference of an order's two effects."""
    for sign, side in ((-1, before), (1, after)):
        if side.month is not None:
            month = _name(side.month, "month")
            add(deltas, "placed", month, sign)
            add(deltas, "gross", month, sign * side.gross)
            if side.counting:
                add(deltas, "orders", month, sign)
            if side.refunds:
                add(deltas, "refunds_of", month, sign * side.refunded)
        for refund_month, value in side.refunds.items():
            add(deltas, "refunds", _name(refund_month, "month"), sign * value)
        for return_month, value in side.returns.items():
            add(deltas, "returns", _name(return_month, "month"), sign * value)


def recount(deltas: Deltas, months: dict[int, int], month: int, by: int) -> None:
    """One counting order more (by = 1) or less (by = −1) in `month`; changes `months`, moves the set counters.

    `months` maps month → counting orders of this one customer. O(1), or O(active months) when the first
    month of the customer changes.
    """
    held = months.pop(month, 0)
    toggled = held == 0 if by > 0 else held == 1
    if toggled:
        for grain in GRAINS:
            _toggle(deltas, months, month, by, grain)
    if held + by:
        months[month] = held + by


def buyers(deltas: Deltas, before: int, after: int) -> None:
    """Counting orders of one customer went from `before` to `after`."""
    if (before >= 1) != (after >= 1):
        add(deltas, "buyers", "", 1 if after >= 1 else -1)
    if (before >= 2) != (after >= 2):
        add(deltas, "repeaters", "", 1 if after >= 2 else -1)


def _toggle(deltas: Deltas, others: dict[int, int], month: int, sign: int, grain: Grain) -> None:
    """A customer active in `others` becomes (or stops being) active in the period of `month`."""
    width = GRAINS[grain]
    period = month // width
    if _active(others, period, width):
        return
    this = _name(period, grain)
    add(deltas, "active", this, sign)
    if not others:
        add(deltas, "new", this, sign)
        if grain == "month":
            add(deltas, "cohort", this, sign, "0")
        return
    first = min(others) // width
    if period < first:
        _earlier_first(deltas, others, period, first, sign, grain)
        return
    if _active(others, period - 1, width):
        add(deltas, "retained", this, sign)
    if _active(others, period + 1, width):
        add(deltas, "retained", _name(period + 1, grain), sign)
    if grain == "month":
        add(deltas, "cohort", _name(first, grain), sign, str(period - first))


def _earlier_first(deltas: Deltas, others: dict[int, int], period: int, first: int, sign: int, grain: Grain) -> None:
    """`period` becomes (or stops being) the customer's first, before `first`: the cohort changes with it."""
    add(deltas, "new", _name(period, grain), sign)
    add(deltas, "new", _name(first, grain), -sign)
    if period + 1 == first:
        add(deltas, "retained", _name(first, grain), sign)
    if grain != "month":
        return
    add(deltas, "cohort", _name(period, grain), sign, "0")
    for other in others:
        add(deltas, "cohort", _name(first, grain), -sign, str(other - first))
        add(deltas, "cohort", _name(period, grain), sign, str(other - period))


def _active(months: dict[int, int], period: int, width: int) -> bool:
    if width == 1 or not months:
        return period in months
    start = period * width
    return not months.keys().isdisjoint(range(start, start + width))


def cold(orders: Iterable[Order], zone: ZoneInfo) -> Deltas:
    """Everything one customer's orders add up to, from scratch: what `verify` and the staff flag use.

    Written from the definitions, with sets, so that it is no second run of `recount`. Looks at one order after
    the other and keeps none: there may be a million.
    """
    deltas: Deltas = {}
    nothing = Effect()
    active: set[int] = set()
    counting = 0
    for order in orders:
        whole = effect(order, zone)
        money(deltas, nothing, whole)
        if whole.counting and whole.month is not None:
            active.add(whole.month)
            counting += 1
    buyers(deltas, 0, counting)
    for grain, width in GRAINS.items():
        _sets(deltas, sorted({month // width for month in active}), grain)
    return deltas


def _sets(deltas: Deltas, periods: list[int], grain: Grain) -> None:
    for period in periods:
        add(deltas, "active", _name(period, grain), 1)
        if period - 1 in periods:
            add(deltas, "retained", _name(period, grain), 1)
        if grain == "month":
            add(deltas, "cohort", _name(periods[0], grain), 1, str(period - periods[0]))
    if periods:
        add(deltas, "new", _name(periods[0], grain), 1)
