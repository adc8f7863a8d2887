"""A customer's way through a rule, step by step: each decision as a sentence, with its particulars, for `--json`."""

from __future__ import annotations

from typing import Any

from console.cli.customer import OUTCOMES, REASONS, instant, step_in_words
from console.cli.why.asked import conditions, when_asked
from console.cli.why.because import Case, because
from console.cli.why.known import Known
from console.cli.why.saying import moment
from rules.engine.outcome import HELD_OUT, SHADOW, STOPPED, SUPPRESSED, WAITING
from rules.ruleset import Rule
from rules.witness import Checked, Heard, Noted
from storage.story import Queued

STATUSES = {
    "queued": "waits to leave",
    "claimed": "is about to leave",
    "sending": "is leaving",
    "sent": "left",
    "failed": "could not be delivered",
    "cancelled": "was cancelled before it left",
    "expired": "expired before it left",
    "ambiguous": "left, or nearly: a crash hid which",
}
"""What became of a message, for people."""
GRANTS = {"waiting": "not granted yet", "granted": "granted", "denied": "denied", "cancelled": "cancelled"}
_WHOLE = ("late", "re-entry", "chance")
"""What is said of a rule as a whole."""


def way_through(known: Known, heard: Heard, way: list[Noted | Checked]) -> dict[str, Any]:
    """One way through the rule: what began it, if the replay saw that, and each step."""
    began = way[0].began
    rule = None if began is None else began.rule
    return {
        "began": None if began is None else when_asked(began, known.zone),
        "steps": [
            _noted(known, one, rule or _rule_then(heard, one))
            if isinstance(one, Noted)
            else _checked(known, one, rule or heard.rule)
            for one in way
        ],
    }


def _rule_then(heard: Heard, one: Noted) -> Rule:
    return one.rules.by_id.get(one.decision.rule, heard.rule)


def _checked(known: Known, one: Checked, rule: Rule) -> dict[str, Any]:
    step = rule.do[one.step] if one.step < len(rule.do) else None
    name = "stop if" if type(step).__name__ == "StopIf" else "if"
    return {
        "at": instant(one.at),
        "when": moment(one.at, known.zone),
        "step": one.step,
        "says": f"{name}: {'yes' if one.held else 'no'}",
        "conditions": conditions(one.condition, one.held, *one.moment),
    }


def _noted(known: Known, noted: Noted, rule: Rule) -> dict[str, Any]:
    """`rule`: as the customer entered it, if that is known."""
    decision = noted.decision
    case = Case(known.id, noted, rule, noted.began, known.zone, known.rule_of)
    message = known.messages.get(decision.message.key) if decision.message is not None else None
    request = known.requests.get(decision.request.key) if decision.request is not None else None
    return {
        "at": instant(decision.at),
        "when": moment(decision.at, known.zone),
        "step": decision.step,
        "what": step_of(rule, decision.step),
        "outcome": decision.outcome,
        "reason": decision.reason,
        "says": _says(known, rule, noted),
        "because": [*_became(known, message), *because(case)],
        "due": instant(decision.due),
        "message": None if message is None else _message(message),
        "request": None if request is None else request.status,
    }


def step_of(rule: Rule, step: int) -> str:
    """What a step of the rule does; empty when there is no such step."""
    return step_in_words(rule.do[step]) if step < len(rule.do) else ""


def _says(known: Known, rule: Rule, noted: Noted) -> str:
    """A decision in a sentence."""
    decision = noted.decision
    what, reason = step_of(rule, decision.step), decision.reason
    due = moment(decision.due, known.zone) if decision.due else ""
    why = f": {REASONS.get(reason, reason)} [{reason}]" if reason else ""
    match decision.outcome:
        case _ if decision.message is not None:
            sent = decision.message
            later = f", to leave {due}" if decision.due > decision.at else ""
            return f"message {sent.template} by {sent.channel}{f', offer {sent.offer}' if sent.offer else ''}{later}"
        case _ if decision.outcome == WAITING:
            return f"waits until {due}{why if reason != 'wait' else ''}"
        case _ if decision.outcome == SUPPRESSED and noted.began is not None and reason in _WHOLE:
            return f"did not begin{why}"
        case _ if decision.outcome == SUPPRESSED:
            return f"{what or 'the rest'}: not {'sent' if what.startswith('message') else 'done'}{why}"
        case _ if decision.outcome == HELD_OUT:
            return f"held out{why}"
        case _ if decision.outcome == STOPPED:
            return f"ended{why}"
        case _ if decision.outcome == SHADOW:
            return f"{what}: {OUTCOMES[SHADOW]}"
    asked = known.requests.get(decision.request.key) if decision.request is not None else None
    status = f", {GRANTS.get(asked.status, asked.status)}" if asked is not None else ""
    return f"{what}{', asked for' if decision.request is not None else ''}{status}"


def _became(known: Known, message: Queued | None) -> list[str]:
    if message is None:
        return []
    said = STATUSES.get(message.status, message.status)
    if message.done_at is not None:
        said += f" {moment(message.done_at, known.zone)}"
    elif message.error is not None:
        said += f", held up: {message.error}"
    return [f"it {said}"]


def _message(one: Queued) -> dict[str, Any]:
    return {
        "key": one.message.key,
        "template": one.message.template,
        "channel": one.message.channel,
        "status": one.status,
        "done_at": instant(one.done_at or 0),
        "error": one.error,
    }
