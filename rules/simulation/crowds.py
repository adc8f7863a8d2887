"""Who waits for a period to begin: all people of a zone, for whom it is the same instant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from retention.events import Event
from retention.state import Customer
from rules.engine.decide import meant
from rules.engine.guards import active
from rules.engine.timers import beginning, event_of, next_beginning
from rules.ruleset import Rule, RuleSet
from rules.simulation.people import Person


class Crowd:
    """The people of one zone, and `at`, when the next period begins there; 0: none ever does."""

    __slots__ = ("at", "people", "zone")

    def __init__(self, zone: ZoneInfo, at: int) -> None:
        self.zone = zone
        self.at = at
        self.people: dict[str, Person] = {}


class Crowds:
    """A simulation asks here whom a period wakes, and need not wake those whom no rule means: mostly everybody.

    `not_fired`: (rule, guard) → times, as of those who were woken.
    """

    def __init__(self, rules: RuleSet, not_fired: Counter[tuple[str, str]]) -> None:
        self._rules = rules
        self._not_fired = not_fired
        self._crowds: dict[ZoneInfo, Crowd] = {}

    def join(self, person: Person, zone: ZoneInfo, now: int) -> Crowd | None:
        """Let them wait for the next period of their zone, and of no other; the crowd, if it is a new one."""
        crowd, new = self._crowds.get(zone), None
        if crowd is None:
            crowd = new = self._crowds[zone] = Crowd(zone, next_beginning(self._rules, zone, now))
        if person.crowd is not crowd:
            if person.crowd is not None:
                del person.crowd.people[person.id]
            person.crowd = crowd
            crowd.people[person.id] = person
        return new

    def begin(self, crowd: Crowd, all_of_them: bool) -> list[Person]:
        """The period of the crowd begins: who is to be woken. For the others its time has passed with that.

        Nothing of that instant has happened to anybody yet, and nothing will before their time has passed.
        """
        now = crowd.at
        begun = [(rule, event_of(rule, "", entry, now)) for rule, entry in beginning(self._rules, crowd.zone, now)]
        heard = [one for one in begun if active(one[0], now, self._rules.policy.shop.zone)]
        crowd.at = next_beginning(self._rules, crowd.zone, now)
        woken, passed = [], 0
        for person in crowd.people.values():
            if person.state.walk_in:
                continue
            if all_of_them or person.wakes == now or _means(heard, person.state):
                woken.append(person)
            else:
                person.state.elapsed = now
                passed += 1
        for rule, _ in begun:
            self._not_fired[rule.unmet if any(rule is one for one, _ in heard) else rule.inactive] += passed
        return woken


def _means(heard: Iterable[tuple[Rule, Event]], customer: Customer) -> bool:
    """Whether any of these rules is meant for the customer: the same question that a poke would ask."""
    return any(meant(rule, event, customer) for rule, event in heard)
