"""Builders for the tests of the domain: records as they come off the broker, and checked events."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from retention.counters import Deltas
from retention.decode import decode, micros
from retention.errors import BadEvent
from retention.events import Event, Fulfilment, Item, Profile, Purchase, Return, ReturnedItem
from retention.fold import fold
from retention.money import Money
from retention.orders import Order, row_key
from retention.shop import Shop
from retention.state import Customer

BANGKOK = ZoneInfo("Asia/Bangkok")
SHOP = Shop(currency="THB", rates={"USD": Decimal("34.10"), "JPY": Decimal("0.2345")})
NOW = micros(dt.datetime(2026, 3, 2, tzinfo=dt.UTC))
TIME = "2026-03-01T10:00:00Z"
PURCHASE = '{"order_id":"o-1","total":890.00}'
BINARY = {
    "ce_specversion": b"1.0",
    "ce_id": b"evt-1",
    "ce_source": b"/shop",
    "ce_type": b"purchase",
    "ce_subject": b"anna",
    "ce_time": TIME.encode(),
    "content-type": b"application/json",
}


def record(data: str = PURCHASE, **attributes: Any) -> bytes:
    """A structured CloudEvent of customer `anna`; `data` is JSON text, an attribute None is left out."""
    head = {"specversion": "1.0", "id": "evt-1", "source": "/shop", "type": "purchase", "subject": "anna", "time": TIME}
    head |= attributes
    pairs = [f"{json.dumps(name)}:{json.dumps(value)}" for name, value in head.items() if value is not None]
    return ("{" + ",".join([*pairs, f'"data":{data}']) + "}").encode()


def taken(value: bytes | None, key: bytes | None = b"anna", headers: Iterable[tuple[str, bytes | None]] = ()) -> Event:
    """What decode makes of a record."""
    return decode(key, value, tuple(headers), SHOP, NOW)


def refused(
    value: bytes | None, key: bytes | None = b"anna", headers: Iterable[tuple[str, bytes | None]] = ()
) -> BadEvent:
    """The BadEvent decode raises for a record; AssertionError when it takes it."""
    try:
        event = taken(value, key, headers)
    except BadEvent as bad:
        return bad
    raise AssertionError(f"taken: {event}")


def why(value: bytes | None, **more: Any) -> tuple[str, str]:
    """(reason, field path) of a refused record."""
    bad = refused(value, **more)
    return bad.reason, bad.field


def at(text: str, zone: ZoneInfo = BANGKOK) -> int:
    """Microseconds of a wall-clock time in `zone`."""
    return micros(dt.datetime.fromisoformat(text).replace(tzinfo=zone))


_serial = iter(range(10**9))


def event(data: Any, time: int, amount: int = 0, customer: str = "anna", id: str | None = None) -> Event:
    """A checked event; its id is new unless one is given."""
    kinds: dict[type[Any], str] = {Purchase: "purchase", Return: "return", Fulfilment: "fulfilment", Profile: "profile"}
    kind = kinds.get(type(data), type(data).__name__.lower())
    return Event("/shop", id or f"e-{next(_serial)}", kind, customer, time, data, b"{}", amount)


def bought(
    order: str, time: int, total: int = 100, items: dict[str, int] | None = None, category: str | None = None
) -> Event:
    """A purchase of `total` minor units."""
    lines = [Item(sku, qty, Money(1), category=category) for sku, qty in (items or {}).items()]
    return event(Purchase(order, Money(total) / 100, items=lines), time, total)  # type: ignore[arg-type]


def returned(
    order: str | None,
    time: int,
    total: int,
    return_id: str = "r-1",
    items: dict[str, int] | None = None,
    state: Any = "refunded",
) -> Event:
    """A return of `total` minor units."""
    lines = [ReturnedItem(sku, qty) for sku, qty in (items or {}).items()]
    data = Return(return_id, Money(total) / 100, order, items=lines, state=state)  # type: ignore[arg-type]
    return event(data, time, total)


def cancelled(order: str, time: int) -> Event:
    """The cancellation of an order."""
    return event(Fulfilment(order, "cancelled"), time)


def staff(flag: bool, time: int) -> Event:
    """The customer is staff, or is not."""
    return event(Profile(staff=flag), time)


class Desk:
    """Folds events as the worker does, in memory: states, order rows and the sum of all deltas."""

    def __init__(self, zone: ZoneInfo = BANGKOK) -> None:
        self.zone = zone
        self.customers: dict[str, Customer] = {}
        self.orders: dict[str, dict[str, Order]] = {}
        self.deltas: Deltas = {}

    def fold(self, *events: Event) -> list[bool]:
        """Each event in turn; what `fold` says of each."""
        return [self._one(event) for event in events]

    def _one(self, event: Event) -> bool:
        customer = self.customers.setdefault(event.customer, Customer())
        rows = self.orders.setdefault(event.customer, {})
        key = row_key(event)
        order = None if key is None else rows.setdefault(key, Order())
        return fold(customer, order, event, self.zone, self.deltas, rows.values)

    @property
    def anna(self) -> Customer:
        """The customer of most tests."""
        return self.customers["anna"]

    def counters(self) -> Deltas:
        """The counters that are not zero."""
        return nonzero(self.deltas)

    def sums(self) -> dict[tuple[str, str], int]:
        """(measure, period) → value, as the store gives them to `report`."""
        return {(measure, period): value for (measure, period, dims), value in self.deltas.items() if not dims}


def nonzero(deltas: Deltas) -> Deltas:
    """Without counters that came to nothing: the store cannot tell them from none."""
    return {key: value for key, value in deltas.items() if value}
