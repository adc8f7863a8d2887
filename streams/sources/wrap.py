"""A bare record of one of the shop's topics, checked and wrapped as a CloudEvent for topic `events`."""

from __future__ import annotations

import datetime as dt

import msgspec
from msgspec import Struct

from retention.decode import check_bytes, decode_data, decode_head, decode_key
from retention.errors import BadEvent
from retention.shop import Shop
from streams.cloud_event import cloud_event
from streams.record import Record


class _Bare(Struct, frozen=True):
    """What may stand beside the data of a bare record: all of it optional."""

    id: str | None = None
    time: str | None = None
    customer: str | None = None


class Wrapped(Struct, frozen=True):
    """A record ready for topic `events`."""

    key: bytes
    value: bytes


_bare = msgspec.json.Decoder(_Bare)


def wrap(record: Record, kind: str, incarnation: str, shop: Shop, now: int) -> Wrapped:
    """The same record and incarnation always give the same bytes, so that a repeated forward is a duplicate.

    Without an `id` the record's place is its identity; without a `time` the record's own is its time.
    Raises BadEvent; what it lets through, `decode` accepts.
    """
    raw = check_bytes(record.value)
    decode_data(kind, raw, shop)
    bare = _look(raw)
    customer = decode_key(record.key) if record.key else _customer(bare)
    source = f"/topics/{record.topic}"
    id = bare.id
    if id is None:
        source, id = f"{source}/{incarnation}", f"{record.partition}-{record.offset}"
    time = bare.time or _stamp(record.timestamp)
    value = cloud_event(id, source, kind, customer, time, raw)
    key = customer.encode()
    decode_head(key, value, (), now)  # the data is as it was
    return Wrapped(key, value)


def _look(raw: bytes) -> _Bare:
    try:
        return _bare.decode(raw)
    except msgspec.ValidationError as error:
        path = str(error).partition(" - at `$.")[2].removesuffix("`")
        raise BadEvent("bad-data", path, "id, time and customer are strings.") from None


def _customer(bare: _Bare) -> str:
    if bare.customer is None:
        raise BadEvent("no-key", "customer", "The record has no key and no field `customer`.")
    return bare.customer


def _stamp(timestamp: int) -> str:
    """Milliseconds since 1970 in RFC 3339. Raises BadEvent: a producer may stamp whatever it likes."""
    try:
        moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(milliseconds=timestamp)
    except OverflowError:
        raise BadEvent("bad-time", "time", "The record's timestamp is no time; is it in milliseconds?") from None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
