"""The contract with storefronts: CloudEvents 1.0 and the data each type carries (docs/reference/events.md)."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from retention.money import Money

Id = Annotated[str, Meta(min_length=1, max_length=200, extra_json_schema={"pattern": r"^[^\x00-\x1f\x7f]*$"})]
"""An identifier: 1 to 200 printable characters; `decode` checks the printable (a pattern here costs a microsecond)."""
Text = Annotated[str, Meta(max_length=10_000)]
Short = Annotated[str, Meta(max_length=500)]
Currency = Annotated[str, Meta(min_length=3, max_length=3, extra_json_schema={"pattern": "^[A-Z]{3}$"})]
"""ISO 4217; `decode` takes the shop's own and those with a rate (a pattern here costs half a microsecond)."""
Country = Annotated[str, Meta(pattern=r"^[A-Z]{2}$", max_length=2)]
"""ISO 3166; the length is bounded too: `$` alone lets a line end through."""
Day = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", max_length=10)]
Anniversary = Annotated[str, Meta(pattern=r"^(-|[0-9]{4})-[0-9]{2}-[0-9]{2}$", max_length=10)]
"""A date with or without its year; `checks` refuses days no calendar has."""
Time = Annotated[dt.datetime, Meta(tz=True)]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]

MAX_ITEMS = 1_000
AT_MOST = Meta(extra_json_schema={"maxItems": MAX_ITEMS})
"""Not a bound of the type: `decode` has a reason of its own for too many."""


class Item(Struct, frozen=True, omit_defaults=True, gc=False):
    """One line of an order; `price` is of one unit, in the order's currency."""

    sku: Id
    qty: Count
    price: Money
    name: Short | None = None
    category: Short | None = None


class Purchase(Struct, frozen=True, omit_defaults=True, gc=False):
    """An order was paid. `total` is what the customer paid. The same order_id again amends it."""

    order_id: Id
    total: Money
    currency: Currency | None = None
    items: Annotated[list[Item], AT_MOST] = []
    discount: Money | None = None
    tax: Money | None = None
    shipping: Money | None = None
    coupon: Short | None = None
    channel: Short | None = None


class Fulfilment(Struct, frozen=True, omit_defaults=True):
    """Where an order is. `cancelled` undoes the whole order without goods coming back."""

    order_id: Id
    state: Literal["shipped", "delivered", "cancelled"]


class ReturnedItem(Struct, frozen=True, omit_defaults=True):
    """Units of one article that come back."""

    sku: Id
    qty: Count


class Return(Struct, frozen=True, omit_defaults=True):
    """Goods come back. Money moves at `refunded`; without order_id only money moves."""

    return_id: Id
    total: Money
    order_id: Id | None = None
    currency: Currency | None = None
    items: Annotated[list[ReturnedItem], AT_MOST] = []
    reason: Short | None = None
    state: Literal["requested", "received", "refunded"] = "refunded"


class Birthday(Struct, frozen=True, omit_defaults=True):
    """It is the customer's birthday. `date` is YYYY-MM-DD or --MM-DD."""

    date: Anniversary | None = None


class Profile(Struct, frozen=True, omit_defaults=True):
    """What is known of the customer. An absent field keeps what was known, null clears it.

    `attributes` are the shop's own: name → text, number, true, false or null. They and `tags` are
    replaced as a whole.
    """

    email: Short | UnsetType | None = UNSET
    phone: Short | UnsetType | None = UNSET
    line_id: Short | UnsetType | None = UNSET
    push_token: Short | UnsetType | None = UNSET
    first_name: Short | UnsetType | None = UNSET
    last_name: Short | UnsetType | None = UNSET
    locale: Short | UnsetType | None = UNSET
    time_zone: Short | UnsetType | None = UNSET
    country: Country | UnsetType | None = UNSET
    birth_date: Anniversary | UnsetType | None = UNSET
    tags: Annotated[list[Short], Meta(max_length=100)] | UnsetType | None = UNSET
    attributes: Annotated[dict[Short, Any], Meta(max_length=100)] | UnsetType | None = UNSET
    staff: bool | UnsetType = UNSET


