"""The counters from the definitions in the documents, with pandas. Shares no code with the product."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pandas as pd

if TYPE_CHECKING:
    from tests.chaos.oracle import Told

Sums = Mapping[tuple[str, str, str], int]
"""(measure, period, dims) → value, those that are 0 left out."""
MEASURES = {
    "placed", "orders", "gross", "refunds", "refunds_of", "returns",
    "active", "new", "retained", "cohort", "buyers", "repeaters",
}  # fmt: skip
LETTERS = {"M": 1, "Q": 3, "Y": 12}
RATES = {"THB": Decimal(1), "USD": Decimal("34.10")}


def counters(applied: Mapping[str, Sequence[Told]], zone: ZoneInfo, rates: Mapping[str, Decimal] = RATES) -> Sums:
    """Every counter, from every customer's events."""
    orders: list[dict[str, Any]] = []
    money: list[dict[str, Any]] = []
    for customer, events in applied.items():
        if not _staff(events):
            for said in _by_order(events).values():
                _order(customer, said, rates, orders, money)
    return _sums(pd.DataFrame(orders, columns=_ORDER), pd.DataFrame(money, columns=_MONEY), zone)


_ORDER = ["customer", "time", "total", "refunded", "counting"]
_MONEY = ["time", "amount"]


def _by_order(events: Iterable[Told]) -> dict[str, list[Told]]:
    orders: dict[str, list[Told]] = {}
    for event in events:
        if event.type in ("purchase", "fulfilment", "return"):
            key = event.data.get("order_id") or "loose " + event.data["return_id"]
            orders.setdefault(key, []).append(event)
    return orders


def _staff(events: Iterable[Told]) -> bool:
    said = [(e.time, e.data["staff"]) for e in events if e.type == "profile" and "staff" in e.data]
    return max(said)[1] if said else False


def _order(
    customer: str,
    said: Sequence[Told],
    rates: Mapping[str, Decimal],
    orders: list[dict[str, Any]],
    money: list[dict[str, Any]],
) -> None:
    """One order: its latest purchase sets the amount, its earliest the time; the latest word on each return counts."""
    purchases = sorted((e for e in said if e.type == "purchase"), key=_stamp)
    refunds = {
        e.data["return_id"]: e
        for e in sorted((e for e in said if e.type == "return"), key=_stamp)
        if e.data.get("state", "refunded") == "refunded"
    }
    cancelled = [e.time for e in said if e.type == "fulfilment" and e.data["state"] == "cancelled"]
    back = [{"time": e.time, "amount": _minor(e.data, rates)} for e in refunds.values()]
    total = _minor(purchases[-1].data, rates) if purchases else 0
    refunded = _paid_back(back)
    whole = bool(cancelled) or 0 < total <= refunded or (bool(purchases) and _all_back(purchases[-1], refunds.values()))
    if cancelled and purchases:
        back.append({"time": min(cancelled), "amount": max(0, total - refunded)})
    money.extend(back)
    if purchases:
        row = (customer, purchases[0].time, total, _paid_back(back), not whole)
        orders.append(dict(zip(_ORDER, row, strict=True)))


def _paid_back(back: Iterable[Mapping[str, Any]]) -> int:
    return sum(int(each["amount"]) for each in back)


def _stamp(event: Told) -> tuple[datetime, str, str]:
    return event.time, event.source, event.id


def _all_back(purchase: Told, refunds: Iterable[Told]) -> bool:
    """All units of the order came back; an order that lists none cannot."""
    bought, back = _units([purchase]), _units(refunds)
    return bool(bought) and all(back[sku] >= units for sku, units in bought.items())


def _units(events: Iterable[Told]) -> Counter[str]:
    units: Counter[str] = Counter()
    for event in events:
        for item in event.data.get("items", ()):
            units[item["sku"]] += int(item["qty"])
    return units


def _minor(data: Mapping[str, Any], rates: Mapping[str, Decimal]) -> int:
    """Minor units of the shop's currency; converted half to even."""
    amount = Decimal(data["total"]) * rates[data.get("currency", next(iter(rates)))]
    return int((amount * 100).quantize(Decimal(1), ROUND_HALF_EVEN))


def _sums(orders: Any, money: Any, zone: ZoneInfo) -> Sums:
    sums: Counter[tuple[str, str, str]] = Counter()
    orders["month"], money["month"] = _months(orders, zone), _months(money, zone)
    counting = orders[orders["counting"].astype(bool)]
    _add(sums, "placed", orders.groupby("month").size())
    _add(sums, "gross", orders.groupby("month")["total"].sum())
    _add(sums, "refunds_of", orders.groupby("month")["refunded"].sum())
    _add(sums, "orders", counting.groupby("month").size())
    _add(sums, "refunds", money.groupby("month")["amount"].sum())
    _add(sums, "returns", money.groupby("month").size())
    each = counting.groupby("customer").size()
    sums["buyers", "", ""] = int((each >= 1).sum())
    sums["repeaters", "", ""] = int((each >= 2).sum())
    for letter in LETTERS:
        _people(sums, counting, letter)
    return {key: value for key, value in sums.items() if value}


def _months(table: Any, zone: ZoneInfo) -> Any:
    local = pd.to_datetime(table["time"], utc=True).dt.tz_convert(zone)
    return local.dt.tz_localize(None).dt.to_period("M")


def _add(sums: Counter[tuple[str, str, str]], measure: str, values: Any) -> None:
    for month, value in values.items():
        sums[measure, str(month), ""] += int(value)


def _people(sums: Counter[tuple[str, str, str]], counting: Any, letter: str) -> None:
    """Sets of customers, period by period."""
    periods = counting["month"].dt.asfreq(letter)
    active = {period: set(counting["customer"][periods == period]) for period in periods.unique()}
    first = counting.assign(period=periods).groupby("customer")["period"].min()
    for period, people in active.items():
        sums["active", str(period), ""] = len(people)
        sums["retained", str(period), ""] = len(people & active.get(period - 1, set()))
        sums["new", str(period), ""] = int((first == period).sum())
        if letter == "M":
            for cohort, ours in first[first.index.isin(people)].groupby(first).groups.items():
                sums["cohort", str(cohort), str((period - cohort).n)] += len(ours)
