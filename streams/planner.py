"""Goes through all customers when the rules have changed, and once a day: when is each to be looked at next?

A batch says so of the customers it is about. Of all others it would not be known that a new rule waits for them to
have been quiet for sixty days.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from retention import state
from rules.engine.timers import next_due
from rules.ruleset import RuleSet
from storage.errors import StoreError
from storage.plan import Planned, Round, last_round, page, plan, remember_round
from storage.store import Store

log = logging.getLogger(__name__)

DAY = 86_400_000_000
PAGE = 1_000
"""Customers looked at together: some 20 ms."""
BREATH, IDLE = 0.05, 5.0
"""Seconds between two pages, and between two looks whether there is anything to do."""


class Planner:
    """Plans until stopped. Two of them do no harm. `rules`: those that are live now; `clock` is the workers', µs."""

    def __init__(self, store: Store, rules: Callable[[], RuleSet], clock: Callable[[], int]) -> None:
        self.store = store
        self._rules = rules
        self._clock = clock
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """A page, a breath, the next page."""
        while not self._stopping.is_set():
            more = False
            try:
                more = await asyncio.to_thread(self.turn)
            except StoreError as error:
                log.warning("when customers come due was not looked through: %s", error)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), BREATH if more else IDLE)

    def stop(self) -> None:
        """Plan no more."""
        self._stopping.set()

    def turn(self) -> bool:
        """Go on with the round under way, or begin one; False when there is nothing to do now."""
        now, rules = self._clock(), self._rules()
        known = last_round(self.store)
        if known is None or known.rules != rules.hash:
            known = Round(rules.hash, now, "")
        elif known.after is None:
            if known.began <= now < known.began + DAY:
                return False
            known = Round(rules.hash, now, "")
        people = page(self.store, known.after or "", PAGE)
        dues = [(due, one.id, one.version) for one in people if (due := _due(rules, one, now)) != one.next_due]
        plan(self.store, dues)
        last = people[-1].id if len(people) == PAGE else None
        remember_round(self.store, Round(known.rules, known.began, last))
        return last is not None


def _due(rules: RuleSet, one: Planned, now: int) -> int | None:
    """What a rule was due for so long ago that it does nothing any more wakes nobody."""
    customer = state.decode(one.state)
    customer.elapsed = max(customer.elapsed or customer.at, now - rules.policy.lateness)
    return next_due(rules, customer)
