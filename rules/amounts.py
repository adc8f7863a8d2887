"""Amounts of money and exact numbers, as a marketer writes them."""

from __future__ import annotations

import re
from decimal import Decimal

from ruamel.yaml.nodes import Node

from retention.money import MAX_MINOR, decimals
from rules.document import Document
from rules.reading import plain, scalar

_PLAIN = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,6})?")
_AROUND = re.compile(r"(?<![a-z])[a-z]{3}(?![a-z])|baht|euros?|dollars?|[^\x00-\x7f]|[$_ ']", re.IGNORECASE)
"""What people write round an amount, or between its digits."""
_LONG = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_THOUSANDS = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_COMMA = re.compile(r"[0-9]+,[0-9]{1,2}")


def money(document: Document, node: Node, what: str, currency: str, least: int = 1) -> int | None:
    """`node` as an amount of `currency` in minor units, `least` or more; `what` names it."""
    number = exact(document, node, what, "amount such as 500 or 890.50")
    if number is None:
        return None
    minor = number.scaleb(decimals(currency))
    if minor != int(minor):
        message = f"{currency} has {decimals(currency)} decimals; {node.value} has more: round it"
        meant = node.value.replace(".", "")
        hint = (
            f", or write {meant} if the point is between the thousands" if re.search(r"\.[0-9]{3}$", node.value) else ""
        )
        document.report_node(node, message + hint, "bad-amount")
    elif minor > MAX_MINOR:
        document.report_node(node, f"{what} is beyond what a shop could pay; check the digits", "bad-amount")
    elif minor < least:
        document.report_node(node, f"{what} of 0 does nothing: remove this line, or write an amount", "bad-amount")
    else:
        return int(minor)
    return None


def exact(document: Document, node: Node, what: str, example: str) -> Decimal | None:
    """`node` as a plain decimal number that is not negative: 12 digits before the point, 6 behind it.

    `what` names it, `example` goes behind "no": amount such as 500.
    """
    found = scalar(document, node, what)
    if found is None:
        return None
    value = found.value.strip()
    if _PLAIN.fullmatch(value):
        return Decimal(value)
    if value.endswith("%"):
        fault = f"{value} is a share, no {example}"
    elif _PLAIN.fullmatch(value.removeprefix("-")):
        fault = f"{what} is never negative: leave the minus out"
    elif _LONG.fullmatch(value):
        fault = f"{value} has too many digits: there are at most 12 before the point and 6 behind it"
    else:
        meant = number_meant(value)
        fault = f'"{value}" is no {example}' + (f'; did you mean "{meant}"?' if meant else "")
    document.report_node(node, fault, "bad-amount")
    return None


def number_meant(value: str) -> str:
    """฿1,500.50 → 1500.50, 12,5 → 12.5; nothing when it could be anything."""
    bare = _AROUND.sub("", plain(value)).removesuffix(".-")
    if _THOUSANDS.fullmatch(bare):
        bare = bare.replace(",", "")
    elif _COMMA.fullmatch(bare):
        bare = bare.replace(",", ".")
    return bare if _PLAIN.fullmatch(bare) else ""
