"""The measures of a whole history, counted by hand from the definitions: shares nothing with the code it judges.

Sets are built and looked at; nothing is updated. Slow, and meant to be.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from retention.events import Event

Stamp = tuple[int, str, str]


@dataclass
class Told:
    """Everything said about one order (or about one return that names none)."""

    purchases: list[tuple[Stamp, int, Counter[str]]] = field(default_factory=list)
    refunds: dict[str, list[tuple[Stamp, int, Counter[str]]]] = field(default_factory=lambda: defaultdict(list))
    cancellations: list[int] = field(default_factory=list)

    @property
    def latest(self) -> tuple[Stamp, int, Counter[str]]:
        return max(self.purchases, key=lambda word: word[0])

    @property
    def total(self) -> int:
        return self.latest[1] if self.purchases else 0

    @property
    def final_refunds(self) -> list[tuple[Stamp, int, Counter[str]]]:
        return [max(words, key=lambda word: word[0]) for words in self.refunds.values()]

    def counts(self) -> bool:
        """It was bought, and not fully returned."""
        if not self.purchases or self.cancellations:
            return False
        bought = self.latest[2]
        back: Counter[str] = Counter()
        for _, _, units in self.final_refunds:
            back += units
        if bought and all(back[sku] >= units for sku, units in bought.items()):
            return False
        money = sum(amount for _, amount, _ in self.final_refunds)
        return not (self.total > 0 and money >= self.total)

    def given_back(self) -> list[tuple[int, int]]:
        """(time, money) of every refund; a cancellation gives back what is left."""
        refunds = [(stamp[0], amount) for stamp, amount, _ in self.final_refunds]
        if self.cancellations and self.purchases:
            left = self.total - sum(amount for _, amount in refunds)
            refunds.append((min(self.cancellations), max(0, left)))
        return refunds


def told(events: Iterable[Event]) -> dict[str, Told]:
    """One customer's events, sorted by what they are about."""
    about: dict[str, Told] = defaultdict(Told)
    for event in events:
        data, stamp = event.data, (event.time, event.source, event.id)
        units: Counter[str] = Counter()
        for item in getattr(data, "items", []):
            units[item.sku] += item.qty
        if event.type == "purchase":
            about[data.order_id].purchases.append((stamp, event.amount, units))
        elif event.type == "fulfilment" and data.state == "cancelled":
            about[data.order_id].cancellations.append(event.time)
        elif event.type == "return" and data.state == "refunded":
            place = data.order_id if data.order_id is not None else f"loose {data.return_id}"
            about[place].refunds[data.return_id].append((stamp, event.amount, units))
    return about


def staff(events: Iterable[Event]) -> bool:
    """The latest word on the flag; said at the same instant, yes."""
    words = [(event.time, event.data.staff) for event in events if event.type == "profile"]
    return max(words, default=(0, False))[1]


def there(time: int, zone: ZoneInfo) -> dt.datetime:
    """The wall clock of `zone`."""
    return dt.datetime.fromtimestamp(time // 1_000_000, zone)


def label(day: dt.datetime, grain: str) -> str:
    """The period a day lies in."""
    quarter = (day.month + 2) // 3
    return {"month": f"{day:%Y-%m}", "quarter": f"{day.year}Q{quarter}", "year": f"{day.year}"}[grain]


def number(period: str) -> int:
    """Consecutive periods have consecutive numbers."""
    if "Q" in period:
        return int(period[:4]) * 4 + int(period[-1])
    year, _, month = period.partition("-")
    return int(year) * 12 + int(month) if month else int(year)


def counters(events: Iterable[Event], zone: ZoneInfo) -> dict[tuple[str, str, str], int]:
    """Every counter of every customer, those that are zero left out."""
    by_customer: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_customer[event.customer].append(event)
    sums: Counter[tuple[str, str, str]] = Counter()
    for theirs in by_customer.values():
        if not staff(theirs):
            _money(told(theirs), zone, sums)
            _people(told(theirs), zone, sums)
    return {key: value for key, value in sums.items() if value}


def _money(orders: dict[str, Told], zone: ZoneInfo, sums: Counter[tuple[str, str, str]]) -> None:
    for order in orders.values():
        refunds = order.given_back()
        for time, amount in refunds:
            month = label(there(time, zone), "month")
            sums["refunds", month, ""] += amount
            sums["returns", month, ""] += 1
        if order.purchases:
            month = label(there(min(stamp[0] for stamp, _, _ in order.purchases), zone), "month")
            sums["placed", month, ""] += 1
            sums["orders", month, ""] += order.counts()
            sums["gross", month, ""] += order.total
            sums["refunds_of", month, ""] += sum(amount for _, amount in refunds)


def _people(orders: dict[str, Told], zone: ZoneInfo, sums: Counter[tuple[str, str, str]]) -> None:
    days = [
        there(min(stamp[0] for stamp, _, _ in order.purchases), zone) for order in orders.values() if order.counts()
    ]
    sums["buyers", "", ""] += len(days) >= 1
    sums["repeaters", "", ""] += len(days) >= 2
    for grain in ("month", "quarter", "year"):
        active = {number(label(day, grain)): label(day, grain) for day in days}
        for period, name in active.items():
            sums["active", name, ""] += 1
            sums["retained", name, ""] += period - 1 in active
            sums["new", name, ""] += period == min(active)
            if grain == "month":
                sums["cohort", active[min(active)], str(period - min(active))] += 1
