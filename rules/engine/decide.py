"""One event and the customer it left: which rules fire, and what each guard says (semantics.md)."""

from __future__ import annotations

from collections.abc import Callable

from retention.events import POKE, Event
from retention.state import Customer, Journey
from rules.engine import guards
from rules.engine.catching_up import overdue
from rules.engine.older import Library, no_library, rule_of
from rules.engine.outcome import HELD_OUT, SEPARATOR, STOPPED, SUPPRESSED, Decided, Decision
from rules.engine.shares import pick, within
from rules.engine.timers import Occurrence, birthday_cycle, event_of, next_due, occurrences
from rules.engine.turn import Turn, Went
from rules.ruleset import ALWAYS, FanOut, Rule, RuleSet, Status

Recall = Callable[[int], Event | None]
"""The number of an event in the customer's log → that event, the caller's to change; None when the log let it go."""

MOST_JOURNEYS = 50
"""Rules a customer is in the midst of at one time."""
_GONE = frozenset({"failed", "cancelled", "expired"})
"""What is said of a message that did not leave and never will."""
_SETTLED = _GONE | {"sent", "ambiguous"}


def decide(rules: RuleSet, event: Event, customer: Customer, new: bool, library: Library = no_library) -> Decided:
    """What `rules` make of `event`, which is stamped and already folded into `customer`.

    Pure but for what the customer's state keeps of rules: entries, variants, journeys, reservations, tags and
    attributes. `new` is False for an amendment of a known order: then nothing fires, and neither does it for a
    till's walk-in id. `library`: the older rule sets, under which journeys go on that were entered then.
    """
    decided = Decided()
    if customer.walk_in:
        _abandon(customer, decided)
        return decided
    if event.type not in rules.by_trigger and event.type != "message" and not customer.journeys:
        return decided
    customer.elapsed = max(customer.elapsed, event.at)
    turn = Turn(rules, event.customer, customer, event.at, decided, {}, library)
    if event.type == "message":
        _hear(turn, event)
    if not new:
        return decided
    if customer.journeys:
        _exits(turn, event)
    unmet = decided.not_fired.append
    for rule in rules.by_trigger.get(event.type, ()):
        if rule.active != ALWAYS and not guards.active(rule, event.at, rules.policy.shop.zone):
            unmet(rule.inactive)
        elif not (meant(rule, event, customer) if rule.trigger is not None else _holds(rule, event, customer)):
            unmet(rule.unmet)
        else:
            late = event.at - event.time > rules.policy.lateness
            cycle = birthday_cycle(rules.policy, customer, event.time) if event.type == "birthday" else 0
            _fire(turn, rule, event, _entry(event, cycle), cycle, late)
    return decided


def elapse(
    rules: RuleSet,
    event: Event,
    customer: Customer,
    recall: Recall,
    library: Library = no_library,
    timed: bool = True,
) -> Decided:
    """Do what time alone does by `event`, which is stamped and not yet folded: rules that are due, journeys that go on.

    In the order of (due, higher priority, rule, entry), each with now = its due. What is overdue by more than the
    policy's lateness does nothing and ends. A customer of whom nothing was heard yet has no time to pass. A poke that
    names a rule then takes the customer into that one. `timed` is False where it is known that no rule is due by then.
    """
    decided = Decided()
    customer_id, until = event.customer, event.at
    if customer.walk_in:
        customer.elapsed = until
        return decided
    after = customer.elapsed or customer.at
    waiting = occurrences(rules, customer, after, until) if timed and rules.timed and after else []
    went: Went = {}
    last = 0
    while (due := _next(rules, customer, waiting, until, library)) is not None:
        if due.due != last:
            went, last = {}, due.due
        turn = Turn(rules, customer_id, customer, due.due, decided, went, library)
        if isinstance(due, Occurrence):
            waiting.remove(due)
            _come(turn, due, until)
        else:
            _resume(turn, due, until, recall)
    customer.elapsed = until
    if event.type == POKE and event.data.rule:
        _catch_up(Turn(rules, customer_id, customer, until, decided, {}, library), event)
    return decided


