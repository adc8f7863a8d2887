"""Made-up offers: what checks and previews render messages with that speak of one.

An offer is a mapping: code, name, percent (`Percent`), amount, minimum and most (`Amount`), free_shipping (true or
false), expires_at (an aware time). What it does not have is None. One has everything, the other a percent alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from templates.samples import Sample
from templates.values import Amount, Percent

CODE = "TEA-7KQ2-MX9P-4HNC"
NAMES = {"th": "ส่วนลด 15% สำหรับครั้งถัดไป"}
"""Name by language; English elsewhere."""

BARE: dict[str, Any] = {
    "code": CODE,
    "name": "15% off your next order",
    "percent": Percent(1500),
    "amount": None,
    "free_shipping": False,
    "minimum": None,
    "most": None,
    "expires_at": None,
}
FULL = BARE | {
    "amount": Amount(10000, "THB"),
    "free_shipping": True,
    "minimum": Amount(50000, "THB"),
    "most": Amount(30000, "THB"),
    "expires_at": dt.datetime(2026, 3, 15, 16, 59, 59, 999_999, dt.UTC),
}


def offering(samples: Iterable[Sample], locale: str, optional: bool) -> Iterator[Sample]:
    """`samples` with an offer each, the bare ones with the bare one; where it is `optional`, one more without."""
    name = NAMES.get(locale.partition("-")[0], FULL["name"])
    found = list(samples)
    for sample in found:
        offer = BARE if sample.label.endswith("bare") else FULL
        yield replace(sample, context={**sample.context, "offer": offer | {"name": name}})
    if optional and found:
        yield Sample(f"{found[0].label}, no offer", {**found[0].context, "offer": None})
