"""Coupon codes out of nothing but a secret: no table to draw from, and the same code each time it is asked for."""

from __future__ import annotations

import hashlib
import hmac
from zoneinfo import ZoneInfo

import msgspec

from retention.zones import instant_of, local_day

ALPHABET = "23456789CDFGHJKMNPQRTWXY"
"""No 0 and O, 1, I and L, U and V, none of S, Z and B, which pass for 5, 2 and 8; no vowels, hence no words."""
LENGTH = 12
"""Of seven hundred shops with ten million codes each, one has the same code twice."""
GROUP = 4


def generated(secret: bytes, offer: str, prefix: str, rule: str, customer: str, entry: str) -> str:
    """The code of `offer` for the customer's `entry` into `rule`, such as TEA-7KQ2-MX9P-4HNC.

    HMAC-SHA256 under the shop's `secret`: who does not know it cannot guess one. A retry, a second channel and a
    replay come to the same code; another entry, or another offer in the same entry, to another.
    """
    about = msgspec.json.encode([offer, rule, customer, entry])
    number = int.from_bytes(hmac.new(secret, about, hashlib.sha256).digest())
    drawn = _letters(number)
    groups = [drawn[start : start + GROUP] for start in range(0, LENGTH, GROUP)]
    return "-".join([prefix, *groups] if prefix else groups)


def expiry(span: int | None, given: int, zone: ZoneInfo) -> int | None:
    """The last instant of a code given at `given` for `span`: the end of that day on the customer's clock, `zone`.

    Microseconds; None: it holds for good.
    """
    if span is None:
        return None
    return instant_of(local_day(given + span, zone) + 1, 0, zone) - 1


def _letters(number: int) -> str:
    """The last `LENGTH` digits of `number` in base 24: of 256 bits, so that each is as likely as any other."""
    letters = []
    for _ in range(LENGTH):
        number, place = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[place])
    return "".join(letters)
