"""Money: exact decimals on the wire, integer minor units inside, never a float."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import Any

from babel.numbers import get_currency_precision

from retention.errors import BadEvent

MAX_MINOR = 10**14
"""Largest amount of one event in minor units: a million million of a currency with cents."""

_plain = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,6})?", re.ASCII).fullmatch


class Money(Decimal):
    """An amount as it stands in JSON: a number, or a string holding one; no exponent, no NaN."""

    __slots__ = ()


def number(text: str) -> Money:
    """The text of a JSON number that is no integer, to `Money`; ValueError unless it is a plain decimal.

    The text is looked at before any arithmetic: `1e9999999` must not cost what it says.
    """
    if _plain(text):
        return Money(text)
    raise ValueError("not a plain decimal number")


def decode_money(value: Any) -> Money:
    """What JSON held to `Money`; raises ValueError for anything but a plain decimal."""
    if type(value) is Money:
        return value
    if type(value) is int:
        if abs(value) >= 10**15:
            raise ValueError("amount out of bounds")
        return Money(value)
    if type(value) is str or type(value) is Decimal:
        return number(str(value))
    raise ValueError("not a plain decimal number")


@lru_cache(maxsize=512)
def decimals(currency: str) -> int:
    """How many decimals `currency` (ISO 4217) has by CLDR: THB 2, JPY 0."""
    return get_currency_precision(currency)


def to_minor(amount: Decimal, currency: str, field: str) -> int:
    """`amount` in integer minor units of its own currency; BadEvent when it has more decimals."""
    scaled = amount.scaleb(decimals(currency))
    minor = int(scaled)
    if minor != scaled or abs(minor) > MAX_MINOR:
        raise BadEvent("bad-money", field)
    return minor


def convert(amount: Decimal, rate: Decimal, currency: str) -> int:
    """`amount` × `rate` in minor units of `currency`, rounded half to even; ArithmeticError past 28 digits."""
    scaled = (amount * rate).scaleb(decimals(currency))
    return int(scaled.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
