"""Made-up customers and events, one set for each event type: what checks and previews render with.

Each event has a full sample and a bare one, where everything that a storefront may leave out is None. A message
that reads well with both reads well with all.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from templates.values import Amount

TIME = dt.datetime(2026, 3, 1, 3, 30, tzinfo=dt.UTC)
UNSUBSCRIBE = "https://shop.example/unsubscribe/3f9c"


def _baht(minor: int) -> Amount:
    return Amount(minor, "THB")


ITEMS = [
    {"sku": "TEA-1", "name": "Doi Oolong No. 17", "category": "tea", "qty": 2, "price": _baht(44500)},
    {"sku": "CUP-3", "name": "Celadon cup", "category": "cup", "qty": 1, "price": _baht(34400)},
]
BARE_ITEMS = [{"sku": "TEA-1", "name": None, "category": None, "qty": 1, "price": _baht(44500)}]

_ORDER = {"order_id": "o-1042", "total": _baht(123400), "currency": "THB", "items": ITEMS, "coupon": "MALI15"}
_ORDER |= {"discount": _baht(5000), "tax": _baht(8073), "shipping": _baht(5000), "channel": "web"}
_RETURN = {"return_id": "r-7", "order_id": "o-1042", "total": _baht(44500), "currency": "THB", "reason": "too strong"}
_RETURN |= {"items": [{"sku": "TEA-1", "qty": 1}]}

EVENTS: dict[str, list[dict[str, Any]]] = {
    "purchase": [_ORDER],
    "fulfilment": [{"order_id": "o-1042", "state": state} for state in ("shipped", "delivered", "cancelled")],
    "return": [_RETURN | {"state": state} for state in ("requested", "received", "refunded")],
    "birthday": [{"date": "1990-03-01"}],
    "consent": [
        {"channel": "email", "topic": "news", "state": state, "source": "web"} for state in ("granted", "denied")
    ],
    "survey": [{"score": score, "text": "Lovely tea", "order_id": "o-1042"} for score in (9, 3)],
    "review": [{"rating": rating, "sku": "TEA-1", "order_id": "o-1042", "text": "Lovely"} for rating in (5, 2)],
    "referral": [{"code": "MALI-7", "referred": "anan"}],
    "support": [{"ticket_id": "t-5", "state": state} for state in ("opened", "closed")],
    "lead": [{"source": "fair", "campaign": "spring"}],
    "inactive": [{}],
    "date": [{}],
}
"""Fields of each event type, with every value given; several where words depend on a state."""

_OPTIONAL = "discount tax shipping coupon channel reason date topic source text sku code referred campaign"
OPTIONAL = frozenset(_OPTIONAL.split())
"""Fields that a storefront may leave out; the order of a return too."""

NAMES = {"th": ("มะลิ", "ใจดี")}
"""First and last name by language; Mali Jaidee elsewhere."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A context to render with, and a word that tells it from the others of its message."""

    label: str
    context: Mapping[str, Any]


def samples(event: str, locale: str, extra: Mapping[str, Any] | None = None) -> list[Sample]:
    """The contexts a message for `event` must render with: known and unknown customers, each state, full and bare.

    `extra` holds fields of the shop's own events, from the message file.
    """
    found = []
    for data in EVENTS.get(event, [{}]):
        label = str(data.get("state", event))
        found.append(Sample(label, context(event, locale, {**data, **(extra or {})})))
        found.append(Sample(f"{label}, bare", _bare(event, locale, {**data, **(extra or {})})))
        if "items" in data:
            found.append(Sample(f"{label}, no items", context(event, locale, {**data, **(extra or {}), "items": []})))
    return found


def context(event: str, locale: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """What delivery hands to the renderer, for a customer who is known by name."""
    first, last = NAMES.get(locale.partition("-")[0], ("Mali", "Jaidee"))
    return {
        "customer": {"first_name": first, "last_name": last, "locale": locale, "orders": 3},
        "event": {"type": event, "time": TIME, **data},
        "rule": {"id": "sample", "name": "Sample"},
        "time_zone": "Asia/Bangkok",
        "unsubscribe_url": UNSUBSCRIBE,
    }


def _bare(event: str, locale: str, data: Mapping[str, Any]) -> dict[str, Any]:
    optional = OPTIONAL | {"order_id"} if event in ("return", "survey", "review") else OPTIONAL
    left = {key: None if key in optional else value for key, value in data.items()}
    if event == "purchase":
        left["items"] = BARE_ITEMS
    full = context(event, locale, left)
    nobody = {"first_name": None, "last_name": None, "locale": None, "orders": 1}
    return {**full, "customer": nobody, "unsubscribe_url": None}
