"""What a rule's messages obey, what a rule is there for, how a way through it ends and may begin again."""

from __future__ import annotations

from typing import Literal

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from rules.around import Around
from rules.document import Document
from rules.language.faults import did_you_mean
from rules.language.schema import states
from rules.policy import Quiet
from rules.reading import duration, duration_meant, keys, listed, one_of, require, scalar
from rules.ruleset import Goal, Reentry
from rules.times import minutes_or_months, span

QUIET: tuple[Quiet, ...] = ("defer", "drop", "ignore")
CAPPED: tuple[Literal["drop", "wait"], ...] = ("drop", "wait")
_OWN = ("message", "message.sent", "message.delivered")
"""What becomes of a rule's own messages as a matter of course."""


def reentry(document: Document, node: Node) -> Reentry:
    """When a customer may enter again."""
    written = scalar(document, node, "never, always or after <duration>")
    if written is None or written.value == "never":
        return Reentry()
    value = str(written.value)
    if value == "always":
        return Reentry("always")
    after = duration(value.removeprefix("after ").strip()) if value.startswith("after ") else None
    if after is None:
        message = f'"{value}" is none of never, always, after 30d (also 12h, 90m, 2w)'
        if meant := duration_meant(value.removeprefix("after "), "d"):
            message += f'; did you mean "after {meant}"?'
        document.report_node(node, message, "bad-reentry")
    minutes_or_months(document, node, value.removeprefix("after "))
    return Reentry("after", after or 0)


def goal(document: Document, node: Node, around: Around) -> Goal | None:
    """What a customer who entered is hoped to do, and within how many microseconds."""
    if not isinstance(node, MappingNode):
        document.report_node(node, "goal is {event: purchase, within: 14d}", "wrong-type")
        return None
    found = keys(document, node, ("event", "within"))
    require(document, node, found, ("event",), "purchase")
    within = around.policy.attribution
    if "within" in found:
        within = span(document, found["within"], "d", "14d") or 0
        minutes_or_months(document, found["within"], str(found["within"].value))
    event = _goal_event(document, found["event"], around) if "event" in found else None
    return None if event is None else Goal(event, within or 0)


def _goal_event(document: Document, node: Node, around: Around) -> str | None:
    if around.blind:
        found = scalar(document, node, "an event")
        return None if found is None else str(found.value)
    return one_of(document, node, "an event", around.events, "unknown-event")


def stop_on(document: Document, node: Node, around: Around) -> tuple[str, ...]:
    """The events, or type.state, that end a way through the rule."""
    found: list[str] = []
    for one in listed(document, node, "an event"):
        value = _stop(document, one, around)
        if value in found:
            document.report_node(one, f'"{value}" stands here twice', "duplicate-value")
        elif value is not None:
            found.append(value)
    return tuple(found)


def _stop(document: Document, node: Node, around: Around) -> str | None:
    found = scalar(document, node, "an event")
    if found is None or (around.blind and "." not in found.value):
        return None if found is None else str(found.value)
    value, (type_, point, state) = str(found.value), str(found.value).partition(".")
    if value in _OWN:
        message = "the rule's own first message would end it; name what matters, such as message.unsubscribed"
        document.report_node(node, message, "stops-itself")
    elif point and type_ in around.events:
        return _state(document, node, type_, state)
    elif value not in around.events and "," not in value and (hint := did_you_mean(value, _nameable(around))):
        document.report_node(node, f'unknown event "{value}"{hint}', "unknown-event")
    else:
        return one_of(document, node, "an event", around.events, "unknown-event")
    return None


def _nameable(around: Around) -> list[str]:
    """Every event, and every type.state, that may end a rule."""
    with_state = [f"{type_}.{state}" for type_ in around.events for state in states(type_)]
    return [one for one in (*around.events, *with_state) if one not in _OWN]


def _state(document: Document, node: Node, type_: str, state: str) -> str | None:
    known = states(type_)
    if state in known:
        return f"{type_}.{state}"
    if known:
        hint = did_you_mean(state, known) or f"; its states are {', '.join(known)}"
        document.report_node(node, f'"{type_}" is never "{state}"{hint}', "unknown-value")
    else:
        document.report_node(node, f'"{type_}" has no states: write {type_} alone', "unknown-value")
    return None


def expires_after(document: Document, node: Node) -> int | None:
    """For how many microseconds a message may still be sent."""
    if isinstance(node, ScalarNode) and node.value.strip() == "never":
        message = "a rule gives a length of time such as 48h; `never` is for a class, in rules/policy.yaml"
        document.report_node(node, message, "bad-duration")
        return None
    return span(document, node, "h", "48h")


def quiet(document: Document, node: Node) -> Quiet | None:
    """What becomes of the rule's messages in quiet hours."""
    if isinstance(node, MappingNode):
        message = "the hours stand in rules/policy.yaml; a rule says defer, drop or ignore"
        document.report_node(node, message, "wrong-type")
        return None
    return one_of(document, node, "a choice", QUIET, "unknown-choice")


def if_capped(document: Document, node: Node, class_: str, around: Around) -> bool:
    """Whether a message that is one too many waits, instead of being dropped."""
    word = one_of(document, node, "a choice", CAPPED, "unknown-choice")
    if not around.policy.limits[class_].capped:
        message = f"{class_} messages obey no caps (rules/policy.yaml): remove this line"
        document.report_node(node, message, "not-capped")
    return word == "wait"
