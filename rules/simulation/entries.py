"""What a simulation tells: one entry for everything that rules did, or did not do, for a customer."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Literal

from msgspec import Struct

from rules.engine.outcome import DONE
from rules.steps import Assign, Emit, Grant, Notify, Send, Step, Tag

SENT, GRANTED = "sent", "granted"
"""A message left; a request was granted."""
CANCELLED, EXPIRED, FAILED, DENIED = "cancelled", "expired", "failed", "denied"
"""A message that was queued did not leave; a request was not granted."""
NOT_FIRED = "not-fired"
"""The rule listened to an event, and it was not for it."""
HAPPENED = frozenset({SENT, GRANTED, DONE})
"""What the customer, or the shop, notices."""

Kind = Literal["send", "offer", "gift", "points", "notify", "emit", "tag", "untag", "set"]
"""What a step may do, by its key in the rule."""
KINDS: tuple[Kind, ...] = ("send", "offer", "gift", "points", "notify", "emit", "tag", "untag", "set")


class Entry(Struct, frozen=True, gc=False):
    """One line of the timeline. Instants in microseconds since 1970 UTC.

    `what` is an outcome of the engine or one of the above, `reason` as decisions have it; of what did not fire the
    guard. `kind` and `name` say what the step does: `name` is the message, offer, gift, number of points, words,
    topic, tag or attributes; both are empty where no step is meant. `due` is when it goes on, or the message leaves;
    0 where nothing follows. `key` is the message's or the request's, `event` the type of the event it answers to.
    """

    at: int
    customer: str
    rule: str
    what: str
    reason: str = ""
    step: int = 0
    kind: Kind | Literal[""] = ""
    name: str = ""
    channel: str = ""
    offer: str = ""
    due: int = 0
    key: str = ""
    event: str = ""


Effect = tuple[Kind | Literal[""], str]
NOTHING: Effect = ("", "")


def effect(step: Step) -> Effect:
    """Kind and name of what `step` does; both empty when it does nothing that anybody would notice.

    The name of points that go by an order's total is empty: nobody can say beforehand.
    """
    match step:
        case Send():
            return "send", step.template
        case Grant(kind="points"):
            return "points", "" if step.per else str(step.amount)
        case Grant():
            return step.kind, step.what
        case Notify():
            return "notify", step.text
        case Emit():
            return "emit", step.topic
        case Tag():
            return ("tag" if step.on else "untag"), step.name
        case Assign():
            return "set", attributes(step.values)
        case _:
            return NOTHING


def attributes(values: Iterable[tuple[str, Any]]) -> str:
    """Attributes and their values in one line: colour "red", size 42."""
    return ", ".join(f"{name} {json.dumps(value, ensure_ascii=False)}" for name, value in sorted(values))