def pending(rules: RuleSet, customer: Customer, until: int) -> bool:
    """Whether `elapse` has more to do than to note the time. Mostly it has not, and that is cheaper to ask."""
    due = next_due(rules, customer)
    return due is not None and due <= until


# Time.


def _next(
    rules: RuleSet, customer: Customer, waiting: list[Occurrence], until: int, library: Library
) -> Journey | Occurrence | None:
    """Whose turn is first of those that are due by `until`."""
    due: list[Journey | Occurrence] = [journey for journey in customer.journeys if 0 < journey.due <= until]
    due += waiting
    if len(due) < 2:
        return due[0] if due else None
    return min(due, key=lambda one: (one.due, *_order(rules, one, library), one.entry))


def _order(rules: RuleSet, one: Journey | Occurrence, library: Library) -> tuple[int, str]:
    """Higher priority first; a rule that is gone has none."""
    rule = one.rule if isinstance(one, Occurrence) else rule_of(rules, one, library)
    return rule.order if rule is not None else (0, str(one.rule))


def _come(turn: Turn, occurrence: Occurrence, until: int) -> None:
    """A rule is due for the customer: the same guards as for an event, in the same order."""
    rule, customer = occurrence.rule, turn.customer
    event = event_of(rule, turn.id, occurrence.entry, turn.now)
    if not guards.active(rule, turn.now, turn.policy.shop.zone):
        turn.decided.not_fired.append(rule.inactive)
    elif not meant(rule, event, customer):
        turn.decided.not_fired.append(rule.unmet)
    else:
        late = until - turn.now > turn.policy.lateness
        _fire(turn, rule, event, occurrence.entry, occurrence.cycle, late)


def _catch_up(turn: Turn, poke: Event) -> None:
    """The same for a customer who was past it already when the rule was switched on; now is the poke's."""
    rule = turn.rules.by_id.get(poke.data.rule)
    found = None if rule is None else overdue(turn.rules, rule, turn.customer, poke.data.before)
    if rule is None or found is None:
        return
    event = event_of(rule, turn.id, found.entry, turn.now)
    if guards.active(rule, turn.now, turn.policy.shop.zone) and meant(rule, event, turn.customer):
        _fire(turn, rule, event, found.entry, found.cycle, turn.now - poke.time > turn.policy.lateness)
    else:
        turn.decided.not_fired.append(rule.unmet)


def meant(rule: Rule, event: Event, customer: Customer) -> bool:
    """Whether the customer is in the rule's audience, and its condition holds."""
    if isinstance(rule.trigger, FanOut) and not rule.trigger.audience(event, customer):
        return False
    return _holds(rule, event, customer)


def _holds(rule: Rule, event: Event, customer: Customer) -> bool:
    return rule.condition is None or rule.condition(event, customer)


def _resume(turn: Turn, journey: Journey, until: int, recall: Recall) -> None:
    rule = turn.rule_of(journey)
    if rule is None:
        turn.stop(journey, "rule-gone")
    elif until - turn.now > turn.policy.lateness:
        _give_up(turn, journey, "late")
    elif not rule.deciding:
        if not turn.hold(journey, rule, "paused", turn.now + turn.policy.recheck):
            _give_up(turn, journey, "paused")
    elif (event := _began(turn, rule, journey, recall)) is None:
        _give_up(turn, journey, "event-gone")
    else:
        event.at = turn.now
        if journey.since:
            turn.ask_again(journey, rule)
        turn.advance(journey, rule, event)
        if not _unfinished(journey, rule):
            turn.customer.journeys.remove(journey)


def _began(turn: Turn, rule: Rule, journey: Journey, recall: Recall) -> Event | None:
    """The event that began the journey; time's own are made again."""
    return recall(journey.seq) if journey.seq else event_of(rule, turn.id, journey.entry, journey.entered)


def _give_up(turn: Turn, journey: Journey, reason: str) -> None:
    """Its next step is not done, nor any behind it; what was queued before still leaves."""
    turn.customer.journeys.remove(journey)
    step, entry = journey.step, journey.entry
    turn.decided.decisions.append(Decision(journey.rule, SUPPRESSED, reason, step, entry, turn.now))


def _unfinished(journey: Journey, rule: Rule) -> bool:
    """Whether anything may still come of it: a step, or a message that an event may stop."""
    return journey.due > 0 or bool(journey.open and rule.stop_on)


