"""From the bytes of a record to a checked `Event`, or a `BadEvent` that says why not."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import msgspec
from msgspec import Struct

from retention import envelope, own
from retention.checks import check
from retention.envelope import Headers, explain, join
from retention.errors import BadEvent
from retention.events import (
    CATALOGUE,
    CLOCK,
    INTERNAL,
    MAX_ITEMS,
    POKE,
    PRODUCT,
    TYPES,
    Envelope,
    Event,
    Poke,
    Product,
    Purchase,
    Return,
)
from retention.money import MAX_MINOR, Money, convert, decode_money, number, to_minor
from retention.shop import Shop

MAX_BYTES = 256 * 1024
MAX_KEY = 200
AHEAD = 24 * 3600 * 1_000_000
"""How far an event's time may run ahead of the clock, microseconds."""

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)

_nul = re.compile(r"(?<!\\)(?:\\\\)*\\u0000").search
"""U+0000 as JSON writes it; no text column of PostgreSQL holds it."""


def micros(moment: dt.datetime) -> int:
    """An aware datetime as exact microseconds since 1970 UTC."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(us: int) -> dt.datetime:
    """Microseconds since 1970 as an aware datetime in UTC."""
    return _EPOCH + dt.timedelta(microseconds=us)


def _hook(kind: type, value: Any) -> Any:
    if kind is Money:
        return decode_money(value)
    raise NotImplementedError(kind)


def _decoder(kind: type[Struct]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind, dec_hook=_hook, float_hook=number)


_data = {name: _decoder(kind) for name, kind in TYPES.items()}
_poke_data = msgspec.json.Decoder(Poke)


def decode(
    key: bytes | None, value: bytes | None, headers: Headers, shop: Shop, now: int, articles: bool = False
) -> Event:
    """One record of topic `events`, structured or binary CloudEvent, to an `Event`.

    `now` is microseconds since 1970. `articles`: those of the catalogue too may be among what is read, whose subject is
    the sku; on the topic they are not. Raises BadEvent.
    """
    head, time = decode_head(key, value, headers, now)
    raw = bytes(head.data)
    if head.type == POKE and head.source == CLOCK:
        return _poke(head.id, head.subject, time, raw)
    if head.type == PRODUCT and head.source != CATALOGUE and not articles:
        raise BadEvent("unknown-type", "type", "An article goes to topic `products`, as plain JSON, keyed by its sku.")
    data, amount = decode_data(head.type, raw, shop, "data")
    return Event(head.source, head.id, head.type, head.subject, time, data, raw, amount)


def decode_head(key: bytes | None, value: bytes | None, headers: Headers, now: int) -> tuple[Envelope, int]:
    """The envelope of such a record and its time in microseconds, all checked but the data. Raises BadEvent."""
    customer = decode_key(key)
    content = check_bytes(value)
    if sum(len(name) + len(each or b"") for name, each in headers) > MAX_BYTES:
        raise BadEvent("too-large", "", "The record's headers come to more than 256 KiB.")
    head = envelope.read(content, headers)
    if head.subject != customer:
        raise BadEvent("key-mismatch", "subject")
    return head, instant(head.time, now)


def decode_key(key: bytes | None) -> str:
    """The customer id in a record's key. Raises BadEvent."""
    if not key:
        raise BadEvent("no-key")
    try:
        customer = str(key, "utf-8")
    except UnicodeDecodeError:
        raise BadEvent("bad-key") from None
    if len(customer) > MAX_KEY or not customer.isprintable():
        raise BadEvent("bad-key")
    return customer


def check_bytes(value: bytes | None) -> bytes:
    """The value if it may be looked at further: present, bounded, UTF-8, without U+0000. Raises BadEvent."""
    if value is None:
        raise BadEvent("tombstone")
    if len(value) > MAX_BYTES:
        raise BadEvent("too-large")
    try:
        text = str(value, "utf-8")
    except UnicodeDecodeError:
        raise BadEvent("not-utf8") from None
    if "\\" in text and _nul(text):
        raise BadEvent("bad-data", "", "Text must not hold the character U+0000.")
    return value


