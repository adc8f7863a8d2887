"""Who grants what rules ask for and customers share: offers, gifts, points."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct


class Asked(Struct, frozen=True):
    """What somebody asks for. `key` is the request's, or that of the message the offer goes with."""

    key: str
    customer: str
    rule: str
    kind: str
    what: str
    amount: int
    entry: str


class Granter(Protocol):
    """Stock, pools and budgets."""

    def grant(self, asked: Asked, now: int) -> str:
        """Grant it, or say why not. `now` in microseconds."""

    def release(self, key: str, now: int) -> None:
        """What was granted under this key is not needed after all."""


class Generous:
    """Grants everything: no stock, no budget, no end of codes."""

    def grant(self, asked: Asked, now: int) -> str:
        """Yes."""
        return ""

    def release(self, key: str, now: int) -> None:
        """There is nothing to give back to."""
