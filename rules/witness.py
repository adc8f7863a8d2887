"""What each rule had to say of one customer, and what it looked at: seen from within a replay.

The rules are asked by the engine itself; here their conditions are only wrapped, so that they tell when they are asked,
and how the customer stood at that moment. Instants are microseconds since 1970 UTC.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

from msgspec import Struct, field, structs

from retention import state
from retention.events import CLOCK, POKE, Event
from retention.state import Customer, Journey
from rules.engine.older import Library
from rules.engine.outcome import SEPARATOR, Decided, Decision
from rules.ruleset import FanOut, Rule, RuleSet, rule_set
from rules.steps import Branch, Step, StopIf

WAYS_KEPT = 10
"""Of a rule that a customer entered more often the latest are kept."""


class Noted(Struct, frozen=True):
    """A decision, with the event of the log that it was made with, and the customer as it was made.

    `before`: what had been decided just before it, with the same event. `began`: when the rule was asked just then,
    and this is of the way that it began.
    """

    decision: Decision
    rules: RuleSet
    event: Event
    customer: Customer
    before: tuple[Decision, ...]
    began: Moment | None = None


class Checked(Struct, frozen=True):
    """A condition among a rule's steps was asked, and said `held`. `began`: as of what was noted."""

    rule: str
    entry: str
    step: int
    at: int
    condition: Any
    held: bool
    moment: tuple[Event, Customer, Journey]
    began: Moment | None = None


class Moment(Struct):
    """A rule was asked about `event`, when the customer was as in `customer`; `seq` is the log's event at hand.

    `active`: whether it listened on that day; `audience` and `held`: what its two conditions said, None: not asked.
    `caught`: the rule catches up, and takes whom it was due for by then; 0: it does not.
    """

    rule: Rule
    rules: RuleSet
    event: Event
    customer: Customer
    seq: int = 0
    active: bool = True
    audience: bool | None = None
    held: bool | None = None
    entry: str | None = None
    caught: int = 0

    @property
    def fired(self) -> bool:
        """Whether its guards had their turn."""
        return self.active and bool(self.held)


class Heard(Struct):
    """What one rule said: `moment` is the last time it was asked; `ways`: entry → what was decided, the latest last.

    `since`: when it began to listen, by the log; `rule` and `rules`: as they were last. `entered`: how many ways.
    """

    rule: Rule
    rules: RuleSet
    since: int
    moment: Moment | None = None
    ways: dict[str, list[Noted | Checked]] = field(default_factory=dict)
    entered: int = 0


