"""Who grants what rules ask for and customers share: offers, gifts, points."""

from __future__ import annotations

from typing import Protocol
from zoneinfo import ZoneInfo

from rules.engine.granting import Granted, MemoryGranter
from rules.engine.outcome import Request
from rules.ruleset import RuleSet

_CODES = 1_000
"""How many codes each pool holds: nobody can say how many the shop's will."""


class Granter(Protocol):
    """Stock, pools and budgets."""

    def grant(self, request: Request, customer: str, zone: ZoneInfo, now: int | None = None) -> Granted:
        """Answer `request` of `customer`, whose clock is `zone`, at `now`; None: when it was made."""


def full(rules: RuleSet) -> MemoryGranter:
    """Stocks and budgets as `rules` have them, none of it used yet; every pool has codes."""
    pools = {offer.pool for offer in rules.offers.values() if offer.pool}
    return MemoryGranter(rules, b"simulation", {pool: [f"{pool}-{n}" for n in range(_CODES)] for pool in pools})
