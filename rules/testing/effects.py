"""What the steps of a rule do for a customer, in the words of a test."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from rules.ruleset import Rule
from rules.steps import Assign, Emit, Grant, Notify, Send, Step, Tag
from rules.testing.cases import Kind


def effect(step: Step) -> tuple[Kind, str] | None:
    """Kind and name of what `step` does; None when it does nothing that a customer, or the shop, would notice.

    The name of points that depend on an order is empty.
    """
    match step:
        case Send():
            return "send", step.template
        case Grant(kind="points"):
            return "points", "" if step.per else str(step.amount)
        case Grant():
            return step.kind, step.what
        case Notify():
            return "notify", step.text
        case Emit():
            return "emit", step.topic
        case Tag():
            return ("tag" if step.on else "untag"), step.name
        case Assign():
            return "set", attributes(step.values)
        case _:
            return None


def messages(rule: Rule) -> dict[str, list[Send]]:
    """Message → the steps of `rule` that send it; one a variant, where the wording is the variant's."""
    found: dict[str, list[Send]] = {}
    for step in rule.do:
        if isinstance(step, Send):
            for name in _named(step.template, rule):
                found.setdefault(name, []).append(step)
    return found


def things(rule: Rule, kind: Kind) -> list[str]:
    """The names of all that `rule` does of `kind`, messages aside."""
    done = (effect(step) for step in rule.do)
    return [found[1] for found in done if found is not None and found[0] == kind]


def attributes(values: Iterable[tuple[str, Any]]) -> str:
    """Attributes and their values as one line: size 42, colour "red"."""
    return ", ".join(f"{name} {json.dumps(value, ensure_ascii=False)}" for name, value in sorted(values))


def _named(template: str, rule: Rule) -> Iterator[str]:
    if "{variant}" not in template:
        yield template
    for variant, _ in rule.variants if "{variant}" in template else ():
        yield template.replace("{variant}", variant)
