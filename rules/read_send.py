"""The step `send`: a message, by which channels, when, and with which offer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from ruamel.yaml.nodes import Node

from rules.here import Here
from rules.policy import DAY
from rules.read_grant import offer
from rules.read_trial import VARIANT
from rules.reading import listed, one_of, text
from rules.ruleset import ADDRESSES
from rules.steps import Send
from rules.times import clock, clock_shown, shown
from rules.wordings import check_wording

KEYS = ("send", "channel", "at", "offer", "if_not_sent")
IF_NOT_SENT: tuple[Literal["stop", "continue"], ...] = ("stop", "continue")


def send(here: Here, found: Mapping[str, Node]) -> Send | None:
    """The step whose keys are `found`."""
    channels = _channels(here, found["channel"]) if "channel" in found else ("email",)
    at = clock(here.document, found["at"]) if "at" in found else None
    if at is not None:
        _in_time(here, found["at"], at)
    given = offer(here, found["offer"]) if "offer" in found else None
    fate = "stop"
    if "if_not_sent" in found:
        fate = one_of(here.document, found["if_not_sent"], "a choice", IF_NOT_SENT, "unknown-choice") or fate
    template = text(here.document, found["send"], "the name of a message")
    if template is None:
        return None
    wordings = here.around.wordings
    for name in _written_for(here, found["send"], template):
        if wordings is not None:
            check_wording(here.document, found["send"], wordings, name, channels, here.on, "offer" in found)
    return Send(template, channels, at, given or "", fate == "stop")


def _channels(here: Here, node: Node) -> tuple[str, ...]:
    named: list[str] = []
    for one in listed(here.document, node, "a channel"):
        channel = one_of(here.document, one, "a channel", ADDRESSES, "unknown-channel")
        if channel in named:
            here.tell(one, f'"{channel}" stands here twice', "duplicate-value")
        elif channel is not None:
            named.append(channel)
    return tuple(named)


def _in_time(here: Here, node: Node, at: int) -> None:
    """Problems when a message that leaves at the minute `at` of some day meets quiet hours, or may expire before."""
    hours, expires = here.around.policy.quiet, here.limits.expires_after
    if expires is not None and expires < DAY:
        message = f"this may be a day away, and the message expires after {shown(expires)} (expires_after)"
        here.tell(node, f"{message}: let it expire after 24h or later, or remove `at`", "expires-before")
    if hours is None or here.limits.quiet == "ignore" or not _inside(at, *hours):
        return
    first, last = (clock_shown(minute) for minute in hours)
    fate = f"the message waits until {last}" if here.limits.quiet == "defer" else "the message is never sent"
    message = f"quiet hours are from {first} to {last} (rules/policy.yaml), so {fate}"
    remedy = f'write `at: "{last}"`, or `quiet_hours: ignore` for the rule'
    here.tell(node, f"{message}: {remedy}", "in-quiet-hours")


def _inside(minute: int, first: int, last: int) -> bool:
    return first <= minute < last if first <= last else minute >= first or minute < last


def _written_for(here: Here, node: Node, template: str) -> list[str]:
    """The messages that `template` stands for: one a variant, where it asks for the variant."""
    if VARIANT not in template:
        return [template]
    if here.variants is None:
        message = f'"{VARIANT}" stands for one of the variants; add `variants: {{warm: 50%, short: 50%}}`'
        here.tell(node, message, "no-variants")
    return [template.replace(VARIANT, name) for name, _ in here.variants or ()]
