"""From the bytes of a record to a checked `Event`, or a `BadEvent` that says why not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct

from retention.errors import BadEvent
from retention.events import INTERNAL, TYPES, Envelope, Event, Purchase, Return
from retention.money import Money, convert, decode_money, to_minor
from retention.shop import Shop

MAX_BYTES = 256 * 1024
MAX_ITEMS = 1_000
MAX_KEY = 200
AHEAD = 24 * 3600 * 1_000_000
"""How far an event's time may run ahead of the clock, microseconds."""

Headers = Sequence[tuple[str, bytes]]

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_EARLIEST = -2208988800_000_000  # 1900-01-01; sums of microseconds stay in 64 bits


def micros(moment: dt.datetime) -> int:
    """An aware datetime as exact microseconds since 1970 UTC."""
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def moment(us: int) -> dt.datetime:
    """Microseconds since 1970 as an aware datetime in UTC."""
    return _EPOCH + dt.timedelta(microseconds=us)


def _hook(kind: type, value: Any) -> Any:
    if kind is Money:
        return decode_money(value)
    raise NotImplementedError(kind)


def _decimal(text: str) -> Decimal:
    return Decimal(text)


def _decoder(kind: type[Struct]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind, dec_hook=_hook, float_hook=_decimal)


_IDS = {
    "purchase": ("order_id",),
    "fulfilment": ("order_id",),
    "return": ("return_id", "order_id"),
    "support": ("ticket_id",),
    "message": ("message_id",),
    "consent": ("channel", "topic"),
}
"""Fields that name rows or keys: printable characters only."""
_envelope = msgspec.json.Decoder(Envelope)
_data = {name: _decoder(kind) for name, kind in TYPES.items()}


def decode(key: bytes | None, value: bytes | None, headers: Headers, shop: Shop, now: int) -> Event:
    """One record of topic `events`, structured or binary CloudEvent, to an `Event`.

    `now` is microseconds since 1970. Raises BadEvent.
    """
    customer = decode_key(key)
    checked = check_bytes(value)
    envelope = _binary(checked, headers) if headers and _is_binary(headers) else _structured(checked)
    if envelope.subject != customer:
        raise BadEvent("key-mismatch", "subject")
    if not (envelope.id.isprintable() and envelope.source.isprintable()):
        raise BadEvent("bad-envelope", "id", "An id and a source hold printable characters only.")
    time = _time(envelope.time, now)
    raw = bytes(envelope.data)
    data, amount = decode_data(envelope.type, raw, shop, "data")
    return Event(envelope.source, envelope.id, envelope.type, customer, time, data, raw, amount)


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
    """The value if it may be looked at further: present, bounded, UTF-8. Raises BadEvent."""
    if value is None:
        raise BadEvent("tombstone")
    if len(value) > MAX_BYTES:
        raise BadEvent("too-large")
    try:
        str(value, "utf-8")
    except UnicodeDecodeError:
        raise BadEvent("not-utf8") from None
    return value


def decode_data(kind: str, raw: bytes, shop: Shop, at: str = "") -> tuple[Any, int]:
    """The data of an event of type `kind` and its amount in the shop's minor units (0 where it has none).

    `at` is the path of the data inside the event, for the message. Raises BadEvent.
    """
    decoder = _data.get(kind)
    if decoder is None or kind == "product":
        raise BadEvent("internal-type" if kind in INTERNAL else "unknown-type", "type")
    try:
        data = decoder.decode(raw)
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise _explain(error, "bad-data", at) from None
    for field in _IDS.get(kind, ()):
        value = getattr(data, field)
        if value is not None and not value.isprintable():
            raise BadEvent("bad-data", _join(at, field), "An id holds printable characters only.")
    if type(data) is Purchase or type(data) is Return:
        return data, _amount(data, shop, at)
    return data, 0


def _amount(data: Purchase | Return, shop: Shop, at: str) -> int:
    if len(data.items) > MAX_ITEMS:
        raise BadEvent("too-many-items", _join(at, "items"))
    field = _join(at, "total")
    if data.total < 0:
        raise BadEvent("bad-money", field, "A total is not negative; send a `return` for money given back.")
    currency = data.currency or shop.currency
    minor = to_minor(data.total, currency, field)
    if currency == shop.currency:
        return minor
    rate = shop.rates.get(currency)
    if rate is None:
        raise BadEvent("no-rate", _join(at, "currency"))
    return convert(data.total, rate, shop.currency)


def _is_binary(headers: Headers) -> bool:
    return any(name == "ce_specversion" for name, _ in headers)


def _structured(value: bytes) -> Envelope:
    try:
        return _envelope.decode(value)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _explain(error, "bad-envelope", "") from None


def _binary(value: bytes, headers: Headers) -> Envelope:
    """CloudEvents in Kafka's binary mode: attributes in `ce_` headers, the value is the data."""
    attributes: dict[str, Any] = {"data": msgspec.Raw(value)}
    for name, content in headers:
        if name.startswith("ce_"):
            try:
                attributes[name[3:]] = str(content, "utf-8")
            except UnicodeDecodeError:
                raise BadEvent("bad-envelope", name) from None
    try:
        return msgspec.convert(attributes, Envelope)
    except msgspec.ValidationError as error:
        raise _explain(error, "bad-envelope", "") from None


def _time(time: dt.datetime, now: int) -> int:
    try:
        us = micros(time)
    except OverflowError:
        raise BadEvent("bad-time", "time") from None
    if us > now + AHEAD:
        raise BadEvent("time-ahead", "time")
    if us < _EARLIEST:
        raise BadEvent("bad-time", "time")
    return us


def _join(at: str, field: str) -> str:
    return f"{at}.{field}" if at and field else at or field


def _explain(error: Exception, reason: str, at: str) -> BadEvent:
    """msgspec's message carries the path and the types, never a value, but for enumerations."""
    if isinstance(error, RecursionError):
        return BadEvent("too-deep", at)
    text = str(error)
    if not isinstance(error, msgspec.ValidationError):
        return BadEvent("not-json" if isinstance(error, msgspec.DecodeError) else "bad-money", at)
    message, _, path = text.partition(" - at `$")
    field = _join(at, path.removesuffix("`").lstrip("."))
    if "datetime" in message or "RFC3339" in message or "timezone" in message:
        return BadEvent("bad-time", field)
    if isinstance(error.__cause__, ValueError) and not isinstance(error.__cause__, msgspec.ValidationError):
        return BadEvent("bad-money", field)
    if message.startswith("Invalid enum value"):
        message = "Not one of the values this field may take"
    return BadEvent(reason, field, message.replace("`", ""))
