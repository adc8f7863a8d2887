"""`rules/segments.yaml`: conditions with a name, and what is said when they have none to stand for."""

from __future__ import annotations

from pathlib import Path

import pytest

from retention.events import Event, Purchase
from retention.money import Money
from retention.state import Customer
from rules.from_files import Loaded
from rules.load import load
from rules.read_segments import MAX_SEGMENTS

POLICY = "currency: THB\ntime_zone: Asia/Bangkok\n"
RULE = "id: w\nname: W\nstatus: live\non: purchase\nwhen: {}\ndo:\n  - send: w\n"
EVENT = Event("shop", "e", "purchase", "anna", 1, Purchase("o", Money(1)), b"", amount=100_000, at=1)


def loaded(tmp: Path, segments: str | bytes | None, when: str = "true") -> Loaded:
    (tmp / "campaigns").mkdir(parents=True, exist_ok=True)
    (tmp / "policy.yaml").write_text(POLICY)
    (tmp / "campaigns/w.yaml").write_text(RULE.format(when))
    if segments is not None:
        (tmp / "segments.yaml").write_bytes(segments if isinstance(segments, bytes) else segments.encode())
    return load(tmp)


def told(tmp: Path, segments: str | bytes, when: str = "true") -> list[tuple[str, int, int, int, str]]:
    """File, line, column, length and code of every problem."""
    found = loaded(tmp, segments, when).problems
    return [(Path(one.path).name, one.line, one.column, one.length, one.code) for one in found]


def test_a_rule_asks_for_a_segment_by_its_name(tmp_path: Path) -> None:
    ruleset = loaded(
        tmp_path,
        "loyal: customer.orders >= 3\nunused: false\n"
        "thai-regulars:\n  - segment('loyal')\n  - customer.country == 'TH'\n",
        'segment("thai-regulars") and event.total > 500 or not segment("loyal")',
    ).ruleset
    assert ruleset is not None
    condition = ruleset.rules[0].condition
    assert condition is not None
    thai = {"country": "TH"}
    assert condition(EVENT, Customer(orders=3, profile=thai))
    assert not condition(EVENT, Customer(orders=3))
    assert condition(EVENT, Customer(orders=2))
    assert sorted(ruleset.segments) == ["loyal", "thai-regulars", "unused"]
    assert ruleset.segments["loyal"](EVENT, Customer(orders=3))


def test_what_is_unknown_of_a_segment_is_unknown_of_the_rule(tmp_path: Path) -> None:
    ruleset = loaded(tmp_path, "thai: customer.country == 'TH'\n", 'not segment("thai")').ruleset
    assert ruleset is not None
    condition = ruleset.rules[0].condition
    assert condition is not None
    assert not condition(EVENT, Customer())
    assert condition(EVENT, Customer(profile={"country": "SG"}))


def test_the_hash_of_the_rules_changes_with_the_segments(tmp_path: Path) -> None:
    hashes = set()
    for segments in (None, "a: true\n", "a: false\n"):
        ruleset = loaded(tmp_path, segments).ruleset
        assert ruleset is not None
        hashes.add(ruleset.hash)
    assert len(hashes) == 3


CIRCLE = 'a: segment("b") or true\nb:\n  - customer.orders > 1\n  - segment("c")\nc: not segment("a")\n'


@pytest.mark.parametrize(
    ("segments", "when", "expected"),
    [
        ("loyal: true\n", 'segment("loyl")', [("w.yaml", 5, 15, 6, "unknown-segment")]),
        ("loyal: segment('x')\n", "true", [("segments.yaml", 1, 16, 3, "unknown-segment")]),
        (CIRCLE, 'segment("a")', [("segments.yaml", 5, 16, 3, "segment-cycle")]),
        ('me: segment("me")\n', "true", [("segments.yaml", 1, 13, 4, "segment-cycle")]),
        ("a: event.total > 3\n", "true", [("segments.yaml", 1, 4, 11, "unknown-field")]),
        ("a: bought('tea')\n", "true", [("segments.yaml", 1, 4, 13, "unknown-function")]),
        ("a: customer.oders > 3\nb: segment('a')\n", 'segment("b")', [("segments.yaml", 1, 4, 14, "unknown-field")]),
        ("Loyal: true\n", "true", [("segments.yaml", 1, 1, 5, "bad-name")]),
        ("a: true\na: false\n", "true", [("segments.yaml", 2, 1, 1, "duplicate-key")]),
        ("a: {when: true}\n", "true", [("segments.yaml", 1, 4, 12, "wrong-type")]),
        ("a: []\n", "true", [("segments.yaml", 1, 4, 2, "empty-value")]),
        ("a:\n", "true", [("segments.yaml", 1, 2, 1, "empty-value")]),
        ("a: customer.orders > > 1\n", 'segment("a")', [("segments.yaml", 1, 22, 1, "syntax")]),
        ("- a\n", 'segment("a")', [("segments.yaml", 1, 1, 3, "wrong-type")]),
        (b"\xff", 'segment("a")', [("segments.yaml", 1, 1, 1, "not-utf8")]),
        ("".join(f"s{n}: true\n" for n in range(MAX_SEGMENTS + 1)), "true", [("segments.yaml", 1, 1, 8, "too-long")]),
    ],
)
def test_a_mistake_is_told_once_where_it_is(tmp_path: Path, segments: str | bytes, when: str, expected: object) -> None:
    assert told(tmp_path, segments, when) == expected


def test_a_circle_is_told_with_everyone_in_it_and_their_other_mistakes_too(tmp_path: Path) -> None:
    messages = [one.message for one in loaded(tmp_path, CIRCLE.replace("customer.orders", "customer.oders")).problems]
    assert messages == [
        'unknown field "customer.oders"; did you mean "customer.orders"?',
        "segments go round in a circle: a → b → c → a",
    ]


def test_an_unknown_segment_is_told_with_the_nearest(tmp_path: Path) -> None:
    (problem,) = loaded(tmp_path, "loyal: true\n", 'segment("loyl")').problems
    assert problem.message == 'unknown segment "loyl"; did you mean "loyal"?'
