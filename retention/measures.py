"""The measures of semantics.md, from sums of counters to what is printed."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from retention import periods
from retention.periods import GRAINS, Grain


class Period(Struct, frozen=True):
    """One calendar period. Percent for crr, true_retention and churn (null when nobody was there at the start).

    `start` S = |A(p−1)|, `end` E = |A(p)|, `new` N, `reactivated` R. CRR = (E − N) / S × 100, the published
    formula; true retention = |A(p−1) ∩ A(p)| / S × 100; churn = 100 − true retention. `aov_minor` is the
    order view on both sides: (gross − refunds of those orders) / orders placed.
    """

    period: str
    start: int
    end: int
    new: int
    retained: int
    reactivated: int
    crr: float | None
    true_retention: float | None
    churn: float | None
    orders: int
    placed: int
    returns: int
    gross_minor: int
    refunds_minor: int
    net_minor: int
    aov_minor: float | None
    return_rate: float | None


class Overall(Struct, frozen=True):
    """All time. `purchases` counts orders placed, `orders` those that count; rates are fractions."""

    buyers: int
    purchases: int
    orders: int
    returns: int
    gross_minor: int
    refunds_minor: int
    net_minor: int
    repeat_purchase_rate: float | None
    purchase_frequency: float | None
    average_order_minor: float | None


class Report(Struct, frozen=True):
    """What `regulars retention --json` prints."""

    currency: str
    period: Grain
    periods: list[Period]
    overall: Overall


Sums = Mapping[tuple[str, str], int]
"""(measure, period) → value, summed over shards; counters with dimensions left out."""


def report(sums: Sums, currency: str, grain: Grain, first: int | None = None, last: int | None = None) -> Report:
    """Every period of `grain` from `first` to `last` (period numbers; the data's own when None), empty ones too."""
    months = [
        periods.parse(period, "month") for (measure, period), value in sums.items() if measure in _MONTHLY and value
    ]
    width = GRAINS[grain]
    start = first if first is not None else min(months, default=0) // width
    stop = last if last is not None else max(months, default=-1) // width
    return Report(currency, grain, [_period(sums, index, grain) for index in range(start, stop + 1)], _overall(sums))


_MONTHLY = frozenset({"placed", "orders", "gross", "refunds", "refunds_of", "returns"})


def _period(sums: Sums, index: int, grain: Grain) -> Period:
    def of(measure: str, at: int = index) -> int:
        return sums.get((measure, periods.name(at, grain)), 0)

    def added(measure: str) -> int:
        width = GRAINS[grain]
        return sum(sums.get((measure, periods.name(index * width + i, "month")), 0) for i in range(width))

    start, end, new, retained = of("active", index - 1), of("active"), of("new"), of("retained")
    kept = _percent(retained, start)
    placed, gross, refunds = added("placed"), added("gross"), added("refunds")
    return Period(
        period=periods.name(index, grain),
        start=start,
        end=end,
        new=new,
        retained=retained,
        reactivated=end - new - retained,
        crr=_percent(end - new, start),
        true_retention=kept,
        churn=None if kept is None else round(100 - kept, 4),
        orders=added("orders"),
        placed=placed,
        returns=added("returns"),
        gross_minor=gross,
        refunds_minor=refunds,
        net_minor=gross - refunds,
        aov_minor=_ratio(gross - added("refunds_of"), placed),
        return_rate=_ratio(placed - added("orders"), placed),
    )


def _overall(sums: Sums) -> Overall:
    def total(measure: str) -> int:
        return sum(value for (name, _), value in sums.items() if name == measure)

    buyers, orders, placed = total("buyers"), total("orders"), total("placed")
    gross, refunds = total("gross"), total("refunds")
    return Overall(
        buyers=buyers,
        purchases=placed,
        orders=orders,
        returns=total("returns"),
        gross_minor=gross,
        refunds_minor=refunds,
        net_minor=gross - refunds,
        repeat_purchase_rate=_ratio(total("repeaters"), buyers),
        purchase_frequency=_ratio(orders, buyers),
        average_order_minor=_ratio(gross - total("refunds_of"), placed),
    )


def _percent(part: int, whole: int) -> float | None:
    return round(part / whole * 100, 4) if whole else None


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
