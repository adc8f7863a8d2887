"""One line of `expect` or `never`: what a rule has to do, and what it must not."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from rules.document import Document
from rules.reading import keys, require, scalar, whole
from rules.ruleset import ADDRESSES, Rule
from rules.simulation.entries import KINDS, Kind, attributes
from rules.testing.as_json import as_json
from rules.testing.cases import Expected, Never
from rules.testing.instants import read_span
from rules.testing.known import Known, hint
from rules.testing.offered import messages, things

EXPECT_KEYS = ("on", "customer", "rule", "send", "channel", *KINDS[1:])
NEVER_KEYS = ("rule", "customer", "after", "before", "send")
_POINTS = 1_000_000_000


def read_expected(
    document: Document, node: MappingNode, known: Known, customers: Collection[str] | None
) -> Expected | None:
    """What `node`, a line of `expect`, says; None when it got problems. `customers` are those of `given`;
    None: nobody can say."""
    before = len(document.problems)
    found = keys(document, node, EXPECT_KEYS)
    require(document, node, found, ("on", "customer", "rule"))
    on = read_span(document, found["on"], known.shop.zone) if "on" in found else None
    customer = _customer(document, found, customers)
    rule = known.rule(document, found["rule"]) if "rule" in found else None
    kind = _kind(document, node, found)
    what = _what(document, found[kind], kind, rule) if kind is not None else None
    channel, offer = _with(document, found, kind, rule, what)
    if len(document.problems) > before or None in (on, customer, rule, kind, what):
        return None
    assert on is not None
    assert rule is not None
    assert kind is not None
    return Expected(line(node), on, str(customer), rule.id, kind, str(what), channel, offer)


def read_never(document: Document, node: MappingNode, known: Known, customers: Collection[str] | None) -> Never | None:
    """What `node`, a line of `never`, says; None when it got problems."""
    before = len(document.problems)
    found = keys(document, node, NEVER_KEYS)
    require(document, node, found, ("rule",))
    rule = known.rule(document, found["rule"]) if "rule" in found else None
    customer = _customer(document, found, customers) if "customer" in found else ""
    zone = known.shop.zone
    after, ends = (read_span(document, found[key], zone) if key in found else None for key in ("after", "before"))
    if after is not None and ends is not None and ends.start <= after.start:
        document.report_node(found["before"], "this is not later than `after`; change one of them", "bad-period")
    send = _message(document, found["send"], rule) if "send" in found else ""
    if len(document.problems) > before or rule is None:
        return None
    start, end = after.start if after else 0, ends.start if ends else 2**63
    return Never(line(node), rule.id, customer or "", start, end, send or "")


def line(node: Node) -> int:
    """Where the node begins, lines counted from 1."""
    return int(node.start_mark.line) + 1


def _customer(document: Document, found: Mapping[str, Node], customers: Collection[str] | None) -> str | None:
    if "customer" not in found:
        return None
    node = scalar(document, found["customer"], "the id of a customer")
    if node is not None and customers is not None and node.value not in customers:
        message = f'nothing is given of a customer "{node.value}"{hint(node.value, customers)}'
        document.report_node(node, message, "unknown-customer")
        return None
    return None if node is None else str(node.value)


def _kind(document: Document, node: MappingNode, found: Mapping[str, Node]) -> Kind | None:
    """What is expected: the one kind that stands there; an offer may go with a message."""
    kinds = [kind for kind in KINDS if kind in found]
    if "send" in kinds and "offer" in kinds:
        kinds.remove("offer")
    start = node.start_mark.index
    if not kinds:
        if all(key.value in EXPECT_KEYS for key, _ in node.value if isinstance(key, ScalarNode)):
            message = f"what is expected is missing; add `send: …`, or one of {', '.join(KINDS[1:])}"
            document.report(start, start + 1, message, "missing-key")
        return None
    if len(kinds) > 1:
        message = f"one thing a line: give {' and '.join(kinds)} a line each"
        document.report(start, start + 1, message, "several-things")
        return None
    return kinds[0]


def _what(document: Document, node: Node, kind: Kind, rule: Rule | None) -> str | None:
    """The name of what is expected, if the rule can do it."""
    if kind == "send":
        return _message(document, node, rule)
    name = _named(document, node, kind)
    if name is None or rule is None:
        return name
    there = things(rule, kind)
    if not there:
        message = f'the rule "{rule.id}" has no step `{kind}`, so nothing of the kind can happen; remove this line'
        document.report_node(node, message, "unknown-step")
    elif name not in there and "" not in there:
        instead = hint(name, there)
        document.report_node(node, f'the rule "{rule.id}" has no step `{kind}: {name}`{instead}', "unknown-step")
    return name


def _named(document: Document, node: Node, kind: Kind) -> str | None:
    if kind == "points":
        points = whole(document, node, "a number of points", 1, _POINTS)
        return None if points is None else str(points)
    if kind != "set":
        found = scalar(document, node, f"what follows `{kind}:` in the rule")
        return None if found is None else str(found.value)
    if not isinstance(node, MappingNode):
        document.report_node(node, "attributes with values belong here, such as {shoe_size: 42}", "wrong-type")
        return None
    values: dict[str, Any] = json.loads(as_json(document, node))
    return attributes(values.items())


def _message(document: Document, node: Node, rule: Rule | None) -> str | None:
    found = scalar(document, node, "the name of a message")
    if found is not None and rule is not None and found.value not in (sent := messages(rule)):
        if sent:
            message = f'the rule "{rule.id}" never sends "{found.value}"{hint(found.value, sent)}'
        else:
            message = f'the rule "{rule.id}" sends no message; remove this line'
        document.report_node(node, message, "unknown-step")
        return None
    return None if found is None else str(found.value)


def _with(
    document: Document, found: Mapping[str, Node], kind: Kind | None, rule: Rule | None, what: str | None
) -> tuple[str, str]:
    """Channel and offer of a message, where they are said."""
    if kind != "send":
        if "channel" in found:
            document.report_node(found["channel"], "only a message has a channel; remove this", "unknown-step")
        return "", ""
    steps = messages(rule).get(what, []) if rule is not None and what is not None else None
    channels = None if steps is None else {channel for step in steps for channel in step.channels}
    offers = None if steps is None else {step.offer for step in steps if step.offer}
    channel = _one(document, found, "channel", channels or set(ADDRESSES))
    return channel, _one(document, found, "offer", offers)


def _one(document: Document, found: Mapping[str, Node], key: str, there: Collection[str] | None) -> str:
    node = scalar(document, found[key], f"the {key}") if key in found else None
    if node is not None and there is not None and node.value not in there:
        message = f'the message does not go with {key} "{node.value}"'
        document.report_node(node, message + (hint(node.value, there) or "; remove it"), "unknown-step")
    return "" if node is None else str(node.value)
