"""Who is in a share: by the digest of a salt and the customer, so that anybody can work it out again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

WHOLE = 10_000
"""A share of all, in basis points: 10 % is 1,000."""


def bucket(salt: str, customer: str) -> int:
    """A number from 0 to 9,999 that `customer` keeps for good under `salt`; each is equally likely."""
    return int(hashlib.sha256(f"{salt}:{customer}".encode()).hexdigest()[:8], 16) % WHOLE


def within(share: int, salt: str, customer: str) -> bool:
    """Whether `customer` is among the `share` (basis points) of all under `salt`. A larger share keeps who was in."""
    return share >= WHOLE or (share > 0 and bucket(salt, customer) < share)


def pick(shares: Iterable[tuple[str, int]], salt: str, customer: str) -> str:
    """The name `customer` falls to under `salt`; `shares` are (name, basis points) that add up to `WHOLE`."""
    place = bucket(salt, customer)
    for name, share in shares:
        if place < share:
            return name
        place -= share
    raise ValueError("the shares do not add up to the whole")
