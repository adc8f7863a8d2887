"""Who was told of an article that was launched: everybody whom the shop knew then to have bought today, once.

Shares no code with the product.

Who bought while customers were gone through may be told or not: nobody else can know on which page they stood.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.chaos.journeys import FOREVER
from tests.chaos.oracle import Stamp, Told
from tests.chaos.rulebook import LATELY

BEFORE = timedelta(seconds=1)
"""By so much an order has to be decided before the launch is known, to be in the store for certain."""


@dataclass(frozen=True)
class Launched:
    """An article, and when the broker had it."""

    sku: str
    at: datetime


@dataclass
class Heard:
    """What is wrong; `told` counts what is right."""

    told: int = 0
    missing: list[tuple[str, str]] = field(default_factory=list)
    """(sku, customer): had bought and never heard of it."""
    again: list[tuple[str, str]] = field(default_factory=list)
    """Heard of it twice."""
    needless: list[tuple[str, str]] = field(default_factory=list)
    """Heard of it and had not bought."""


def compare(
    launches: Sequence[Launched],
    applied: Mapping[str, Sequence[Told]],
    stamps: Mapping[tuple[str, str], Stamp],
    log: Mapping[str, Sequence[tuple[str, str, str, object]]],
) -> Heard:
    """`applied` as the topics have it, `stamps` and `log` as the store does."""
    heard = Heard()
    for customer, events in applied.items():
        told = Counter(_sku(data) for _, _, kind, data in log.get(customer, ()) if kind == "product")
        bought = _bought(events, stamps)
        heard.told += len(told)
        heard.again += [(sku, customer) for sku, times in told.items() if times > 1]
        heard.missing += [
            (one.sku, customer) for one in launches if bought and bought < one.at - BEFORE and not told[one.sku]
        ]
        heard.needless += [(sku, customer) for sku in told if bought is None or bought > _told_at(sku, events, stamps)]
    return heard


def _bought(events: Sequence[Told], stamps: Mapping[tuple[str, str], Stamp]) -> datetime | None:
    """When the first order of today was decided about; what is said of an order later makes none of it."""
    orders = set[object]()
    for event in events:
        if event.type != "purchase" or event.identity not in stamps or event.data["order_id"] in orders:
            continue
        orders.add(event.data["order_id"])
        if (at := stamps[event.identity].at) - event.time < LATELY:
            return at
    return None


def _told_at(sku: str, events: Sequence[Told], stamps: Mapping[tuple[str, str], Stamp]) -> datetime:
    """When the customer was told of an article."""
    told = (event.identity for event in events if event.type == "product" and _sku(event.data) == sku)
    return min((stamps[identity].at for identity in told if identity in stamps), default=FOREVER)


def _sku(data: object) -> str:
    assert isinstance(data, Mapping)
    return str(data["sku"])
