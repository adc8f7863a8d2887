"""The lines of `rules/policy.yaml` that say what shop it is: its money, its zone, its rates, its tills."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from zoneinfo import available_timezones

from babel.numbers import list_currencies
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from retention.shop import Shop
from rules.document import Document
from rules.entry import Entry
from rules.reading import one_of, scalar, text

_COUNT = re.compile(r"[1-9][0-9]{0,8}")
_RATE = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


def read_shop(entry: Entry) -> Shop:
    """The shop that the policy `entry` is of; what is wrong, which its document tells, is as for any shop."""
    usual = Shop()
    document = entry.document
    currency = _currency(document, entry["currency"]) if "currency" in entry else None
    zone = _zone(document, entry["time_zone"]) if "time_zone" in entry else None
    rates = _rates(document, entry["rates"], currency) if "rates" in entry else {}
    walk_in = _walk_in(document, entry["walk_in"]) if "walk_in" in entry else None
    return Shop(currency or usual.currency, zone or usual.time_zone, rates, walk_in or usual.walk_in)


def _currency(document: Document, node: Node) -> str | None:
    value = text(document, node, "a currency")
    if value is None or value in list_currencies():
        return value
    hint = f'; did you mean "{value.upper()}"?' if value.upper() in list_currencies() else ""
    document.report_node(node, f'"{value}" is no currency of ISO 4217, such as THB or EUR{hint}', "unknown-currency")
    return None


def _zone(document: Document, node: Node) -> str | None:
    zones = _zones()
    if isinstance(node, ScalarNode) and node.value.strip() and "/" not in node.value and node.value not in zones:
        message = f'unknown time zone "{node.value}"; a zone is named by a place, such as Asia/Bangkok'
        document.report_node(node, message, "unknown-time-zone")
        return None
    return one_of(document, node, "a time zone", sorted(zones), "unknown-time-zone")


@cache
def _zones() -> frozenset[str]:
    """Read from the system's files once, not for every policy."""
    return frozenset(available_timezones())


def _walk_in(document: Document, node: Node) -> int | None:
    found = scalar(document, node, "a number of orders")
    if found is None:
        return None
    if not _COUNT.fullmatch(found.value):
        document.report_node(node, "walk_in is a number of orders in a day, such as 100", "bad-count")
        return None
    return int(found.value)


def _rates(document: Document, node: Node, own: str | None) -> dict[str, Decimal]:
    if not isinstance(node, MappingNode):
        document.report_node(node, "rates are lines such as `USD: 34.10`", "wrong-type")
        return {}
    rates: dict[str, Decimal] = {}
    for key, value in node.value:
        currency = _currency(document, key)
        if currency is not None and currency in rates:
            document.report_node(key, f'"{currency}" stands here twice', "duplicate-key")
        elif currency is not None and currency == own:
            document.report_node(key, "the shop's own currency needs no rate", "bad-rate")
        rate = _rate(document, value)
        if currency is not None and rate is not None:
            rates[currency] = rate
    return rates


def _rate(document: Document, node: Node) -> Decimal | None:
    found = scalar(document, node, "a rate")
    if not isinstance(found, ScalarNode):
        return None
    if not _RATE.fullmatch(found.value) or not Decimal(found.value):
        message = f"a rate is what one unit is worth in the shop's currency, such as 34.10, not {found.value}"
        point = found.value.replace(",", ".")
        meant = point if point != found.value and _RATE.fullmatch(point) else ""
        document.report_node(node, message + (f'; did you mean "{meant}"?' if meant else ""), "bad-rate")
        return None
    return Decimal(found.value)
