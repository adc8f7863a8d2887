"""The rule of a journey: as it was when the customer entered it, whatever was published since."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from retention.state import Journey
from rules.ruleset import Rule, RuleSet, Status

Library = Callable[[str], RuleSet | None]
"""The hash of an older rule set → that set; None when it cannot be had."""


def no_library(_hash: str) -> RuleSet | None:
    """Nothing was ever published but what decides now."""
    return None


def rule_of(rules: RuleSet, journey: Journey, library: Library) -> Rule | None:
    """The rule as it was entered; where that set cannot be had as it is now, and None when it is not any more.

    One that does not decide any more, because it is paused, say, stands still whatever set the journey is of.
    """
    now = rules.by_id.get(journey.rule)
    if journey.ruleset == rules.hash or (older := library(journey.ruleset)) is None:
        return now
    rule = older.by_id.get(journey.rule)
    if rule is None:
        return now
    halted = not now.deciding if now is not None else rules.pauses(rule)
    return replace(rule, status=Status.PAUSED) if halted else rule