def decode_data(kind: str, raw: bytes, shop: Shop, at: str = "") -> tuple[Any, int]:
    """The data of an event of type `kind` and its amount in the shop's minor units (0 where it has none).

    The data of the shop's own events is a dict of the declared fields it has, in `own.KINDS`.
    `at` is the path of the data inside the event, for the message. Raises BadEvent.
    """
    decoder = _data.get(kind)
    if decoder is None:
        return _own(kind, raw, shop, at), 0
    data = _read(decoder, raw, at)
    check(kind, data, at)
    if type(data) is Purchase or type(data) is Return:
        return data, _amount(data, shop, at)
    return data, _price(data, shop, at) if type(data) is Product else 0


def logged(source: str, id: str, kind: str, customer: str, time: int, raw: bytes, amount: int) -> Event:
    """A row of the log as the event it was: `amount` stays what it was worth then, whatever the rates say today.

    An event of the shop's own needs no declaration any more: its data is all that it says. Raises BadEvent.
    """
    if kind == POKE:
        return _poke(id, customer, time, raw)
    decoder = _data.get(kind)
    if decoder is None and (kind in INTERNAL or kind in TYPES):
        raise _refused(kind)
    data = own.remembered(raw) if decoder is None else _read(decoder, raw, "data")
    return Event(source, id, kind, customer, time, data, raw, amount)


def _poke(id: str, customer: str, time: int, raw: bytes) -> Event:
    """Whatever else stands in it is nothing."""
    try:
        data = _poke_data.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        data = Poke()
    return Event(CLOCK, id, POKE, customer, time, data, msgspec.json.encode(data))


def _own(kind: str, raw: bytes, shop: Shop, at: str) -> dict[str, Any]:
    fields = shop.events.get(kind)
    if fields is None:
        raise _refused(kind)
    return own.checked(raw, fields, at)


def _refused(kind: str) -> BadEvent:
    return BadEvent("internal-type" if kind in INTERNAL else "unknown-type", "type")


def _read(decoder: msgspec.json.Decoder[Any], raw: bytes, at: str) -> Any:
    try:
        return decoder.decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        raise explain(error, "bad-data", at) from None


def _amount(data: Purchase | Return, shop: Shop, at: str) -> int:
    if len(data.items) > MAX_ITEMS:
        raise BadEvent("too-many-items", join(at, "items"))
    currency = data.currency or shop.currency
    if currency != shop.currency and currency not in shop.rates:
        raise BadEvent("no-rate", join(at, "currency"))
    minor = to_minor(data.total, currency, join(at, "total"))
    if minor < 0:
        raise BadEvent("bad-money", join(at, "total"), "A total is not negative; send a `return` for money given back.")
    return minor if currency == shop.currency else _converted(data.total, currency, shop, join(at, "total"))


def _price(data: Product, shop: Shop, at: str) -> int:
    minor = 0 if data.price is None else to_minor(data.price, shop.currency, join(at, "price"))
    if minor < 0:
        raise BadEvent("bad-money", join(at, "price"), "A price is not negative.")
    return minor


def _converted(amount: Money, currency: str, shop: Shop, field: str) -> int:
    try:
        minor = convert(amount, shop.rates[currency], shop.currency)
    except ArithmeticError:
        minor = MAX_MINOR + 1
    if minor > MAX_MINOR:
        raise BadEvent("bad-money", field, "The amount is out of bounds in the shop's currency.")
    return minor


def instant(time: dt.datetime, now: int) -> int:
    """Microseconds since 1970, in `bounds`. Raises BadEvent."""
    try:
        us = micros(time)
    except OverflowError:
        raise BadEvent("bad-time", "time") from None
    return bounds(us, now)


def bounds(us: int, now: int) -> int:
    """The same; above 0, because 0 says "never" in a customer's state. Raises BadEvent."""
    if us > now + AHEAD:
        raise BadEvent("time-ahead", "time")
    if us <= 0:
        raise BadEvent("bad-time", "time", "An event lies after 1970.")
    return us
