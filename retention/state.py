"""What is known of one customer: the truth behind every decision, kept as one blob a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct, field

from retention.errors import NewerState
from retention.money import Money

VERSION = 1
"""Version of the blob's layout; a stored blob of another version is migrated on the way in."""

DAYS_KEPT = 400
CATEGORIES_KEPT = 32
RETURN_STAGES = ("requested", "received", "refunded")
TALKS_KEPT = 20
"""Tickets, and returns, that a customer's state remembers: the latest."""
STALE = 60 * 86_400_000_000
"""A ticket or return of which nothing was heard for so long (µs) holds nothing up any more."""


class Journey(Struct, array_like=True, gc=False):
    """A customer's way through one rule since they entered it. Instants as in `Customer`.

    `entry` names the entry among all of the rule's; `seq` is the event that began it, in the customer's log;
    `orders` the customer's `orders_ever` then. `step` is done next, at `due` (0: nothing is left but to hear of
    messages). `since`: when it began to wait for the customer to become free; 0: it does not. `open`: key → step of
    its messages of which nobody knows yet whether they left. `ruleset`: the rules it was entered under. `offered`:
    offer → when the first message with it leaves.
    """

    rule: str
    entry: str
    entered: int
    seq: int
    orders: int
    variant: str = ""
    step: int = 0
    due: int = 0
    since: int = 0
    open: dict[str, int] = field(default_factory=dict)
    shadow: bool = False
    ruleset: str = ""
    offered: dict[str, int] = field(default_factory=dict)


class Customer(Struct, array_like=True, gc=False):
    """One customer's state. Mutable on purpose: `fold` and `decide` own it inside a batch.

    Instants are microseconds since 1970 UTC (0 = never), money is minor units of the shop's currency,
    months count from year 0 (`year * 12 + month - 1`), days from 1970-01-01, both in the shop's zone.
    """

    v: int = VERSION
    seq: int = 0
    at: int = 0
    """`at` of the last event applied: the customer's own clock never runs backwards."""
    orders: int = 0
    """Counting orders: placed and not fully returned."""
    orders_ever: int = 0
    gross: int = 0
    """What all orders ever placed came to."""
    refunds: int = 0
    first_order_at: int = 0
    """When the first order ever was placed, returned later or not."""
    last_order_at: int = 0
    """When the newest order was placed; an amendment that puts it earlier does not move it back."""
    last_event_at: int = 0
    months: dict[int, int] = field(default_factory=dict)
    """Month → counting orders placed in it; no zeros."""
    days: dict[int, list[int]] = field(default_factory=dict)
    """Day → [counting orders, their amount]: the windows of `orders_in(90d)`; at most `DAYS_KEPT` back."""
    categories: dict[str, int] = field(default_factory=dict)
    """Category → units bought; the `CATEGORIES_KEPT` most bought."""
    profile: dict[str, Any] = field(default_factory=dict)
    """Profile field → value, cleared ones absent. Decimals are `Money`: a plain Decimal would come back as text."""
    profile_at: dict[str, int] = field(default_factory=dict)
    """Profile field → time of the event that set or cleared it last."""
    consents: dict[str, list[Any]] = field(default_factory=dict)
    """Channel, or channel/topic → [granted?, time]."""
    suppressed: dict[str, str] = field(default_factory=dict)
    """Channel → why nothing may go there any more: bounced, complained."""
    entries: dict[str, list[int]] = field(default_factory=dict)
    """Rule → [times entered, `at` of the last entry, cycle of the last entry]."""
    staff: bool = False
    walk_in: bool = False
    """More orders in a day than one person makes: a till's id for whoever walks in. Counted, never written to."""
    variants: dict[str, str] = field(default_factory=dict)
    """Rule → the variant the customer was first given in it, and keeps."""
    tickets: dict[str, list[int]] = field(default_factory=dict)
    """Support ticket → [time of its latest word, 1 while it is open]."""
    returning: dict[str, list[int]] = field(default_factory=dict)
    """Return → [time of its latest word, how far it is: `RETURN_STAGES`]."""
    reserved: list[list[Any]] = field(default_factory=list)
    """Messages that count towards frequency caps, [when it is due, channel, key], the earliest due first."""
    journeys: list[Journey] = field(default_factory=list)
    """Rules the customer is in the midst of."""
    own_tags: list[str] = field(default_factory=list)
    """Tags that rules put on; those of the profile are the storefront's."""
    own: dict[str, Any] = field(default_factory=dict)
    """Attributes that rules set, which go before those of the profile; None: a rule cleared it."""
    elapsed: int = 0
    """Up to when what time alone does has been done: rules that are due, journeys that go on. 0: nothing heard yet."""

    @property
    def net_revenue(self) -> int:
        """Gross less refunds, minor units."""
        return self.gross - self.refunds


FOLDED = (
    "orders",
    "orders_ever",
    "gross",
    "refunds",
    "first_order_at",
    "last_order_at",
    "last_event_at",
    "months",
    "days",
    "categories",
    "profile",
    "profile_at",
    "consents",
    "suppressed",
    "staff",
    "walk_in",
    "tickets",
    "returning",
)
"""What `fold` makes of the customer's events, whatever the rules are; the rest is the rules'."""

_MONEY = 1
"""MessagePack extension type of an exact decimal; there is none in MessagePack itself."""


def _exact(value: Any) -> msgspec.msgpack.Ext:
    if type(value) is Money:
        return msgspec.msgpack.Ext(_MONEY, str(value).encode())
    raise NotImplementedError(type(value))


def _back(code: int, data: memoryview) -> Any:
    if code == _MONEY:
        return Money(str(data, "ascii"))
    raise NotImplementedError(code)


_encoder = msgspec.msgpack.Encoder(enc_hook=_exact)
_decoder = msgspec.msgpack.Decoder(Customer, ext_hook=_back)
_fields = msgspec.msgpack.Decoder(list[Any], ext_hook=_back)

encode = _encoder.encode


MIGRATIONS: dict[int, Callable[[list[Any]], list[Any]]] = {}
"""Version → from the fields of a blob of it to those of the next version.

A field added at the end needs no new version: an older blob reads as its default.
"""


def decode(blob: bytes) -> Customer:
    """The stored blob back to state; one of an older version is migrated on the way.

    Raises ValidationError when it is no state, NewerState when a newer Regulars wrote it.
    """
    return _decoder.decode(blob) if version(blob) == VERSION else _migrated(blob, VERSION, MIGRATIONS)


def version(blob: bytes) -> int:
    """The version a blob was written with: the first element of its array, below 128, behind the array's header."""
    return blob[3] if blob[:1] == b"\xdc" else blob[1]


def _migrated(blob: bytes, to: int, migrations: Mapping[int, Callable[[list[Any]], list[Any]]]) -> Customer:
    fields = _fields.decode(blob)
    if type(fields[0]) is not int:
        raise msgspec.ValidationError("a state begins with its version")
    if fields[0] > to:
        raise NewerState(fields[0])
    while fields[0] < to:
        was = fields[0]
        fields = [was + 1, *migrations[was](fields)[1:]]
    return _decoder.decode(_encoder.encode(fields))
