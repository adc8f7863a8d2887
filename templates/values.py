"""Values as a customer reads them: money, dates and numbers in the customer's own locale, through Babel."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.numbers import (
    format_currency,
    format_decimal,
    format_percent,
    get_currency_precision,
    get_currency_symbol,
    is_currency,
)

from templates.errors import Refused

MAX_MINOR = 10**18
"""Largest amount in minor units: far above any order, and exact in every step below."""

NARROW = {"THB": "฿"}
"""CLDR's narrow symbols where Babel knows only the code: readers of a Thai shop's English mail expect ฿."""

THAI_DATES = {
    "short": "d MMM '{year}'",
    "medium": "d MMM '{year}'",
    "long": "d MMMM '{year}'",
    "full": "EEEE'ที่' d MMMM '{year}'",
}
"""How Thai shops write dates: the year of the Buddhist era, without the words for the era."""

STYLES = tuple(THAI_DATES)


@dataclass(frozen=True, slots=True)
class Amount:
    """Money: `minor` units (satang, cents, whole yen) of `currency` (ISO 4217). Exact."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int or abs(self.minor) > MAX_MINOR:
            raise ValueError("an amount is a whole number of minor units, at most 10^18")
        if not is_currency(self.currency):
            raise ValueError("an amount's currency is an ISO 4217 code such as THB")

    @property
    def value(self) -> Decimal:
        """The amount in major units, exact."""
        return Decimal(self.minor).scaleb(-get_currency_precision(self.currency))


@dataclass(frozen=True, slots=True)
class Percent:
    """A share in basis points: 1500 is 15 %."""

    points: int


@dataclass(frozen=True, slots=True)
class Format:
    """How to write for one customer: `locale` as Babel knows it, and their time zone."""

    locale: Locale
    zone: ZoneInfo

    def money(self, amount: Amount) -> str:
        """฿1,234.00 in th and en, $1,234.00 in en, ¥1,234 for yen."""
        symbol = get_currency_symbol(amount.currency, locale=self.locale)
        if symbol != amount.currency or amount.currency not in NARROW:
            return format_currency(amount.value, amount.currency, locale=self.locale)
        pattern = self.locale.currency_formats["standard"].pattern
        narrow = pattern.replace("¤", f"'{NARROW[amount.currency]}'")
        return format_currency(amount.value, amount.currency, format=narrow, locale=self.locale)

    def date(self, value: dt.date, style: str = "long") -> str:
        """The day in the customer's zone; `style` is short, medium, long or full."""
        if style not in STYLES:
            raise Refused("bad-style", f"a date's style is one of {', '.join(STYLES)}")
        day = self._local(value).date() if isinstance(value, dt.datetime) else value
        if self.locale.language == "th":
            return format_date(day, THAI_DATES[style].format(year=day.year + 543), locale=self.locale)
        return format_date(day, style, locale=self.locale)

    def time(self, value: dt.datetime) -> str:
        """Hours and minutes in the customer's zone."""
        text = format_time(self._local(value).time(), "short", locale=self.locale)
        return f"{text} น." if self.locale.language == "th" else text

    def datetime(self, value: dt.datetime, style: str = "long") -> str:
        """The day and the time of day in the customer's zone."""
        joint = " เวลา " if self.locale.language == "th" else ", "
        return f"{self.date(value, style)}{joint}{self.time(value)}"

    def number(self, value: int | Decimal | float) -> str:
        """1,234.5 with the locale's separators, at most three decimals."""
        return format_decimal(value, locale=self.locale)

    def percent(self, value: Percent) -> str:
        """15% in th and en, 15 % in de; at most two decimals, no more than needed."""
        return format_percent(Decimal(value.points) / 10_000, locale=self.locale, decimal_quantization=False)

    def plural(self, count: int, one: str, other: str) -> str:
        """The word that goes with `count`, by the locale's plural rule; the number itself is not in it."""
        return one if self.locale.plural_form(count) == "one" else other

    def ordinal(self, count: int) -> str:
        """1st, 2nd, 3rd in English; the bare number in other languages, whose wording has its own way."""
        if self.locale.language != "en":
            return str(count)
        teen = 10 < abs(count) % 100 < 20
        return f"{count}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(abs(count) % 10, 'th')}"

    def _local(self, value: dt.datetime) -> dt.datetime:
        if value.utcoffset() is None:
            raise Refused("naive-time", "this time has no zone; only aware times can be shown")
        return value.astimezone(self.zone)


@lru_cache(maxsize=256)
def format_for(locale: str, zone: str) -> Format:
    """The format of `locale` (th, en-GB) in IANA zone `zone`; Refused when either is unknown."""
    return Format(_locale(locale), _zone(zone))


def _locale(tag: str) -> Locale:
    try:
        return Locale.parse(tag, sep="-")
    except (ValueError, UnknownLocaleError) as error:
        raise Refused("unknown-locale", "no such locale is known") from error


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError) as error:
        raise Refused("unknown-zone", "no such time zone is known; zones look like Asia/Bangkok") from error
