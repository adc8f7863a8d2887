"""The lines of `rules/policy.yaml` that the measures need: what a message costs, and what the shop aims at."""

from __future__ import annotations

from decimal import Decimal

from ruamel.yaml.nodes import Node, ScalarNode

from retention.measures import Overall, Period
from rules.amounts import exact
from rules.document import Document
from rules.entry import Entry, entry_of
from rules.reading import plain, scalar
from rules.ruleset import ADDRESSES

MEASURES = tuple(dict.fromkeys((*Period.__struct_fields__[1:], *Overall.__struct_fields__)))
"""What `regulars retention` prints, by its name there; the first field of a period is its name."""
PERCENT = ("crr", "true_retention", "churn")
"""Measures that are printed in percent; what ends in _rate is a fraction, everything else a number."""
RATE = "_rate"


def costs(entry: Entry) -> dict[str, Decimal]:
    """Channel → what one message costs, in the shop's currency."""
    if "costs" not in entry:
        return {}
    costs = entry_of(entry.document, entry["costs"], tuple(ADDRESSES), "{email: 0.02, sms: 1.20}")
    if costs is None:
        return {}
    read = {
        channel: exact(costs.document, node, "a cost", "amount such as 0.02") for channel, node in costs.found.items()
    }
    return {channel: cost for channel, cost in read.items() if cost is not None}


def targets(entry: Entry) -> dict[str, Decimal]:
    """Measure → the shop's aim, in the unit it is printed in."""
    if "targets" not in entry:
        return {}
    targets = entry_of(entry.document, entry["targets"], MEASURES, "{true_retention: 35%}")
    if targets is None:
        return {}
    read = {name: _target(targets.document, name, node) for name, node in targets.found.items()}
    return {name: aim for name, aim in read.items() if aim is not None}


def _target(document: Document, measure: str, node: Node) -> Decimal | None:
    found = scalar(document, node, "a target")
    if found is None:
        return None
    value = plain(found.value).strip()
    percent = value.endswith("%")
    number = exact(document, _bare(found) if percent else found, "a target", "number such as 40")
    if number is None:
        return None
    fault = _target_fault(measure, number, percent)
    if fault:
        document.report_node(node, fault, "bad-share")
        return None
    return number


def _bare(node: ScalarNode) -> ScalarNode:
    """The same place, without the sign behind the number."""
    value = plain(node.value).strip().removesuffix("%").strip()
    return ScalarNode(node.tag, value, node.start_mark, node.end_mark, style=node.style)


def _target_fault(measure: str, number: Decimal, percent: bool) -> str:
    if measure in PERCENT:
        most = 1_000 if measure == "crr" else 100
        if not percent:
            part = f", or {_short(number * 100)}% if that part of the whole is meant" if 0 < number <= 1 else ""
            return f"{measure} is printed in percent: write {_short(number)}%{part}"
        return f"{measure} is {most}% at most" if number > most else ""
    if measure.endswith(RATE):
        if percent or number > 1:
            return f"{measure} is printed as a fraction, from 0 to 1: write {_short(number / 100)}"
        return ""
    return f"{measure} is printed as a number, not a share: leave the % out" if percent else ""


def _short(number: Decimal) -> str:
    return f"{number.normalize():f}"
