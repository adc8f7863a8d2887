"""Fields of structs in the words of the reference pages, and the tables of those pages."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from retention.schema import events_schema

_bar = re.compile(r"(?<!\\)\|")
DEFINITIONS: dict[str, Any] = events_schema()["$defs"]


def rows(kind: type[msgspec.Struct]) -> list[tuple[str, str, str]]:
    """(field, type, required) of a struct, as the page must have them."""
    definition = DEFINITIONS[kind.__name__]
    return [
        (f"`{name}`", words(schema), "yes" if name in definition.get("required", []) else "")
        for name, schema in definition["properties"].items()
    ]


def words(schema: dict[str, Any]) -> str:
    """One field's type in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return {"Money": "money", "Total": "money, not negative"}.get(name, f"[{name}](#{name.lower()})")
    if "anyOf" in schema:
        given = [one for one in schema["anyOf"] if one.get("type") != "null"]
        return " or ".join(words(one) for one in given)
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    return str(_TYPES[schema["type"]](schema))


def _string(schema: dict[str, Any]) -> str:
    pattern = schema.get("pattern", "")
    if "{4})-" in pattern:
        return "YYYY-MM-DD or --MM-DD"
    if "{4}-" in pattern:
        return "YYYY-MM-DD"
    if pattern.startswith("^[A-Z]"):
        return f"{schema['maxLength']} capitals"
    return f"id, 1 to {schema['maxLength']}" if "minLength" in schema else f"text, up to {schema['maxLength']:,}"


def _list(schema: dict[str, Any]) -> str:
    return f"list of at most {schema['maxItems']:,}: {words(schema['items'])}"


_TYPES: dict[str, Any] = {
    "string": _string,
    "array": _list,
    "integer": lambda schema: f"integer, {schema['minimum']} to {schema['maximum']:,}",
    "boolean": lambda schema: "true or false",
    "object": lambda schema: f"object of at most {schema['maxProperties']} names",
}


def tables(page: str) -> dict[str, list[list[str]]]:
    """Heading → the cells of the first table below it, its two head lines left out."""
    found: dict[str, list[list[str]]] = {}
    for section in re.split(r"^#+ ", page, flags=re.MULTILINE)[1:]:
        heading, _, body = section.partition("\n")
        lines = re.search(r"(?:^\|.*\n?)+", body, flags=re.MULTILINE)
        if lines:
            found[heading.strip()] = [_cells(line) for line in lines[0].strip().splitlines()[2:]]
    return found


def _cells(line: str) -> list[str]:
    return [cell.strip().replace("\\|", "|") for cell in _bar.split(line.strip()[1:-1])]
