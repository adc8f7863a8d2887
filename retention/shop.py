"""What the domain needs to know of the shop itself: its currency, its zone, its rates, its own events."""

from __future__ import annotations

from decimal import Decimal
from zoneinfo import ZoneInfo

from msgspec import Struct, field


class Shop(Struct, frozen=True):
    """The shop's money and calendar, from `rules/policy.yaml`.

    `rates` maps another currency to its worth in the shop's own (1 USD = 34.10 THB → {"USD": 34.10}).
    """

    currency: str = "THB"
    time_zone: str = "Asia/Bangkok"
    rates: dict[str, Decimal] = field(default_factory=dict)
    walk_in: int = 100
    """Counting orders in a day that one person does not make: above it a customer id is a till's, nobody's."""
    events: dict[str, dict[str, str]] = field(default_factory=dict)
    """The shop's own event types, from `rules/events.yaml`: type → field → text, count, number or flag, with a "?"
    behind it when the field may be left out."""

    @property
    def zone(self) -> ZoneInfo:
        """The shop's zone; periods and days are counted in it."""
        return ZoneInfo(self.time_zone)
