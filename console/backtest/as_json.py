"""A backtest as the document of `--json` (docs/reference/cli.md)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from console.backtest.events import reasons
from console.backtest.samples import Sample, Shown
from console.backtest.told import Told, by_rule
from retention import periods
from rules.backtest.examples import Side
from rules.backtest.figures import Figures, Peak
from rules.backtest.limits import Verdict
from rules.backtest.play import Outcome
from rules.simulation.entries import Entry


def document(told: Told) -> dict[str, Any]:
    """All of it."""
    played = told.played
    span, taken = played.span, told.taken
    return {
        "ok": told.ok,
        "currency": told.currency,
        "span": {
            "from": _instant(told, span.start),
            "to": _instant(told, span.end),
            "events": span.events,
            "before": span.before,
            "customers": span.customers,
        },
        "left_out": taken.left_out,
        "duplicates": taken.duplicates,
        "refused": reasons(taken.refused),
        "today": _outcome(told, told.today, played.today),
        "candidate": played.candidate and _outcome(told, told.candidate, played.candidate),
        "different": [one.rule for one in by_rule(told) if one.different],
        "examples": [_sample(told, one) for one in told.samples],
        "limits": [_verdict(one) for one in told.verdicts],
        "problems": [],
    }


def _outcome(told: Told, folder: str, outcome: Outcome) -> dict[str, Any]:
    return {
        "folder": folder,
        "ruleset": outcome.rules.hash,
        "all": _figures(told, outcome.all),
        "rules": {id: _figures(told, one) for id, one in outcome.each.items()},
    }


def _figures(told: Told, one: Figures) -> dict[str, Any]:
    return {
        "messages": one.messages,
        "customers": one.customers,
        "max_per_week": _peak(told, one.peak),
        "offers": one.offers,
        "gifts": one.gifts,
        "points": one.points,
        "done": one.done,
        "spend_minor": one.spend,
        "cost": _number(one.cost),
        "suppressed": one.suppressed,
        "held_out": one.held_out,
        "waited": one.waited,
        "stopped": one.stopped,
        "unsent": one.unsent,
        "denied": one.denied,
        "shadow": one.shadow,
        "under_way": one.under_way,
    }


def _peak(told: Told, peak: Peak) -> dict[str, Any]:
    return {"messages": peak.messages, "customer": peak.customer, "at": _instant(told, peak.at)}


def _sample(told: Told, sample: Sample) -> dict[str, Any]:
    example = sample.example
    sides = [_side(told, *both) for both in zip(example.sides, sample.shown, strict=True)]
    return {
        "rule": example.rule,
        "customer": example.customer,
        "today": sides[0],
        "candidate": sides[1] if len(sides) > 1 else None,
    }


def _side(told: Told, side: Side, shown: Shown | None) -> dict[str, Any]:
    message = None
    if shown is not None:
        message = {"wrong": shown.wrong} if shown.wrong else {"subject": shown.subject, "text": shown.text}
    return {"entries": [_entry(told, one) for one in side.entries], "more": side.more, "message": message}


def _entry(told: Told, entry: Entry) -> dict[str, Any]:
    return {
        "at": _instant(told, entry.at),
        "what": entry.what,
        "reason": entry.reason,
        "step": entry.step,
        "kind": entry.kind,
        "name": entry.name,
        "channel": entry.channel,
        "offer": entry.offer,
        "due": _instant(told, entry.due),
    }


def _verdict(one: Verdict) -> dict[str, Any]:
    return {
        "limit": one.limit.text,
        "broken": one.broken,
        "value": _number(one.value),
        "today": None if one.was is None else _number(one.was),
        "change": None if one.change is None else round(float(one.change), 4),
    }


def _number(value: Decimal) -> int | float:
    return int(value) if value == int(value) else float(value)


def _instant(told: Told, at: int) -> str | None:
    return periods.local(at, told.played.today.rules.policy.shop.zone).isoformat() if at else None
