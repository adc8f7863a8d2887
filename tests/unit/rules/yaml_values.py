"""A YAML text as the values an editor checks: texts, numbers, true, false, null, lists and mappings."""

from __future__ import annotations

from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, ScalarNode

from rules.nodes import compose


def values(text: str) -> Any:
    """What `text` holds by YAML 1.2; a date is a text."""
    return _value(compose(YAML(typ="safe", pure=True).parse(text)))


def _value(node: Any) -> Any:
    if isinstance(node, ScalarNode):
        return _scalar(str(node.tag).rpartition(":")[2], node.value)
    if isinstance(node, MappingNode):
        return {key.value: _value(value) for key, value in node.value}
    return [_value(one) for one in node.value]


def _scalar(kind: str, written: str) -> Any:
    if kind == "bool":
        return written.lower() == "true"
    if kind == "int":
        return int(written, 0 if written[1:2] in ("x", "o") else 10)
    if kind == "float":
        return float(written)
    return None if kind == "null" else written
