"""The last look before a message leaves, as delivery has it."""

from __future__ import annotations

from msgspec import Struct

from retention.state import Customer
from retention.zones import zone_of
from rules.engine import guards
from rules.engine.outcome import QueuedMessage
from rules.ruleset import MessageClass, RuleSet
from rules.simulation.entries import CANCELLED, EXPIRED, FAILED, SENT

LATER = "later"


class Way(Struct, frozen=True):
    """What becomes of a message now: `SENT`, `CANCELLED`, `EXPIRED` or `FAILED` and why, or `LATER` at `due`."""

    what: str
    reason: str = ""
    due: int = 0


def look(rules: RuleSet, message: QueuedMessage, customer: Customer, now: int) -> Way:
    """Whether `message` may leave at `now`."""
    if message.expires_at is not None and now > message.expires_at:
        return Way(EXPIRED, "expired")
    class_ = MessageClass(message.class_)
    _, reason = guards.channel_for(class_, (message.channel,), customer)
    if reason:
        return Way(FAILED if reason == "unreachable" else CANCELLED, reason)
    rule = rules.by_id[message.rule]
    zone = zone_of(customer.profile, rules.policy.shop)
    due, reason = guards.departure(rule, rules.policy, rules.policy.limits[class_.value], None, zone, now)
    if reason:
        return Way(CANCELLED, reason)
    return Way(LATER, "quiet-hours", due) if due > now else Way(SENT)
