"""Codes that are made, not drawn."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
from collections import Counter
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.decode import micros
from rules.engine.codes import ALPHABET, LENGTH, expiry, generated
from rules.policy import DAY, HOUR

SECRET = bytes(range(32))
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)


def code(secret: bytes = SECRET, **about: str) -> str:
    usual = {"offer": "comeback-15", "prefix": "TEA", "rule": "win-back", "customer": "anna", "entry": "shop\x1fe-1"}
    return generated(secret, **(usual | about))


def test_a_known_secret_gives_a_known_code() -> None:
    """Worked out here once more, step by step: shops have such codes in people's hands, and they must not change."""
    about = json.dumps(["comeback-15", "win-back", "anna", "shop\x1fe-1"], separators=(",", ":")).encode()
    number = int(hmac.new(SECRET, about, hashlib.sha256).hexdigest(), 16)
    digits = [number // 24**place % 24 for place in range(12)]
    plain = "".join("23456789CDFGHJKMNPQRTWXY"[digit] for digit in digits)
    assert code() == f"TEA-{plain[:4]}-{plain[4:8]}-{plain[8:]}"
    assert code() == "TEA-4R5W-87X4-4HW7"


def test_an_offer_without_prefix_has_codes_without() -> None:
    assert f"TEA-{code(prefix='')}" == code()


@given(TEXT, TEXT, TEXT, TEXT, st.binary(min_size=1, max_size=64))
def test_a_code_has_no_letter_that_passes_for_another(offer, rule, customer, entry, secret) -> None:
    made = generated(secret, offer, "", rule, customer, entry)
    assert [len(group) for group in made.split("-")] == [4, 4, 4]
    assert set(made) <= set(ALPHABET) | {"-"}
    assert made == generated(secret, offer, "", rule, customer, entry)


def test_the_alphabet_has_one_of_each_pair_of_look_alikes_at_most() -> None:
    for alike in ("0O", "1IL", "UV", "5S", "2Z", "8B"):
        assert len(set(alike) & set(ALPHABET)) <= 1
    assert not set("AEIOU01") & set(ALPHABET)
    assert len(set(ALPHABET)) == len(ALPHABET)
    assert ALPHABET.upper() == ALPHABET


@pytest.mark.parametrize("part", ["offer", "rule", "customer", "entry"])
def test_each_of_what_it_is_about_makes_another_code(part) -> None:
    about: dict[str, Any] = {part: "other"}
    assert code(**about) != code()


def test_what_it_is_about_cannot_be_shifted_from_one_part_to_the_next() -> None:
    assert code(rule="a", customer="b,c") != code(rule="a,b", customer="c")
    assert code(rule='a","b', customer="c") != code(rule="a", customer='b","c')
    assert code(rule="a\x1fb", customer="c") != code(rule="a", customer="b\x1fc")


def test_another_shops_codes_are_others() -> None:
    assert code(secret=b"other") != code()


def test_a_million_customers_have_a_million_codes_and_every_letter_is_as_likely_as_any_other() -> None:
    made = [generated(SECRET, "o", "", "r", f"c-{n}", "e").replace("-", "") for n in range(1_000_000)]
    assert len(set(made)) == 1_000_000
    expected = len(made) / len(ALPHABET)
    for place in range(LENGTH):
        counted = Counter(one[place] for one in made)
        deviation = sum((counted[letter] - expected) ** 2 / expected for letter in ALPHABET)
        assert deviation < 60  # chi squared, 23 degrees of freedom: by chance once in 30,000; the secret is fixed


def test_neighbouring_letters_know_nothing_of_each_other() -> None:
    made = [generated(SECRET, "o", "", "r", f"c-{n}", "e").replace("-", "") for n in range(100_000)]
    counted = Counter(one[3:5] for one in made)
    expected = len(made) / len(ALPHABET) ** 2
    deviation = sum((counted[a + b] - expected) ** 2 / expected for a, b in product(ALPHABET, repeat=2))
    assert deviation < 720  # 575 degrees of freedom


@pytest.mark.parametrize(
    ("zone", "given_at", "span", "until"),
    [
        ("Asia/Bangkok", "2026-03-01T17:00+07:00", 14 * DAY, "2026-03-15T23:59:59.999999+07:00"),
        ("Asia/Bangkok", "2026-03-01T00:00+07:00", 0, "2026-03-01T23:59:59.999999+07:00"),
        ("Asia/Bangkok", "2026-03-01T23:59:59+07:00", 36 * HOUR, "2026-03-03T23:59:59.999999+07:00"),
        ("America/New_York", "2026-03-01T17:00+07:00", 14 * DAY, "2026-03-15T23:59:59.999999-04:00"),
        ("Africa/Cairo", "2026-04-22T12:00+02:00", DAY, "2026-04-23T23:59:59.999999+02:00"),  # clocks go on at midnight
    ],
)
def test_a_code_holds_to_the_end_of_its_last_day(zone, given_at, span, until) -> None:
    there = expiry(span, micros(dt.datetime.fromisoformat(given_at)), ZoneInfo(zone))
    assert there == micros(dt.datetime.fromisoformat(until))


def test_a_code_may_hold_for_good() -> None:
    assert expiry(None, 0, ZoneInfo("Asia/Bangkok")) is None
