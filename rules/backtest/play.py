"""Today's rules and a candidate's go through the same history side by side."""

from __future__ import annotations

import copy
from functools import partial

from msgspec import Struct

from retention.events import PRODUCT, Event
from rules.backtest.examples import Example, Examples
from rules.backtest.figures import Figures, Tally
from rules.ruleset import RuleSet
from rules.simulation.entries import Entry
from rules.simulation.simulation import Simulation


class Span(Struct):
    """What was played. Instants in microseconds since 1970 UTC; 0 where nothing was.

    `before`: events that no rule heard of; `customers`: those that the others are of.
    """

    start: int = 0
    end: int = 0
    events: int = 0
    before: int = 0
    customers: int = 0


class Outcome(Struct, frozen=True):
    """What one set of rules came to: all together, and rule by rule, in deciding order."""

    rules: RuleSet
    all: Figures
    each: dict[str, Figures]


class Played(Struct, frozen=True):
    """The end of a backtest. Without a candidate there is nothing to compare with."""

    span: Span
    today: Outcome
    candidate: Outcome | None
    examples: tuple[Example, ...]


class Backtest:
    """Events in the order of time: first those from before with `look_back`, then `begin`, the rest with `take`.

    Stocks and budgets are full at the beginning, and granted in the order of the log.
    """

    def __init__(self, today: RuleSet, candidate: RuleSet | None = None) -> None:
        sets = [today] if candidate is None else [today, candidate]
        self._examples = Examples(len(sets))
        self._sides = [_Side(rules, number, self._examples) for number, rules in enumerate(sets)]
        each = [side.simulation for side in self._sides]
        self._shops = [each] if len({_folding(rules) for rules in sets}) == 1 else [[one] for one in each]
        """Simulations in which the same becomes of an event before rules hear of it."""
        self._span = Span()
        self._customers: set[str] = set()

    def look_back(self, event: Event) -> None:
        """An event that happened before the rules are looked at."""
        self._span.before += event.type != PRODUCT
        for first, *others in self._shops:
            first.look_back(copy.copy(event), *others)

    def begin(self, at: int) -> None:
        """From here on rules hear."""
        self._span.start = at
        for side in self._sides:
            side.simulation.begin(at)

    def take(self, event: Event) -> None:
        """An event that rules hear of, or an article of the catalogue; it is ours from then on."""
        if event.type != PRODUCT:
            self._span.events += 1
            self._customers.add(event.customer)
            self._span.start = self._span.start or event.time
        for first, *others in self._shops:
            first.take(copy.copy(event), *others)
        self._step()

    def end(self, until: int) -> Played:
        """Let time go on to `until`: what came of it all."""
        for side in self._sides:
            side.simulation.run(until)
        self._step()
        self._span.end = until
        self._span.customers = len(self._customers)
        outcomes = [side.outcome() for side in self._sides]
        candidate = outcomes[1] if len(outcomes) > 1 else None
        return Played(self._span, outcomes[0], candidate, tuple(self._examples.all()))

    def _step(self) -> None:
        sides = [side.entries for side in self._sides]
        if any(sides):
            for side in self._sides:
                side.count()
            self._examples.step(tuple(sides))
            for entries in sides:
                entries.clear()


def _folding(rules: RuleSet) -> tuple[str, int]:
    """What of a set of rules matters for what is folded of an event."""
    return rules.policy.shop.time_zone, rules.policy.shop.walk_in


class _Side:
    """One set of rules. `entries`: those since the last step."""

    def __init__(self, rules: RuleSet, number: int, examples: Examples) -> None:
        self.rules = rules
        self.entries: list[Entry] = []
        self.simulation = Simulation(rules, tell=self.entries.append, watch=partial(examples.watch, number))
        self.tally = Tally(rules)

    def count(self) -> None:
        for entry in self.entries:
            self.tally.take(entry)

    def outcome(self) -> Outcome:
        return Outcome(self.rules, self.tally.all(), self.tally.rules)
