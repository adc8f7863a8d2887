"""Offers and gifts as a marketer writes them, and what is said to a mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from rules.document import Document
from rules.load import load
from rules.offers import Gift, Offer
from rules.policy import DAY
from rules.read_offers import GIFT_KEYS, OFFER_KEYS, Giving, read_offers

WHOLE = """\
offers:
  comeback-15:
    name: 15% on the next order
    percent: 15%
    minimum: 500
    most: 300
    excludes: [gift-card, TEA-1]
    stacks: true
    expires: 14d
    pool: comeback
    when_empty: send_without
    budget: 20000
    period: month
    pace: even
  hundred-off: {name: 100 off, amount: 100.50, prefix: TEA26, expires: 12h}
  shipping: {name: Free shipping, free_shipping: true}
gifts:
  handwritten-note:
    {name: A handwritten note, cost: 15, stock: 200, budget: 1500, period: week, pace: free, when_empty: hold}
  thanks: {name: A smile}
"""


def read(content: str, currency: str = "THB") -> tuple[Giving | None, list[tuple[int, int, int, str, str]]]:
    document = Document("offers.yaml", content.encode())
    giving = read_offers(document, currency)
    return giving, [(one.line, one.column, one.length, one.code, one.message) for one in sorted(document.problems)]


def offer(keys: str) -> list[tuple[int, str]]:
    """(column, code) of what is said of one offer."""
    giving, problems = read(f"offers: {{one: {{{keys}}}}}\n")
    assert giving is not None
    assert (giving.offers["one"] is None) == bool(problems)
    return [(column, code) for _, column, _, code, _ in problems]


def test_every_key_is_read() -> None:
    giving, problems = read(WHOLE)
    assert problems == []
    assert giving is not None
    assert giving.sound_offers == {
        "comeback-15": Offer(
            id="comeback-15",
            name="15% on the next order",
            percent=1500,
            minimum=500_00,
            most=300_00,
            excludes=("gift-card", "TEA-1"),
            stacks=True,
            expires=14 * DAY,
            pool="comeback",
            when_empty="send_without",
            budget=20_000_00,
            period="month",
            pace="even",
        ),
        "hundred-off": Offer("hundred-off", "100 off", amount=100_50, prefix="TEA26", expires=DAY // 2),
        "shipping": Offer("shipping", "Free shipping", free_shipping=True),
    }
    assert giving.sound_gifts == {
        "handwritten-note": Gift("handwritten-note", "A handwritten note", 15_00, 200, 1500_00, "week", "free", "hold"),
        "thanks": Gift("thanks", "A smile"),
    }
    assert all(f"{key}:" in WHOLE for key in (*OFFER_KEYS, *GIFT_KEYS))


def test_amounts_are_in_the_shops_currency() -> None:
    giving, problems = read("offers: {one: {name: One, amount: 500}}\n", "JPY")
    assert problems == []
    assert giving is not None
    assert giving.sound_offers["one"].amount == 500
    assert read("offers: {one: {name: One, amount: 500.5}}\n", "JPY")[1][0][3] == "bad-amount"


def test_either_section_may_be_missing() -> None:
    assert read("gifts: {}\n") == (Giving(), [])
    assert read("offers: {}\n") == (Giving(), [])
    assert read("[")[0] is None


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("name: One, percent: 15%", []),
        ("name: One, free_shipping: false, percent: 15%", []),
        ("name: One", [(15, "missing-key")]),
        ("name: One, free_shipping: false", [(42, "missing-key")]),
        ("percent: 15%", [(15, "missing-key")]),
        ("name: One, percent: 15%, amount: 100", [(49, "contradiction")]),
        ("name: One, percent: 15%, free_shipping: true", [(56, "contradiction")]),
        ("name: One, percent: 150%", [(36, "bad-share")]),
        ("name: One, percent: 0%", [(36, "bad-share")]),
        ("name: One, percent: 15", [(36, "bad-share")]),
        ("name: One, amount: 15%", [(35, "bad-amount")]),
        ("name: One, amount: 0", [(35, "bad-amount")]),
        ("name: One, amount: 100, most: 50", [(46, "contradiction")]),
        ("name: One, percent: 5%, prefix: tea", [(48, "bad-value")]),
        ("name: One, percent: 5%, prefix: TEA, pool: x", [(48, "contradiction")]),
        ("name: One, percent: 5%, pool: My codes", [(46, "bad-id")]),
        ("name: One, percent: 5%, expires: never", [(49, "bad-duration")]),
        ("name: One, percent: 5%, stacks: yes", [(48, "unknown-value")]),
        ("name: One, percent: 5%, period: month", [(48, "missing-key")]),
        ("name: One, percent: 5%, budget: 5, pace: even", [(57, "missing-key")]),
        ("name: One, percent: 5%, budget: 5, period: fortnight", [(59, "unknown-value")]),
        ("name: One, percent: 5%, excludes: [a, a]", [(54, "duplicate-value")]),
        ("name: One, percent: 5%, excludes: []", [(50, "empty-value")]),
        ("name: One, percent: 5%, when_empty: wait", [(52, "unknown-value")]),
        ("name: 15, percent: 5%", [(22, "wrong-type")]),
        ("name: One, discount: 5%", [(15, "missing-key"), (27, "unknown-key")]),
    ],
)
def test_what_is_said_of_an_offer(keys: str, expected: list[tuple[int, str]]) -> None:
    assert offer(keys) == expected


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("name: One, cost: 15, budget: 10", "contradiction"),
        ("name: One, budget: 10", "missing-key"),
        ("name: One, stock: -1", "bad-value"),
        ("name: One, stock: 1.5", "bad-value"),
        ("name: One, percent: 5%", "unknown-key"),
        ("cost: 1", "missing-key"),
    ],
)
def test_what_is_said_of_a_gift(keys: str, expected: str) -> None:
    giving, problems = read(f"gifts: {{one: {{{keys}}}}}\n")
    assert [code for _, _, _, code, _ in problems] == [expected]
    assert giving is not None
    assert giving.gifts == {"one": None}
    assert giving.sound_gifts == {}


def test_the_files_of_a_folder_come_into_the_rule_set(tmp_path: Path) -> None:
    (tmp_path / "campaigns").mkdir()
    (tmp_path / "policy.yaml").write_text("currency: JPY\ntime_zone: Asia/Tokyo\n")
    bare = load(tmp_path).ruleset
    (tmp_path / "offers.yaml").write_text("offers: {one: {name: One, amount: 500}}\ngifts: {two: {name: Two}}\n")
    (tmp_path / "events.yaml").write_text(
        "attributes: {shoe_size: count}\nevents: {wish: {what: text, worth: number?}}\n"
    )
    (tmp_path / "segments.yaml").write_text("large: customer.attributes.shoe_size >= 45\n")
    ruleset = load(tmp_path).ruleset
    assert bare is not None
    assert ruleset is not None
    assert (bare.offers, bare.gifts, bare.policy.shop.events) == ({}, {}, {})
    assert ruleset.offers == {"one": Offer("one", "One", amount=500)}
    assert ruleset.gifts == {"two": Gift("two", "Two")}
    assert ruleset.policy.shop.events == {"wish": {"what": "text", "worth": "number?"}}
    assert list(ruleset.segments) == ["large"]
    assert ruleset.hash != bare.hash


def test_problems_of_these_files_stop_the_rule_set(tmp_path: Path) -> None:
    (tmp_path / "campaigns").mkdir()
    (tmp_path / "policy.yaml").write_text("currency: JPY\ntime_zone: Asia/Tokyo\n")
    (tmp_path / "offers.yaml").write_text("offers: {one: {name: One, amount: 500.5}}\n")
    (tmp_path / "events.yaml").write_text("[")
    (tmp_path / "segments.yaml").write_text("large: customer.attributes.shoe_size >= 45\n")
    loaded = load(tmp_path)
    assert loaded.ruleset is None
    assert [(Path(one.path).name, one.code) for one in loaded.problems] == [
        ("events.yaml", "yaml"),
        ("offers.yaml", "bad-amount"),
    ]
