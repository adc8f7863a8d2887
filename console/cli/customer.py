"""One customer as a JSON document, and as lines for a person."""

from __future__ import annotations

import datetime as dt
from typing import Any

from msgspec import Struct

from console.cli.output import amount
from retention.state import Customer, Journey
from rules.ruleset import RuleSet
from rules.steps import Assign, Branch, Emit, Grant, Jump, Notify, Send, Step, StopIf, Tag, Wait, WaitUntil
from storage.queries import Asked, Decided
from storage.told import Left

MONEY = ("gross", "refunds", "net")
MOST_ORDERS = 1_000
"""Ids of orders that are told; a till's customer id may have a million."""

REASONS = {
    "late": "it came too late",
    "re-entry": "they had it already",
    "holdout": "kept out of this rule, to compare",
    "global-holdout": "kept out of all marketing, to compare",
    "chance": "not drawn this time",
    "staff": "they are staff",
    "no-consent": "they have not said yes by this channel",
    "suppressed": "their address bounced, or they complained",
    "unreachable": "no address for this channel is known",
    "open-ticket": "a support ticket of theirs is open",
    "return-in-progress": "a return of theirs is under way",
    "group": "another rule of its group came first",
    "cap": "they have had as many messages as they may",
    "quiet-hours": "it would have left in the quiet hours",
    "expired": "its hour would have come after its expiry",
    "no-points": "that comes to no points",
    "too-many": "they are in too many rules at once",
    "event-gone": "the event that began it is no longer in the log",
    "wait": "as the rule says",
    "paused": "the rule is paused",
    "stop-on": "something happened that stops the rule",
    "stop-if": "what the rule stops at is so",
    "not-sent": "its message did not leave",
    "rule-gone": "the rule is gone",
}
"""Why a decision came out as it did, for people."""
OUTCOMES = {"shadow": "would have gone, were the rule live"}


class Known(Struct, frozen=True):
    """What the store holds of a customer."""

    id: str
    customer: Customer
    orders: list[str]
    log: Left
    decisions: list[Decided]
    requests: list[Asked]


def document(known: Known, rules: RuleSet) -> dict[str, Any]:
    """All of it, for `--json`."""
    customer = known.customer
    return {
        "customer": known.id,
        "events": customer.seq,
        "orders": customer.orders,
        "orders_ever": customer.orders_ever,
        "currency": rules.policy.shop.currency,
        "gross_minor": customer.gross,
        "refunds_minor": customer.refunds,
        "net_minor": customer.net_revenue,
        "first_order": instant(customer.first_order_at),
        "last_order": instant(customer.last_order_at),
        "last_event": instant(customer.last_event_at),
        "staff": customer.staff,
        "profile": customer.profile,
        "consents": {channel: "granted" if word[0] else "denied" for channel, word in customer.consents.items()},
        "suppressed": customer.suppressed,
        "own_tags": customer.own_tags,
        "own_attributes": customer.own,
        "order_ids": known.orders,
        "events_let_go": known.log.let_go,
        "log_since": instant(known.log.since or 0),
        "under_way": [_journey(one, rules) for one in sorted(customer.journeys, key=lambda one: one.entered)],
        "requests": [
            {"at": instant(one.at), "rule": one.rule, "kind": one.kind, "what": one.what, "amount": one.amount}
            for one in known.requests
        ],
        "decisions": [
            {
                "at": instant(one.at),
                "rule": one.rule,
                "step": one.step,
                "what": _what(one.rule, one.step, rules),
                "outcome": one.outcome,
                "reason": one.reason,
                "due": instant(one.due or 0),
                "message": one.message,
                "status": one.status,
                "error": None if one.status == "sent" else one.error,
            }
            for one in known.decisions
        ],
    }


def _journey(journey: Journey, rules: RuleSet) -> dict[str, Any]:
    return {
        "rule": journey.rule,
        "entered": instant(journey.entered),
        "variant": journey.variant,
        "shadow": journey.shadow,
        "step": journey.step,
        "next": _what(journey.rule, journey.step, rules),
        "due": instant(journey.due),
        "held_since": instant(journey.since),
        "messages": len(journey.open),
    }


def _what(id: str, step: int, rules: RuleSet) -> str:
    """What a step of a rule does, as the rule stands today; empty when there is no such step any more."""
    rule = rules.by_id.get(id)
    return "" if rule is None or step >= len(rule.do) else step_in_words(rule.do[step])


