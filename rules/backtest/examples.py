"""Customers for whom two sets of rules do something else: a few of each rule, to look at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from retention.state import Customer
from rules.engine.granting import Granted
from rules.engine.outcome import QueuedMessage
from rules.simulation.entries import HAPPENED, Entry

MOST = 3
"""Examples of one rule."""
LINES = 8
"""Entries of one example and side."""

Pair = tuple[str, str]
"""Rule, customer."""
Sides = tuple[Sequence[Entry], ...]


class Left(Struct, frozen=True):
    """A message that left, with all that its wording needs: the customer as they were then, what was granted."""

    at: int
    message: QueuedMessage
    customer: Customer
    granted: Granted | None


class Side(Struct):
    """What one set of rules did to the customer from the first difference on, and the first message that left."""

    entries: list[Entry] = field(default_factory=list)
    left: Left | None = None
    more: int = 0
    """Entries left out."""


class Example(Struct):
    """One customer and one rule; `loud`: something that they, or the shop, notice is different."""

    rule: str
    customer: str
    loud: bool
    sides: tuple[Side, ...]


class Examples:
    """Finds examples while two simulations go on side by side; with one side, the first that happens."""

    def __init__(self, sides: int) -> None:
        self._sides = sides
        self._found: dict[str, list[Example]] = {}
        self._followed: dict[Pair, Example] = {}
        self._closed: set[str] = set()
        """Rules that have enough."""
        self._left: list[dict[str, Left]] = [{} for _ in range(sides)]

    def watch(
        self, side: int, entry: Entry, message: QueuedMessage, customer: Customer, granted: Granted | None
    ) -> None:
        """A message leaves; it is kept if it may become part of an example."""
        if entry.rule not in self._closed or self._wants(side, entry):
            then = replace(customer, profile=dict(customer.profile))
            self._left[side][entry.key] = Left(entry.at, message, then, granted)

    def step(self, entries: Sides) -> None:
        """Both sides have come to the same moment; these are the entries since the last."""
        for pair, theirs in self._different(entries):
            self._begin(pair, theirs)
        if self._followed:
            self._follow(entries)
        for left in self._left:
            left.clear()

    def all(self) -> Iterator[Example]:
        """Rule by rule; quiet ones only of rules that have none that are loud."""
        for rule in sorted(self._found):
            found = self._found[rule]
            loud = [one for one in found if one.loud]
            yield from (loud or found[:1])[:MOST]

    def _wants(self, side: int, entry: Entry) -> bool:
        example = self._followed.get((entry.rule, entry.customer))
        return example is not None and example.sides[side].left is None

    def _different(self, entries: Sides) -> Iterable[tuple[Pair, Sides]]:
        """Where the sides part, and the entries there; with one side, all that happens."""
        if self._sides == 1:
            return [(pair, (those,)) for pair, those in _by_pair(_noticed(entries[0])).items()]
        if entries[0] == entries[1]:
            return ()
        mine, other = (_by_pair(side) for side in entries)
        both = [(pair, (mine.get(pair, []), other.get(pair, []))) for pair in {**mine, **other}]
        return [(pair, those) for pair, those in both if those[0] != those[1]]

    def _begin(self, pair: Pair, entries: Sides) -> None:
        rule, customer = pair
        held = self._followed.get(pair)
        if (held is not None and held.loud) or rule in self._closed:
            return
        loud = self._sides == 1 or _noticed(entries[0]) != _noticed(entries[1])
        if held is not None:
            held.loud = loud
        elif loud or rule not in self._found:
            made = Example(rule, customer, loud, tuple(Side() for _ in entries))
            self._found.setdefault(rule, []).append(made)
            self._followed[pair] = made
        if sum(one.loud for one in self._found.get(rule, ())) >= MOST:
            self._closed.add(rule)

    def _follow(self, entries: Sides) -> None:
        for number, side in enumerate(entries):
            for entry in side:
                example = self._followed.get((entry.rule, entry.customer))
                if example is not None:
                    self._add(example.sides[number], entry, self._left[number])

    def _add(self, side: Side, entry: Entry, left: dict[str, Left]) -> None:
        if len(side.entries) < LINES:
            side.entries.append(entry)
        else:
            side.more += 1
        if side.left is None:
            side.left = left.get(entry.key)


def _by_pair(entries: Iterable[Entry]) -> dict[Pair, list[Entry]]:
    found: dict[Pair, list[Entry]] = defaultdict(list)
    for entry in entries:
        found[entry.rule, entry.customer].append(entry)
    return dict(found)


def _noticed(entries: Iterable[Entry]) -> list[Entry]:
    return [one for one in entries if one.what in HAPPENED]
