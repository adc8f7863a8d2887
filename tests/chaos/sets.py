"""Which published rule set decided about each event, against the order in which they were published. Shares no code
with the product.

Every event is decided by exactly one set that was published; a partition, and a customer, never goes back to an earlier
one; and whatever begins after a publication has returned is decided by that set or a later one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.chaos.store import Store

FIRST, OTHER = "first", "other"
"""The editions of the rules; see `journeys`."""
LEEWAY = 1_000_000
"""Microseconds by which a batch's time may be before the moment it began."""


@dataclass(frozen=True)
class Returned:
    """A publication that said so: which set, and when its command had ended, microseconds since 1970."""

    id: str
    at: int


@dataclass(frozen=True)
class Published:
    """Every set that went live, in that order; the edition of each."""

    order: Sequence[str] = ()
    editions: Mapping[str, str] = field(default_factory=dict)

    def edition(self, id: str) -> str:
        """What a set makes of the rules; one that nobody published is taken for the first."""
        return self.editions.get(id, FIRST)


def published(store: Store) -> Published:
    """What the audit says. Whoever publishes notes the edition, the last word; a worker's first start notes nothing."""
    details = [json.loads(row[0]) for row in store.rows("SELECT detail FROM audit ORDER BY id")]
    order = [each["ruleset"] for each in details if "ruleset" in each]
    noted = {each["ruleset"]: str(each.get("note", "")) for each in reversed(details) if "ruleset" in each}
    return Published(order, {id: OTHER if note.endswith(OTHER) else FIRST for id, note in noted.items()})


def decided_by(store: Store) -> dict[str, list[tuple[str, int]]]:
    """Customer → (set, microseconds since 1970) of each event and poke of the log, in its order; imports have none."""
    found: dict[str, list[tuple[str, int]]] = {}
    for customer, id, at in store.rows(
        "SELECT customer, ruleset, at FROM event WHERE ruleset <> '' ORDER BY customer, seq"
    ):
        found.setdefault(customer, []).append((id, at))
    return found


def backwards(published: Published, used: Iterable[str]) -> bool:
    """Whether these, one after the other, are not in the order of publication. One that was never published counts
    elsewhere."""
    known, place = set(published.order), 0
    for id in used:
        if id in known:
            try:
                place = published.order.index(id, place)
            except ValueError:
                return True
    return False


def late(published: Published, returned: Sequence[Returned], used: Sequence[tuple[str, int]]) -> int:
    """How many of these (set, when) were decided by an earlier set than the one whose publication had returned."""
    latest = {id: place for place, id in enumerate(published.order)}
    least = _least(published, returned)
    found = 0
    for id, at in used:
        bound = max((place for when, place in least if at > when + LEEWAY), default=0)
        found += latest.get(id, 0) < bound
    return found


def _least(published: Published, returned: Sequence[Returned]) -> list[tuple[int, int]]:
    """(when a publication had returned, its place in the order)."""
    bounds, place = [], 0
    for one in returned:
        if one.id in published.order[place:]:
            place = published.order.index(one.id, place)
            bounds.append((one.at, place))
    return bounds
