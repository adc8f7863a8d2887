"""The worker, the clock and the delivery of a shop on a virtual clock."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable
from heapq import heappop, heappush

from retention.counters import Deltas
from retention.events import Event, Message
from retention.fold import fold
from retention.orders import Order, row_key
from retention.state import Customer
from rules.engine.decide import decide, elapse
from rules.engine.outcome import HELD_OUT, STOPPED, Decided, Decision, QueuedMessage, Request
from rules.ruleset import RuleSet
from rules.simulation.entries import CANCELLED, DENIED, GRANTED, NOT_FIRED, NOTHING, SENT, Entry, effect
from rules.simulation.granter import Asked, Generous, Granter
from rules.simulation.post import LATER, look

DELIVERY, CLOCK = "regulars:delivery", "regulars:clock"
"""Sources of what is heard of messages, and of the clock's pokes."""
_WHOLE = frozenset({HELD_OUT, STOPPED, "late", "re-entry", "chance"})
"""What is said of a rule as a whole, not of one of its steps."""
_HEARD, _LEAVES, _DUE = range(3)
"""What comes at one instant of one customer, in this order: the result of a message, a message, a timer."""


class Person:
    """A customer, their orders, and the events that began the journeys they are in, by number."""

    __slots__ = ("began", "id", "orders", "state", "wakes")

    def __init__(self, id: str) -> None:
        self.id = id
        self.state = Customer()
        self.orders: dict[str, Order] = {}
        self.began: dict[int, Event] = {}
        self.wakes = 0
        """When the heap wakes them; 0: it does not."""

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


