"""The contract with storefronts as a JSON Schema (draft 2020-12), made from the structs that decode checks with.

What a shop declares of its own comes to it by the same rules that `own` reads it with.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from retention.events import TYPES, Envelope
from retention.money import Money
from retention.own import MAX_FIELDS, MAX_NUMBER, MAX_TEXT, OPTIONAL, WHOLE, Fields

FILE = "docs/reference/events.schema.json"
"""Where the schema of the contract is kept; `regulars events schema --contract --out` writes it anew."""

_PLAIN = r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$"
_TIME = r"^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:?\d{2})$"
_ELSEWHERE = {"product"}
"""Types that have a topic of their own and are never CloudEvents on `events`."""

_MONEY = {
    "title": "Money",
    "description": "A plain decimal, as a number or as text; no exponent, at most 6 decimals.",
    "anyOf": [
        {"type": "number", "exclusiveMinimum": -(10**15), "exclusiveMaximum": 10**15},
        {"type": "string", "pattern": _PLAIN},
    ],
}
_TOTAL = {
    "title": "Total",
    "description": "Money that is not negative, with no more decimals than its currency has.",
    "anyOf": [
        {"type": "number", "minimum": 0, "exclusiveMaximum": 10**15},
        {"type": "string", "pattern": _PLAIN.replace("-?", "")},
    ],
}
_ATTRIBUTE = {
    "title": "Attribute",
    "description": "What the shop knows of a customer beyond the profile's own fields.",
    "anyOf": [
        {"type": "string", "maxLength": 500},
        {"type": "number", "exclusiveMinimum": -(10**15), "exclusiveMaximum": 10**15},
        {"type": ["boolean", "null"]},
    ],
}
_OWN: dict[str, dict[str, Any]] = {
    "text": {"type": "string", "maxLength": MAX_TEXT},
    "count": {"type": "integer", "minimum": -WHOLE, "maximum": WHOLE - 1},
    "number": {"type": "number", "exclusiveMinimum": -MAX_NUMBER, "exclusiveMaximum": MAX_NUMBER},
    "flag": {"type": "boolean"},
}
"""Kind of a field of the shop's own events → its schema."""
_NOTHING: Mapping[str, Fields] = MappingProxyType({})


def events_schema(declared: Mapping[str, Fields] = _NOTHING) -> dict[str, Any]:
    """The schema of a structured CloudEvent of any public type; `$defs` holds each type's bare data.

    `declared` are the shop's own types with their fields (`Shop.events`), whose definitions are called like the types.
    It cannot say everything: the decimals a currency has, days no calendar has, sizes in bytes and times
    ahead of the clock are left to `decode`.
    """
    kinds = {name: kind for name, kind in TYPES.items() if name not in _ELSEWHERE}
    _, found = msgspec.json.schema_components(
        [Envelope, *TYPES.values()], schema_hook=_custom, ref_template="#/$defs/{name}"
    )
    envelope = found.pop("Envelope")
    _sharpen(found)
    envelope["properties"]["type"] = {"enum": sorted((*kinds, *declared))}
    envelope["properties"]["time"]["pattern"] = _TIME
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:regulars:events",
        "title": "An event for Regulars",
        "description": "A CloudEvent 1.0 in structured mode on topic `events`. docs/reference/events.md explains it.",
        **{name: value for name, value in envelope.items() if name not in ("title", "description")},
        "allOf": [
            *(_when(name, kind.__name__) for name, kind in kinds.items()),
            *(_when(name, name) for name in declared),
        ],
        "$defs": dict(sorted((found | {"Money": _MONEY, "Total": _TOTAL, "Attribute": _ATTRIBUTE}).items()))
        | {name: _own(name, fields) for name, fields in sorted(declared.items())},
    }


def text(declared: Mapping[str, Fields] = _NOTHING) -> str:
    """The schema as a file; without anything `declared` it is the one in `FILE`."""
    return msgspec.json.format(msgspec.json.encode(events_schema(declared)), indent=2).decode() + "\n"


def _own(name: str, fields: Fields) -> dict[str, Any]:
    return {
        "title": name,
        "description": "An event of the shop's own, declared in rules/events.yaml.",
        "type": "object",
        "properties": {field: _field(kind) for field, kind in fields.items()},
        "required": [field for field, kind in fields.items() if not kind.endswith(OPTIONAL)],
        "maxProperties": MAX_FIELDS,
    }


def _field(kind: str) -> dict[str, Any]:
    found = _OWN[kind.removesuffix(OPTIONAL)]
    return {"anyOf": [found, {"type": "null"}]} if kind.endswith(OPTIONAL) else found


def _custom(kind: type) -> dict[str, Any]:
    if kind is Money:
        return {"$ref": "#/$defs/Money"}
    raise NotImplementedError(kind)


def _when(name: str, definition: str) -> dict[str, Any]:
    return {
        "if": {"properties": {"type": {"const": name}}, "required": ["type"]},
        "then": {"properties": {"data": {"$ref": f"#/$defs/{definition}"}}},
    }


def _sharpen(definitions: dict[str, Any]) -> None:
    """What `decode` checks beyond the types of the structs."""
    for definition in definitions.values():
        definition["description"] = " ".join(definition["description"].split())
    for name in ("Purchase", "Return"):
        definitions[name]["properties"]["total"] = {"$ref": "#/$defs/Total"}
    attributes, _ = definitions["Profile"]["properties"]["attributes"]["anyOf"]
    attributes["additionalProperties"] = {"$ref": "#/$defs/Attribute"}
    definitions["Referral"]["anyOf"] = [
        {"required": [field], "properties": {field: {"type": "string"}}} for field in ("code", "referred")
    ]
