"""What a storefront may do wrong on topic `products`: each has its reason and says what to do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from retention.errors import BadEvent
from retention.shop import Shop
from streams.broker import PRODUCTS
from streams.record import Record
from streams.sources.article import article
from tests.unit.streams.kit import NOW

GOOD = {"sku": "TEA-9", "name": "Doi White", "category": "tea", "price": "520.00", "launched": "2026-03-01"}


def told(value: Any, key: bytes | None = b"TEA-9") -> Record:
    raw = value if isinstance(value, bytes) or value is None else json.dumps(value).encode()
    return Record(PRODUCTS, 0, 7, NOW // 1_000, key, raw)


def test_a_right_one_is_kept_under_its_sku_with_or_without_a_key() -> None:
    for key in (b"TEA-9", None):
        made = article(told(GOOD, key), Shop(), NOW)
        assert (made.sku, made.launched, made.at, made.place) == ("TEA-9", "2026-03-01", NOW, 7)


def test_a_record_without_a_value_takes_it_out() -> None:
    assert article(told(None), Shop(), NOW).data is None


@pytest.mark.parametrize(
    ("value", "key", "reason", "field", "says"),
    [
        (b"{", b"TEA-9", "not-json", "", "not JSON"),
        (b"\xff", b"TEA-9", "not-utf8", "", "not UTF-8"),
        ([GOOD], b"TEA-9", "bad-data", "", "Expected object, got array"),
        (None, None, "no-key", "", "The key is the article's sku."),
        (GOOD, b"\xff", "bad-key", "", "not UTF-8"),
        (GOOD, b"TEA-8", "key-mismatch", "sku", "another sku"),
        ({"name": "Doi White"}, b"TEA-9", "bad-data", "sku", "missing"),
        (GOOD | {"category": None}, b"TEA-9", "bad-data", "category", "Expected str, got null"),
        (GOOD | {"price": "฿520"}, b"TEA-9", "bad-money", "price", "plain decimal number"),
        (GOOD | {"price": -1}, b"TEA-9", "bad-money", "price", "not negative"),
        (GOOD | {"launched": "soon"}, b"TEA-9", "bad-data", "launched", "YYYY-MM-DD"),
        (GOOD | {"in_stock": "yes"}, b"TEA-9", "bad-data", "in_stock", "Expected bool"),
        (GOOD | {"image": "tea.jpg"}, b"TEA-9", "bad-data", "image", "a whole address"),
        (GOOD | {"time": "2026-03-01T10:00:00"}, b"TEA-9", "bad-time", "time", "with its offset"),
        ({"specversion": "1.0", "data": GOOD}, b"TEA-9", "bad-data", "sku", "without a CloudEvent"),
    ],
)
def test_a_wrong_one_says_what_is_wrong_and_what_to_do(
    value: Any, key: bytes | None, reason: str, field: str, says: str
) -> None:
    with pytest.raises(BadEvent) as refused:
        article(told(value, key), Shop(), NOW)
    assert (refused.value.reason, refused.value.field) == (reason, field)
    assert says in refused.value.detail
