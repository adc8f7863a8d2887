"""What the intake says of an event, at its place in a test of rules and in a marketer's words."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from retention.errors import BadEvent
from retention.events import TYPES
from retention.shop import Shop
from rules.document import Document
from rules.language.schema import TRIGGERS, schema
from rules.testing.as_json import find
from rules.testing.known import hint

_EXPECTED = re.compile(
    r"Expected (?P<kind>\w+)(?: \| \w+)*(?P<length> of length)?(?: (?P<bound>[<>]=) (?P<limit>\d+))?"
    r"(?P<form> matching .*)?(?:, got (?P<got>\w+))?"
)
"""As msgspec says it."""
_WORDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number with a point",
    "bool": "true or false",
    "array": "a list in brackets",
    "object": "keys with values",
    "null": "nothing",
}
_BOUNDS = {"<=": "at most", ">=": "at least"}


def refused(
    document: Document, error: BadEvent, node: MappingNode, found: Mapping[str, Node], kind: str, shop: Shop
) -> None:
    """A problem for what `error` says of the event in `node`, whose values by key are `found`."""
    head, _, path = error.field.partition(".")
    if head != "data":
        place = found["customer"] if head in ("", "subject") else found.get(head, node)
        document.report_node(place, error.detail, error.reason)
        return
    place, lacks = find(found[kind], path)
    if lacks:
        start = place.start_mark.index
        document.report(start, start + 1, f'the key "{lacks}" is missing; add `{lacks}: …`', "missing-key")
    else:
        document.report_node(place, _why(place, f"event.{path}", kind, error.detail, shop), error.reason)


def _why(place: Node, path: str, kind: str, detail: str, shop: Shop) -> str:
    field = schema(kind, shop).fields.get(path) if kind in TRIGGERS and kind in TYPES else None
    if field is not None and field.choices and isinstance(place, ScalarNode):
        return f'"{place.value}" cannot stand here{hint(place.value, field.choices)}'
    said = _EXPECTED.fullmatch(detail)
    if said is None:
        return detail
    words = _WORDS.get(said["kind"], said["kind"])
    if said["bound"]:
        unit = " characters" if said["length"] else ""
        of = " with" if said["length"] else " of"
        return f"{words}{of} {_BOUNDS[said['bound']]} {said['limit']}{unit} belongs here"
    if said["form"]:
        return f'"{place.value}" is not written as this field wants it; docs/reference/events.md says how'
    if said["kind"] == "str" and isinstance(place, ScalarNode):
        return f'text belongs here; put quotes round it: "{place.value}"'
    return f"{words} belongs here, not {_WORDS.get(said['got'], said['got'])}"
