"""What a backtest must not come to: `messages > +20%`, `spend of win-back >= 5000`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Collection
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from msgspec import Struct

from retention.money import decimals
from rules.backtest.figures import Figures
from rules.backtest.play import Outcome, Played

_MEASURES: dict[str, Callable[[Figures], Decimal | int]] = {
    "messages": lambda one: one.sent,
    "offers": lambda one: one.offers.total(),
    "gifts": lambda one: one.gifts.total(),
    "spend": lambda one: one.spend,
    "cost": lambda one: one.cost,
    "customers": lambda one: one.customers,
    "max_per_week": lambda one: one.peak.messages,
    "suppressed": lambda one: one.suppressed.total(),
}
MEASURES = tuple(_MEASURES)
"""What may be compared; `spend` and `cost` are in the shop's currency."""
_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_WRITTEN = re.compile(
    r"\s*(?P<measure>[a-z_]+)(?:\s+of\s+(?P<rule>\S+?))?\s*(?P<compared>>=|<=|>|<)"
    r"\s*(?P<sign>[+-]?)(?P<number>[0-9]+(?:\.[0-9]+)?)\s*(?P<percent>%?)\s*",
    re.ASCII,
)
EXAMPLES = "messages > +20%, or spend of win-back >= 5000"


class BadLimit(ValueError):
    """A limit that cannot be read; the message says what is wrong and what to write."""


class Limit(Struct, frozen=True):
    """One limit. `number` is in percent of change where `change`, which may be below 0; `rule` empty: of all rules."""

    text: str
    measure: str
    rule: str
    compared: str
    number: Decimal
    change: bool


class Verdict(Struct, frozen=True):
    """What a limit comes to. `was` and `change` (percent; None: from nothing to something) only with a candidate."""

    limit: Limit
    broken: bool
    value: Decimal
    was: Decimal | None = None
    change: Decimal | None = None


def read_limit(text: str, rules: Collection[str], candidate: bool) -> Limit:
    """`text` as a limit on what is played with these `rules`. Raises BadLimit."""
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise BadLimit(f"“{text}” is no limit; write {EXAMPLES}")
    measure, rule, sign, percent = found["measure"], found["rule"] or "", found["sign"], found["percent"]
    if measure not in _MEASURES:
        raise BadLimit(
            f"“{text}”: there is no figure “{measure}”{_meant(measure, MEASURES)}; they are {', '.join(MEASURES)}"
        )
    if rule and rule not in rules:
        raise BadLimit(f"“{text}”: there is no rule “{rule}”{_meant(rule, rules)}")
    if percent and not sign:
        number = found["number"]
        raise BadLimit(f"“{text}”: a change has its sign; write +{number}% for more of it, -{number}% for less")
    if sign and not percent:
        raise BadLimit(
            f"“{text}”: a number alone has no sign; a change is in percent, such as {sign}{found['number']}%"
        )
    if percent and not candidate:
        raise BadLimit(f"“{text}”: a change needs something to compare with; name a --candidate folder")
    return Limit(text.strip(), measure, rule, found["compared"], Decimal(sign + found["number"]), bool(percent))


def judge(limit: Limit, played: Played) -> Verdict:
    """Whether what was played breaks the limit: the candidate, where there is one, else today's rules."""
    looked_at = played.candidate or played.today
    value = _value(limit, looked_at)
    compared = _COMPARED[limit.compared]
    if played.candidate is None:
        return Verdict(limit, compared(value, limit.number), value)
    was = _value(limit, played.today)
    if not limit.change:
        return Verdict(limit, compared(value, limit.number), value, was, change(was, value))
    # As a product: a change from nothing is larger than any percentage.
    bound = was * (100 + limit.number) / 100
    broken = compared(value, bound) if was else compared(Decimal("inf") if value else Decimal(0), limit.number)
    return Verdict(limit, broken, value, was, change(was, value))


def change(was: Decimal, value: Decimal) -> Decimal | None:
    """From `was` to `value` in percent; None: from nothing to something."""
    if not was:
        return None if value else Decimal(0)
    return (value - was) / was * 100


def _value(limit: Limit, outcome: Outcome) -> Decimal:
    """The figure, money in the shop's currency; of a rule that the set does not have it is 0."""
    figures = outcome.each.get(limit.rule, Figures()) if limit.rule else outcome.all
    value = Decimal(_MEASURES[limit.measure](figures))
    return value.scaleb(-decimals(outcome.rules.policy.shop.currency)) if limit.measure == "spend" else value


def _meant(name: str, known: Collection[str]) -> str:
    close = get_close_matches(name, known, 1, 0.7)
    return f"; did you mean “{close[0]}”?" if close else ""
