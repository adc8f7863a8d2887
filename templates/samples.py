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
FIRST_ORDER = dt.datetime(2025, 11, 7, 2, 15, tzinfo=dt.UTC)
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
_PRODUCT = {"sku": "TEA-9", "name": "Doi White No. 3", "category": "tea", "price": _baht(52000)}
_PRODUCT |= {"url": "https://shop.example/tea-9", "image": "https://shop.example/tea-9.jpg"}
_PRODUCT |= {"in_stock": True, "launched": "2026-03-01"}
_PROFILE: dict[str, Any] = {"email": "mali@example.com", "phone": "+66812345678", "line_id": "U1", "push_token": "p-1"}
_PROFILE |= {"first_name": "Mali", "last_name": "Jaidee", "locale": "th", "time_zone": "Asia/Bangkok", "country": "TH"}
_PROFILE |= {"birth_date": "1990-03-01", "tags": ["vip"], "attributes": {"shoe_size": 42}, "staff": False}

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
    "profile": [_PROFILE],
    "message": [
        {"message_id": "3f9c", "state": state, "channel": "email"} for state in ("opened", "clicked", "unsubscribed")
    ],
    "product": [_PRODUCT],
    "inactive": [{}],
    "date": [{}],
    "every": [{}],
}
"""Fields of each event type, with every value given; several where words depend on a state.

The last three are of rules that time fires: there is no event of the customer's, only its moment.
"""

_OPTIONAL = {
    "purchase": "discount tax shipping coupon channel",
    "return": "order_id reason",
    "birthday": "date",
    "consent": "topic source",
    "survey": "text order_id",
    "review": "sku text order_id",
    "referral": "code referred",
    "lead": "source campaign",
    "profile": " ".join(_PROFILE.keys() - {"staff"}),
    "message": "channel",
    "product": "price url image in_stock launched",
}
OPTIONAL = {event: frozenset(fields.split()) for event, fields in _OPTIONAL.items()}
"""Fields that may be missing from an event."""

PROFILE = ("email", "phone", "first_name", "last_name", "locale", "time_zone", "country", "birth_date", "tags")
"""What of the profile is handed to the wording."""
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
        "customer": _customer(first_name=first, last_name=last, locale=locale),
        "event": {"type": event, "time": TIME, **data},
        "rule": {"id": "sample", "name": "Sample"},
        "time_zone": "Asia/Bangkok",
        "unsubscribe_url": UNSUBSCRIBE,
    }


def _customer(**known: Any) -> dict[str, Any]:
    """A customer as delivery tells of one who has ordered three times."""
    profile = {name: _PROFILE[name] for name in PROFILE}
    orders = {"orders": 3, "orders_ever": 3, "net_revenue": _baht(325000)}
    return profile | orders | {"first_order_at": FIRST_ORDER, "last_order_at": TIME} | known


def _nobody() -> dict[str, Any]:
    """A customer of whom nothing is known but that there is one."""
    return dict.fromkeys(_customer()) | {"orders": 1, "orders_ever": 1, "net_revenue": _baht(0)}


def _bare(event: str, locale: str, data: Mapping[str, Any]) -> dict[str, Any]:
    left = {key: None if key in OPTIONAL.get(event, ()) else value for key, value in data.items()}
    if event == "purchase":
        left["items"] = BARE_ITEMS
    return {**context(event, locale, left), "customer": _nobody(), "unsubscribe_url": None}
