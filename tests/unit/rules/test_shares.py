"""Holdouts, chance and variants: who is in is worked out from the id alone, and stays so."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.engine.shares import WHOLE, bucket, pick, within

MANY = [f"customer-{number}" for number in range(20_000)]
"""A fixed crowd: what is counted over it is the same on every run."""


def spread(share: float) -> float:
    """Five standard deviations of a count of `share` among `MANY`."""
    return 5 * float((len(MANY) * share * (1 - share)) ** 0.5)


def test_a_bucket_is_what_anybody_works_out_from_the_digest() -> None:
    digest = hashlib.sha256(b"holdout:win-back:anna").hexdigest()
    assert bucket("holdout:win-back", "anna") == int(digest[:8], 16) % 10_000 == 1989
    assert bucket("holdout:*", "สมหญิง") == 4316


@given(st.text())
def test_a_share_ends_right_before_the_bucket_of_its_number(customer: str) -> None:
    place = bucket("variant:hello", customer)
    assert not within(place, "variant:hello", customer)
    assert within(place + 1, "variant:hello", customer)
    assert pick([("a", place), ("b", WHOLE - place)], "variant:hello", customer) == "b"
    assert pick([("a", place + 1), ("b", WHOLE - place - 1)], "variant:hello", customer) == "a"


@pytest.mark.parametrize("share", [1, 50, 500, 1_000, 5_000, 9_950])
@pytest.mark.parametrize("salt", ["holdout:*", "holdout:win-back", "chance:gift:evt-1"])
def test_a_share_of_many_customers_is_about_that_many(salt: str, share: int) -> None:
    count = sum(within(share, salt, customer) for customer in MANY)
    assert abs(count - len(MANY) * share / WHOLE) <= spread(share / WHOLE)


@given(st.text(), st.text())
def test_nobody_is_in_no_share_and_everybody_in_the_whole(salt: str, customer: str) -> None:
    assert not within(0, salt, customer)
    assert within(WHOLE, salt, customer)


@given(st.text(), st.integers(0, WHOLE), st.integers(0, WHOLE))
def test_who_is_in_a_share_is_in_every_larger_one(customer: str, one: int, other: int) -> None:
    small, large = sorted((one, other))
    assert not within(small, "holdout:*", customer) or within(large, "holdout:*", customer)


SHARES = st.lists(st.integers(0, WHOLE), min_size=1, max_size=9).map(
    lambda cuts: [
        (f"v{place}", high - low)
        for place, (low, high) in enumerate(zip([0, *sorted(cuts)], [*sorted(cuts), WHOLE], strict=True))
    ]
)


@given(SHARES, st.text())
def test_everybody_falls_to_one_variant_and_nobody_to_one_without_a_share(
    shares: list[tuple[str, int]], customer: str
) -> None:
    given_ = pick(shares, "variant:hello", customer)
    assert given_ == pick(shares, "variant:hello", customer)
    assert dict(shares)[given_] > 0


def test_every_variant_gets_about_its_share() -> None:
    shares = [("a", 5_000), ("b", 3_000), ("c", 1_999), ("d", 1)]
    chosen = [pick(shares, "variant:hello", customer) for customer in MANY]
    for name, share in shares:
        assert abs(chosen.count(name) - len(MANY) * share / WHOLE) <= spread(share / WHOLE)


def test_shares_that_do_not_make_a_whole_are_refused() -> None:
    with pytest.raises(ValueError, match="do not add up"):
        pick([("a", 0)], "variant:hello", "anna")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("holdout:*", "holdout:hello"),
        ("holdout:hello", "holdout:other"),
        ("holdout:hello", "variant:hello"),
        ("variant:hello", "variant:other"),
        ("chance:hello:e-1", "chance:hello:e-2"),
        ("chance:hello:e-1", "variant:hello"),
    ],
)
def test_being_in_one_share_says_nothing_of_another(one: str, other: str) -> None:
    """Of those in a half under one salt, about half are in a half under the other; so too of a tenth."""
    for share in (1_000, 5_000):
        both = sum(within(share, one, customer) and within(share, other, customer) for customer in MANY)
        part = (share / WHOLE) ** 2
        assert abs(both - len(MANY) * part) <= spread(part)
