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
_BELONGS = {
    "str": "text belongs here",
    "int": "a whole number belongs here",
    "float": "a number belongs here",
    "bool": "true or false belongs here",
    "array": "a list in brackets belongs here",
    "object": "keys with values belong here, such as {order_id: o-1}",
}
_GOT = {
    "str": "text",
    "int": "a number",
    "float": "a number with a point",
    "bool": "true or false",
    "array": "a list",
    "object": "keys with values",
    "null": "nothing",
}
_NUMBER = re.compile(r"[0-9]+(\.[0-9]{1,2})?")
_CODE = re.compile(r"[a-z]{2,3}")
_BOUNDS = {"<=": "at most", ">=": "at least"}
_DATE = "a date is written like 1990-05-14, or --05-14 without its year, and exists in the calendar"
_FORMS = {
    "country": "a country is two capital letters, such as TH",
    "birth_date": _DATE,
    "date": _DATE,
    "launched": "a day is written like 2026-12-01, and exists in the calendar",
    "currency": "a currency is three capital letters, such as THB",
}
"""Fields whose text has a form of its own."""


def refused(
    document: Document, error: BadEvent, node: MappingNode, found: Mapping[str, Node], kind: str, shop: Shop
) -> None:
    """A problem for what `error` says of the event in `node`, whose values by key are `found`."""
    head, _, path = error.field.partition(".")
    if head != "data":
        place = found.get("customer" if head in ("", "subject") else head, node)
        document.report_node(place, _of_envelope(error), error.reason)
        return
    place, lacks = find(found[kind], path)
    if lacks:
        start = place.start_mark.index
        document.report(start, start + 1, f'the key "{lacks}" is missing; add `{lacks}: …`', "missing-key")
    else:
        document.report_node(place, _why(place, path, kind, error, shop), error.reason)


def _of_envelope(error: BadEvent) -> str:
    if error.reason == "time-ahead":
        return "an event arrives (`at`) no more than 24 hours before it happens (`time`); change one of them"
    return _plain(error.detail)


def _why(place: Node, path: str, kind: str, error: BadEvent, shop: Shop) -> str:
    field = schema(kind, shop).fields.get(f"event.{path}") if kind in TRIGGERS and kind in TYPES else None
    if field is not None and field.choices and isinstance(place, ScalarNode):
        return f'"{place.value}" cannot stand here{hint(place.value, field.choices)}'
    if error.reason == "no-rate":
        return f"{place.value} is not the shop's currency, and its rate is not known; add it to `rates` in policy.yaml"
    if error.reason == "bad-money" and "negative" not in error.detail:
        without = str(place.value).replace(",", "")
        meant = f"; did you mean {without}?" if "," in str(place.value) and _NUMBER.fullmatch(without) else ""
        return f"an amount is a plain number such as 890, with no more decimals than its currency has{meant}"
    return _typed(place, path.rpartition(".")[2] if kind in TYPES else "", error.detail)


def _typed(place: Node, name: str, detail: str) -> str:
    said = _EXPECTED.fullmatch(detail)
    text = said is None or said["kind"] == "str"
    if said is not None and said["kind"] == "str" and said["got"] and isinstance(place, ScalarNode):
        return f'text belongs here; put quotes round it: "{place.value}"'
    if text and name in _FORMS:
        meant = f'; did you mean "{place.value.upper()}"?' if _CODE.fullmatch(str(place.value)) else ""
        return _FORMS[name] + meant
    if said is None and detail.startswith("Send "):
        return f"{detail.removeprefix('Send ').removesuffix('.')}, belongs here"
    if said is None:
        return _plain(detail)
    belongs = _BELONGS.get(said["kind"], "something else belongs here")
    if said["bound"]:
        return f"{belongs}, {_BOUNDS[said['bound']]} {said['limit']}{' characters' if said['length'] else ''}"
    if said["form"]:
        return f"{belongs} of another form; docs/reference/events.md says which"
    return f"{belongs}, not {_GOT.get(said['got'], said['got'])}"


def _plain(detail: str) -> str:
    """As problems are written: neither a capital nor a full stop."""
    return detail[:1].lower() + detail[1:].removesuffix(".")
