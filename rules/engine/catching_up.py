"""`catch_up`: customers for whom a rule was due already when it was switched on are taken into it, so many a day.

Who they are is looked for outside the engine, which only answers for one customer (docs/decisions/fan-out.md).
"""

from __future__ import annotations

import msgspec

from retention.events import CLOCK, POKE, Event, Poke, short
from retention.state import Customer
from rules.engine import guards
from rules.engine.timers import Occurrence, event_of, latest
from rules.ruleset import Rule, RuleSet


def overdue(rules: RuleSet, rule: Rule, customer: Customer, before: int) -> Occurrence | None:
    """When the rule was due for the customer, `before` or earlier, if they have not entered since.

    Only of rules that decide and catch up. Instants are microseconds since 1970 UTC.
    """
    if rule.catch_up is None or not rule.deciding or customer.walk_in:
        return None
    found = latest(rules, rule, customer, before)
    if found is None:
        return None
    entered = customer.entries.get(guards.entry_key(rule))
    return found if entered is None or entered[1] < found.due else None


def waits(rules: RuleSet, rule: Rule, id: str, customer: Customer, before: int, now: int) -> bool:
    """Whether the customer is one to be taken into the rule now: else they would use up a place of the day."""
    found = overdue(rules, rule, customer, before)
    if found is None or not guards.may_enter(rule, now, found.cycle, customer):
        return False
    return rule.condition is None or rule.condition(event_of(rule, id, found.entry, now), customer)


def poke(rule: str, id: str, before: int, now: int) -> Event:
    """What takes the customer into the rule; the same one has the same id."""
    data = Poke(rule, before)
    name = f"catch-up:{rule}:{before}:{short(id)}"
    return Event(CLOCK, name, POKE, id, now, data, msgspec.json.encode(data))
