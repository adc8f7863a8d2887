"""The worker, the clock and the delivery of a shop on a virtual clock."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable
from heapq import heappop, heappush

from retention.counters import Deltas
from retention.events import CATALOGUE, CLOCK, POKE, PRODUCT, Event, Poke
from retention.fold import fold
from retention.orders import Order, row_key
from retention.zones import zone_of
from rules.engine.decide import decide, elapse
from rules.engine.outcome import HELD_OUT, STOPPED, Decided, Decision
from rules.engine.timers import BIRTH_DATE, next_rule, next_step
from rules.ruleset import OnDate, RuleSet
from rules.simulation import many
from rules.simulation.crowds import Crowd, Crowds
from rules.simulation.entries import NOT_FIRED, NOTHING, SENT, Entry, effect
from rules.simulation.granter import Granter, full
from rules.simulation.many import CatchingUp, Launch
from rules.simulation.people import Person
from rules.simulation.post import Later, Post, Watch

_WHOLE = frozenset({HELD_OUT, STOPPED, "late", "re-entry", "chance"})
"""What is said of a rule as a whole, not of one of its steps."""
_BEGINS, _HEARD, _LOOK, _WAKE = range(4)
"""What comes at one instant of one customer, in this order: what is heard of a message, a message or request whose
time has come, a timer. Before all that, of nobody alone, a period."""
_LAST = "\U0010ffff"
"""Behind every customer."""
_NOTHING = Poke()
_NOBODY = ""
"""Before every customer: whose turn comes when it is about many."""
About = str | Event | Launch | CatchingUp | Crowd


class Simulation:
    """Events in, entries out. One thread; the same events in the same order give the same entries.

    Time stands still between the calls of `take` and `run`; what is due on the way to the next event happens at its
    own moment: timers fire, messages leave. Across customers the order is (at, customer, number in their log).
    `tell` is given every entry; without it they are kept in `timeline`. `explain`: also what did not fire, which is
    counted anyway. `granter`: none means that nothing of stocks and budgets is used yet. `watch`: see `Watch`.
    """

    def __init__(
        self,
        rules: RuleSet,
        granter: Granter | None = None,
        tell: Callable[[Entry], None] | None = None,
        explain: bool = False,
        watch: Watch | None = None,
    ) -> None:
        self.rules = rules
        self.now = 0
        self.people: dict[str, Person] = {}
        self.timeline: list[Entry] = []
        self.counters: Deltas = {}
        """The retention counters, as `retention.counters` has them."""
        self.not_fired: Counter[tuple[str, str]] = Counter()
        """(rule, guard) → times."""
        self._tell = tell or self.timeline.append
        self._post = Post(rules, granter or full(rules), self._tell, watch)
        self._explain = explain
        self._zone = rules.policy.shop.zone
        self._heap: list[tuple[int, str, int, int, About]] = []
        self._begun = False
        self._pushed = 0
        self._crowds = Crowds(rules, self.not_fired)
        self._heard = "message" in rules.by_trigger
        """Some rule listens to what becomes of messages."""
        dates = [rule.trigger.field for rule in rules.personal if isinstance(rule.trigger, OnDate)]
        self._moving = any(field != BIRTH_DATE for field in dates)
        """Some rule waits for a date that others may set."""
        self._steps = {(rule.id, n): effect(step) for rule in rules.rules for n, step in enumerate(rule.do)}

    def take(self, event: Event, *others: Simulation) -> None:
        """Let time go on to `event.at` (its `time`, where that is 0) and apply the event, which is ours from then on.

        Events come in the order of time; of one instant in that of customers, articles of the catalogue first.
        `others` take it too: simulations of the same shop by other rules, which were given the same events as this
        one and share what is folded of them. ValueError: time would go backwards.
        """
        heard = [(self, event), *((one, copy.copy(event)) for one in others)]
        people = [one._come_to(event) for one, event in heard]
        first = people[0]
        if first is None:
            return
        new = self._fold(first, event)
        for (one, event), person in zip(heard, people, strict=True):
            assert person is not None
            if person is not first:
                person.share(first)
            one._decide(person, event, new)

    def _come_to(self, event: Event) -> Person | None:
        """Let time go on to the event; whom it is about, if it is not for rules to be told in their own time."""
        at = self._later(event)
        if not self._begun:
            self._begin_with(at)
        if event.type == PRODUCT and event.source != CATALOGUE:
            self._announce(event, at)
            return None
        self._pass(at, event.customer)
        self.now = at
        person = self._person(event.customer)
        self._stamp(person, event, at)
        return person

    def look_back(self, event: Event, *others: Simulation) -> None:
        """Apply an event of before the rules were there: none hears of it. ValueError and `others` as with `take`."""
        if event.type == PRODUCT and event.source != CATALOGUE:
            return
        first = self._heard_before(event)
        self._fold(first, event)
        for one in others:
            one._heard_before(copy.copy(event)).share(first)

    def _heard_before(self, event: Event) -> Person:
        at = self.now = self._later(event)
        person = self._person(event.customer)
        customer = person.state
        customer.at = customer.elapsed = event.at = at
        customer.seq = event.seq = customer.seq + 1
        return person

    def begin(self, at: int) -> None:
        """The rules are there from `at` on: what time alone would have brought by then has passed."""
        self.now = max(self.now, at)
        for person in self.people.values():
            person.state.elapsed = self.now
            self._gather(person)
            person.ripe = next_rule(self.rules, person.state)
            self._schedule(person)
        self._begin_with(self.now)

    def _begin_with(self, at: int) -> None:
        self._begun = True
        for start, rule in many.catching_up(self.rules, at):
            self._push(start, _NOBODY, _LOOK, rule)

    def _later(self, event: Event) -> int:
        at = event.at or event.time
        if at < self.now:
            raise ValueError("events come in the order of time")
        return at

    def _person(self, id: str) -> Person:
        person = self.people.get(id)
        if person is None:
            person = self.people[id] = Person(id)
        return person

    def run(self, until: int) -> None:
        """Let time go on to `until`, included."""
        self._pass(until, _LAST)
        self.now = max(self.now, until)

    # Time.

    def _pass(self, at: int, customer: str) -> None:
        """What is due before that customer's turn at `at`."""
        heap = self._heap
        while heap and (heap[0][0] < at or (heap[0][0] == at and heap[0][1] <= customer)):
            due, id, _, _, about = heappop(heap)
            self.now = due
            if isinstance(about, Launch | CatchingUp):
                self._for_many(about, due)
                continue
            if isinstance(about, Crowd):
                self._begin_period(about, due)
                continue
            person = self.people[id]
            if isinstance(about, Event):
                self._apply(person, about, due)
            elif about:
                self._look(person, about, due)
            elif person.wakes == due:
                self._wake(person, due)

    def _announce(self, article: Event, at: int) -> None:
        self._pass(at, _NOBODY)
        self.now = at
        found = many.launched(self.rules, article, at)
        if found is not None:
            self._push(found[0], _NOBODY, _LOOK, found[1])

    def _for_many(self, about: Launch | CatchingUp, now: int) -> None:
        if isinstance(about, Launch):
            for event in many.tell(about, self.rules, self.people, now):
                self._apply(self.people[event.customer], event, now)
            return
        for event in many.take(about, self.rules, self.people, now):
            self._poke(self.people[event.customer], event, now)
        if about.after:
            self._push(many.tomorrow(self.rules, now), _NOBODY, _LOOK, about)

    def _push(self, at: int, customer: str, what: int, about: About) -> None:
        """`about`: an event to apply, the key of a message or request, or nothing: the customer's timers."""
        self._pushed += 1
        heappush(self._heap, (at, customer, what, self._pushed, about))

    def _look(self, person: Person, key: str, now: int) -> None:
        found = self._post.look(person, key, now)
        if isinstance(found, Later):
            self._push(found.at, person.id, _LOOK, key)
        elif found is not None and not self._unheard(person, found, now):
            self._apply(person, found, now)

    def _unheard(self, person: Person, event: Event, at: int) -> bool:
        """Whether it is a message that left, and nothing waits to hear so: then it only counts as one more event."""
        customer = person.state
        due = 0 < person.wakes <= at
        if due or customer.journeys or self._heard or event.data.state != SENT:
            return False
        self._stamp(person, event, at)
        person.began.clear()
        return True

    def _wake(self, person: Person, due: int) -> None:
        """The clock's poke."""
        self._poke(person, Event(CLOCK, "", POKE, person.id, due, _NOTHING, b"{}"), due)

    def _poke(self, person: Person, poke: Event, now: int) -> None:
        """An event of which nothing is folded."""
        self._stamp(person, poke, now)
        self._schedule(person)

    def _schedule(self, person: Person) -> None:
        """Wake the customer when something is due next."""
        step, ripe = next_step(person.state), person.ripe
        due = min(step, ripe) if step and ripe else step or ripe
        if due and due != person.wakes:
            self._push(due, person.id, _WAKE, "")
        person.wakes = due

    def _gather(self, person: Person) -> None:
        """Let the customer wait with all others in their zone for what begins there."""
        if self.rules.periodic:
            crowd = self._crowds.join(person, zone_of(person.state.profile, self.rules.policy.shop), self.now)
            if crowd is not None and crowd.at:
                self._push(crowd.at, _NOBODY, _BEGINS, crowd)

    def _begin_period(self, crowd: Crowd, now: int) -> None:
        for person in self._crowds.begin(crowd, self._explain):
            person.ripe = now
            self._schedule(person)
        if crowd.at:
            self._push(crowd.at, _NOBODY, _BEGINS, crowd)

    # Events.

    def _apply(self, person: Person, event: Event, at: int) -> None:
        self._stamp(person, event, at)
        self._decide(person, event, self._fold(person, event))

    def _decide(self, person: Person, event: Event, new: bool) -> None:
        """What the rules make of an event that is folded."""
        self._note(person, event, decide(self.rules, event, person.state, new))
        person.remember(event)
        if person.crowd is None or event.type == "profile":
            self._gather(person)
        if event.type != "message" or self._moving:
            person.ripe = next_rule(self.rules, person.state)
        self._schedule(person)

    def _fold(self, person: Person, event: Event) -> bool:
        key = row_key(event)
        order = None
        if key is not None:
            order = person.orders.get(key)
            if order is None:
                order = person.orders[key] = Order()
        walk_in = self.rules.policy.shop.walk_in
        return fold(person.state, order, event, self._zone, self.counters, person.orders.values, walk_in)

    def _stamp(self, person: Person, event: Event, at: int) -> None:
        """Number the event, and do what time alone does by then."""
        customer = person.state
        customer.at = event.at = max(at, customer.at)
        customer.seq = event.seq = customer.seq + 1
        if 0 < person.wakes <= event.at or (event.type == POKE and event.data.rule):
            person.wakes, ripe = 0, 0 < person.ripe <= event.at
            self._note(person, event, elapse(self.rules, event, customer, person.recall, timed=ripe))
            if ripe or self._moving:
                person.ripe = next_rule(self.rules, customer)
        elif not customer.walk_in:
            customer.elapsed = event.at  # as elapse has it of a time in which nothing is due

    # What the rules decided.

    def _note(self, person: Person, event: Event, decided: Decided) -> None:
        for unmet in decided.not_fired:  # `update` takes longer to begin than a few of them to count
            self.not_fired[unmet] += 1
        for rule, guard in decided.not_fired if self._explain else ():
            self._tell(Entry(event.at, person.id, rule, NOT_FIRED, guard, event=event.type))
        for decision in decided.decisions:
            self._tell(self._entry(person, event, decision))
            if decision.message is not None:
                self._post.queue(decision.message, decision.at)
                self._push(decision.message.due_at, person.id, _LOOK, decision.message.key)
            if decision.request is not None:
                self._post.ask(decision.request)
                self._push(decision.at, person.id, _LOOK, decision.request.key)
        if decided.cancelled:
            why = {(one.rule, one.entry): one.reason for one in decided.decisions if one.outcome == STOPPED}
            for heard in self._post.cancel(person, decided.cancelled, why, event.at):
                self._push(event.at, person.id, _HEARD, heard)

    def _entry(self, person: Person, event: Event, decision: Decision) -> Entry:
        message, request = decision.message, decision.request
        whole = decision.outcome in _WHOLE or decision.reason in _WHOLE
        kind, name = NOTHING if whole else self._steps.get((decision.rule, decision.step), NOTHING)
        return Entry(
            at=decision.at,
            customer=person.id,
            rule=decision.rule,
            what=decision.outcome,
            reason=decision.reason,
            step=decision.step,
            kind=kind,
            name=message.template if message is not None else name,
            channel=message.channel if message is not None else "",
            offer=message.offer if message is not None else "",
            due=decision.due,
            key=message.key if message is not None else request.key if request is not None else "",
            event=event.type,
        )
