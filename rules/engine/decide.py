"""One event and the customer it left: which rules fire, and what each guard says (semantics.md)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from msgspec import Struct, field

from retention.events import Event
from retention.periods import local
from retention.state import Customer
from rules.ruleset import ADDRESSES, MessageClass, Policy, Rule, RuleSet, Send, Status

QUEUED, SUPPRESSED, SHADOW = "queued", "suppressed", "shadow"
"""Outcomes: a message waits for delivery; a guard stopped it; it would have been queued, were the rule live."""

SEPARATOR = "\x1f"


class QueuedMessage(Struct, frozen=True):
    """A message to send. `key` names it for good: the same decision always gives the same one."""

    key: str
    rule: str
    template: str
    channel: str
    class_: str
    step: int
    entry: str


class Decision(Struct, frozen=True):
    """What became of one step of a rule whose condition held.

    `outcome` is `QUEUED`, `SUPPRESSED` or `SHADOW`; `reason` why it was suppressed: late, re-entry, staff,
    no-consent, suppressed or unreachable. A rule stopped as a whole is one decision of step 0.
    """

    rule: str
    outcome: str
    reason: str = ""
    step: int = 0
    message: QueuedMessage | None = None


class Decided(Struct, frozen=True):
    """All decisions on one event, in the order of priority, and counts of what did not fire: (rule, guard) → n."""

    decisions: list[Decision] = field(default_factory=list)
    not_fired: dict[tuple[str, str], int] = field(default_factory=dict)


def decide(rules: RuleSet, event: Event, customer: Customer, new: bool) -> Decided:
    """What `rules` make of `event`, which is stamped and already folded into `customer`.

    Pure but for `customer.entries`, which remembers every entry past the re-entry guard. `new` is False for
    an amendment of a known order: then nothing fires, and neither does it for a till's walk-in id.
    """
    decided = Decided()
    if not new or customer.walk_in:
        return decided
    for rule in rules.by_trigger.get(event.type, ()):
        if rule.condition is not None and not rule.condition(event, customer):
            decided.not_fired[rule.id, "condition"] = 1
        else:
            decided.decisions.extend(_fire(rule, rules.policy, event, customer))
    return decided


def _fire(rule: Rule, policy: Policy, event: Event, customer: Customer) -> Iterator[Decision]:
    if event.at - event.time > policy.lateness:
        yield Decision(rule.id, SUPPRESSED, "late")
        return
    cycle = _cycle(event, policy.shop.zone) if event.type == "birthday" else 0
    if not _enter(rule, event.at, cycle, customer):
        yield Decision(rule.id, SUPPRESSED, "re-entry")
        return
    entry = f"birthday{SEPARATOR}{cycle}" if cycle else f"{event.source}{SEPARATOR}{event.id}"
    for step, send in enumerate(rule.do):
        yield _send(rule, send, step, entry, event.customer, customer)


def _cycle(event: Event, zone: ZoneInfo) -> int:
    """The year a birthday belongs to: the calendar year of the event where the shop is."""
    return local(event.time, zone).year


def entry_key(rule: Rule) -> str:
    """Where `customer.entries` remembers a rule. Trying a rule out in shadow uses up nobody's entry."""
    return f"shadow:{rule.id}" if rule.status is Status.SHADOW else rule.id


def _enter(rule: Rule, at: int, cycle: int, customer: Customer) -> bool:
    """Whether the customer may enter now; if so it is remembered."""
    key = entry_key(rule)
    known = customer.entries.get(key)
    if known is None:
        customer.entries[key] = [1, at, cycle]
        return True
    count, last, last_cycle = known
    if cycle:
        if last_cycle >= cycle:
            return False
    elif rule.reentry.kind == "never":
        return False
    if rule.reentry.kind == "after" and at - last < rule.reentry.after:
        return False
    customer.entries[key] = [count + 1, at, cycle]
    return True


def _send(rule: Rule, send: Send, step: int, entry: str, customer_id: str, customer: Customer) -> Decision:
    channel, reason = _channel(rule.class_, send.channels, customer)
    if reason:
        return Decision(rule.id, SUPPRESSED, reason, step)
    if rule.status is Status.SHADOW:
        return Decision(rule.id, SHADOW, "", step)
    key = message_key(rule.id, customer_id, entry, step)
    message = QueuedMessage(key, rule.id, send.template, channel, rule.class_.value, step, entry)
    return Decision(rule.id, QUEUED, "", step, message)


def _channel(class_: MessageClass, channels: tuple[str, ...], customer: Customer) -> tuple[str, str]:
    """The first channel that can be used; or none, and why not the first of them."""
    if class_ is MessageClass.MARKETING and customer.staff:
        return "", "staff"
    first = ""
    for channel in channels:
        reason = _stopped(class_, channel, customer)
        if not reason:
            return channel, ""
        first = first or reason
    return "", first


def _stopped(class_: MessageClass, channel: str, customer: Customer) -> str:
    """Why nothing may go to the customer by `channel`, or nothing. What is not known is no consent."""
    if class_ is MessageClass.MARKETING:
        consent = customer.consents.get(channel)
        if consent is None or not consent[0]:
            return "no-consent"
    if channel in customer.suppressed:
        return "suppressed"
    return "" if customer.profile.get(ADDRESSES[channel]) else "unreachable"


def message_key(rule: str, customer: str, entry: str, step: int) -> str:
    """The stable key of a message: the first 32 hex digits of SHA-256 over what it is about."""
    text = SEPARATOR.join((rule, customer, entry, str(step)))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
