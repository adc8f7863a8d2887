"""Amounts as they come off the wire: exact, bounded, and never an expense to look at."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.decode import decode
from retention.errors import BadEvent
from retention.money import MAX_MINOR, Money, decode_money, to_minor
from retention.shop import Shop
from tests.unit.retention.making import NOW, record, refused, taken, why


def purchase(total: str, currency: str | None = None) -> bytes:
    """A purchase whose total is this piece of JSON."""
    named = f',"currency":"{currency}"' if currency else ""
    return record(f'{{"order_id":"o-1","total":{total}{named}}}')


@pytest.mark.parametrize(
    ("total", "minor"),
    [
        ("0", 0),
        ("0.00", 0),
        ("-0", 0),
        ("-0.0", 0),
        ("1", 100),
        ("1.5", 150),
        ("1.50", 150),
        ("1.500000", 150),
        ('"1.50"', 150),
        ('"007"', 700),
        ("19.99", 1999),
        ("0.1", 10),
        ("999999999999.99", 99_999_999_999_999),
        ("1000000000000", MAX_MINOR),
    ],
)
def test_a_plain_decimal_is_exact(total, minor) -> None:
    assert taken(purchase(total)).amount == minor


@pytest.mark.parametrize(
    "total",
    [
        "1e9999999",
        "-1e9999999",
        "1e99999999999999999999999999",
        "1e-99999999999999999999999999",
        "1e0",
        "1E2",
        "10e-1",
        "1." + "1" * 5_000,
        "0." + "0" * 300,
        "1" * 18,
        "1000000000000.01",
        "-1",
        "-0.01",
        "1.005",
        "0.0000001",
        '"1e9"',
        '"NaN"',
        '"Infinity"',
        '"-Infinity"',
        '"sNaN"',
        '"1_0"',
        '" 1 "',
        '"1\\n"',
        '"+1"',
        '".5"',
        '"1."',
        '"1,50"',
        '"฿1"',
        '""',
        '"١"',
        '"๑"',
        '"１"',
        '"' + "1" * 5_000 + '"',
        "true",
        "false",
        "null",
        "[]",
        "[1]",
        "{}",
        '{"amount":1}',
    ],
)
def test_anything_but_a_plain_decimal_of_the_currency_is_refused(total) -> None:
    assert why(purchase(total)) == ("bad-money", "data.total")


@pytest.mark.parametrize("total", ["NaN", "Infinity", "-Infinity", "+1", ".5", "1.", "01", "0x10", "1_000"])
def test_what_json_has_no_number_for_is_no_json(total) -> None:
    assert refused(purchase(total)).reason == "not-json"


def test_an_integer_of_five_thousand_digits_is_refused() -> None:
    assert why(purchase("1" * 5_000)) == ("bad-data", "data.total")


@pytest.mark.parametrize("field", ["discount", "tax", "shipping"])
def test_every_amount_of_an_order_is_checked(field) -> None:
    assert why(record(f'{{"order_id":"o","total":1,"{field}":1e5}}')) == ("bad-money", f"data.{field}")


def test_a_price_is_checked_too() -> None:
    bad = '{"order_id":"o","total":1,"items":[{"sku":"a","qty":1,"price":1},{"sku":"b","qty":1,"price":1e400}]}'
    assert why(record(bad)) == ("bad-money", "data.items[1].price")


def test_a_currency_without_decimals_takes_none() -> None:
    assert why(purchase("100.5", "JPY")) == ("bad-money", "data.total")
    assert taken(purchase("100", "JPY")).amount == 2345
    assert taken(purchase("100.0", "JPY")).amount == 2345
    assert decode(b"anna", purchase("100"), (), Shop(currency="JPY"), NOW).amount == 100


def test_a_currency_with_three_decimals_takes_three() -> None:
    kuwait = Shop(currency="KWD")
    assert decode(b"anna", purchase("1.005"), (), kuwait, NOW).amount == 1005
    with pytest.raises(BadEvent, match="bad-money"):
        decode(b"anna", purchase("1.0005"), (), kuwait, NOW)


def test_another_currency_is_converted_and_rounded_half_to_even() -> None:
    assert taken(purchase("1.55", "USD")).amount == 5286  # 52.855 baht
    assert taken(purchase("10", "USD")).amount == 34100
    even = Shop(currency="THB", rates={"USD": Decimal("0.5")})
    assert decode(b"anna", purchase("0.01", "USD"), (), even, NOW).amount == 0
    assert decode(b"anna", purchase("0.03", "USD"), (), even, NOW).amount == 2


@pytest.mark.parametrize("rate", ["1000000", "1e18"])
def test_an_amount_that_outgrows_the_bounds_by_its_rate_is_refused(rate) -> None:
    weak = Shop(currency="THB", rates={"USD": Decimal(rate)})
    with pytest.raises(BadEvent) as bad:
        decode(b"anna", purchase("999999999999.99", "USD"), (), weak, NOW)
    assert (bad.value.reason, bad.value.field) == ("bad-money", "data.total")


@given(st.decimals(min_value=0, max_value=10**12, places=2))
def test_every_amount_of_satang_survives_to_the_last_one(amount) -> None:
    for text in (f"{amount:f}", f'"{amount:f}"'):
        assert taken(purchase(text)).amount == int(amount * 100)


@given(st.text(max_size=30) | st.integers() | st.floats() | st.decimals() | st.none() | st.booleans())
def test_money_is_made_of_plain_decimals_or_not_at_all(value) -> None:
    try:
        money = decode_money(value)
    except ValueError:
        return
    assert type(money) is Money
    assert money.is_finite()
    assert abs(money) < 10**15
    exponent = money.as_tuple().exponent
    assert isinstance(exponent, int)
    assert -6 <= exponent <= 0


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**14), max_value=10**14))
def test_minor_units_are_exact_or_refused(amount) -> None:
    try:
        minor = to_minor(Money(amount), "THB", "total")
    except BadEvent:
        assert amount * 100 != int(amount * 100) or abs(amount * 100) > MAX_MINOR
    else:
        assert minor == amount * 100
