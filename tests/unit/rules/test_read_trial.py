"""Days, shares, variants and groups as a marketer writes them, and what is said to a mistake."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.around import Around
from rules.document import Document
from rules.read_policy import read_policy
from rules.read_rule import read_rule
from rules.ruleset import Rule
from rules.steps import Send
from rules.wordings import plainly

HEAD = """\
id: hello
name: Hello
status: live
on: purchase
do:
  - send: hello
"""
WORDINGS = plainly({"hello": {"email"}, "hello-warm": {"email", "line"}, "hello-short": {"email"}})
BY_VARIANT = HEAD.replace("send: hello", 'send: "hello-{variant}"')


def read(content: str) -> tuple[Rule | None, Document]:
    document = Document("hello.yaml", content.encode())
    return read_rule(document, "hello", Around(wordings=WORDINGS)), document


def good(content: str) -> Rule:
    rule, document = read(content)
    assert document.problems == []
    assert rule is not None
    return rule


def told(content: str) -> list[tuple[int, int, int, str, str]]:
    rule, document = read(content)
    assert rule is None
    return [(one.line, one.column, one.length, one.code, one.message) for one in sorted(document.problems)]


def days(day: str) -> int:
    return (dt.date.fromisoformat(day) - dt.date(1970, 1, 1)).days


def test_a_rule_that_says_nothing_listens_always_and_keeps_nobody_out() -> None:
    rule = good(HEAD)
    assert (rule.active, rule.holdout, rule.chance, rule.variants, rule.group) == ((None, None), 0, 10_000, (), "")


def test_every_key_of_a_trial_is_read() -> None:
    rule = good(
        BY_VARIANT + "active: {from: 2026-03-01, to: 2026-06-30}\nholdout: 10%\nchance: 2.5%\n"
        "variants: {warm: 33.33%, short: 66.67%}\ngroup: one-a-day\n"
    )
    assert rule.active == (days("2026-03-01"), days("2026-06-30"))
    assert (rule.holdout, rule.chance, rule.group) == (1_000, 250, "one-a-day")
    assert rule.variants == (("warm", 3_333), ("short", 6_667))
    assert rule.do == (Send("hello-{variant}", ("email",)),)


@pytest.mark.parametrize(
    ("written", "active"),
    [
        ("{from: 2026-03-01}", ("2026-03-01", None)),
        ("{to: '2028-02-29'}", (None, "2028-02-29")),
        ("{from: 2026-03-01, to: 2026-03-01}", ("2026-03-01", "2026-03-01")),
        ("\n  from: 1969-12-31\n  to: 9999-12-31", ("1969-12-31", "9999-12-31")),
    ],
)
def test_either_end_of_the_days_may_be_open(written: str, active: tuple[str | None, str | None]) -> None:
    assert good(f"{HEAD}active: {written}\n").active == tuple(day and days(day) for day in active)


@given(st.integers(0, 10_000))
def test_every_share_of_two_decimals_is_read_to_the_basis_point(share: int) -> None:
    for written in (f"{share / 100:.2f}%", f"'{share / 100:g}%'"):
        assert good(f"{HEAD}holdout: {written}\nchance: {written}\n").holdout == share


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("10", "the % is missing: write 10%"),
        ("0.1", "the % is missing: write 0.1%, or 10% if that part of the whole is meant"),
        ("1.0", "the % is missing: write 1.0%"),
        ("100.01%", "a share cannot be more than 100%"),
        ("101", "a share cannot be more than 100%"),
        ("-5%", "a share cannot be negative; it is from 0% to 100%"),
        ("-5", "a share cannot be negative; it is from 0% to 100%"),
        ("2.125%", "a share has two decimals at most, such as 2.25%"),
        ("ten%", '"ten%" is no share such as 10% or 2.5%'),
        ("10,5%", '"10,5%" is no share such as 10% or 2.5%'),
        ("10 %", '"10 %" is no share such as 10% or 2.5%'),
        ("10%%", '"10%%" is no share such as 10% or 2.5%'),
        ("1e1%", '"1e1%" is no share such as 10% or 2.5%'),
        ("๑๐%", '"๑๐%" is no share such as 10% or 2.5%'),
        (".5%", '".5%" is no share such as 10% or 2.5%'),
    ],
)
@pytest.mark.parametrize("key", ["holdout", "chance"])
def test_what_is_no_share_is_told_with_its_place_and_a_way_out(key: str, written: str, message: str) -> None:
    assert told(f"{HEAD}{key}: {written}\n") == [(7, len(key) + 3, len(written), "bad-share", message)]


MISTAKES = [
    ("holdout:\n", (7, 8, 1, "empty-value"), "nothing stands here"),
    ("chance: [5%]\n", (7, 9, 4, "wrong-type"), "not a list"),
    ("chance: 5%\nchance: 6%\n", (8, 1, 6, "duplicate-key"), "twice"),
    ("class: transactional\nholdout: 5%\n", (8, 10, 2, "transactional-holdout"), "or make the class marketing"),
    ("group: One\n", (7, 8, 3, "bad-id"), "small letters"),
    ("group: 7\n", (7, 8, 1, "wrong-type"), "put quotes round it"),
    ("active: 2026\n", (7, 9, 4, "wrong-type"), "active is {from: 2026-03-01"),
    ("active: {}\n", (7, 9, 2, "empty-value"), "from, to or both"),
    ("active: {form: 2026-03-01}\n", (7, 10, 4, "unknown-key"), 'did you mean "from"?'),
    ("active: {from: 2026-02-30}\n", (7, 16, 10, "bad-day"), '"2026-02-30" is no day'),
    ("active: {from: 1 March 2026}\n", (7, 16, 12, "bad-day"), "is no day such as 2026-03-01"),
    ("active: {to: 2026-03-01T10:00:00}\n", (7, 14, 19, "bad-day"), "is no day such as 2026-03-01"),
    ("active: {to: 20260301}\n", (7, 14, 8, "bad-day"), "is no day such as 2026-03-01"),
    ("active: {from: 2026-06-30, to: 2026-03-01}\n", (7, 32, 10, "bad-period"), "the last day is before the first"),
    ("variants: warm\n", (7, 11, 4, "wrong-type"), "names with shares"),
    ("variants: {}\n", (7, 11, 2, "bad-count"), "2 to 10 variants, here 0"),
    ("variants: {warm: 100%}\n", (7, 11, 12, "bad-count"), "here 1; for a part of the customers only, write chance"),
    ("variants: {warm: 50%, short: 40%}\n", (7, 11, 23, "bad-sum"), "add up to 90%, not to 100%: 10% is missing"),
    ("variants: {warm: 50%, short: 50.05%}\n", (7, 11, 26, "bad-sum"), "add up to 100.05%, not to 100%: 0.05% is too"),
    ("variants: {warm: 50%, warm: 50%}\n", (7, 23, 4, "duplicate-key"), '"warm" stands here twice'),
    ("variants: {Warm: 50%, short: 50%}\n", (7, 12, 4, "bad-id"), "small letters"),
    ("variants: {warm: 50, short: 50%}\n", (7, 18, 2, "bad-share"), "write 50%"),
    (f"variants: {{{', '.join(f'v{n}: 5%' for n in range(11))}}}\n", (7, 11, 89, "bad-count"), "2 to 10 variants"),
]


@pytest.mark.parametrize(("lines", "place", "message"), MISTAKES, ids=[case[0].strip() for case in MISTAKES])
def test_a_mistake_is_told_with_its_place_and_a_way_out(
    lines: str, place: tuple[int, int, int, str], message: str
) -> None:
    ((*found, said),) = told(HEAD + lines)
    assert tuple(found) == place
    assert message in said


def test_a_message_by_variant_is_looked_up_for_every_variant() -> None:
    assert told(f"{BY_VARIANT}variants: {{warm: 50%, shrot: 30%, one-hundred-gifts: 20%}}\n") == [
        (
            6,
            11,
            17,
            "unknown-template",
            'unknown message "hello-one-hundred-gifts"; there is no templates/messages/ folder of that name',
        ),
        (6, 11, 17, "unknown-template", 'unknown message "hello-shrot"; did you mean "hello-short"?'),
    ]
    on_line = f"{BY_VARIANT}    channel: line\nvariants: {{warm: 50%, short: 50%}}\n"
    (found,) = told(on_line)
    assert found[:4] == (6, 11, 17, "missing-channel")
    assert 'message "hello-short" is not written for line' in found[4]


def test_a_message_by_variant_needs_variants() -> None:
    (found,) = told(BY_VARIANT)
    assert found[:4] == (6, 11, 17, "no-variants")
    assert "add `variants: {warm: 50%, short: 50%}`" in found[4]


def test_broken_variants_are_told_once() -> None:
    assert [found[3] for found in told(f"{BY_VARIANT}variants: {{warm: 50%, short: 51%}}\n")] == ["bad-sum"]


@pytest.mark.parametrize(("written", "share"), [("5%", 500), ("0%", 0), ("0.01%", 1), ("100%", 10_000)])
def test_the_policy_may_keep_a_share_out_of_everything(written: str, share: int) -> None:
    head = "currency: THB\ntime_zone: Asia/Bangkok\n"
    policy = read_policy(Document("policy.yaml", f"{head}holdout: {written}\n".encode()))
    assert policy is not None
    assert policy.holdout == share
    without = read_policy(Document("policy.yaml", head.encode()))
    assert without is not None
    assert without.holdout == 0


def test_a_share_of_the_policy_is_checked_like_that_of_a_rule() -> None:
    document = Document("policy.yaml", b"currency: THB\ntime_zone: UTC\nholdout: 500%\n")
    assert read_policy(document) is None
    assert [(one.line, one.column, one.length, one.code) for one in document.problems] == [(3, 10, 4, "bad-share")]
