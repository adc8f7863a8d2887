"""A record of the catalogue's topic, checked: what an article is like from then on, or that there is none any more."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from retention.decode import bounds, check_bytes, decode_data, decode_key, instant
from retention.envelope import explain
from retention.errors import BadEvent
from retention.events import PRODUCT, Product, Time
from retention.shop import Shop
from storage.catalogue import Article
from streams.record import Record


class _Bare(Struct, frozen=True):
    """What may stand beside the data."""

    time: Time | None = None


_bare = msgspec.json.Decoder(_Bare)


def article(record: Record, shop: Shop, now: int) -> Article:
    """Keyed by its sku; a record without a value takes it out of the catalogue. Raises BadEvent.

    Of two records about one article the later counts, by `time` if they have one, else by that of the record.
    """
    stamped = record.timestamp * 1_000
    if record.value is None:
        return Article(_key(record), "", now, bounds(stamped, now), record.offset, None)
    raw = check_bytes(record.value)
    data = _data(raw, shop)
    at = _time(raw, stamped, now)
    if record.key and _key(record) != data.sku:
        raise BadEvent("key-mismatch", "sku", "The record's key is another sku than its data has.")
    return kept(data, raw, at, record.offset, now)


def kept(data: Product, raw: bytes, at: int, place: int, known: int) -> Article:
    """The article that checked data are about."""
    return Article(data.sku, data.launched or "", known, at, place, raw)


def _key(record: Record) -> str:
    try:
        return decode_key(record.key)
    except BadEvent as error:
        detail = error.detail.replace("the customer id", "the article's sku")
        raise BadEvent(error.reason, error.field, detail) from None


def _data(raw: bytes, shop: Shop) -> Product:
    try:
        data: Product = decode_data(PRODUCT, raw, shop)[0]
    except BadEvent as error:
        if b'"specversion"' not in raw:
            raise
        raise BadEvent(error.reason, error.field, "Here the bare data are expected, without a CloudEvent.") from None
    return data


def _time(raw: bytes, stamped: int, now: int) -> int:
    try:
        time = _bare.decode(raw).time
    except msgspec.ValidationError as error:
        raise explain(error, "bad-data", "") from None
    return bounds(stamped, now) if time is None else instant(time, now)
