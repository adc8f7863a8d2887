"""What rules did to a shop, counted out of the entries of a simulation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct, field

from rules.engine.outcome import DONE, HELD_OUT, QUEUED, SHADOW, STOPPED, SUPPRESSED, WAITING
from rules.policy import DAY
from rules.ruleset import RuleSet
from rules.simulation.entries import CANCELLED, DENIED, EXPIRED, FAILED, GRANTED, SENT, Entry

WEEK = 7 * DAY
_LOST = frozenset({CANCELLED, EXPIRED, FAILED})


class Peak(Struct, frozen=True):
    """The most messages that one customer got in any seven days, (at − 7 days, at]; the first who did."""

    messages: int = 0
    customer: str = ""
    at: int = 0


class Figures(Struct):
    """Of one rule, or of all of them together. `cost` is in the shop's currency, `spend` in its minor units.

    `messages`: channel → sent. `suppressed`: reason → decisions of a guard; `unsent`: reason → messages that were
    queued and did not leave; `denied`: reason → offers, gifts and points that were not to be had. `waited`,
    `stopped`, `held_out`: reason → times. `under_way`: messages that were queued and whose hour lies behind the end.
    `offers`, `gifts`: id → granted. `done`: tag, set, notify … → times. `customers`: who got a message, an offer, a
    gift or points.
    """

    messages: Counter[str] = field(default_factory=Counter)
    suppressed: Counter[str] = field(default_factory=Counter)
    unsent: Counter[str] = field(default_factory=Counter)
    denied: Counter[str] = field(default_factory=Counter)
    held_out: Counter[str] = field(default_factory=Counter)
    waited: Counter[str] = field(default_factory=Counter)
    stopped: Counter[str] = field(default_factory=Counter)
    offers: Counter[str] = field(default_factory=Counter)
    gifts: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    shadow: int = 0
    points: int = 0
    under_way: int = 0
    spend: int = 0
    cost: Decimal = Decimal(0)
    customers: int = 0
    peak: Peak = Peak()

    @property
    def sent(self) -> int:
        """Messages that left, by any channel."""
        return self.messages.total()


class Tally:
    """Counts entries. One of each rule of `rules`, and `all` together."""

    def __init__(self, rules: RuleSet) -> None:
        self._gifts = {gift.id: gift.cost for gift in rules.gifts.values()}
        self._costs: Mapping[str, Decimal] = rules.policy.costs
        self.rules: dict[str, Figures] = {rule.id: Figures() for rule in rules.rules}
        self._reached: dict[str, set[str]] = {rule.id: set() for rule in rules.rules}
        self._lately: dict[str, list[tuple[int, str]]] = {}
        """Customer → (at, rule) of their messages of the last seven days."""
        self._peak = Peak()

    def take(self, entry: Entry) -> None:
        """Count one entry more; they come in the order of time."""
        figures = self.rules[entry.rule]
        what = entry.what
        if what == SENT:
            self._sent(figures, entry)
        elif what == GRANTED:
            self._granted(figures, entry)
        elif what == QUEUED:
            figures.under_way += 1
        elif what == SUPPRESSED:
            figures.suppressed[entry.reason] += 1
        elif what == WAITING:
            figures.waited[entry.reason] += 1
        elif what == STOPPED:
            figures.stopped[entry.reason] += 1
        elif what == HELD_OUT:
            figures.held_out[entry.reason] += 1
        elif what == SHADOW:
            figures.shadow += 1
        elif what == DENIED:
            figures.denied[entry.reason] += 1
        elif what == DONE:
            figures.done[entry.kind] += 1
        elif what in _LOST:
            figures.under_way -= 1
            figures.unsent[entry.reason or what] += 1

    def all(self) -> Figures:
        """All rules together; who got something of two of them is one customer."""
        total = Figures()
        for one in self.rules.values():
            for name in _COUNTERS:
                getattr(total, name).update(getattr(one, name))
            for name in _SUMS:
                setattr(total, name, getattr(total, name) + getattr(one, name))
        total.customers = len(set().union(*self._reached.values()))
        total.peak = self._peak
        return total

    def _sent(self, figures: Figures, entry: Entry) -> None:
        figures.under_way -= 1
        figures.messages[entry.channel] += 1
        figures.cost += self._costs.get(entry.channel, 0)
        if entry.offer:
            figures.offers[entry.offer] += 1
        self._reach(figures, entry)
        self._week(figures, entry)

    def _granted(self, figures: Figures, entry: Entry) -> None:
        match entry.kind:
            case "offer":
                figures.offers[entry.name] += 1
            case "gift":
                figures.gifts[entry.name] += 1
                figures.spend += self._gifts.get(entry.name, 0)
            case "points":
                figures.points += int(entry.name)
            case _:
                figures.done[entry.kind] += 1
                return
        self._reach(figures, entry)

    def _reach(self, figures: Figures, entry: Entry) -> None:
        reached = self._reached[entry.rule]
        reached.add(entry.customer)
        figures.customers = len(reached)

    def _week(self, figures: Figures, entry: Entry) -> None:
        at = entry.at
        lately = [one for one in self._lately.get(entry.customer, ()) if one[0] > at - WEEK]
        lately.append((at, entry.rule))
        self._lately[entry.customer] = lately
        if len(lately) > self._peak.messages:
            self._peak = Peak(len(lately), entry.customer, at)
        if len(lately) > figures.peak.messages:
            own = sum(rule == entry.rule for _, rule in lately)
            if own > figures.peak.messages:
                figures.peak = Peak(own, entry.customer, at)


_COUNTERS = ("messages", "suppressed", "unsent", "denied", "held_out", "waited", "stopped", "offers", "gifts", "done")
_SUMS = ("shadow", "points", "under_way", "spend", "cost")
