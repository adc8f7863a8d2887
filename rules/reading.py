"""Values out of a document's nodes; what is not as it should be becomes a problem, and None."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from rules.document import Document
from rules.language.faults import did_you_mean
from rules.language.tree import MICROS

_DURATION = re.compile(r"([1-9][0-9]{0,5})([smhdw])")
_KINDS = {"int": "a number", "float": "a number", "bool": "true or false", "null": "nothing"}
_LISTABLE = 20


def keys(document: Document, node: MappingNode, known: Collection[str]) -> dict[str, Node]:
    """The node's values by key; unknown and repeated keys are problems."""
    found: dict[str, Node] = {}
    for key, value in node.value:
        name = key.value if isinstance(key, ScalarNode) else ""
        if name in found:
            document.report_node(key, f'"{name}" stands here twice', "duplicate-key")
        elif name not in known:
            hint = did_you_mean(name, known) or f"; there are {', '.join(known)}"
            document.report_node(key, f'unknown key "{name}"{hint}', "unknown-key")
        else:
            found[name] = value
    return found


def require(document: Document, node: MappingNode, found: Mapping[str, Node], names: Iterable[str]) -> None:
    """A problem for each of `names` that is not there."""
    present = {key.value for key, _ in node.value if isinstance(key, ScalarNode)}
    start = node.start_mark.index
    for name in names:
        if name not in found and name not in present:
            document.report(start, start + 1, f'the key "{name}" is missing', "missing-key")


def scalar(document: Document, node: Node, what: str) -> ScalarNode | None:
    """`node` as a scalar that holds something; `what` says what belongs there."""
    if not isinstance(node, ScalarNode):
        kind = "a list" if isinstance(node, SequenceNode) else "a mapping"
        document.report_node(node, f"{what} belongs here, not {kind}", "wrong-type")
        return None
    if not node.value.strip():
        document.report_node(node, f"{what} belongs here, nothing stands here", "empty-value")
        return None
    return node


def text(document: Document, node: Node, what: str) -> str | None:
    """`node` as text: what YAML reads as a number or as true is refused."""
    found = scalar(document, node, what)
    if found is None:
        return None
    kind = str(found.tag).rpartition(":")[2]
    if kind != "str":
        read = _KINDS.get(kind, kind)
        document.report_node(node, f"{what} belongs here; this reads as {read}: put quotes round it", "wrong-type")
        return None
    value: str = found.value
    return value


def one_of(document: Document, node: Node, what: str, known: Collection[str], code: str) -> str | None:
    """`node` as one of the `known` words."""
    value = text(document, node, what)
    if value is None or value in known:
        return value
    hint = did_you_mean(value, known)
    if not hint and len(known) <= _LISTABLE:
        hint = f"; it is one of {', '.join(known)}"
    document.report_node(node, f'unknown {what.partition(" ")[2]} "{value}"{hint}', code)
    return None


def whole(document: Document, node: Node, what: str, low: int, high: int) -> int | None:
    """`node` as a whole number from `low` to `high`."""
    found = scalar(document, node, what)
    if found is None:
        return None
    if not re.fullmatch(r"-?[0-9]{1,9}", found.value) or not low <= int(found.value) <= high:
        document.report_node(node, f"{what} is a whole number from {low} to {high}", "bad-value")
        return None
    return int(found.value)


def duration(value: str) -> int | None:
    """30d, 12h, 90m in microseconds; None when it is not one."""
    found = _DURATION.fullmatch(value)
    return int(found[1]) * MICROS[found[2]] if found else None


def listed(document: Document, node: Node, what: str) -> list[Node]:
    """The elements of a list, or the one value alone."""
    if not isinstance(node, SequenceNode):
        return [node]
    if not node.value:
        document.report_node(node, f"{what} belongs here, the list is empty", "empty-value")
    return list(node.value)
