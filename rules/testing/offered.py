"""What a rule can do, as a test may expect it."""

from __future__ import annotations

from collections.abc import Iterator

from rules.ruleset import Rule
from rules.simulation.entries import Kind, effect
from rules.steps import Send

_VARIANT = "{variant}"


def messages(rule: Rule) -> dict[str, list[Send]]:
    """Message → the steps of `rule` that send it; one a variant, where the wording is the variant's."""
    found: dict[str, list[Send]] = {}
    for step in rule.do:
        if isinstance(step, Send):
            for name in _named(step.template, rule):
                found.setdefault(name, []).append(step)
    return found


def things(rule: Rule, kind: Kind) -> list[str]:
    """The names of all that `rule` does of `kind`, messages aside; empty for points that an order decides."""
    return [name for done, name in map(effect, rule.do) if done == kind]


def _named(template: str, rule: Rule) -> Iterator[str]:
    if _VARIANT not in template:
        yield template
        return
    for variant, _ in rule.variants:
        yield template.replace(_VARIANT, variant)
