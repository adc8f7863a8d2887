"""What the tests of rules may speak of: the rules, the events and the calendar of the shop."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ruamel.yaml.nodes import Node

from retention.events import PRODUCT, TYPES
from retention.shop import Shop
from rules.document import Document
from rules.language.faults import did_you_mean
from rules.language.schema import TRIGGERS
from rules.reading import scalar
from rules.ruleset import Rule, RuleSet

NEEDS_RULES = frozenset(
    {
        *("unknown-rule", "unknown-event", "unknown-variant", "unknown-step"),
        *("no-rate", "bad-money", "after-until", "too-early", "out-of-order"),
    }
)
"""Mistakes that nobody can tell while the rules or the policy have mistakes of their own."""
_LISTABLE = 12


@dataclass(frozen=True, slots=True)
class Known:
    """The shop and its rules by id."""

    shop: Shop
    rules: dict[str, Rule]

    @property
    def events(self) -> tuple[str, ...]:
        """The types of events that can happen: those of the contract, the catalogue's, and the shop's own."""
        return (*TRIGGERS, PRODUCT, *self.shop.events)

    def fields(self, event: str) -> Collection[str]:
        """The fields that the data of an event of this type may have."""
        return TYPES[event].__struct_fields__ if event in TYPES else self.shop.events[event]

    def rule(self, document: Document, node: Node) -> Rule | None:
        """The rule that `node` names."""
        found = scalar(document, node, "the id of a rule")
        if found is None:
            return None
        rule = self.rules.get(found.value)
        if rule is None:
            document.report_node(node, f'unknown rule "{found.value}"{hint(found.value, self.rules)}', "unknown-rule")
        return rule


def known(ruleset: RuleSet | None) -> Known:
    """What there is in `ruleset`; None: nobody can say."""
    return Known(ruleset.policy.shop, ruleset.by_id) if ruleset is not None else Known(Shop(), {})


def hint(word: str, known: Collection[str]) -> str:
    """What was meant, or what there is."""
    if close := did_you_mean(word, known):
        return close
    if len(known) == 1:
        return f"; there is only {next(iter(known))}"
    return f"; there are {', '.join(sorted(known))}" if 0 < len(known) <= _LISTABLE else ""