class Simulation:
    """Events in, entries out. One thread; the same events in the same order give the same entries.

    Time stands still between the calls of `take` and `run`; what is due on the way to the next event happens at its
    own moment: timers fire, messages leave. Across customers the order is (at, customer, number in their log).
    `tell` is given every entry; without it they are kept in `timeline`. `explain`: also what did not fire, which is
    counted anyway.
    """

    def __init__(
        self,
        rules: RuleSet,
        granter: Granter | None = None,
        tell: Callable[[Entry], None] | None = None,
        explain: bool = False,
    ) -> None:
        self.rules = rules
        self.now = 0
        self.people: dict[str, Person] = {}
        self.timeline: list[Entry] = []
        self.counters: Deltas = {}
        """The retention counters, as `retention.counters` has them."""
        self.not_fired: Counter[tuple[str, str]] = Counter()
        """(rule, guard) → times."""
        self._granter = granter or Generous()
        self._tell = tell or self.timeline.append
        self._explain = explain
        self._zone = rules.policy.shop.zone
        self._heap: list[tuple[int, str, int, int, str | Event]] = []
        self._pushed = 0
        self._waiting: dict[str, QueuedMessage] = {}
        self._steps = {(rule.id, n): effect(step) for rule in rules.rules for n, step in enumerate(rule.do)}

    def take(self, event: Event) -> None:
        """Let time go on to `event.at` (its `time`, where that is 0) and apply the event, which is ours from then on.

        Events come in the order of time; of one instant in that of customers. ValueError: time would go backwards.
        """
        at = event.at or event.time
        if at < self.now:
            raise ValueError("events come in the order of time")
        self._pass(at, event.customer)
        self.now = at
        self._apply(self._person(event.customer), event, at)

    def run(self, until: int) -> None:
        """Let time go on to `until`, included."""
        self._pass(until, "\U0010ffff")
        self.now = max(self.now, until)

    # Time.

    def _pass(self, at: int, customer: str) -> None:
        """What is due before that customer's turn at `at`."""
        heap = self._heap
        while heap and (heap[0][0] < at or (heap[0][0] == at and heap[0][1] <= customer)):
            due, id, what, _, about = heappop(heap)
            self.now = due
            person = self.people[id]
            if isinstance(about, Event):
                self._apply(person, about, due)
            elif what == _LEAVES:
                self._leave(person, about, due)
            elif person.wakes == due:
                self._wake(person, due)

    def _push(self, at: int, customer: str, what: int, about: str | Event) -> None:
        self._pushed += 1
        heappush(self._heap, (at, customer, what, self._pushed, about))

    def _wake(self, person: Person, due: int) -> None:
        """The clock's poke: an event without content, in the log when it found something to do."""
        person.wakes = 0
        next_due = person.state.next_due
        if next_due is not None and next_due <= due:
            poke = Event(CLOCK, f"{person.id}:{due}", "poke", person.id, due, None, b"{}")
            self._stamp(person, poke, due)
            person.remember(poke)
        self._schedule(person)

    def _schedule(self, person: Person) -> None:
        """Wake the customer when their next timer is due."""
        due = person.state.next_due if person.state.journeys else None
        if due is not None and due != person.wakes:
            person.wakes = due
            self._push(due, person.id, _DUE, "")

    # Events.

    def _apply(self, person: Person, event: Event, at: int) -> None:
        self._stamp(person, event, at)
        customer = person.state
        key = row_key(event)
        order = None if key is None else person.orders.setdefault(key, Order())
        walk_in = self.rules.policy.shop.walk_in
        new = fold(customer, order, event, self._zone, self.counters, person.orders.values, walk_in)
        self._note(person, event, decide(self.rules, event, customer, new))
        person.remember(event)
        self._schedule(person)

    def _stamp(self, person: Person, event: Event, at: int) -> None:
        """Number the event, and let the customer's timers fire that are due by then."""
        customer = person.state
        customer.at = event.at = max(at, customer.at)
        customer.seq = event.seq = customer.seq + 1
        due = customer.next_due if customer.journeys else None
        if due is not None and due <= event.at:
            self._note(person, event, elapse(self.rules, person.id, customer, event.at, person.recall))

    def _person(self, id: str) -> Person:
        person = self.people.get(id)
        if person is None:
            person = self.people[id] = Person(id)
        return person

    # What the rules decided.

    def _note(self, person: Person, event: Event, decided: Decided) -> None:
        self.not_fired.update(decided.not_fired)
        for rule, guard in decided.not_fired if self._explain else ():
            self._tell(Entry(event.at, person.id, rule, NOT_FIRED, guard, event=event.type))
        for decision in decided.decisions:
            self._tell(self._entry(person, event, decision))
            if decision.message is not None:
                self._queue(person, decision.message)
            if decision.request is not None:
                self._ask(person, decision.request)
        if decided.cancelled:
            self._cancel(person, event.at, decided)

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

    def _queue(self, person: Person, message: QueuedMessage) -> None:
        self._waiting[message.key] = message
        self._push(message.due_at, person.id, _LEAVES, message.key)

    def _ask(self, person: Person, request: Request) -> None:
        """Granted or not at once: nobody else is at work."""
        asked = Asked(request.key, person.id, request.rule, request.kind, request.what, request.amount, request.entry)
        reason = self._granter.grant(asked, request.at)
        kind, name = self._steps[request.rule, request.step]
        name = str(request.amount) if kind == "points" else name
        what = DENIED if reason else GRANTED
        self._tell(Entry(request.at, person.id, request.rule, what, reason, request.step, kind, name, key=request.key))

    # Messages.

    def _cancel(self, person: Person, at: int, decided: Decided) -> None:
        """Of the messages that must not leave those that have not left yet."""
        why = {(one.rule, one.entry): one.reason for one in decided.decisions if one.outcome == STOPPED}
        for key in decided.cancelled:
            message = self._waiting.pop(key, None)
            if message is not None:
                reason = why.get((message.rule, message.entry), "")
                self._tell(_of(message, person, at, CANCELLED, reason))
                self._push(at, person.id, _HEARD, _heard(message, person, CANCELLED, at))

    def _leave(self, person: Person, key: str, now: int) -> None:
        message = self._waiting.get(key)
        if message is None:
            return
        way = look(self.rules, message, person.state, now)
        if way.what == LATER:
            self._push(way.due, person.id, _LEAVES, key)
            return
        reason = way.reason
        if way.what == SENT and message.offer:
            asked = Asked(key, person.id, message.rule, "offer", message.offer, 1, message.entry)
            reason = self._granter.grant(asked, now)
        del self._waiting[key]
        self._tell(_of(message, person, now, CANCELLED if reason and way.what == SENT else way.what, reason))
        self._apply(person, _heard(message, person, way.what, now), now)


def _of(message: QueuedMessage, person: Person, at: int, what: str, reason: str) -> Entry:
    return Entry(
        at=at,
        customer=person.id,
        rule=message.rule,
        what=what,
        reason=reason,
        step=message.step,
        kind="send",
        name=message.template,
        channel=message.channel,
        offer=message.offer,
        key=message.key,
    )


def _heard(message: QueuedMessage, person: Person, what: str, at: int) -> Event:
    """What became of a message, as delivery tells the customer's log."""
    data = Message(message.key, what, message.channel)  # type: ignore[arg-type]
    return Event(DELIVERY, f"{message.key}:{what}", "message", person.id, at, data, b"", at=at)
