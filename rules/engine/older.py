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
    """The rule of a journey, by the set it was entered under."""
    return as_entered(rules, journey.rule, None if journey.ruleset == rules.hash else library(journey.ruleset))


def as_entered(rules: RuleSet, id: str, older: RuleSet | None) -> Rule | None:
    """A rule as the `older` set has it; where that set cannot be had as it is now, and None when it is not any more.

    Whether it stands still is said by the rules of now, whatever set it is of: by its status, or a pause.
    """
    now = rules.by_id.get(id)
    if older is None or (rule := older.by_id.get(id)) is None:
        return now
    status = now.status if now is not None else Status.PAUSED if rules.pauses(rule) else rule.status
    return rule if status is rule.status else replace(rule, status=status)
