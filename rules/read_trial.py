"""What a rule says of when it listens and of who is in: days, shares and variants."""

from __future__ import annotations

import re

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from rules.document import Document
from rules.engine.shares import WHOLE
from rules.reading import keys, scalar, text
from rules.times import day

ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
VARIANT = "{variant}"
"""Stands for the customer's variant in the name of a message."""
_MOST_VARIANTS = 10
_NUMBER = re.compile(r"(?P<minus>-?)(?P<whole>[0-9]{1,9})(?:\.(?P<part>[0-9]{1,9}))?")

Days = tuple[int | None, int | None]
"""First and last day, both inclusive, days since 1970-01-01; None: open on that side."""


def percent(document: Document, node: Node, what: str) -> int | None:
    """`node` as a share in basis points: from 0% to 100%, with two decimals at most."""
    found = scalar(document, node, what)
    if found is None:
        return None
    value = found.value.strip()
    number = _NUMBER.fullmatch(value.removesuffix("%"))
    fault = ""
    if number is None:
        fault = f'"{value}" is no share such as 10% or 2.5%'
    elif number["minus"]:
        fault = "a share cannot be negative; it is from 0% to 100%"
    elif len(number["part"] or "") > 2:
        fault = "a share has two decimals at most, such as 2.25%"
    elif (share := _basis_points(number)) > WHOLE:
        fault = "a share cannot be more than 100%"
    elif not value.endswith("%"):
        part = f", or {_shown(share * 100)} if that part of the whole is meant" if 0 < share < 100 else ""
        fault = f"the % is missing: write {value}%{part}"
    else:
        return share
    document.report_node(node, fault, "bad-share")
    return None


def variants(document: Document, node: Node) -> tuple[tuple[str, int], ...]:
    """Names and their shares in basis points, as they stand; empty when something is wrong with them."""
    if not isinstance(node, MappingNode):
        document.report_node(node, "variants are names with shares, such as {warm: 50%, short: 50%}", "wrong-type")
        return ()
    before = len(document.problems)
    found: dict[str, int] = {}
    for key, value in node.value:
        name = _name(document, key, found)
        share = percent(document, value, "a share such as 50%")
        if name is not None:
            found[name] = share or 0
    if len(document.problems) == before:
        _balanced(document, node, found)
    return tuple(found.items()) if len(document.problems) == before else ()


def active(document: Document, node: Node) -> Days:
    """The days on which a rule listens."""
    if not isinstance(node, MappingNode):
        message = "active is {from: 2026-03-01, to: 2026-06-30}, or one of the two"
        document.report_node(node, message, "wrong-type")
        return None, None
    found = keys(document, node, ("from", "to"))
    if not node.value:
        document.report_node(node, "from, to or both belong here, nothing stands here", "empty-value")
    first = day(document, found["from"]) if "from" in found else None
    last = day(document, found["to"]) if "to" in found else None
    if first is not None and last is not None and last < first:
        document.report_node(found["to"], "the last day is before the first; change one of them", "bad-period")
    return first, last


def group(document: Document, node: Node) -> str:
    """The name of a group; empty when it is none."""
    value = text(document, node, "the name of a group")
    if value is not None and not ID.fullmatch(value):
        document.report_node(node, "a group has small letters, digits and hyphens, at most 63", "bad-id")
    return value or ""


def _name(document: Document, key: Node, found: dict[str, int]) -> str | None:
    name = key.value if isinstance(key, ScalarNode) else ""
    if not ID.fullmatch(name):
        document.report_node(key, "a variant has small letters, digits and hyphens, at most 63", "bad-id")
    elif name in found:
        document.report_node(key, f'"{name}" stands here twice', "duplicate-key")
    else:
        return name
    return None


def _balanced(document: Document, node: Node, found: dict[str, int]) -> None:
    if not 2 <= len(found) <= _MOST_VARIANTS:
        remedy = "; for a part of the customers only, write chance" if len(found) == 1 else ""
        message = f"a rule has 2 to {_MOST_VARIANTS} variants, here {len(found)}{remedy}"
        document.report_node(node, message, "bad-count")
    elif (total := sum(found.values())) != WHOLE:
        off = f"{_shown(WHOLE - total)} is missing" if total < WHOLE else f"{_shown(total - WHOLE)} is too much"
        document.report_node(node, f"the shares add up to {_shown(total)}, not to 100%: {off}", "bad-sum")


def _basis_points(number: re.Match[str]) -> int:
    return int(number["whole"]) * 100 + int((number["part"] or "").ljust(2, "0"))


def _shown(share: int) -> str:
    return f"{share / 100:.2f}".rstrip("0").rstrip(".") + "%"