def step_in_words(step: Step) -> str:
    """What a step does, in a few words."""
    match step:
        case Send():
            return f"message {step.template}"
        case Grant():
            return f"{step.amount} points" if step.kind == "points" else f"{step.kind} {step.what}"
        case Tag():
            return f"{'tag' if step.on else 'untag'} {step.name}"
        case Assign():
            return f"set {', '.join(name for name, _ in step.values)}"
        case Notify():
            return "a word to the staff"
        case Emit():
            return f"event to {step.topic}"
        case Wait() | WaitUntil():
            return "another wait"
        case StopIf() | Branch() | Jump():
            return "a condition"


def readable(document: dict[str, Any]) -> list[tuple[str, str]]:
    """The document's lines for a person, decisions left out."""
    rows = [
        ("orders", f"{document['orders']:,} that count, {document['orders_ever']:,} ever"),
        *(
            (part, f"{document['currency']} {amount(document[f'{part}_minor'], document['currency'])}")
            for part in MONEY
        ),
    ]
    for name in ("first_order", "last_order", "last_event", "staff", "profile", "consents", "suppressed"):
        rows.append((name.replace("_", " "), _shown(document[name])))
    set_by_rules = {name: "cleared" if value is None else value for name, value in document["own_attributes"].items()}
    own = {**dict.fromkeys(document["own_tags"], ""), **set_by_rules}
    if own:
        rows.append(("by rules", _shown(own)))
    rows.append(("order ids", _ids(document["order_ids"])))
    rows += _several("under way", [_under_way(one) for one in document["under_way"]])
    rows += _several("asked for", [_asked(one) for one in document["requests"]])
    return [("customer", document["customer"]), ("events", _events(document)), *rows]


def _several(name: str, lines: list[str]) -> list[tuple[str, str]]:
    return [(name if number == 0 else "", line) for number, line in enumerate(lines)]


def _under_way(one: dict[str, Any]) -> str:
    then = f" with {one['next']}" if one["next"] else ""
    if one["held_since"]:
        said = f"held up since {one['held_since']}, looks again {one['due']}, then goes on{then}"
    elif one["due"]:
        said = f"goes on {one['due']}{then}"
    else:
        said = "waits to hear of its message, which may still be stopped"
    variant = f", variant {one['variant']}" if one["variant"] else ""
    shadow = ", in shadow" if one["shadow"] else ""
    return f"{one['rule']}, since {one['entered']}{variant}{shadow}: {said}"


def _asked(one: dict[str, Any]) -> str:
    what = f"{one['amount']:,} points" if one["kind"] == "points" else f"{one['kind']} {one['what']}"
    return f"{what}, by {one['rule']} at {one['at']}; not granted yet"


def decided(decision: dict[str, Any]) -> str:
    """One decision in words; its reason's name in brackets, as the marketer's guide lists it."""
    outcome, reason, due = decision["outcome"], decision["reason"], decision["due"]
    if decision["status"]:
        later = f" for {due}" if due and due > decision["at"] else ""
        why = f" [{decision['error']}]" if decision["error"] else ""
        return f"{outcome}{later}, message {decision['status']}{why}"
    if outcome == "waiting" and due:
        outcome = f"waits until {due}"
    if reason:
        return f"{outcome}, {REASONS.get(reason, reason)} [{reason}]"
    more = decision["what"] if outcome in ("requested", "done") else OUTCOMES.get(outcome, "")
    return f"{outcome}, {more}" if more else str(outcome)


def _ids(orders: list[str]) -> str:
    if not orders:
        return "–"
    number = f"{len(orders):,}" if len(orders) < MOST_ORDERS else f"{MOST_ORDERS:,} or more"
    return f"{number}: {', '.join(orders[:8])}{' …' if len(orders) > 8 else ''}"


def _events(document: dict[str, Any]) -> str:
    total, gone = document["events"], document["events_let_go"]
    if not gone:
        return f"{total:,}"
    kept = f"the log has those since {document['log_since']}" if gone < total else "none is left in the log"
    return f"{total:,}, of which the {gone:,} oldest were let go; {kept}"


def instant(us: int) -> str | None:
    """2026-03-01T10:00:00Z; nothing for 0, which is never."""
    if us == 0:
        return None
    return dt.datetime.fromtimestamp(us / 1_000_000, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name} {one}".rstrip() for name, one in value.items()) or "–"
    return "–" if value is None else str(value)
