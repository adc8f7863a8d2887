"""What holds for all rules of a shop: `rules/policy.yaml`."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from msgspec import Struct, field

from retention.shop import Shop

HOUR = 3_600_000_000
"""Microseconds of an hour."""
DAY = 24 * HOUR

Quiet = Literal["defer", "drop", "ignore"]
"""What becomes of a message in quiet hours: it waits for their end, is not sent, or leaves all the same."""


class Cap(Struct, frozen=True):
    """At most `most` messages in any `window` (microseconds; half-open: exactly a window ago is outside).

    A `window` of 0 is the calendar day of the customer's zone. `channel` "any" counts all channels together.
    """

    most: int
    window: int
    channel: str = "any"


class Limits(Struct, frozen=True):
    """What a class of messages obeys. `expires_after`: microseconds; None: its messages never expire.

    `capped`: it obeys the frequency caps; `counts`: its messages count towards them.
    """

    capped: bool
    counts: bool
    quiet: Quiet
    expires_after: int | None


MARKETING = Limits(capped=True, counts=True, quiet="defer", expires_after=48 * HOUR)
TRANSACTIONAL = Limits(capped=False, counts=False, quiet="ignore", expires_after=None)


class Tier(Struct, frozen=True):
    """A tier is reached with `spend` (minor units) or `points` in the last 365 days; None: that is no way in."""

    name: str
    spend: int | None = None
    points: int | None = None


class Spend(Struct, frozen=True):
    """What a month cost, minor units: winning new customers, and looking after those the shop has."""

    month: int
    acquisition: int = 0
    retention: int = 0


class Policy(Struct, frozen=True):
    """What holds for all rules: the shop itself, and what its messages obey. Spans in microseconds.

    `lateness`: how late an event may be and still fire a rule. `holdout`: the share of customers, in basis points,
    that no marketing rule reaches. `quiet` hours are minutes of the customer's day, [from, to), round midnight when
    the first is larger. A message that must wait (open ticket, return in progress) looks again every `recheck` and
    gives up after `give_up`.
    """

    shop: Shop = Shop()
    lateness: int = 24 * HOUR
    holdout: int = 0
    quiet: tuple[int, int] | None = None
    caps: tuple[Cap, ...] = ()
    limits: dict[str, Limits] = field(default_factory=lambda: {"marketing": MARKETING, "transactional": TRANSACTIONAL})
    recheck: int = 4 * HOUR
    give_up: int = 14 * DAY
    attribution: int = 14 * DAY
    birthday_hour: int = 9 * 60
    """Minute of the customer's day on which a birthday begins for them."""
    leap_birthday: Literal["feb28", "mar01"] = "feb28"
    lapse: int = 365 * DAY
    margin: int = 10_000
    """Basis points of net revenue that are margin."""
    costs: dict[str, Decimal] = field(default_factory=dict)
    """Channel → what one message costs, in the shop's currency."""
    targets: dict[str, Decimal] = field(default_factory=dict)
    """Measure → the shop's own aim."""
    spend: tuple[Spend, ...] = ()
    tiers: tuple[Tier, ...] = ()
    """The lowest first."""
