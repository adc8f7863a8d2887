"""What the engine says of an event: decisions, messages, requests."""

from __future__ import annotations

import hashlib

from msgspec import Struct, field

from retention.events import Event

QUEUED, SUPPRESSED, SHADOW, HELD_OUT = "queued", "suppressed", "shadow", "held-out"
"""A message waits for delivery; a guard stopped it; it would have been queued, were the rule live; the customer is
among those who are kept out, so that the others can be compared with them."""
WAITING, REQUESTED, DONE, STOPPED = "waiting", "requested", "done", "stopped"
"""The customer's way goes on later; something was asked for; a tag or an attribute was set; their way ended early."""

SEPARATOR = "\x1f"


class QueuedMessage(Struct, frozen=True, gc=False):
    """A message to send. `key` names it for good: the same decision always gives the same one.

    Instants are microseconds since 1970 UTC: it leaves at `due_at` or later, never after `expires_at`. `answers` is
    the event that began the customer's way through the rule, `entry` the name of that beginning. `offered_at`: when the
    first message on that way with the same offer leaves, this one or one before; 0 without an offer. `ruleset`: the set
    that the rule is of: its wording and its offers are meant.
    """

    key: str
    rule: str
    template: str
    channel: str
    class_: str
    step: int
    entry: str
    due_at: int
    expires_at: int | None
    offer: str
    variant: str
    answers: Event
    offered_at: int = 0
    rule_name: str = ""
    ruleset: str = ""


class Request(Struct, frozen=True, gc=False):
    """Something the rule asks for: an offer, a gift, points, a word to the staff, an event of the shop's own.

    `what` is the offer, the gift, the words or the topic; `amount` how many points, else 1. `answers` as of a message,
    where it is known.
    """

    key: str
    rule: str
    kind: str
    what: str
    amount: int
    step: int
    entry: str
    at: int
    answers: Event | None = None


class Decision(Struct, frozen=True, gc=False):
    """What became of one step of a rule whose condition held.

    `outcome` is one of the names above. `reason` says why it was suppressed: late, re-entry, chance, staff,
    no-consent, suppressed, unreachable, open-ticket, return-in-progress, group, cap, quiet-hours, expired, no-points,
    too-many, event-gone; why it waits: wait, open-ticket, return-in-progress, cap, paused; why it stopped: stop-on,
    stop-if, not-sent, rule-gone; or which holdout it was: global-holdout or holdout. `at` is the now of the decision,
    `due` when the customer's way goes on or the message leaves; 0 where nothing follows. A rule stopped as a whole is
    one decision of step 0.
    """

    rule: str
    outcome: str
    reason: str = ""
    step: int = 0
    entry: str = ""
    at: int = 0
    due: int = 0
    message: QueuedMessage | None = None
    request: Request | None = None


class Decided(Struct, gc=False):
    """All decisions on one event, in the order they were made; the rules that did not fire, each with what it was that
    did not hold: (rule, condition or inactive-period); and the keys of messages that must not leave any more."""

    decisions: list[Decision] = field(default_factory=list)
    not_fired: list[tuple[str, str]] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)


def message_key(rule: str, customer: str, entry: str, step: int) -> str:
    """The stable key of a message or request: the first 32 hex digits of SHA-256 over what it is about."""
    text = SEPARATOR.join((rule, customer, entry, str(step)))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
