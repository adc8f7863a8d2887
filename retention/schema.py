"""The contract with storefronts as a JSON Schema (draft 2020-12), made from the structs that decode checks with."""

from __future__ import annotations

from typing import Any

import msgspec

from retention.events import TYPES, Envelope
from retention.money import Money

FILE = "docs/reference/events.schema.json"
"""Where the schema is kept; `regulars events schema --out` writes it anew."""

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


def events_schema() -> dict[str, Any]:
    """The schema of a structured CloudEvent of any public type; `$defs` holds each type's bare data.

    It cannot say everything: the decimals a currency has, days no calendar has, sizes in bytes and times
    ahead of the clock are left to `decode`.
    """
    kinds = {name: kind for name, kind in TYPES.items() if name not in _ELSEWHERE}
    _, found = msgspec.json.schema_components(
        [Envelope, *TYPES.values()], schema_hook=_custom, ref_template="#/$defs/{name}"
    )
    envelope = found.pop("Envelope")
    _sharpen(found)
    envelope["properties"]["type"] = {"enum": sorted(kinds)}
    envelope["properties"]["time"]["pattern"] = _TIME
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:regulars:events",
        "title": "An event for Regulars",
        "description": "A CloudEvent 1.0 in structured mode on topic `events`. docs/reference/events.md explains it.",
        **{name: value for name, value in envelope.items() if name not in ("title", "description")},
        "allOf": [_when(name, kind.__name__) for name, kind in kinds.items()],
        "$defs": dict(sorted((found | {"Money": _MONEY, "Total": _TOTAL, "Attribute": _ATTRIBUTE}).items())),
    }


def text() -> str:
    """The schema as it stands in `FILE`."""
    return msgspec.json.format(msgspec.json.encode(events_schema()), indent=2).decode() + "\n"


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
