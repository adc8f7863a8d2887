"""One customer's life again, from their log alone: what was decided with each event, and the customer it left.

The log's rows say all that a decision depended on: what happened, when the worker applied it, and under which rules.
So a replay needs no clock, and batches, redelivered records and pokes that came to nothing make no difference to it:
they left no row. Instants are microseconds since 1970 UTC.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

from msgspec import Struct

from retention.events import POKE, Event
from retention.fold import backdate, fold
from retention.orders import Order, merge, row_key
from retention.state import Customer
from rules.engine.decide import decide, elapse
from rules.engine.older import Library
from rules.engine.outcome import Decided
from rules.ruleset import RuleSet

Tell = Callable[[RuleSet, Event, Customer, Decided], None]
"""Told twice of an event that rules decided about: what time had brought up to it, with the customer as they were
before it; and what it brought itself, with the customer it left. Who wants to keep the customer makes a copy."""
REMEMBERED = 64
"""Events kept for journeys before those that none of them began with are dropped."""


class Row(Struct, frozen=True):
    """One row of the log: the event with its `at` and `seq`, and the rules that decided about it; empty: imported."""

    event: Event
    ruleset: str


class RulesNotKept(Exception):
    """What was decided under these rules cannot be worked out again: they are not kept."""

    def __init__(self, hash_: str) -> None:
        super().__init__(f"the rules {hash_}, under which some of this was decided, are not kept")
        self.hash = hash_


class Replay:
    """Replays one customer, row by row in the order of `seq`; from the first, or from a state they were in.

    `library`: rule sets by their hash, None for one that is not kept; for the empty hash, that of imported history, the
    set by whose calendar it is counted.
    """

    def __init__(self, id: str, library: Library, tell: Tell, customer: Customer | None = None) -> None:
        self.id = id
        self.customer = Customer() if customer is None else customer
        self.orders: dict[str, Order] = {}
        """By key. A replay that begins at a state is given what the events before it had said."""
        self.gone: set[int] = set()
        """Events that a journey asked for and the log let go: whether it had them then, nobody can say."""
        self._library = library
        self._tell = tell
        self._events: dict[int, Event] = {}

    def known(self, event: Event) -> None:
        """An event that is in the log still, and in the state that this replay begins at already."""
        key = row_key(event)
        if key is not None:
            merge(self.orders.setdefault(key, Order()), event)
        self._remember(event)

    def take(self, row: Row) -> None:
        """The next row, by the way that the worker goes. Raises RulesNotKept."""
        rules = self._library(row.ruleset)
        if rules is None:
            raise RulesNotKept(row.ruleset)
        event, customer = row.event, self.customer
        if row.ruleset:
            self._tell(rules, event, customer, elapse(rules, event, customer, self._recall, self._library))
        customer.at, customer.seq = event.at, event.seq
        if event.type == POKE:
            return
        new = self._fold(event, rules)
        if row.ruleset:
            self._tell(rules, event, customer, decide(rules, event, customer, new, self._library))
        else:
            backdate(customer, event, new)
        self._remember(event)

    def _fold(self, event: Event, rules: RuleSet) -> bool:
        key, shop = row_key(event), rules.policy.shop
        order = None if key is None else self.orders.setdefault(key, Order())
        return fold(self.customer, order, event, shop.zone, {}, self.orders.values, shop.walk_in)

    def _remember(self, event: Event) -> None:
        """For as long as a journey may ask for it."""
        if not self.customer.journeys:
            return
        self._events[event.seq] = event
        if len(self._events) > REMEMBERED:
            asked = {journey.seq for journey in self.customer.journeys}
            self._events = {seq: one for seq, one in self._events.items() if seq in asked}

    def _recall(self, seq: int) -> Event | None:
        if seq not in self._events:
            self.gone.add(seq)
        return copy.copy(self._events.get(seq))
