"""The steps that change what is known of the customer: `tag`, `untag`, `set`."""

from __future__ import annotations

import re
from typing import Any

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from retention.money import Money
from rules.document import Document
from rules.here import Here
from rules.language.faults import did_you_mean
from rules.language.kinds import Kind
from rules.language.schema import CUSTOMER, NOTHING
from rules.reading import plain, scalar, text
from rules.steps import Assign, Tag

MOST_LETTERS = 500
"""Of a tag, or a text that is set, as in a profile."""
_NUMBERS = {
    Kind.COUNT: (re.compile(r"-?[0-9]{1,15}"), "a whole number such as 42"),
    Kind.NUMBER: (re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?"), "a number such as 42 or 4.5"),
}
_NONE = ("~", "null", "Null", "NULL")
_YES = {"yes": "true", "on": "true", "1": "true", "no": "false", "off": "false", "0": "false"}


def tag(here: Here, node: Node, on: bool) -> Tag | None:
    """The tag that is put on or taken off."""
    name = text(here.document, node, "one tag")
    if name is not None and (len(name) > MOST_LETTERS or name != name.strip()):
        here.tell(node, f"a tag has at most {MOST_LETTERS} characters, and no space round it", "bad-tag")
    return None if name is None else Tag(name, on)


def assign(here: Here, node: Node) -> Assign | None:
    """The attributes that are set, in the order they stand."""
    if not isinstance(node, MappingNode) or not node.value:
        here.tell(node, "set is the shop's own attributes with values, such as {shoe_size: 42}", "wrong-type")
        return None
    values: dict[str, Any] = {}
    for key, value in node.value:
        name = str(key.value) if isinstance(key, ScalarNode) else ""
        if name in values:
            here.tell(key, f'"{name}" stands here twice', "duplicate-key")
        elif (kind := _kind(here, key, name)) is not None:
            values[name] = _value(here.document, value, name, kind)
    return Assign(tuple(values.items()))


def _kind(here: Here, key: Node, name: str) -> Kind | None:
    if here.around.blind:
        return None
    attributes = (here.around.declared or NOTHING).attributes
    if name not in attributes:
        hint = did_you_mean(name.removeprefix("customer.attributes."), attributes)
        if f"customer.{name}" in CUSTOMER:
            hint = "; it is of the profile, which the shop alone sets"
        hint = hint or f"; declare it in rules/events.yaml: `attributes: {{{name or 'name'}: text}}`"
        here.tell(key, f'unknown attribute "{name}"{hint}', "unknown-attribute")
    return attributes.get(name)


def _value(document: Document, node: Node, name: str, kind: Kind) -> Any:
    """What is set: a text, a whole number, a `Money` where it has decimals, true or false, None to clear it."""
    found = scalar(document, node, "a value, or null to clear it,")
    if found is None or (found.style is None and found.value in _NONE):
        return None
    if kind is Kind.TEXT:
        return _text(document, node, name)
    return _flag(document, found, name) if kind is Kind.BOOL else _number(document, found, name, kind)


def _text(document: Document, node: Node, name: str) -> str | None:
    value = text(document, node, f"{name} is a text, which")
    if value is not None and len(value) > MOST_LETTERS:
        document.report_node(node, f"{name} has at most {MOST_LETTERS} characters", "too-long")
    return value


def _number(document: Document, node: ScalarNode, name: str, kind: Kind) -> int | Money | None:
    form, example = _NUMBERS[kind]
    if node.style is None and form.fullmatch(node.value):
        return Money(node.value) if "." in node.value else int(node.value)
    meant = plain(node.value)
    hint = "; leave the quotes out" if node.style and meant == node.value else f"; write {meant}"
    hint = hint if form.fullmatch(meant) else ""
    document.report_node(node, f'{name} is {example}, not "{node.value}"{hint}', "wrong-type")
    return None


def _flag(document: Document, node: ScalarNode, name: str) -> bool | None:
    if node.style is None and node.value in ("true", "false"):
        return bool(node.value == "true")
    meant = _YES.get(node.value.lower(), "")
    hint = f"; write {meant}" if meant else "; leave the quotes out" if node.value in ("true", "false") else ""
    document.report_node(node, f'{name} is true or false, not "{node.value}"{hint}', "wrong-type")
    return None
