"""What may keep a message from a customer, one guard a function (semantics.md). Pure; instants in microseconds."""

from __future__ import annotations

from bisect import insort
from zoneinfo import ZoneInfo

from retention.periods import calendar
from retention.state import RETURN_STAGES, STALE, Customer
from retention.zones import instant_of, local_day, next_at, quiet_until
from rules.engine.shares import within
from rules.policy import Cap, Limits, Policy
from rules.ruleset import ADDRESSES, MessageClass, Rule, Status

RESERVED_KEPT = 100
"""Messages that a customer's state remembers for the caps, the latest."""
_REFUNDED = RETURN_STAGES.index("refunded")
_DAYS_BACK = 2 * 86_400_000_000
"""A calendar day lies within so much of any of its instants."""


def active(rule: Rule, at: int, zone: ZoneInfo) -> bool:
    """Whether the rule listens on the day that `at` is in `zone`, the shop's."""
    first, last = rule.active
    if first is None and last is None:
        return True
    day = calendar(at, zone)[1]
    return (first is None or first <= day) and (last is None or day <= last)


def may_enter(rule: Rule, at: int, cycle: int, customer: Customer) -> bool:
    """Whether the customer may enter the rule at `at`. `cycle` is larger than 0 where each is entered once at most."""
    known = customer.entries.get(entry_key(rule))
    if known is None:
        return True
    _, last, last_cycle = known
    if cycle:
        if last_cycle >= cycle:
            return False
    elif rule.reentry.kind == "never":
        return False
    return rule.reentry.kind != "after" or at - last >= rule.reentry.after


def enter(rule: Rule, at: int, cycle: int, customer: Customer) -> bool:
    """The same, and the customer remembers that they did."""
    if not may_enter(rule, at, cycle, customer):
        return False
    key = entry_key(rule)
    customer.entries[key] = [customer.entries.get(key, [0])[0] + 1, at, cycle]
    return True


def entry_key(rule: Rule) -> str:
    """Where `customer.entries` and `variants` remember a rule. Trying it out in shadow uses up nobody's entry."""
    return f"shadow:{rule.id}" if rule.status is Status.SHADOW else rule.id


def kept_out(rule: Rule, policy: Policy, customer_id: str) -> str:
    """Which holdout the customer is in, or nothing. Nobody is kept out of what is no marketing."""
    if rule.class_ is not MessageClass.MARKETING:
        return ""
    if within(policy.holdout, "holdout:*", customer_id):
        return "global-holdout"
    return "holdout" if within(rule.holdout, f"holdout:{rule.id}", customer_id) else ""


def channel_for(class_: MessageClass, channels: tuple[str, ...], customer: Customer) -> tuple[str, str]:
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


def busy(class_: MessageClass, customer: Customer, now: int) -> str:
    """What marketing waits for the end of: an open ticket, a return in progress; or nothing."""
    if class_ is not MessageClass.MARKETING:
        return ""
    if any(opened and now - time < STALE for time, opened in customer.tickets.values()):
        return "open-ticket"
    if any(stage < _REFUNDED and now - time < STALE for time, stage in customer.returning.values()):
        return "return-in-progress"
    return ""


def departure(rule: Rule, policy: Policy, limits: Limits, at: int | None, zone: ZoneInfo, now: int) -> tuple[int, str]:
    """When a message decided now leaves, by the minute of day it is meant for and the quiet hours; or why it does not.

    A minute of day inside the quiet hours is put off to their end.
    """
    due = now if at is None else next_at(now, at, zone)
    setting = rule.quiet or limits.quiet
    if policy.quiet is None or setting == "ignore":
        return due, ""
    end = quiet_until(due, policy.quiet, zone)
    if end is None:
        return due, ""
    return (due, "quiet-hours") if setting == "drop" else (end, "")


def free_at(policy: Policy, customer: Customer, channel: str, due: int, zone: ZoneInfo) -> int:
    """0 when a message by `channel` may leave at `due` within every cap; else when all of them have room again.

    A message that waits for its hour counts like one that left: no window, wherever it lies, ever holds too many.
    """
    frees = 0
    for cap in policy.caps:
        if cap.channel in ("any", channel):
            frees = max(frees, _frees(cap, customer, due, zone))
    return frees


def _frees(cap: Cap, customer: Customer, due: int, zone: ZoneInfo) -> int:
    times = [time for time, channel, _ in customer.reserved if cap.channel in ("any", channel)]
    if not cap.window:
        today = local_day(due, zone)
        taken = sum(local_day(time, zone) == today for time in times)
        return instant_of(today + 1, 0, zone) if taken >= cap.most else 0
    held = [time for time in times if time > due - cap.window]
    return held[len(held) - cap.most] + cap.window if len(held) >= cap.most else 0


def reserve(policy: Policy, customer: Customer, due: int, channel: str, key: str, now: int) -> None:
    """Count a message towards the caps from now on; what no window reaches any more is forgotten."""
    reach = max((cap.window or _DAYS_BACK for cap in policy.caps), default=0)
    if not reach:
        return
    customer.reserved = [one for one in customer.reserved if one[0] > now - reach][-RESERVED_KEPT + 1 :]
    insort(customer.reserved, [due, channel, key])


def release(customer: Customer, key: str) -> None:
    """The message did not leave and never will: it counts no more."""
    if customer.reserved:
        customer.reserved = [one for one in customer.reserved if one[2] != key]
