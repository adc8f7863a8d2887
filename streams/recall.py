"""Events that began customers' journeys: those of a batch, and those the log still has."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping

from retention.events import Event
from storage.batch import Batch, Loaded


class Recall:
    """What happened before, for one batch. Most batches ask nothing, and cost nothing."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._known: dict[tuple[str, int], Event | None] = {}

    def prepare(self, customers: Mapping[str, Loaded], now: int) -> None:
        """Read at once what the journeys will ask for that are due by then."""
        due = {
            (id, journey.seq)
            for id, loaded in customers.items()
            if loaded.state.journeys
            for journey in loaded.state.journeys
            if journey.seq and 0 < journey.due <= now
        }
        if due:
            self._known = dict.fromkeys(due) | self._batch.logged(due)

    def add(self, event: Event) -> None:
        """An event of this batch, which the log does not have yet."""
        self._known[event.customer, event.seq] = event

    def of(self, customer: str) -> Callable[[int], Event | None]:
        """That customer's events by their numbers, each time a copy; None for one that is gone."""

        def recall(seq: int) -> Event | None:
            place = (customer, seq)
            if place not in self._known:
                self._known[place] = self._batch.logged([place]).get(place)
            return copy.copy(self._known[place])

        return recall
