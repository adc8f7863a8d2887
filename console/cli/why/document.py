"""What each rule had to say of a customer, as one JSON document; every sentence that is printed stands in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from console.cli.customer import OUTCOMES, REASONS, instant, step_in_words
from console.cli.why import coming
from console.cli.why.because import Case, because
from console.cli.why.saying import happened, listens, moment
from retention.events import Event
from retention.state import Customer, Journey
from rules.engine.outcome import HELD_OUT, SHADOW, STOPPED, SUPPRESSED, WAITING
from rules.language.explain import Explained, explain
from rules.ruleset import FanOut, Rule, RuleSet
from rules.witness import Checked, Heard, Moment, Noted
from storage.story import Asked, Queued

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
_JOINTS = {"and": "all of", "or": "one of", "not": "not"}


class Known(Struct, frozen=True):
    """A replayed customer: `customer` at the end of it, what was `heard`, and what the store has of messages and
    requests. `rules` are today's, `sets` those of then by their hash; `unkept` the hashes of those that are not kept.
    """

    id: str
    customer: Customer
    heard: Mapping[str, Heard]
    messages: Mapping[str, Queued]
    requests: Mapping[str, Asked]
    rules: RuleSet
    sets: Mapping[str, RuleSet]
    events: int
    until: int
    let_go: int = 0
    unkept: tuple[str, ...] = ()

    @property
    def zone(self) -> ZoneInfo:
        """The shop's: all times are told in it."""
        return self.rules.policy.shop.zone

    @property
    def rule_of(self) -> dict[str, str]:
        """Key of a message → its rule."""
        return {key: one.message.rule for key, one in self.messages.items()}


def document(known: Known, rule: str = "") -> dict[str, Any]:
    """Of every rule in deciding order, or of one."""
    heard = [known.heard[id] for id in (ordered(known) if not rule else [rule]) if id in known.heard]
    return {
        "customer": known.id,
        "events": known.events,
        "until": instant(known.until),
        "time_zone": known.zone.key,
        "events_let_go": known.let_go,
        "rules_not_kept": list(known.unkept),
        "rules": [_rule(known, one) for one in heard],
    }


def ordered(known: Known) -> list[str]:
    """Today's rules as they decide, then what is gone from the files."""
    today = [rule.id for rule in known.rules.rules]
    return today + sorted(id for id in known.heard if id not in known.rules.by_id)


def _rule(known: Known, heard: Heard) -> dict[str, Any]:
    rule = heard.rule
    under_way = [one for one in known.customer.journeys if one.rule == rule.id]
    return {
        "rule": rule.id,
        "name": rule.name,
        "status": rule.status.value,
        "class": rule.class_.value,
        "deciding": rule.deciding and not known.customer.walk_in,
        "on": rule.fired_by,
        "listens": listens(rule),
        "since": instant(heard.since),
        "asked": _last(known, heard),
        "entered": heard.entered,
        "ways": [_way(known, heard, way) for way in heard.ways.values()],
        "under_way": [_journey(known, _entered(known, rule, one), one) for one in under_way],
        "next": coming.said(known.rules if rule.id in known.rules.by_id else heard.rules, rule, known.customer),
    }


def _last(known: Known, heard: Heard) -> dict[str, Any] | None:
    """The last time it was asked; `told`: a way that it began says so already."""
    if heard.moment is None:
        return None
    return _moment(known, heard.moment) | {"told": heard.moment.entry is not None}


def _moment(known: Known, asked: Moment) -> dict[str, Any]:
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
        "when": moment(asked.event.at, known.zone),
        "event": _event(asked.event),
        "what": happened(asked.event),
        "verdict": verdict,
        "conditions": groups,
    }


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


def _way(known: Known, heard: Heard, way: list[Noted | Checked]) -> dict[str, Any]:
    """One way through the rule: what began it, if the replay saw that, and each step."""
    began = way[0].began
    rule = None if began is None else began.rule
    return {
        "began": None if began is None else _moment(known, began),
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
        "what": _what(rule, decision.step),
        "outcome": decision.outcome,
        "reason": decision.reason,
        "says": _says(known, rule, noted),
        "because": [*_became(known, message), *because(case)],
        "due": instant(decision.due),
        "message": None if message is None else _message(message),
        "request": None if request is None else request.status,
    }


def _what(rule: Rule, step: int) -> str:
    return step_in_words(rule.do[step]) if step < len(rule.do) else ""


def _says(known: Known, rule: Rule, noted: Noted) -> str:
    """A decision in a sentence."""
    decision = noted.decision
    what, reason = _what(rule, decision.step), decision.reason
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
    status = f", {GRANTS[asked.status]}" if asked is not None else ""
    return f"{what}{', asked for' if decision.request is not None else ''}{status}"


def _became(known: Known, message: Queued | None) -> list[str]:
    if message is None:
        return []
    said = STATUSES[message.status]
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


def _entered(known: Known, rule: Rule, journey: Journey) -> Rule:
    """The rule as it was when the journey began, if that is known."""
    rules = known.sets.get(journey.ruleset)
    return rule if rules is None else rules.by_id.get(rule.id, rule)


def _journey(known: Known, rule: Rule, journey: Journey) -> dict[str, Any]:
    what = _what(rule, journey.step)
    stops = f"; {', '.join(rule.stop_on)} stops it" if rule.stop_on else ""
    if journey.due:
        says = f"goes on {moment(journey.due, known.zone)}{f' with {what}' if what else ''}{stops}"
    else:
        says = f"waits to hear of its message{stops}"
    return {
        "entered": instant(journey.entered),
        "variant": journey.variant,
        "step": journey.step,
        "due": instant(journey.due),
        "says": f"under way since {moment(journey.entered, known.zone)}: {says}",
    }
