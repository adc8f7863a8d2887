"""What is wrong with an event's data although every field has the right type."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import msgspec

from retention.envelope import join
from retention.errors import BadEvent
from retention.events import Birthday, Product, Profile, Referral
from retention.money import Money

MAX_EXTRAS = 8 * 1024
"""Bytes of JSON that a customer's tags and attributes may come to: they live in the state blob."""

_LONGEST = 500
_IDS = {
    "purchase": ("order_id",),
    "fulfilment": ("order_id",),
    "return": ("return_id", "order_id"),
    "support": ("ticket_id",),
    "message": ("message_id",),
    "consent": ("channel", "topic"),
    "product": ("sku",),
}
"""Fields that name rows or keys: printable characters only."""


def check(kind: str, data: Any, at: str) -> None:
    """Refuse `data` of an event of type `kind`, at path `at`, with BadEvent."""
    for field in _IDS.get(kind, ()):
        value = getattr(data, field)
        if value is not None and not value.isprintable():
            raise BadEvent("bad-data", join(at, field), "An id holds printable characters only.")
    further = _FURTHER.get(kind)
    if further is not None:
        further(data, at)


def _profile(data: Profile, at: str) -> None:
    if type(data.birth_date) is str:
        _date(data.birth_date, join(at, "birth_date"))
    tags, attributes = data.tags or [], data.attributes or {}
    for value in attributes.values():
        if not _scalar(value):
            detail = "An attribute is text of at most 500 characters, a plain decimal number, true, false or null."
            raise BadEvent("bad-data", join(at, "attributes"), detail)
    if len(_json.encode(tags)) + len(_json.encode(attributes)) > MAX_EXTRAS:
        raise BadEvent("bad-data", join(at, "attributes"), "Tags and attributes together come to more than 8 KiB.")


def _scalar(value: Any) -> bool:
    if type(value) is int:
        return abs(value) < 10**15
    if type(value) is str:
        return len(value) <= _LONGEST
    return value is None or type(value) is bool or type(value) is Money


def _birthday(data: Birthday, at: str) -> None:
    if data.date is not None:
        _date(data.date, join(at, "date"))


def _product(data: Product, at: str) -> None:
    if data.launched is not None:
        _date(data.launched, join(at, "launched"))
        if data.launched >= _BUDDHIST:
            detail = "The year is that of the Buddhist calendar; here 2569 is written 2026."
            raise BadEvent("bad-data", join(at, "launched"), detail)
    for field, link in (("url", data.url), ("image", data.image)):
        if link and not (_WEB.fullmatch(link) and link.isprintable()):
            raise BadEvent("bad-data", join(at, field), _LINK)


_BUDDHIST = "2400"
"""A year from here on is one of the Buddhist calendar: nobody plans a launch in centuries."""
_WEB = re.compile(r"https?://[^/?#\\@\s]+([/?#][^\\\s]*)?", re.IGNORECASE)
"""What a message may lead to (`templates.links`): an article with another link could be told to nobody."""
_LINK = "A link is a whole address, such as https://shop.example/tea-9: mails are read far from the shop's pages."


def _referral(data: Referral, at: str) -> None:
    if data.code is None and data.referred is None:
        raise BadEvent("bad-data", at, "A referral names a code or the customer referred.")


def _date(text: str, field: str) -> None:
    """Refuse a day no calendar has; one without its year may be 29 February."""
    try:
        dt.date.fromisoformat(text.replace("--", "2000-", 1))
    except ValueError:
        raise BadEvent("bad-data", field, "There is no such day.") from None


_json = msgspec.json.Encoder(enc_hook=str)
_FURTHER: dict[str, Callable[[Any, str], None]] = {
    "profile": _profile,
    "birthday": _birthday,
    "referral": _referral,
    "product": _product,
}
