"""The counters again, from the log alone: what `regulars retention verify` compares with."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from zoneinfo import ZoneInfo

from retention import counters
from retention.counters import MEASURES, Deltas
from retention.events import Event, Profile
from retention.orders import Order, merge, row_key


def recount(log: Iterable[Event], zone: ZoneInfo) -> Deltas:
    """Sum what every customer's orders add up to; `log` comes customer by customer."""
    total: Deltas = {}
    for _, events in groupby(log, key=lambda event: event.customer):
        for (measure, period, dims), value in _customer(events, zone).items():
            counters.add(total, measure, period, value, dims)
    return {key: value for key, value in total.items() if value}


def differences(kept: Deltas, recounted: Deltas) -> list[tuple[str, str, str, int, int]]:
    """(measure, period, dims, kept, recounted) where the two disagree."""
    keys = {key for key in kept if key[0] in MEASURES} | set(recounted)
    pairs = ((key, kept.get(key, 0), recounted.get(key, 0)) for key in sorted(keys))
    return [(*key, old, new) for key, old, new in pairs if old != new]


def _customer(events: Iterable[Event], zone: ZoneInfo) -> Deltas:
    orders: dict[str, Order] = {}
    said = (0, False)
    for event in events:
        key = row_key(event)
        if key is not None:
            merge(orders.setdefault(key, Order()), event)
        elif isinstance(event.data, Profile) and isinstance(event.data.staff, bool):
            said = max(said, (event.time, event.data.staff))
    staff = said[1]
    return {} if staff else counters.cold(orders.values(), zone)
