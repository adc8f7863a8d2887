"""One test, played: the rules as the test wants them, what happened, and what that is worth."""

from __future__ import annotations

import copy
from dataclasses import replace as with_
from decimal import Decimal
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from retention.counters import Deltas
from retention.measures import Report, report
from rules.engine.shares import WHOLE
from rules.ruleset import Rule, RuleSet, Status, rule_set
from rules.simulation.entries import Entry
from rules.simulation.simulation import Simulation
from rules.testing.cases import Case, Wanted
from rules.testing.compare import Row, compare


class Measured(Struct, frozen=True):
    """A measure, and what it was."""

    wanted: Wanted
    was: Decimal | None

    @property
    def ok(self) -> bool:
        """Whether it is what was wanted."""
        return self.was == self.wanted.value


class Verdict(Struct, frozen=True):
    """What became of a test. `rows` are what was expected and what happened, in the order of time."""

    case: Case
    rows: tuple[Row, ...]
    measured: tuple[Measured, ...]
    timeline: tuple[Entry, ...]

    @property
    def ok(self) -> bool:
        """Whether the test passed."""
        return all(row.ok for row in self.rows) and all(one.ok for one in self.measured)


def play(case: Case, rules: RuleSet) -> Verdict:
    """Let it happen. Stocks and budgets are there as at the beginning of a period."""
    simulation = Simulation(as_wanted(rules, case), explain=True)
    for event in case.given:
        simulation.take(copy.copy(event))
    simulation.run(case.until)
    timeline = tuple(simulation.timeline)
    rows = compare(case, timeline)
    return Verdict(case, tuple(rows), _measured(case, simulation.counters, rules), timeline)


def as_wanted(rules: RuleSet, case: Case) -> RuleSet:
    """`rules` as the test wants them: a rule it names is live, and chance takes everybody in.

    Nobody is kept out, unless the test asks for holdouts; pinned variants are everybody's.
    """
    policy = rules.policy if case.holdout else replace(rules.policy, holdout=0)
    changed = (_rule(rule, case) for rule in rules.rules)
    return rule_set(changed, policy, rules.hash, rules.segments, rules.offers, rules.gifts)


def _rule(rule: Rule, case: Case) -> Rule:
    changes: dict[str, Any] = {"chance": 0 if rule.id in case.left_out else WHOLE}
    if rule.id in case.named:
        changes["status"] = Status.LIVE
    if not case.holdout:
        changes["holdout"] = 0
    if rule.id in case.variants:
        changes["variants"] = ((case.variants[rule.id], WHOLE),)
    return with_(rule, **changes)


def _measured(case: Case, counters: Deltas, rules: RuleSet) -> tuple[Measured, ...]:
    sums = {(measure, period): value for (measure, period, dims), value in counters.items() if not dims}
    return tuple(Measured(wanted, _was(wanted, sums, rules)) for wanted in case.counters)


def _was(wanted: Wanted, sums: dict[tuple[str, str], int], rules: RuleSet) -> Decimal | None:
    made: Report = report(sums, rules.policy.shop.currency, wanted.grain or "month", wanted.period, wanted.period)
    value = getattr(made.periods[0] if wanted.grain else made.overall, wanted.measure)
    return None if value is None else Decimal(str(value))
