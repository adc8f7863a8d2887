"""The last look before a message leaves: much may have changed since it was decided.

Instants are the clock's, microseconds since 1970 UTC.
"""

from __future__ import annotations

from msgspec import Struct

from retention.state import Customer
from retention.zones import quiet_until, zone_of
from rules.engine.older import as_entered
from rules.policy import MARKETING, Policy, Quiet
from rules.ruleset import ADDRESSES, Rule, RuleSet, Status
from storage.messages import Claimed, Final

TRANSACTIONAL = "transactional"
LOOK_AGAIN = 15 * 60 * 1_000_000
"""How long the messages of a rule that stands still are left alone before the next look, microseconds."""


class Refusal(Struct, frozen=True):
    """Why a message must not leave any more, and the final status that makes of it."""

    status: Final
    code: str


class Held(Struct, frozen=True):
    """Why a message must not leave yet, and when to look again."""

    until: int
    code: str


def check(message: Claimed, customer: Customer | None, now: int) -> Refusal | str:
    """Where the message may go, or why it may not. None: the customer is erased.

    Whatever is not transactional needs a granted consent of its channel, not known is no; and staff get none of it.
    """
    if customer is None:
        return Refusal("cancelled", "erased")
    if message.expires_at is not None and now > message.expires_at:
        return Refusal("expired", "expired")
    if message.channel in customer.suppressed:
        return Refusal("cancelled", "suppressed")
    if message.class_ != TRANSACTIONAL and customer.staff:
        return Refusal("cancelled", "staff")
    consent = customer.consents.get(message.channel)
    if message.class_ != TRANSACTIONAL and not (consent and consent[0]):
        return Refusal("cancelled", "no-consent")
    address = customer.profile.get(ADDRESSES.get(message.channel, ""))
    return address if isinstance(address, str) and address else Refusal("failed", "no-address")


def timely(
    message: Claimed, customer: Customer, now: int, rules: RuleSet, entered: RuleSet | None = None
) -> Held | Refusal | None:
    """Whether this is the hour for it; None: it is. `entered`: the older set that its rule is of, if it is.

    A message waits while its rule is not live, or is gone. In quiet hours it does as its rule says, else its class.
    """
    rule = as_entered(rules, message.rule, entered)
    if rule is None or rule.status is not Status.LIVE:
        return put_off(message, now, LOOK_AGAIN, "rule-gone" if rule is None else "rule-paused", rules.policy)
    setting = _quiet(message, rule, rules.policy)
    if setting == "ignore" or rules.policy.quiet is None:
        return None
    end = quiet_until(now, rules.policy.quiet, zone_of(customer.profile, rules.policy.shop))
    if end is None:
        return None
    return Held(end, "quiet-hours") if setting == "defer" else Refusal("cancelled", "quiet-hours")


def put_off(message: Claimed, now: int, wait: int, code: str, policy: Policy) -> Held | Refusal:
    """What waits for nobody knows how long is looked at again, until it has waited for as long as any may."""
    if now - message.created_at >= policy.give_up:
        return Refusal("cancelled", code)
    return Held(now + wait, code)


def _quiet(message: Claimed, rule: Rule, policy: Policy) -> Quiet:
    """A class that nobody knows is as quiet as marketing."""
    return rule.quiet or policy.limits.get(message.class_, MARKETING).quiet
