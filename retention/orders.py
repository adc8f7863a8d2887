"""An order and what it adds to the counters: a pure function of everything said about it, in whatever order."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct, field

from retention.events import Event, Fulfilment, Purchase, Return
from retention.periods import calendar

Stamp = tuple[int, str, str]
"""(time, source, id) of an event: the total order by which the latest word wins."""

LOOSE = "\x1f"
"""First character of the row key of a return that names no order; no order id can hold it."""


class Returned(Struct, array_like=True, gc=False):
    """What the latest `refunded` event of one return said. `total` in minor units, `units` by sku."""

    stamp: Stamp
    total: int
    units: dict[str, int]


class Order(Struct, array_like=True, gc=False):
    """Everything said about one order. Merging is commutative, associative and idempotent.

    `first` is the earliest time it was bought (None = its purchase has not arrived yet), `stamp` the
    latest purchase event, which sets `total` (minor units) and `units` (sku → units bought);
    `cancelled` the earliest time it was cancelled.
    """

    first: int | None = None
    stamp: Stamp = (0, "", "")
    total: int = 0
    units: dict[str, int] = field(default_factory=dict)
    cancelled: int | None = None
    returns: dict[str, Returned] = field(default_factory=dict)

    @property
    def untouched(self) -> bool:
        """Nothing was said about it that counts."""
        return self.first is None and self.cancelled is None and not self.returns

    @property
    def placed(self) -> bool:
        """Its purchase has arrived."""
        return self.first is not None

    @property
    def refunded(self) -> int:
        """What its returns gave back, minor units; a cancellation not included."""
        return sum(r.total for r in self.returns.values())

    @property
    def returned(self) -> bool:
        """Fully returned: cancelled, or all its units are back, or refunds ≥ total > 0 (semantics.md)."""
        if self.cancelled is not None:
            return True
        if not self.returns:
            return False
        return (0 < self.total <= self.refunded) or self._all_units_back()

    @property
    def counting(self) -> bool:
        """Placed and not fully returned: what every retention measure counts."""
        return self.first is not None and not self.returned

    def _all_units_back(self) -> bool:
        if not self.units:
            return False
        back: dict[str, int] = {}
        for returned in self.returns.values():
            for sku, qty in returned.units.items():
                back[sku] = back.get(sku, 0) + qty
        return all(back.get(sku, 0) >= qty for sku, qty in self.units.items())


def row_key(event: Event) -> str | None:
    """The order row an event is about; None when it is about no order."""
    data = event.data
    if type(data) is Purchase or type(data) is Fulfilment:
        return data.order_id
    if type(data) is Return:
        return data.order_id if data.order_id is not None else LOOSE + data.return_id
    return None


def merge(order: Order, event: Event) -> None:
    """Take what `event` says of the order into `order`."""
    data = event.data
    stamp = (event.time, event.source, event.id)
    if type(data) is Purchase:
        latest = order.first is None or stamp > order.stamp
        order.first = event.time if order.first is None else min(order.first, event.time)
        if latest:
            order.stamp, order.total, order.units = stamp, event.amount, _units(data)
    elif type(data) is Return and data.state == "refunded":
        known = order.returns.get(data.return_id)
        if known is None or stamp > known.stamp:
            order.returns[data.return_id] = Returned(stamp, event.amount, _units(data))
    elif type(data) is Fulfilment and data.state == "cancelled":
        order.cancelled = event.time if order.cancelled is None else min(order.cancelled, event.time)


def join(order: Order, other: Order) -> None:
    """Take into `order` what `other` knows of the same order: as if all events of both had been merged into it."""
    if other.first is not None:
        if order.first is None or other.stamp > order.stamp:
            order.stamp, order.total, order.units = other.stamp, other.total, other.units
        order.first = other.first if order.first is None else min(order.first, other.first)
    for id, returned in other.returns.items():
        known = order.returns.get(id)
        if known is None or returned.stamp > known.stamp:
            order.returns[id] = returned
    if other.cancelled is not None:
        order.cancelled = other.cancelled if order.cancelled is None else min(order.cancelled, other.cancelled)


def _units(data: Purchase | Return) -> dict[str, int]:
    units: dict[str, int] = {}
    for item in data.items:
        units[item.sku] = units.get(item.sku, 0) + item.qty
    return units


class Effect(Struct, frozen=True):
    """What one order adds up to: month and day it was placed (None = not placed), amounts in minor units."""

    month: int | None = None
    day: int = 0
    counting: bool = False
    gross: int = 0
    refunds: dict[int, int] = {}
    """Month of the refund → money given back in it, the cash view."""
    returns: dict[int, int] = {}
    """Month → returns refunded in it."""

    @property
    def refunded(self) -> int:
        """All money given back for this order."""
        return sum(self.refunds.values())


def effect(order: Order, zone: ZoneInfo) -> Effect:
    """The order's whole contribution; the fold applies the difference of two of these."""
    refunds: dict[int, int] = {}
    returns: dict[int, int] = {}
    for returned in order.returns.values():
        month, _ = calendar(returned.stamp[0], zone)
        refunds[month] = refunds.get(month, 0) + returned.total
        returns[month] = returns.get(month, 0) + 1
    if order.cancelled is not None and order.placed:
        month, _ = calendar(order.cancelled, zone)
        refunds[month] = refunds.get(month, 0) + max(0, order.total - order.refunded)
        returns[month] = returns.get(month, 0) + 1
    if order.first is None:
        return Effect(refunds=refunds, returns=returns)
    month, day = calendar(order.first, zone)
    return Effect(month, day, order.counting, order.total, refunds, returns)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Order)
encode = _encoder.encode


def decode(blob: bytes) -> Order:
    """The stored blob back to an order."""
    return _decoder.decode(blob)
