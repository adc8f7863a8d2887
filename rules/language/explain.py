"""Why a condition holds or not: each of its parts as it stands in the file, its verdict, and the values it met."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from retention.events import Event
from retention.periods import local
from retention.state import Customer, Journey
from rules.language.build import Built, evaluate, holds
from rules.language.kinds import RANGES, Kind
from rules.language.schema import Schema
from rules.language.tree import MICROS
from rules.language.typed import Apply, Arith, Both, Compare, Get, Missing, Not, Said, Test, Truth, Value

Verdict = bool | None
"""None: unknown, because something is not known."""


@dataclass(frozen=True, slots=True)
class Explained:
    """A part of a condition. `joint` is and, or, not, or empty for what has no parts; a segment has its own parts.

    `met` are the values it looked at, as (what, value as a person reads it); a value that is not known is `unknown`.
    """

    text: str
    verdict: Verdict
    joint: str = ""
    parts: tuple[Explained, ...] = ()
    met: tuple[tuple[str, str], ...] = ()


def explain(condition: Built, event: Event, customer: Customer, journey: Journey | None = None) -> list[Explained]:
    """Every condition that must hold, each with its parts."""
    explainer = _Explainer(condition.schema, event, customer, journey)
    return [explainer.test(test) for test in condition.tests]


class _Explainer:
    def __init__(self, schema: Schema, event: Event, customer: Customer, journey: Journey | None) -> None:
        self.schema = schema
        self.moment = (event, customer, journey)

    def test(self, test: Test) -> Explained:
        verdict = holds(test, self.schema, *self.moment)
        if isinstance(test, Both):
            return Explained(f"({test.op})", verdict, test.op, tuple(self.test(part) for part in test.parts))
        if isinstance(test, Not):
            return Explained("(not)", verdict, "not", (self.test(test.part),))
        if not isinstance(test, Said):
            return Explained("", verdict, met=self.met(test))
        if isinstance(test.part, Both | Not | Said):
            return Explained(test.text, verdict, "segment", (self.test(test.part),))
        return Explained(test.text, verdict, met=self.met(test.part))

    def met(self, test: Test) -> tuple[tuple[str, str], ...]:
        found: dict[str, str] = {}
        for value in _looked_at(test):
            seen = evaluate(value, self.schema, *self.moment)
            found.setdefault(_name(value), self.shown(value.kind, seen))
        return tuple(found.items())

    def shown(self, kind: Kind, value: Any) -> str:
        """A value as it would be written in a condition, or as a person reads it."""
        if value is None:
            return "unknown"
        if kind is Kind.MONEY:
            return f"{Decimal(value) / self.schema.minor:,.2f} {self.schema.currency}"
        if kind is Kind.INSTANT:
            return self.instant(value)
        if kind is Kind.DURATION:
            return _span(value)
        if kind is Kind.BOOL:
            return str(value).lower()
        if kind is Kind.LIST:
            return f"[{', '.join(_quoted(one) for one in value)}]"
        return _quoted(value) if kind is Kind.TEXT else str(value)

    def instant(self, value: int) -> str:
        low, high = RANGES[Kind.INSTANT]
        if not low + 2 * MICROS["d"] <= value <= high - 2 * MICROS["d"]:
            return str(value)
        return local(value, self.schema.zone).isoformat(sep=" ", timespec="seconds")


def _looked_at(test: Test) -> Iterator[Value]:
    """The fields and functions a comparison is made of, in its order."""
    values: Sequence[Value] = ()
    if isinstance(test, Compare):
        values = (test.left, test.right)
    elif isinstance(test, Missing | Truth):
        values = (test.value,)
    for value in values:
        yield from _parts(value)


def _parts(value: Value) -> Iterator[Value]:
    if isinstance(value, Get):
        yield value
    elif isinstance(value, Apply):
        for argument in value.args:
            yield from _parts(argument)
        yield value
    elif isinstance(value, Arith):
        yield from _parts(value.left)
        yield from _parts(value.right)


def _name(value: Value) -> str:
    if isinstance(value, Get):
        return value.path
    assert isinstance(value, Apply)
    return f"{value.name}(…)"


def _span(micros: int) -> str:
    for unit in ("d", "h", "m"):
        if micros and micros % MICROS[unit] == 0:
            return f"{micros // MICROS[unit]}{unit}"
    return str(dt.timedelta(microseconds=micros))


def _quoted(text: Any) -> str:
    return '"' + str(text).replace("\\", "\\\\").replace('"', '\\"') + '"'
