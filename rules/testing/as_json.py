"""What a file says of an event, as the JSON a storefront would send; and where a part of that stands in the file."""

from __future__ import annotations

import json
import re

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from rules.document import Document

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_STEP = re.compile(r"([^.\[\]]+)|\[([0-9]+)\]")


def as_json(document: Document, node: Node) -> str:
    """`node` as JSON text. Numbers keep their digits; what JSON would not write as a number, a date too, is text."""
    if isinstance(node, MappingNode):
        inside = (f"{json.dumps(key)}:{as_json(document, value)}" for key, value in _pairs(document, node).items())
        return "{" + ",".join(inside) + "}"
    if isinstance(node, SequenceNode):
        return "[" + ",".join(as_json(document, one) for one in node.value) + "]"
    return _scalar(node)


def kind_of(node: Node) -> str:
    """What YAML reads a scalar as: str, int, float, bool, null, timestamp."""
    return str(node.tag).rpartition(":")[2]


def find(node: Node, path: str) -> tuple[Node, str]:
    """The node at `path` ("items[0].price") below `node`; or the last there is on the way, and what it lacks."""
    for name, index in _STEP.findall(path):
        below = _below(node, name, index)
        if below is None:
            return node, name
        node = below
    return node, ""


def _pairs(document: Document, node: MappingNode) -> dict[str, Node]:
    found: dict[str, Node] = {}
    for key, value in node.value:
        if not isinstance(key, ScalarNode) or not key.value:
            document.report_node(key, "a key is one word", "unknown-key")
        elif key.value in found:
            document.report_node(key, f'"{key.value}" stands here twice; keep one of them', "duplicate-key")
        else:
            found[key.value] = value
    return found


def _scalar(node: Node) -> str:
    value, kind = str(node.value), kind_of(node)
    if kind in ("int", "float") and _NUMBER.fullmatch(value):
        return value
    if kind == "null":
        return "null"
    return value.lower() if kind == "bool" else json.dumps(value)


def _below(node: Node, name: str, index: str) -> Node | None:
    if isinstance(node, MappingNode):
        return next((value for key, value in node.value if key.value == name), None)
    if isinstance(node, SequenceNode) and index and int(index) < len(node.value):
        found: Node = node.value[int(index)]
        return found
    return None
