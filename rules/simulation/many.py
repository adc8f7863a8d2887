"""What is about many customers at once, on the virtual clock: an article is launched, a rule catches up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from retention.events import Event
from retention.zones import instant_of, local_day
from rules.engine.catching_up import poke, waits
from rules.engine.launches import audiences, launch, may_be_for, told
from rules.ruleset import Rule, RuleSet
from rules.simulation.people import Person


class Launch(Struct, frozen=True):
    """An article that is told of from a moment on; it was launched at `due`."""

    article: Event
    due: int


class CatchingUp(Struct):
    """A rule that takes whom it was due for by `began`; it has come to customer `after`."""

    rule: Rule
    began: int = 0
    after: str = ""


def launched(rules: RuleSet, article: Event, at: int) -> tuple[int, Launch] | None:
    """(when, what) is to be told of an article heard of at `at`; None: nothing, or too late."""
    times = launch(rules.policy, article.data.launched, at) if article.data.launched else None
    return None if times is None else (times[1], Launch(article, times[0]))


def tell(one: Launch, rules: RuleSet, people: Mapping[str, Person], now: int) -> Iterator[Event]:
    """The events of those it may be for, by customer."""
    one.article.at = now
    those = audiences(rules)
    for id in sorted(people) if those else ():
        if may_be_for(those, one.article, people[id].state):
            yield told(one.article, id, one.due)


def catching_up(rules: RuleSet, now: int) -> list[tuple[int, CatchingUp]]:
    """(when, which rule) begins to: when it is there, and it listens."""
    zone = rules.policy.shop.zone
    those = [rule for rule in rules.timed if rule.catch_up is not None]
    starts = [now if rule.active[0] is None else max(now, instant_of(rule.active[0], 0, zone)) for rule in those]
    return [(start, CatchingUp(rule, start)) for rule, start in zip(those, starts, strict=True)]


def take(one: CatchingUp, rules: RuleSet, people: Mapping[str, Person], now: int) -> Iterator[Event]:
    """The pokes of those whose turn it is today, by customer."""
    assert one.rule.catch_up is not None
    places = one.rule.catch_up.most
    for id in sorted(each for each in people if each > one.after):
        one.after = id
        if waits(rules, one.rule, id, people[id].state, one.began, now):
            yield poke(one.rule.id, id, one.began, now)
            places -= 1
            if not places:
                return
    one.after = ""


def tomorrow(rules: RuleSet, now: int) -> int:
    """When the next day begins in the shop's zone."""
    zone = rules.policy.shop.zone
    return instant_of(local_day(now, zone) + 1, 0, zone)