# What an event means for the rules the customer is in.


def _hear(turn: Turn, event: Event) -> None:
    """The result of a message: what it reserved, and the journey it belongs to."""
    key, state = event.data.message_id, event.data.state
    if state in _GONE:
        guards.release(turn.customer, key)
    if state not in _SETTLED:
        return
    for journey in turn.customer.journeys:
        if key in journey.open:
            _settled(turn, journey, journey.open.pop(key), state)
            return


def _settled(turn: Turn, journey: Journey, step: int, state: str) -> None:
    rule = turn.rule_of(journey)
    if rule is None:
        turn.stop(journey, "rule-gone")
    elif not _unfinished(journey, rule):
        turn.customer.journeys.remove(journey)
    elif state in _GONE and step < len(rule.do) and getattr(rule.do[step], "stop", False):
        turn.stop(journey, "not-sent")


def _exits(turn: Turn, event: Event) -> None:
    """End the journeys whose rule stops on this event."""
    state = getattr(event.data, "state", None)
    names = {event.type, f"{event.type}.{state}"}
    for journey in list(turn.customer.journeys):
        rule = turn.rule_of(journey)
        if rule is not None and not names.isdisjoint(rule.stop_on):
            turn.stop(journey, "stop-on")


def _abandon(customer: Customer, decided: Decided) -> None:
    for journey in customer.journeys:
        decided.cancelled.extend(journey.open)
    customer.journeys = []


# Entering a rule.


def _entry(event: Event, cycle: int) -> str:
    """What names an entry into a rule: the event, or the birthday, whoever told of it."""
    return f"birthday{SEPARATOR}{cycle}" if cycle else f"{event.source}{SEPARATOR}{event.id}"


def _fire(turn: Turn, rule: Rule, event: Event, entry: str, cycle: int, late: bool) -> None:
    """The guards from lateness to chance, in their order; then the rule's steps."""
    if late:
        _stopped(turn, rule, entry, SUPPRESSED, "late")
    elif not guards.enter(rule, turn.now, cycle, turn.customer):
        _stopped(turn, rule, entry, SUPPRESSED, "re-entry")
    elif kept_out := guards.kept_out(rule, turn.policy, turn.id):
        _stopped(turn, rule, entry, HELD_OUT, kept_out)
    elif not within(rule.chance, f"chance:{rule.id}:{event.id}", turn.id):
        _stopped(turn, rule, entry, SUPPRESSED, "chance")
    else:
        _begin(turn, rule, event, entry)


def _stopped(turn: Turn, rule: Rule, entry: str, outcome: str, reason: str) -> None:
    turn.decided.decisions.append(Decision(rule.id, outcome, reason, 0, entry, turn.now))


def _begin(turn: Turn, rule: Rule, event: Event, entry: str) -> None:
    customer = turn.customer
    shadow = rule.status is Status.SHADOW
    journey = Journey(
        rule.id,
        entry,
        event.at,
        event.seq,
        customer.orders_ever,
        _variant(rule, event.customer, customer),
        shadow=shadow,
        ruleset=turn.rules.hash,
    )
    turn.advance(journey, rule, event)
    if not _unfinished(journey, rule):
        return
    customer.journeys.append(journey)
    if len(customer.journeys) > MOST_JOURNEYS and not _make_room(customer):
        customer.journeys.pop()
        turn.decided.decisions.append(Decision(rule.id, STOPPED, "too-many", journey.step, entry, turn.now))


def _make_room(customer: Customer) -> bool:
    """Forget the oldest journey that only waits to hear of a message."""
    for journey in customer.journeys[:-1]:
        if not journey.due:
            customer.journeys.remove(journey)
            return True
    return False


def _variant(rule: Rule, customer_id: str, customer: Customer) -> str:
    """The customer's variant: the one they were first given, as long as the rule has it. Else empty."""
    if not rule.variants:
        return ""
    key = guards.entry_key(rule)
    known = customer.variants.get(key)
    if known is None or all(known != name for name, _ in rule.variants):
        known = customer.variants[key] = pick(rule.variants, f"variant:{rule.id}", customer_id)
    return known
