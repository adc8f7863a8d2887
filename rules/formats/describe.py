"""What a description of a file is made of: keys, and the ways in which values are written."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from msgspec import Struct

Schema = dict[str, Any]
"""JSON Schema, draft-07."""


class Shape(Struct, frozen=True):
    """How a value is written: `told` in words, `schema` for editors.

    A mapping has `keys` of its own, or names, each with a value of the one shape `inner`.
    """

    told: str
    schema: Schema
    keys: tuple[Key, ...] = ()
    inner: Shape | None = None


class Key(Struct, frozen=True):
    """A key: what it `says`, in a sentence or two, and an `example` of its value as it stands in a file.

    `default`: what holds without it, as a value or in words; empty: nothing does. `where` it may stand, if not
    everywhere.
    """

    name: str
    shape: Shape
    says: str
    example: str
    needed: bool = False
    default: str = ""
    where: str = ""


class Section(Struct, frozen=True):
    """A part of a file that has a table of its own on the page."""

    title: str
    says: str
    keys: tuple[Key, ...]


class Format(Struct, frozen=True):
    """A kind of file. `example` is a whole one, as it may stand in `file`; `sections` follow its own `keys`."""

    kind: str
    file: str
    title: str
    says: str
    shape: Shape
    example: str
    sections: tuple[Section, ...] = ()
    definitions: Mapping[str, Schema] = {}


# Values.


def text(told: str = "text", pattern: str = r"\S", most: int = 0) -> Shape:
    """What reads as text; what YAML takes for a number or a date stands in quotes."""
    return Shape(told, {"type": "string", "pattern": pattern, **({"maxLength": most} if most else {})})


def word(told: str, pattern: str, **more: Any) -> Shape:
    """What is written by a pattern, and may be a number to YAML where it is one."""
    return Shape(told, {"type": "string", "pattern": f"^(?:{pattern})$", **more})


def choice(words: Collection[str], told: str = "") -> Shape:
    """One of a few words."""
    listed = [f"`{one}`" for one in words]
    return Shape(told or f"{', '.join(listed[:-1])} or {listed[-1]}", {"enum": list(words)})


def whole(low: int, high: int, told: str) -> Shape:
    """A whole number, in quotes or not."""
    return either(
        told, {"type": "integer", "minimum": low, "maximum": high}, {"type": "string", "pattern": r"^-?[0-9]+$"}
    )


def number(told: str, digits: str = r"[0-9]{1,12}(?:\.[0-9]{1,6})?") -> Shape:
    """A number that is not negative, in quotes or not."""
    return either(told, {"type": "number", "minimum": 0}, {"type": "string", "pattern": f"^(?:{digits})$"})


def either(told: str, *schemas: Schema) -> Shape:
    """One of several kinds of value."""
    return Shape(told, {"anyOf": list(schemas)})


def one_or_more(one: Shape, told: str, **more: Any) -> Shape:
    """A value alone, or a list of them."""
    return either(told, one.schema, {"type": "array", "minItems": 1, "items": one.schema, **more})


def ref(name: str, told: str) -> Shape:
    """What the format defines under this name."""
    return Shape(told, {"allOf": [{"$ref": f"#/definitions/{name}"}]})


# Mappings.


def mapping(*keys: Key, told: str, **more: Any) -> Shape:
    """Exactly these keys."""
    needed = [key.name for key in keys if key.needed]
    schema: Schema = {
        "type": "object",
        "properties": {key.name: described(key) for key in keys},
        "additionalProperties": False,
        **({"required": needed} if needed else {}),
        **more,
    }
    return Shape(told, schema, keys)


def named(name: str, value: Shape, told: str, most: int = 0, **more: Any) -> Shape:
    """Names of the marketer's own, by a pattern, each with such a value."""
    schema: Schema = {
        "type": "object",
        "propertyNames": {"pattern": f"^(?:{name})$"},
        "additionalProperties": value.schema,
        **({"maxProperties": most} if most else {}),
        **more,
    }
    return Shape(told, schema, inner=value)


def each(names: Mapping[str, str], value: Shape, example: str, told: str) -> Shape:
    """These names, of which each is said something, with such a value each."""
    keys = [Key(name, value, says, example) for name, says in names.items()]
    return Shape(told, mapping(*keys, told=told).schema, inner=value)


def described(key: Key) -> Schema:
    """The schema of a key, with the words an editor shows beside it."""
    where = f" Only {key.where}." if key.where else ""
    default = f" By default {key.default}." if key.default else ""
    return {"description": f"{key.says}{where}{default}\n\nExample: `{key.name}: {key.example}`", **key.shape.schema}


def required(*names: str) -> Schema:
    """A mapping that has these keys."""
    return {"required": list(names)}


def when(name: str, value: str, then: Schema, otherwise: Schema | None = None) -> Schema:
    """What holds for a mapping in which the key `name` is `value`, and in any other."""
    test: Schema = {"properties": {name: {"const": value}}, "required": [name]}
    return {"if": test, "then": then, **({"else": otherwise} if otherwise is not None else {})}


def without(*names: str) -> Schema:
    """A mapping that has none of these keys."""
    return {"properties": dict.fromkeys(names, False)}
