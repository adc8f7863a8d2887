"""A customer in a simulation."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from retention.events import Event
from retention.orders import Order
from retention.state import FOLDED, Customer

if TYPE_CHECKING:
    from rules.simulation.crowds import Crowd


class Person:
    """A customer, their orders, and of their log the events that began the journeys they are in, by number."""

    __slots__ = ("began", "crowd", "id", "orders", "ripe", "state", "wakes")

    def __init__(self, id: str) -> None:
        self.id = id
        self.state = Customer()
        self.orders: dict[str, Order] = {}
        self.began: dict[int, Event] = {}
        self.ripe = 0
        """When a rule is due next, by their own time or because their period begins; 0: none is."""
        self.wakes = 0
        """When the clock is to look at them; 0: nothing is due, but for what begins for their `crowd`."""
        self.crowd: Crowd | None = None

    def share(self, other: Person) -> None:
        """They are the same customer under other rules: what was folded of their events is kept once."""
        for name in FOLDED:
            setattr(self.state, name, getattr(other.state, name))

    def recall(self, seq: int) -> Event | None:
        """A copy of the event that began a journey."""
        return copy.copy(self.began.get(seq))

    def remember(self, event: Event) -> None:
        """Keep `event` if a journey began with it; forget those that none needs any more."""
        journeys = self.state.journeys
        if journeys:
            if any(journey.seq == event.seq for journey in journeys):
                self.began[event.seq] = event
            if len(self.began) > len(journeys):
                needed = {journey.seq for journey in journeys}
                self.began = {seq: kept for seq, kept in self.began.items() if seq in needed}
        elif self.began:
            self.began.clear()