class Witness:
    """Lends a replay its `library` and its `tell`, and keeps what it hears."""

    def __init__(self, library: Library) -> None:
        self.heard: dict[str, Heard] = {}
        self._library = library
        self._watched: dict[str, RuleSet] = {}
        self.sets: dict[str, RuleSet] = {}
        """Hash → the rules as they are, unwrapped."""
        self._asked: list[Moment] = []
        self._checked: list[Checked] = []

    def library(self, hash_: str) -> RuleSet | None:
        """The rules with their conditions wrapped."""
        if hash_ not in self._watched:
            rules = self._library(hash_)
            if rules is None:
                return None
            self.sets[rules.hash], self._watched[hash_] = rules, self._watch(rules)
        return self._watched[hash_]

    def tell(self, watched: RuleSet, event: Event, customer: Customer, decided: Decided) -> None:
        """For the replay: what came of an event, or of the time before it."""
        rules = self.sets[watched.hash]
        self.listen(rules, event.at)
        asked, self._asked = self._asked, []
        checked, self._checked = self._checked, []
        for rule, guard in decided.not_fired:
            if guard == "inactive-period":
                asked.append(Moment(rules.by_id[rule], rules, copy.copy(event), _copied(customer), active=False))
        for moment in asked:
            moment.seq, moment.rules, moment.caught = event.seq, rules, _caught(event, moment)
            self.heard[moment.rule.id].moment = moment
        if decided.decisions or checked:
            self._decided(rules, event, customer, decided.decisions, asked, checked)

    def listen(self, rules: RuleSet, at: int) -> None:
        """These rules are the ones, from `at` on."""
        for rule in rules.rules:
            heard = self.heard.get(rule.id)
            if heard is None:
                self.heard[rule.id] = Heard(rule, rules, at)
            elif heard.rules is not rules:
                heard.rule, heard.rules = rule, rules

    def _decided(
        self,
        rules: RuleSet,
        event: Event,
        customer: Customer,
        decisions: list[Decision],
        asked: list[Moment],
        checked: list[Checked],
    ) -> None:
        held, left = copy.copy(event), _copied(customer)
        began = {moment.rule.id: moment for moment in asked if moment.fired}
        said: list[Noted | Checked] = []
        for check in checked:
            said.append(structs.replace(check, began=_beginning(began.get(check.rule), check.entry)))
        for n, one in enumerate(decisions):
            moment = _beginning(began.get(one.rule), one.entry)
            as_it_was = _reserving(left if moment is None else moment.customer, rules, decisions, n)
            said.append(Noted(one, rules, held, as_it_was, tuple(decisions[:n]), moment))
        for each in sorted(said, key=_place):
            self._way(rules, *_whose(each)).append(each)

    def _way(self, rules: RuleSet, rule: str, entry: str) -> list[Noted | Checked]:
        heard = self.heard.get(rule)
        if heard is None:
            known = Rule(rule, rule, next(iter(rules.rules)).status, "", None, ())
            heard = self.heard[rule] = Heard(known, rules, 0)
        if entry not in heard.ways:
            heard.entered += 1
            heard.ways[entry] = []
            if len(heard.ways) > WAYS_KEPT:
                del heard.ways[next(iter(heard.ways))]
        else:
            heard.ways[entry] = heard.ways.pop(entry)  # the latest last
        return heard.ways[entry]

    def _watch(self, rules: RuleSet) -> RuleSet:
        watched = [self._wrapped(rule, rules) for rule in rules.rules]
        made = rule_set(watched, rules.policy, rules.hash, rules.segments, rules.offers, rules.gifts)
        return replace(made, paused=rules.paused)

    def _wrapped(self, rule: Rule, rules: RuleSet) -> Rule:
        def condition(event: Event, customer: Customer) -> bool:
            held = rule.condition is None or rule.condition(event, customer)
            self._moment(rule, rules, event, customer).held = held
            return held

        def audience(event: Event, customer: Customer) -> bool:
            assert isinstance(rule.trigger, FanOut)
            meant = rule.trigger.audience(event, customer)
            self._moment(rule, rules, event, customer).audience = meant
            return meant

        trigger = rule.trigger
        if isinstance(trigger, FanOut):
            trigger = structs.replace(trigger, audience=audience)
        steps = tuple(self._step(rule, number, step) for number, step in enumerate(rule.do))
        return replace(rule, condition=condition, trigger=trigger, do=steps)

    def _moment(self, rule: Rule, rules: RuleSet, event: Event, customer: Customer) -> Moment:
        """The one under way: an audience is asked just before the condition."""
        last = self._asked[-1] if self._asked else None
        if last is None or last.rule.id != rule.id or last.held is not None:
            last = Moment(rule, rules, copy.copy(event), _copied(customer))
            self._asked.append(last)
        return last

    def _step(self, rule: Rule, number: int, step: Step) -> Step:
        if not isinstance(step, StopIf | Branch):
            return step

        def condition(event: Event, customer: Customer, journey: Journey) -> bool:
            held = step.condition(event, customer, journey)
            moment = (copy.copy(event), _copied(customer), copy.copy(journey))
            self._checked.append(Checked(rule.id, journey.entry, number, event.at, step.condition, held, moment))
            return held

        return structs.replace(step, condition=condition)


def _caught(event: Event, moment: Moment) -> int:
    """Whether a poke that names the rule is why it was asked: then it was asked at the poke's own moment."""
    named = event.type == POKE and event.data.rule == moment.rule.id and moment.event.at == event.at
    return int(event.data.before) if named else 0


def _copied(customer: Customer) -> Customer:
    return state.decode(state.encode(customer))


def _entries(event: Event, entry: str) -> set[str]:
    """What an entry with this event may be called; a birthday's is named by its year, whoever told of it."""
    names = {event.id} if event.source == CLOCK else {f"{event.source}{SEPARATOR}{event.id}"}
    return names | {entry} if event.type == "birthday" and entry.startswith("birthday") else names


def _beginning(moment: Moment | None, entry: str) -> Moment | None:
    """The moment, if it is that which this entry began at."""
    if moment is None or entry not in _entries(moment.event, entry):
        return None
    moment.entry = entry
    return moment


def _place(one: Noted | Checked) -> tuple[int, int, bool]:
    """Sorts what was said with one event: by time, then as the steps go; what a step asks before what it does."""
    if isinstance(one, Checked):
        return one.at, one.step, False
    return one.decision.at, one.decision.step, True


def _whose(one: Noted | Checked) -> tuple[str, str]:
    """(rule, entry)"""
    return (one.rule, one.entry) if isinstance(one, Checked) else (one.decision.rule, one.decision.entry)


def _reserving(customer: Customer, rules: RuleSet, decisions: list[Decision], n: int) -> Customer:
    """The customer with the messages that counted when decision `n` was made: those before it, and none after."""
    queued = [each.message for each in decisions[:n] if each.message is not None]
    made = [one for one in queued if rules.policy.limits[one.class_].counts]
    later = {each.message.key for each in decisions[n:] if each.message is not None}
    known = [one for one in customer.reserved if one[2] not in later]
    keys = {one[2] for one in known}
    more = [[one.due_at, one.channel, one.key] for one in made if one.key not in keys]
    return structs.replace(customer, reserved=sorted(known + more)) if more or later else customer
