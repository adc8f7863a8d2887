"""What each rule had to say of a customer, as one JSON document; every sentence that is printed stands in it."""

from __future__ import annotations

from typing import Any

from console.cli.customer import instant
from console.cli.why import coming
from console.cli.why.asked import when_asked
from console.cli.why.known import Known
from console.cli.why.many import to_catch_up, untold
from console.cli.why.saying import listens, moment
from console.cli.why.steps import step_of, way_through
from retention.state import Journey
from rules.ruleset import Rule, RuleSet
from rules.witness import Heard


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
    rule, rules = heard.rule, known.rules if heard.rule.id in known.rules.by_id else heard.rules
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
        "ways": [way_through(known, heard, way) for way in heard.ways.values()],
        "under_way": [_journey(known, _entered(known, rule, one), one) for one in under_way],
        "untold": untold(rules, rule, known.id, known.customer, heard.since, known.many),
        "next": _next(known, rules, rule, bool(under_way)),
    }


def _next(known: Known, rules: RuleSet, rule: Rule, under_way: bool) -> str:
    """What it waits for; of who was past it before it went live, whether their turn comes."""
    caught = "" if under_way else to_catch_up(rules, rule, known.id, known.customer, known.many)
    return caught or coming.said(rules, rule, known.customer)


def _last(known: Known, heard: Heard) -> dict[str, Any] | None:
    """The last time it was asked; `told`: a way that it began says so already."""
    if heard.moment is None:
        return None
    return when_asked(heard.moment, known.zone) | {"told": heard.moment.entry is not None}


def _entered(known: Known, rule: Rule, journey: Journey) -> Rule:
    """The rule as it was when the journey began, if that is known."""
    rules = known.sets.get(journey.ruleset)
    return rule if rules is None else rules.by_id.get(rule.id, rule)


def _journey(known: Known, rule: Rule, journey: Journey) -> dict[str, Any]:
    what = step_of(rule, journey.step)
    stops = f"; {' or '.join(rule.stop_on)} stops it" if rule.stop_on else ""
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
