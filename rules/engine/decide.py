"""One event and the customer it left: which rules fire, and what each guard says (semantics.md)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from msgspec import Struct, field

from retention.events import Event
from retention.periods import calendar, local
from retention.state import Customer
from rules.engine.shares import pick, within
from rules.policy import Policy
from rules.ruleset import ADDRESSES, MessageClass, Rule, RuleSet, Status
from rules.steps import Send

QUEUED, SUPPRESSED, SHADOW, HELD_OUT = "queued", "suppressed", "shadow", "held-out"
"""Outcomes: a message waits for delivery; a guard stopped it; it would have been queued, were the rule live; the
customer is among those who are kept out, so that the others can be compared with them."""

Groups = set[tuple[str, Status]]
"""The groups of which a rule went on this event, each with that rule's status."""

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

    `outcome` is `QUEUED`, `SUPPRESSED`, `SHADOW` or `HELD_OUT`; `reason` why it was suppressed: late, re-entry,
    chance, staff, no-consent, suppressed, unreachable or group; or which holdout it was: global-holdout or holdout.
    A rule stopped as a whole is one decision of step 0.
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

    Pure but for `customer.entries`, which remembers every entry past the re-entry guard, and `customer.variants`.
    `new` is False for an amendment of a known order: then nothing fires, and neither does it for a till's walk-in id.
    """
    decided = Decided()
    if not new or customer.walk_in:
        return decided
    gone: Groups = set()
    for rule in rules.by_trigger.get(event.type, ()):
        if not _active(rule, event.at, rules.policy.shop.zone):
            decided.not_fired[rule.id, "inactive-period"] = 1
        elif rule.condition is not None and not rule.condition(event, customer):
            decided.not_fired[rule.id, "condition"] = 1
        else:
            decided.decisions.extend(_fire(rule, rules.policy, event, customer, gone))
    return decided


def _active(rule: Rule, at: int, zone: ZoneInfo) -> bool:
    """Whether the rule listens on the day that `at` is where the shop is."""
    first, last = rule.active
    if first is None and last is None:
        return True
    day = calendar(at, zone)[1]
    return (first is None or first <= day) and (last is None or day <= last)


def _fire(rule: Rule, policy: Policy, event: Event, customer: Customer, gone: Groups) -> Iterator[Decision]:
    if event.at - event.time > policy.lateness:
        yield Decision(rule.id, SUPPRESSED, "late")
        return
    cycle = _cycle(event, policy.shop.zone) if event.type == "birthday" else 0
    if not _enter(rule, event.at, cycle, customer):
        yield Decision(rule.id, SUPPRESSED, "re-entry")
        return
    if kept_out := _kept_out(rule, policy, event.customer):
        yield Decision(rule.id, HELD_OUT, kept_out)
        return
    if not within(rule.chance, f"chance:{rule.id}:{event.id}", event.customer):
        yield Decision(rule.id, SUPPRESSED, "chance")
        return
    variant = _variant(rule, event.customer, customer)
    entry = f"birthday{SEPARATOR}{cycle}" if cycle else f"{event.source}{SEPARATOR}{event.id}"
    taken = _taken(rule, gone)
    for step, send in enumerate(rule.do):
        decision = _send(rule, send, step, entry, event.customer, customer, variant, taken)
        if rule.group and decision.outcome in (QUEUED, SHADOW):
            gone.add((rule.group, rule.status))
        yield decision


def _cycle(event: Event, zone: ZoneInfo) -> int:
    """The year a birthday belongs to: the calendar year of the event where the shop is."""
    return local(event.time, zone).year


def entry_key(rule: Rule) -> str:
    """Where `customer.entries` and `variants` remember a rule. Trying it out in shadow uses up nobody's entry."""
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


def _kept_out(rule: Rule, policy: Policy, customer_id: str) -> str:
    """Which holdout the customer is in, or nothing. Nobody is kept out of what is no marketing."""
    if rule.class_ is not MessageClass.MARKETING:
        return ""
    if within(policy.holdout, "holdout:*", customer_id):
        return "global-holdout"
    return "holdout" if within(rule.holdout, f"holdout:{rule.id}", customer_id) else ""


def _variant(rule: Rule, customer_id: str, customer: Customer) -> str:
    """The customer's variant: the one they were first given, as long as the rule has it. Else empty."""
    if not rule.variants:
        return ""
    key = entry_key(rule)
    known = customer.variants.get(key)
    if known is None or all(known != name for name, _ in rule.variants):
        known = customer.variants[key] = pick(rule.variants, f"variant:{rule.id}", customer_id)
    return known


def _taken(rule: Rule, gone: Groups) -> bool:
    """Whether another of its group went. A rule in shadow is in nobody's way but that of others in shadow."""
    if not rule.group:
        return False
    return (rule.group, Status.LIVE) in gone or (rule.group, rule.status) in gone


def _send(
    rule: Rule, send: Send, step: int, entry: str, customer_id: str, customer: Customer, variant: str, taken: bool
) -> Decision:
    channel, reason = _channel(rule.class_, send.channels, customer)
    if reason:
        return Decision(rule.id, SUPPRESSED, reason, step)
    if taken:
        return Decision(rule.id, SUPPRESSED, "group", step)
    if rule.status is Status.SHADOW:
        return Decision(rule.id, SHADOW, "", step)
    key = message_key(rule.id, customer_id, entry, step)
    template = send.template.replace("{variant}", variant)
    message = QueuedMessage(key, rule.id, template, channel, rule.class_.value, step, entry)
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
