"""The moment a rule was asked, and what its conditions met, for `--json`."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from console.cli.customer import instant
from console.cli.why.saying import happened, moment
from retention.events import Event
from rules.engine.timers import latest
from rules.language.explain import Explained, explain
from rules.ruleset import FanOut
from rules.witness import Moment

_JOINTS = {"and": "all of", "or": "one of", "not": "not"}


def when_asked(asked: Moment, zone: ZoneInfo) -> dict[str, Any]:
    """The last time the rule was asked: about what, and what its conditions met."""
    rule = asked.rule
    groups = []
    if isinstance(rule.trigger, FanOut) and asked.audience is not None:
        groups += conditions(rule.trigger.audience, asked.audience, asked.event, asked.customer)
    if rule.condition is not None and asked.held is not None:
        groups += conditions(rule.condition, asked.held, asked.event, asked.customer)
    verdict = "met"
    if not asked.active:
        verdict = "inactive-period"
    elif asked.held is None:
        verdict = "audience"
    elif not asked.held:
        verdict = "condition"
    return {
        "at": instant(asked.event.at),
        "when": moment(asked.event.at, zone),
        "event": _event(asked.event),
        "what": _caught_up(asked, zone) if asked.caught else happened(asked.event),
        "caught_up": instant(asked.caught),
        "verdict": verdict,
        "conditions": groups,
    }


def _caught_up(asked: Moment, zone: ZoneInfo) -> str:
    """What it was asked about when the rule catches up."""
    found = latest(asked.rules, asked.rule, asked.customer, asked.caught)
    due = f" {moment(found.due, zone)}" if found is not None else ""
    most = f", {asked.rule.catch_up.most:,} a day" if asked.rule.catch_up is not None else ""
    return f"it was due{due}, before the rule went live ({moment(asked.caught, zone)}): its turn in `catch_up`{most}"


def _event(event: Event) -> dict[str, Any]:
    return {"type": event.type, "source": event.source, "id": event.id, "time": instant(event.time)}


def conditions(condition: Any, held: bool, *moment: Any) -> list[dict[str, Any]]:
    """The parts of a condition with the values they met."""
    if not hasattr(condition, "tests"):
        return [_part(Explained("the condition", held))]
    return [_part(one) for one in explain(condition, *moment)]


def _part(one: Explained) -> dict[str, Any]:
    return {
        "text": one.text if one.joint in ("", "segment") else _JOINTS[one.joint],
        "verdict": one.verdict,
        "met": dict(one.met),
        "parts": [_part(part) for part in one.parts],
    }
