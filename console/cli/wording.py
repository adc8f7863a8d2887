"""The lines of a test's timeline in a marketer's words, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from retention import periods
from retention.zones import MINUTE, SECOND
from rules.engine.outcome import QUEUED, REQUESTED, WAITING
from rules.ruleset import RuleSet
from rules.simulation.entries import NOT_FIRED, Entry
from rules.testing.cases import Expected, Wanted
from rules.testing.compare import Row
from rules.testing.play import Measured, Verdict

_UNMET = {"condition": "its condition did not hold", "inactive-period": "it does not listen on that day"}
"""Why a rule did not fire, by the guard."""
_NAMED = {"points": "{} points", "notify": "notify “{}”"}
"""How a thing is called where its kind and name do not stand side by side."""


class Words:
    """Words for one rule set; times are those of the shop."""

    def __init__(self, rules: RuleSet) -> None:
        self._rules = rules
        self._zone = rules.policy.shop.zone

    def row(self, row: Row) -> list[str]:
        """When, to whom, which rule, what."""
        about: Entry | Expected | None = row.entry or row.expected
        assert about is not None
        return [self.when(row), about.customer, about.rule, what(about)]

    def when(self, row: Row) -> str:
        """The moment it happened; of what did not happen the moment or the day for which it was expected."""
        expected = row.expected
        if row.entry is None and expected is not None and expected.on.end - expected.on.start > MINUTE:
            return self.moment(expected.on.start)[:10]
        return self.moment(row.at)

    def moment(self, at: int) -> str:
        """A point in time in the shop's zone, with its seconds if there are any."""
        shown = periods.local(at, self._zone)
        return shown.strftime("%Y-%m-%d %H:%M:%S" if at % MINUTE >= SECOND else "%Y-%m-%d %H:%M")

    def reasons(self, row: Row, verdict: Verdict) -> Iterator[str]:
        """What the engine says to a row that is not as it should be."""
        if row.never is not None:
            yield f"line {row.never.line} says that this never happens"
        if row.mark == "missing" and row.expected is not None:
            if row.instead is not None:
                yield f"instead: {self.moment(row.instead.at)}, {what(row.instead)}"
            else:
                yield self._missing(row.expected, row.reason, verdict.case.until)

    def _missing(self, expected: Expected, reason: Entry | None, until: int) -> str:
        if reason is None:
            rule = self._rules.by_id[expected.rule]
            return f"nothing happened to {expected.customer} that the rule listens to ({rule.on})"
        told = self.said(reason, until)
        return told if expected.on.holds(reason.at) else f"{told}; that was {self.moment(reason.at)}"

    def said(self, entry: Entry, until: int) -> str:
        """What an entry that is nothing to notice says."""
        if entry.what == NOT_FIRED:
            return f"{_UNMET.get(entry.reason, entry.reason)} ({entry.event})"
        if entry.what == QUEUED:
            return f"it would leave {self.moment(entry.due)}, after the test is over"
        if entry.what == REQUESTED:
            return "asked for, and not granted by the end of the test"
        said = f"{entry.what}: {entry.reason}" if entry.reason else entry.what
        if entry.what == WAITING:
            over = ", after the test is over" if entry.due > until else ""
            return f"{said}, until {self.moment(entry.due)}{over}"
        return said

    def measured(self, measured: Measured) -> str:
        """A measure that is not what was wanted."""
        wanted = measured.wanted
        return (
            f"{period(wanted)} {wanted.measure} is {_number(measured.was)}, "
            f"{_number(wanted.value)} was expected (line {wanted.line})"
        )

    def as_json(self, verdict: Verdict) -> dict[str, Any]:
        """A test as `rules test --json` prints it."""
        case = verdict.case
        rows = [self._json(row, verdict) for row in verdict.rows]
        counters = [
            {
                "period": period(one.wanted),
                "measure": one.wanted.measure,
                "expected": _plain(one.wanted.value),
                "was": _plain(one.was),
                "ok": one.ok,
            }
            for one in verdict.measured
        ]
        place = {"path": case.path, "line": case.line, "name": case.name}
        return {**place, "ok": verdict.ok, "timeline": rows, "counters": counters}

    def _json(self, row: Row, verdict: Verdict) -> dict[str, Any]:
        about: Entry | Expected | None = row.entry or row.expected
        assert about is not None
        return {
            "mark": row.mark,
            "at": periods.local(row.at, self._zone).isoformat(),
            "customer": about.customer,
            "rule": about.rule,
            "kind": about.kind,
            "what": about.name if isinstance(about, Entry) else about.what,
            "channel": about.channel,
            "offer": about.offer,
            "reasons": list(self.reasons(row, verdict)),
        }


def what(about: Entry | Expected) -> str:
    """A thing that happened or should have."""
    name = about.name if isinstance(about, Entry) else about.what
    if about.kind != "send":
        return _NAMED.get(about.kind, f"{about.kind} {{}}").format(name)
    by = f" by {about.channel}" if about.channel else ""
    return f"{name}{by}, offer {about.offer}" if about.offer else f"{name}{by}"


def period(wanted: Wanted) -> str:
    """2026-01, 2026Q1, 2026, or of all time."""
    return periods.name(wanted.period, wanted.grain) if wanted.grain else "overall"


def _number(value: Decimal | None) -> str:
    return "null" if value is None else str(_plain(value))


def _plain(value: Decimal | None) -> int | float | None:
    if value is None:
        return None
    return int(value) if value == int(value) else float(value)
