"""The counters again, from the log alone: what `regulars retention verify` compares with."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Protocol
from zoneinfo import ZoneInfo

from msgspec import Struct

from retention import counters, orders
from retention.counters import MEASURES, Deltas
from retention.events import Event, Profile
from retention.orders import Order, join, merge, row_key

IN_MEMORY = 20_000
"""Orders of one customer that are counted in memory, some 15 MB; more of them go through a `Pile`."""

Word = tuple[int, bool]
"""(time, staff?): the latest word on whether a customer is staff; said at the same instant, that they are."""


class Settled(Struct, frozen=True):
    """What events that were let go had said: of one order, or (`key` is None) whether the customer is staff."""

    customer: str
    key: str | None = None
    order: Order | None = None
    staff: Word = (0, False)


class Pile(Protocol):
    """Encoded orders laid aside in any order, that come back sorted by key, each as often as it was put."""

    def put(self, rows: Iterable[tuple[str, bytes]]) -> None: ...

    def sorted(self) -> Iterator[tuple[str, bytes]]: ...

    def close(self) -> None: ...


class Tally:
    """What one customer's events say of their orders and of being staff; in any order, and any of them twice."""

    def __init__(self, staff: Word = (0, False)) -> None:
        self.orders: dict[str, Order] = {}
        self.staff = staff

    def take(self, said: Event | Settled) -> None:
        """One event more, or what many that were let go had come to."""
        if isinstance(said, Settled):
            self.staff = max(self.staff, said.staff)
            if said.key is not None and said.order is not None:
                join(self.orders.setdefault(said.key, Order()), said.order)
            return
        key = row_key(said)
        if key is not None:
            merge(self.orders.setdefault(key, Order()), said)
        elif isinstance(said.data, Profile) and isinstance(said.data.staff, bool):
            self.staff = max(self.staff, (said.time, said.data.staff))


def recount(log: Iterable[Event | Settled], zone: ZoneInfo, pile: Callable[[], Pile] | None = None) -> Deltas:
    """Sum what every customer's orders add up to; `log` comes customer by customer.

    `pile` is where the orders of a customer who has very many wait; without one all are kept in memory.
    """
    total: Deltas = {}
    for _, said in groupby(log, key=lambda each: each.customer):
        for (measure, period, dims), value in _customer(said, zone, pile).items():
            counters.add(total, measure, period, value, dims)
    return {key: value for key, value in total.items() if value}


def differences(kept: Deltas, recounted: Deltas) -> list[tuple[str, str, str, int, int]]:
    """(measure, period, dims, kept, recounted) where the two disagree."""
    keys = {key for key in kept if key[0] in MEASURES} | set(recounted)
    pairs = ((key, kept.get(key, 0), recounted.get(key, 0)) for key in sorted(keys))
    return [(*key, old, new) for key, old, new in pairs if old != new]


def _customer(said: Iterable[Event | Settled], zone: ZoneInfo, pile: Callable[[], Pile] | None) -> Deltas:
    tally = Tally()
    with contextlib.ExitStack() as closing:
        aside: Pile | None = None
        for each in said:
            tally.take(each)
            if pile is not None and len(tally.orders) >= IN_MEMORY:
                aside = aside or closing.enter_context(contextlib.closing(pile()))
                _lay_aside(tally, aside)
        if tally.staff[1]:
            return {}
        if aside is None:
            return counters.cold(tally.orders.values(), zone)
        _lay_aside(tally, aside)
        return counters.cold(_joined(aside.sorted()), zone)


def _lay_aside(tally: Tally, aside: Pile) -> None:
    aside.put((key, orders.encode(order)) for key, order in tally.orders.items())
    tally.orders.clear()


def _joined(rows: Iterator[tuple[str, bytes]]) -> Iterator[Order]:
    for _, same in groupby(rows, key=lambda row: row[0]):
        whole = Order()
        for _, state in same:
            join(whole, orders.decode(state))
        yield whole
