"""`on: date`: which date of the customer, and how many days from it."""

from __future__ import annotations

from collections.abc import Mapping

from ruamel.yaml.nodes import Node

from rules.around import Around
from rules.document import Document
from rules.language.faults import closest
from rules.language.kinds import Kind
from rules.language.schema import CUSTOMER, NOTHING
from rules.reading import text
from rules.ruleset import OnDate
from rules.times import shift

DATES = ("customer.birth_date", "customer.points_expire_at")
ATTRIBUTE = "customer.attributes."


def read_date(document: Document, found: Mapping[str, Node], around: Around) -> OnDate:
    """What `field` and `offset` of `found` say; an empty field where that is nothing."""
    field = _field(document, found["field"], around) if "field" in found else None
    offset = shift(document, found["offset"]) if "offset" in found else None
    return OnDate(field or "", offset or 0)


def _field(document: Document, node: Node, around: Around) -> str | None:
    value = text(document, node, "a date of the customer such as customer.birth_date")
    if value is None or value in DATES:
        return value
    attributes = {f"{ATTRIBUTE}{name}": kind for name, kind in (around.declared or NOTHING).attributes.items()}
    if attributes.get(value) is Kind.TEXT or (around.blind and value.startswith(ATTRIBUTE)):
        return value
    document.report_node(node, _no_date(value, attributes), "unknown-field")
    return None


def _no_date(value: str, attributes: Mapping[str, Kind]) -> str:
    """Why a rule cannot wait for `value`, and what to do."""
    if value in attributes:
        return f'"{value}" is {attributes[value].value}; a date is declared as text and looks like 2026-03-01'
    if value in CUSTOMER and CUSTOMER[value].kind is Kind.INSTANT:
        return f'"{value}" is a moment, not a date; for some time after it write `on: inactive` and `for: 60d`'
    dates = (*DATES, *(path for path, kind in attributes.items() if kind is Kind.TEXT))
    short = {path.removeprefix(ATTRIBUTE).removeprefix("customer."): path for path in dates}
    name = value.removeprefix(ATTRIBUTE).removeprefix("customer.")
    hint = f"; there are {', '.join(dates)}"
    if close := closest(name, short):
        hint = f'; did you mean "{short[close]}"?'
    elif value.startswith(ATTRIBUTE):
        hint = f"; declare it in rules/events.yaml: `attributes: {{{name}: text}}`"
    return f'"{value}" is no date of the customer{hint}'