class Consent(Struct, frozen=True, omit_defaults=True):
    """The customer allowed or refused messages on a channel, for one topic or for all."""

    channel: Id
    state: Literal["granted", "denied"]
    topic: Id | None = None
    source: Short | None = None


class Survey(Struct, frozen=True, omit_defaults=True):
    """How likely the customer is to recommend the shop, 0 to 10: feeds NPS."""

    score: Annotated[int, Meta(ge=0, le=10)]
    text: Text | None = None
    order_id: Id | None = None


class Review(Struct, frozen=True, omit_defaults=True):
    """Stars for an article or an order; never feeds NPS."""

    rating: Annotated[int, Meta(ge=1, le=5)]
    sku: Id | None = None
    order_id: Id | None = None
    text: Text | None = None


class Referral(Struct, frozen=True, omit_defaults=True):
    """The customer referred someone, by code or by the friend's customer id: one of the two at least."""

    code: Short | None = None
    referred: Id | None = None


class Support(Struct, frozen=True, omit_defaults=True):
    """A support ticket opened or closed."""

    ticket_id: Id
    state: Literal["opened", "closed"]


class Lead(Struct, frozen=True, omit_defaults=True):
    """Someone showed interest and has not bought."""

    source: Short | None = None
    campaign: Short | None = None


class Product(Struct, frozen=True, omit_defaults=True):
    """An article of the catalogue; topic `products`, key = sku."""

    sku: Id
    name: Short
    category: Short
    price: Money | None = None
    url: Text | None = None
    image: Text | None = None
    in_stock: bool | None = None
    launched: Day | None = None


class Message(Struct, frozen=True, omit_defaults=True):
    """What became of a message Regulars queued."""

    message_id: Id
    state: Literal[
        "sent",
        "failed",
        "cancelled",
        "expired",
        "ambiguous",
        "delivered",
        "opened",
        "clicked",
        "bounced",
        "complained",
        "unsubscribed",
    ]
    channel: Id | None = None


TYPES: dict[str, type[Struct]] = {
    "purchase": Purchase,
    "fulfilment": Fulfilment,
    "return": Return,
    "birthday": Birthday,
    "profile": Profile,
    "consent": Consent,
    "survey": Survey,
    "review": Review,
    "referral": Referral,
    "support": Support,
    "lead": Lead,
    "product": Product,
    "message": Message,
}
"""Every type a producer may send, by its CloudEvents `type`."""

PRODUCT, CATALOGUE = "product", "regulars:catalogue"
"""Type and source of the word to a customer that an article of the catalogue is launched: the customer did nothing."""
POKE, CLOCK = "poke", "regulars:clock"
"""Type and source of what wakes a customer whose time has come. Nothing is folded from it."""
INTERNAL = frozenset({"reward", POKE, "merged", "erased"})
"""Types that only Regulars itself emits."""


def short(id: str) -> str:
    """A customer's id as part of another id: 16 hex digits."""
    return hashlib.sha256(id.encode()).hexdigest()[:16]


class Poke(Struct, frozen=True, omit_defaults=True):
    """The data of a poke: mostly none.

    `rule`: the customer is to be taken into this rule although it was due for them before the rule was there, at
    `before` (microseconds since 1970 UTC) or earlier.
    """

    rule: str = ""
    before: int = 0


class Envelope(Struct, frozen=True, gc=False):
    """The attributes of a CloudEvent in structured mode; `data` stays raw until its type is known."""

    specversion: Literal["1.0"]
    id: Id
    source: Id
    type: Id
    subject: Id
    time: Time
    data: msgspec.Raw
    datacontenttype: str | None = None


class Event(Struct, gc=False):
    """A checked event. `time` and `at` are microseconds since 1970 UTC, `amount` minor units of the shop's currency.

    `amount` is the total of a purchase or return, the price of an article, 0 otherwise. `at` (when the worker applied
    it) and `seq` (its number in the customer's log) are stamped once, by the worker.
    """

    source: str
    id: str
    type: str
    customer: str
    time: int
    data: Any
    raw: bytes
    amount: int = 0
    at: int = 0
    seq: int = 0
