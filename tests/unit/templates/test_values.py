"""Money, dates and numbers, as readers of English and Thai write them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from templates.errors import Refused
from templates.values import MAX_MINOR, Amount, format_for

MORNING = dt.datetime(2026, 3, 1, 3, 30, tzinfo=dt.UTC)
EN, GB, TH = (format_for(locale, "Asia/Bangkok") for locale in ("en", "en-GB", "th"))


@pytest.mark.parametrize(
    ("minor", "currency", "english", "thai"),
    [
        (123400, "THB", "฿1,234.00", "฿1,234.00"),
        (123450, "USD", "$1,234.50", "US$1,234.50"),
        (1234, "JPY", "¥1,234", "¥1,234"),
        (5, "THB", "฿0.05", "฿0.05"),
        (-89000, "THB", "-฿890.00", "-฿890.00"),
        (0, "USD", "$0.00", "US$0.00"),
        (99999999999999, "THB", "฿999,999,999,999.99", "฿999,999,999,999.99"),
    ],
)
def test_money_is_written_as_the_locale_does(minor: int, currency: str, english: str, thai: str) -> None:
    amount = Amount(minor, currency)
    assert (EN.money(amount), TH.money(amount)) == (english, thai)


@given(st.integers(-MAX_MINOR, MAX_MINOR), st.sampled_from(["THB", "USD", "JPY", "KWD"]))
def test_money_is_exact(minor: int, currency: str) -> None:
    digits = "".join(c for c in EN.money(Amount(minor, currency)) if c.isdigit())
    assert int(digits) == abs(minor)


@pytest.mark.parametrize(("minor", "currency"), [(1, "XXY"), (1, "thb"), (1.5, "THB"), (True, "THB"), (10**19, "THB")])
def test_an_amount_is_whole_minor_units_of_a_known_currency(minor: int, currency: str) -> None:
    with pytest.raises(ValueError, match="an amount"):
        Amount(minor, currency)


@pytest.mark.parametrize(
    ("style", "english", "british", "thai"),
    [
        ("short", "3/1/26", "01/03/2026", "1 มี.ค. 2569"),
        ("medium", "Mar 1, 2026", "1 Mar 2026", "1 มี.ค. 2569"),
        ("long", "March 1, 2026", "1 March 2026", "1 มีนาคม 2569"),
        ("full", "Sunday, March 1, 2026", "Sunday, 1 March 2026", "วันอาทิตย์ที่ 1 มีนาคม 2569"),
    ],
)
def test_dates_are_written_as_the_locale_does_and_thai_ones_in_the_buddhist_era(
    style: str, english: str, british: str, thai: str
) -> None:
    assert (EN.date(MORNING, style), GB.date(MORNING, style), TH.date(MORNING, style)) == (english, british, thai)


def test_times_are_in_the_customers_zone() -> None:
    assert (EN.time(MORNING), GB.time(MORNING), TH.time(MORNING)) == ("10:30\u202fAM", "10:30", "10:30 น.")
    assert format_for("en", "America/New_York").datetime(MORNING) == "February 28, 2026, 10:30\u202fPM"
    assert TH.datetime(MORNING) == "1 มีนาคม 2569 เวลา 10:30 น."


def test_the_buddhist_year_turns_with_the_customers_new_year() -> None:
    eve = dt.datetime(2026, 12, 31, 17, 0, tzinfo=dt.UTC)
    assert TH.date(eve) == "1 มกราคม 2570"
    assert format_for("th", "UTC").date(eve) == "31 ธันวาคม 2569"


def test_a_plain_date_is_not_moved() -> None:
    assert format_for("en", "America/New_York").date(dt.date(2026, 3, 1)) == "March 1, 2026"


def test_a_time_without_zone_is_refused() -> None:
    naive = MORNING.replace(tzinfo=None)
    for show in (EN.date, EN.time, EN.datetime):
        with pytest.raises(Refused, match="no zone"):
            show(naive)


def test_numbers_have_the_locales_separators() -> None:
    assert (EN.number(1234567), TH.number(Decimal("1234.5")), format_for("de", "UTC").number(1234.5)) == (
        "1,234,567",
        "1,234.5",
        "1.234,5",
    )


def test_plurals_follow_the_locale() -> None:
    assert [EN.plural(n, "order", "orders") for n in (0, 1, 2)] == ["orders", "order", "orders"]
    assert TH.plural(1, "x", "y") == "y"


def test_ordinals_are_english_and_bare_elsewhere() -> None:
    ends = {
        1: "1st",
        2: "2nd",
        3: "3rd",
        4: "4th",
        11: "11th",
        12: "12th",
        13: "13th",
        21: "21st",
        102: "102nd",
        111: "111th",
    }
    assert {n: EN.ordinal(n) for n in ends} == ends
    assert TH.ordinal(3) == "3"


@pytest.mark.parametrize(
    ("locale", "zone"), [("xx-bad", "UTC"), ("", "UTC"), ("en", "Mars/Base"), ("en", "../etc/passwd"), ("en", "")]
)
def test_an_unknown_locale_or_zone_is_refused(locale: str, zone: str) -> None:
    with pytest.raises(Refused):
        format_for(locale, zone)
