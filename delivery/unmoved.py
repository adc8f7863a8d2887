"""Whose sender is gone: messages in flight that have not moved for as long as a lease, by our own steady clock."""

from __future__ import annotations

from collections.abc import Iterable

from storage.messages import InFlight

MOST_BETWEEN = 20.0
"""Seconds between two looks after which nothing is known of the time between: the store was away, or we stood still."""


class Unmoved:
    """Judges by what it saw itself and no wall clock, neither ours nor the sender's nor the store's: any may jump.

    A claim counts as abandoned when every look of a whole lease found it in the same state under the same token.
    """

    def __init__(self, lease: float) -> None:
        self.lease = lease
        """Seconds."""
        self._since: dict[InFlight, float] = {}
        self._looked = 0.0

    def look(self, found: Iterable[InFlight], now: float) -> list[InFlight]:
        """All that is in flight at `now`, seconds of a steady clock; those of them that are abandoned."""
        known = self._since if now - self._looked <= MOST_BETWEEN else {}
        self._looked = now
        self._since = {one: known.get(one, now) for one in found}
        return [one for one, since in self._since.items() if now - since >= self.lease]
