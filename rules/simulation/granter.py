"""Who grants what rules ask for and customers share: offers, gifts, points."""

from __future__ import annotations

from typing import Literal, Protocol
from zoneinfo import ZoneInfo

from msgspec import Struct

from rules.engine.outcome import Request


class Answered(Protocol):
    """`held`: ask again later; `without`: what it goes with leaves without it; `denied`: that does not leave either."""

    @property
    def outcome(self) -> Literal["granted", "held", "without", "denied"]:
        """What came of it."""

    @property
    def why(self) -> str:
        """Why not."""


class Granter(Protocol):
    """Stock, pools and budgets."""

    def grant(self, request: Request, customer: str, zone: ZoneInfo, now: int | None = None) -> Answered:
        """Answer `request` of `customer`, whose clock is `zone`, at `now`; None: when it was made."""


class Yes(Struct, frozen=True):
    """Granted."""

    outcome: Literal["granted", "held", "without", "denied"] = "granted"
    why: str = ""


class Generous:
    """Grants everything: no stock, no budget, no end of codes."""

    def grant(self, request: Request, customer: str, zone: ZoneInfo, now: int | None = None) -> Yes:
        """Yes."""
        return Yes()
