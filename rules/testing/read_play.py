"""How a test wants the rules played: holdouts, variants, chance, and which rules it is about."""

from __future__ import annotations

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from rules.document import Document
from rules.reading import listed, one_of
from rules.ruleset import Rule
from rules.testing.known import Known

_SWITCH = ("on", "off")


def read_holdout(document: Document, node: Node) -> bool:
    """Whether customers are kept out as the rules and the policy say."""
    return one_of(document, node, "a holdout", _SWITCH, "bad-value") == "on"


def read_rules(document: Document, node: Node, known: Known) -> tuple[str, ...]:
    """The ids of the rules of which the test tells everything."""
    rules = [known.rule(document, one) for one in listed(document, node, "the id of a rule")]
    return tuple(rule.id for rule in rules if rule is not None)


def read_variants(document: Document, node: Node, known: Known) -> dict[str, str]:
    """Rule → the variant that everybody has in it."""
    pins: dict[str, str] = {}
    for key, value, rule in _by_rule(document, node, known, "{win-back: warm}"):
        names = [name for name, _ in rule.variants]
        if not names:
            document.report_node(key, f'the rule "{rule.id}" has no variants; remove this', "unknown-variant")
        elif pin := one_of(document, value, "a variant", names, "unknown-variant"):
            pins[rule.id] = pin
    return pins


def read_chance(document: Document, node: Node, known: Known) -> tuple[str, ...]:
    """The rules whose chance takes nobody in this test."""
    left_out: list[str] = []
    for _, value, rule in _by_rule(document, node, known, "{surprise-gift: off}"):
        if one_of(document, value, "a chance", _SWITCH, "bad-value") == "off":
            left_out.append(rule.id)
    return tuple(left_out)


def _by_rule(document: Document, node: Node, known: Known, example: str) -> list[tuple[Node, Node, Rule]]:
    """Key, value and rule of each line that names a rule."""
    if not isinstance(node, MappingNode):
        document.report_node(node, f"rules with what they get belong here, such as {example}", "wrong-type")
        return []
    found: dict[str, tuple[Node, Node, Rule]] = {}
    for key, value in node.value:
        rule = known.rule(document, key)
        if rule is not None and rule.id in found:
            document.report_node(key, f'"{rule.id}" stands here twice; keep one of them', "duplicate-key")
        elif rule is not None and isinstance(key, ScalarNode):
            found[rule.id] = key, value, rule
    return list(found.values())
