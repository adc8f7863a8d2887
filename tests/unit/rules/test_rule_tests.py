"""The tests that a shop writes for its rules: read, played, and compared with what happened."""

from __future__ import annotations

from typing import Any

import pytest

from retention.money import Money
from retention.shop import Shop
from rules.document import Document
from rules.offers import Gift, Offer
from rules.policy import DAY, HOUR, Cap, Policy
from rules.ruleset import Inactive, Rule, RuleSet, Status, rule_set
from rules.steps import Assign, Grant, Notify, Send, StopIf, Tag, Wait
from rules.testing.cases import Case, Span
from rules.testing.compare import Row
from rules.testing.play import Verdict, as_wanted, play
from rules.testing.read import EXAMPLE, read_tests
from tests.unit.rules.story import BYE, HELLO, asked, at, rule, when

GIVEN = """
- name: a test
  given:
    - {at: 2026-03-10T09:00+07:00, customer: anna, profile: {email: a@example.com}}
    - {at: 2026-03-10T09:00+07:00, customer: anna, consent: {channel: email, state: granted}}
    - {at: 2026-03-10T10:00+07:00, customer: anna, purchase: {order_id: o-1, total: 890.50}}
"""
UNTIL = "  until: 2026-04-01\n"
WHOLE = GIVEN + UNTIL
HELLO_EXPECTED = "  expect: [{on: 2026-03-10T10:00+07:00, customer: anna, rule: r, send: hello}]\n"


def shop(*rules: Rule, policy: Policy | None = None) -> RuleSet:
    offers = {id_: Offer(id_, id_, percent=1_000) for id_ in ("ten", "twenty")}
    return rule_set(rules, policy or Policy(), "0" * 16, {}, offers, {"note": Gift("note", "A note", stock=1)})


def read(text: str, rules: RuleSet) -> Case:
    document = Document("tests.yaml", text.encode(), EXAMPLE)
    cases = read_tests(document, rules)
    assert document.problems == []
    (case,) = cases
    return case


def played(text: str, *rules: Rule, policy: Policy | None = None) -> Verdict:
    known = shop(*rules, policy=policy)
    return play(read(text, known), known)


def rows(verdict: Verdict) -> list[tuple[str, str, str]]:
    return [(row.mark, when(row.at), _what(row)) for row in verdict.rows]


def _what(row: Row) -> str:
    return row.entry.name if row.entry is not None else row.expected.what if row.expected is not None else ""


def why(verdict: Verdict) -> list[tuple[str, str]]:
    """What the engine said of what is missing."""
    return [(row.reason.what, row.reason.reason) for row in verdict.rows if row.reason is not None]


# Reading.


def test_a_test_is_read_with_its_times_and_events() -> None:
    text = WHOLE + HELLO_EXPECTED + "  never: [{rule: r, after: 2026-03-11}]\n  holdout: on\n"
    case = read(text, shop(rule(HELLO)))
    assert (case.path, case.line, case.name, case.holdout) == ("tests.yaml", 2, "a test", True)
    assert case.until == at("2026-04-01 00:00")
    assert [event.type for event in case.given] == ["profile", "consent", "purchase"]
    assert (case.given[2].data.total, case.given[2].amount) == (Money("890.50"), 89_050)
    assert (case.given[2].source, case.given[2].id) == ("test", "given-3")
    assert case.expect is not None
    assert case.expect[0].on == Span(at("2026-03-10 10:00"), at("2026-03-10 10:01"))
    assert (case.never[0].after, case.never[0].before) == (at("2026-03-11 00:00"), 2**63)


@pytest.mark.parametrize(
    ("written", "start", "length"),
    [
        ("2026-03-10", "2026-03-10 00:00", DAY),
        ("2026-03-10T10:00+07:00", "2026-03-10 10:00", HOUR // 60),
        ("2026-03-10 10:00+07:00", "2026-03-10 10:00", HOUR // 60),
        ("2026-03-10T03:00Z", "2026-03-10 10:00", HOUR // 60),
        ("2026-03-10T03:00:00z", "2026-03-10 10:00", HOUR // 3600),
        ('"2026-03-09T22:00:00-05:00"', "2026-03-10 10:00", HOUR // 3600),
    ],
)
def test_a_time_is_as_precise_as_it_is_written(written: str, start: str, length: int) -> None:
    text = WHOLE + f"  expect: [{{on: {written}, customer: anna, rule: r, send: hello}}]\n"
    case = read(text, shop(rule(HELLO)))
    assert case.expect is not None
    assert case.expect[0].on == Span(at(start), at(start) + length)


def test_a_date_is_the_whole_day_of_the_shop_where_its_clocks_change_too() -> None:
    berlin = Policy(shop=Shop(time_zone="Europe/Berlin"))
    text = WHOLE + "  expect: [{on: 2026-03-29, customer: anna, rule: r, send: hello}]\n"
    case = read(text, shop(rule(HELLO), policy=berlin))
    assert case.expect is not None
    assert case.expect[0].on.end - case.expect[0].on.start == 23 * HOUR


def test_events_come_in_the_order_of_time_and_customers_however_they_are_written() -> None:
    text = """
- name: a test
  given:
    - {at: 2026-03-11, customer: ben, lead: {}}
    - {at: 2026-03-10, customer: ben, lead: {}, id: first, source: /shop}
    - {at: 2026-03-10, customer: anna, lead: {}}
    - {at: 2026-03-10, customer: ben, support: {ticket_id: t, state: opened}}
  until: 2026-03-12
  never: [{rule: r}]
"""
    case = read(text, shop(rule(HELLO)))
    assert [(event.customer, event.id) for event in case.given] == [
        ("anna", "given-3"),
        ("ben", "first"),
        ("ben", "given-4"),
        ("ben", "given-1"),
    ]


def test_numbers_that_json_would_not_write_are_text_and_dates_too() -> None:
    text = WHOLE.replace("email: a@example.com", "email: a@example.com, phone: 0812345678, birth_date: 1990-05-14")
    case = read(text + "  never: [{rule: r}]\n", shop(rule(HELLO)))
    assert (case.given[0].data.phone, case.given[0].data.birth_date) == ("0812345678", "1990-05-14")


def test_a_customer_may_be_a_number() -> None:
    text = (WHOLE + HELLO_EXPECTED).replace("customer: anna", "customer: 1001")
    assert played(text, rule(HELLO)).ok


def test_the_shops_own_events_happen_too() -> None:
    own = Policy(shop=Shop(events={"social_share": {"network": "text", "url": "text?"}}))
    text = WHOLE.replace("purchase: {order_id: o-1, total: 890.50}", "social_share: {network: Instagram}")
    case = read(text + "  never: [{rule: r}]\n", shop(rule(HELLO), policy=own))
    assert (case.given[2].type, case.given[2].data) == ("social_share", {"network": "Instagram"})


def test_mistakes_that_may_come_from_broken_rules_are_not_told() -> None:
    document = Document("tests.yaml", (WHOLE.replace("lead", "weding") + HELLO_EXPECTED).encode(), EXAMPLE)
    read_tests(document, None)
    assert document.problems == []


def test_the_shops_own_events_are_given_like_any_other() -> None:
    own = Policy(shop=Shop(events={"social_share": {"network": "text", "followers": "count?"}}))
    seen = rule(HELLO, on="social_share", condition=lambda event, customer: event.data.get("followers", 0) > 100)
    text = WHOLE.replace("purchase: {order_id: o-1, total: 890.50}", "social_share: {network: x, followers: 250}")
    assert played(text + HELLO_EXPECTED, seen, policy=own).ok
    assert not played(text.replace(", followers: 250", "") + HELLO_EXPECTED, seen, policy=own).ok


# Comparing.


def test_what_happens_as_expected_passes() -> None:
    verdict = played(WHOLE + HELLO_EXPECTED, rule(HELLO))
    assert verdict.ok
    assert rows(verdict) == [("as expected", "03-10 10:00", "hello")]


def test_what_is_expected_and_does_not_happen_is_missing_with_the_reason() -> None:
    verdict = played((WHOLE + HELLO_EXPECTED).replace("granted", "denied"), rule(HELLO))
    assert not verdict.ok
    assert rows(verdict) == [("missing", "03-10 10:00", "hello")]
    assert why(verdict) == [("suppressed", "no-consent")]


def test_what_happens_and_is_not_expected_is_extra() -> None:
    verdict = played(WHOLE + HELLO_EXPECTED, rule(HELLO, Wait(DAY), BYE))
    assert rows(verdict) == [("as expected", "03-10 10:00", "hello"), ("extra", "03-11 10:00", "bye")]


def test_at_another_time_it_is_missing_and_there_is_something_instead() -> None:
    verdict = played(WHOLE + HELLO_EXPECTED.replace("10T10:00", "10T10:05"), rule(HELLO))
    assert rows(verdict) == [("extra", "03-10 10:00", "hello"), ("missing", "03-10 10:05", "hello")]
    missing = verdict.rows[1]
    assert missing.instead is verdict.rows[0].entry


def test_another_rule_may_do_as_it_likes() -> None:
    assert played(WHOLE + HELLO_EXPECTED, rule(HELLO), rule(BYE, id_="other")).ok


def test_nothing_expected_means_nothing_of_the_rules_that_are_named() -> None:
    text = WHOLE + "  expect: []\n  rules: [other]\n"
    assert played(text, rule(HELLO), rule(BYE, id_="other", on="support")).ok
    assert rows(played(text, rule(HELLO), rule(BYE, id_="other"))) == [("extra", "03-10 10:00", "bye")]


def test_a_day_is_met_at_any_time_of_it() -> None:
    day = HELLO_EXPECTED.replace("2026-03-10T10:00+07:00", "2026-03-10")
    assert played(WHOLE + day, rule(HELLO)).ok
    assert not played(WHOLE + day.replace("10,", "11,"), rule(HELLO)).ok


def test_of_one_instant_the_order_does_not_matter() -> None:
    on = "on: 2026-03-10T10:00+07:00, customer: anna"
    lines = [f"{{{on}, rule: r, send: hello}}", f"{{{on}, rule: b, send: bye}}"]
    for each in (lines, lines[::-1]):
        assert played(WHOLE + f"  expect: [{', '.join(each)}]\n", rule(HELLO), rule(BYE, id_="b")).ok


def test_twice_is_once_too_often() -> None:
    more = "    - {at: 2026-03-10T10:00:30+07:00, customer: anna, purchase: {order_id: o-2, total: 9}}\n"
    verdict = played(GIVEN + more + UNTIL + HELLO_EXPECTED, rule(HELLO))
    assert [row.mark for row in verdict.rows] == ["as expected", "extra"]


@pytest.mark.parametrize(("more", "ok"), [("", True), (", channel: email", True), (", channel: sms", False)])
def test_the_channel_matters_where_it_is_said(more: str, ok: bool) -> None:
    text = WHOLE + HELLO_EXPECTED.replace("send: hello", f"send: hello{more}")
    verdict = played(text, rule(Send("hello", ("email", "sms"))))
    assert verdict.ok is ok


def test_an_offer_matters_where_it_is_said() -> None:
    steps = (Send("hello", ("email",), offer="ten"), Wait(DAY), Send("hello", ("email",), offer="twenty"))
    one = "{on: 2026-03-10T10:00+07:00, customer: anna, rule: r, send: hello, offer: ten}"
    two = "{on: 2026-03-11T10:00+07:00, customer: anna, rule: r, send: hello, offer: ten}"
    assert [row.mark for row in played(WHOLE + f"  expect: [{one}, {two}]\n", rule(*steps)).rows] == [
        "as expected",
        "extra",
        "missing",
    ]


def test_gifts_points_words_tags_and_attributes_are_expected_by_their_keys() -> None:
    on = "on: 2026-03-10T10:00+07:00, customer: anna, rule: r"
    things = ("gift: note", "points: 50", 'notify: "call her, please"', "tag: vip", "set: {size: 42, colour: red}")
    text = WHOLE + "  expect:\n" + "".join(f"    - {{{on}, {thing}}}\n" for thing in things)
    steps = (
        Grant("gift", "note"),
        Grant("points", amount=50),
        Notify("call her, please"),
        Tag("vip"),
        Assign((("size", 42), ("colour", "red"))),
    )
    assert played(text, rule(*steps)).ok
    assert [row.mark for row in played(text, rule(*steps, Tag("new"))).rows].count("extra") == 1


def test_a_gift_of_which_none_is_left_is_missing() -> None:
    line = "on: 2026-03-10T10:00+07:00, customer: anna, rule: r, gift: note"
    text = WHOLE + f"  expect: [{{{line}}}, {{{line}}}]\n"
    assert why(played(text, rule(Grant("gift", "note"), Grant("gift", "note")))) == [("denied", "stock")]


def test_points_for_money_are_expected_as_a_number() -> None:
    text = WHOLE + "  expect: [{on: 2026-03-10, customer: anna, rule: r, points: 35}]\n"
    assert played(text, rule(Grant("points", amount=1, per=2500))).ok


def test_the_reason_is_the_one_of_that_moment() -> None:
    more = "    - {at: 2026-03-12T10:00+07:00, customer: anna, support: {ticket_id: t, state: opened}}\n"
    text = GIVEN + more + UNTIL + "  expect: [{on: 2026-03-17T10:00+07:00, customer: anna, rule: r, send: bye}]\n"
    assert why(played(text, rule(Wait(7 * DAY), BYE, stop_on=("support",)))) == [("stopped", "stop-on")]
    assert why(played(text, rule(Wait(7 * DAY), BYE))) == [("waiting", "open-ticket")]
    assert why(played(text, rule(Wait(30 * DAY), BYE))) == [("waiting", "wait")]
    stops = rule(HELLO, Wait(DAY), StopIf(asked("customer.orders_since_entry == 0")), Wait(6 * DAY), BYE)
    assert why(played(text, stops)) == [("stopped", "stop-if")]
    never = rule(Wait(7 * DAY), BYE, condition=lambda event, customer: False)
    assert why(played(text, never)) == [("not-fired", "condition")]
    assert why(played(text, rule(Wait(7 * DAY), BYE, on="survey"))) == []


def test_quiet_hours_caps_and_the_morning_are_those_of_the_live_shop() -> None:
    policy = Policy(quiet=(21 * 60, 9 * 60), caps=(Cap(1, 7 * DAY),))
    more = """    - {at: 2026-03-12T23:15+07:00, customer: ben, profile: {email: b@example.com}}
    - {at: 2026-03-12T23:15+07:00, customer: ben, consent: {channel: email, state: granted}}
    - {at: 2026-03-12T23:15+07:00, customer: ben, purchase: {order_id: b-1, total: 9}}
    - {at: 2026-03-13T10:00+07:00, customer: ben, purchase: {order_id: b-2, total: 9}}
"""
    expect = HELLO_EXPECTED.replace("]", ", {on: 2026-03-13T09:00+07:00, customer: ben, rule: r, send: hello}]")
    assert played(GIVEN + more + UNTIL + expect, rule(HELLO), policy=policy).ok


def test_who_goes_quiet_needs_no_event() -> None:
    quiet = rule(Send("hello", ("email",), at=600), on="inactive", trigger=Inactive("last_order", 10 * DAY))
    expect = HELLO_EXPECTED.replace("03-10T", "03-20T")
    assert played(WHOLE + expect, quiet).ok


# Never.


@pytest.mark.parametrize(
    ("line", "ok"),
    [
        ("{rule: r}", False),
        ("{rule: r, customer: ben}", True),
        ("{rule: r, customer: anna, after: 2026-03-10, before: 2026-03-11}", False),
        ("{rule: r, after: 2026-03-12}", True),
        ("{rule: r, before: 2026-03-10T10:00+07:00}", True),
        ("{rule: r, after: 2026-03-10T10:00+07:00}", False),
        ("{rule: r, send: bye}", True),
        ("{rule: r, send: hello}", False),
        ("{rule: other}", True),
    ],
)
def test_what_must_never_happen(line: str, ok: bool) -> None:
    more = "    - {at: 2026-03-10, customer: ben, lead: {}}\n"
    text = GIVEN + more + UNTIL + f"  never: [{line}]\n"
    verdict = played(text, rule(HELLO, Wait(90 * DAY), BYE), rule(BYE, id_="other", on="support"))
    assert verdict.ok is ok
    assert [row.mark for row in verdict.rows] == ([] if ok else ["never"])


def test_what_is_expected_and_forbidden_is_forbidden() -> None:
    verdict = played(WHOLE + HELLO_EXPECTED + "  never: [{rule: r}]\n", rule(HELLO))
    assert [(row.mark, row.expected is not None) for row in verdict.rows] == [("never", True)]


# How the rules are played.


def test_nobody_is_kept_out_and_chance_takes_everybody_unless_the_test_says_otherwise() -> None:
    drawn = rule(HELLO, holdout=10_000, chance=0)
    policy = Policy(holdout=10_000)
    assert played(WHOLE + HELLO_EXPECTED, drawn, policy=policy).ok
    assert why(played(WHOLE + HELLO_EXPECTED + "  holdout: on\n", drawn)) == [("held-out", "holdout")]
    assert why(played(WHOLE + HELLO_EXPECTED + "  holdout: on\n", rule(HELLO), policy=policy)) == [
        ("held-out", "global-holdout")
    ]
    assert why(played(WHOLE + HELLO_EXPECTED + "  chance: {r: off}\n", rule(HELLO))) == [("suppressed", "chance")]
    assert played(WHOLE + HELLO_EXPECTED + "  chance: {r: on}\n", drawn).ok


def test_a_variant_is_pinned() -> None:
    both = rule(Send("hello-{variant}", ("email",)), variants=(("warm", 5_000), ("short", 5_000)))
    for variant in ("warm", "short"):
        expect = HELLO_EXPECTED.replace("send: hello", f"send: hello-{variant}")
        assert played(WHOLE + expect + f"  variants: {{r: {variant}}}\n", both).ok


@pytest.mark.parametrize("status", list(Status))
def test_a_rule_that_a_test_names_is_played_as_if_it_were_live(status: Status) -> None:
    assert played(WHOLE + HELLO_EXPECTED, rule(HELLO, status=status)).ok
    assert not played(WHOLE + "  never: [{rule: r}]\n", rule(HELLO, status=status)).ok


def test_a_rule_that_no_test_names_keeps_its_status() -> None:
    case = read(WHOLE + HELLO_EXPECTED, shop(rule(HELLO)))
    played_with = as_wanted(shop(rule(HELLO), rule(BYE, id_="draft", status=Status.DRAFT)), case)
    assert {one.id for one in played_with.by_trigger["purchase"]} == {"r"}


# Counters.


def measured(text: str) -> list[tuple[str, bool, Any]]:
    return [(one.wanted.measure, one.ok, one.was) for one in played(WHOLE + text, rule(HELLO)).measured]


def test_measures_are_those_that_retention_prints() -> None:
    assert measured("  counters: {month: {2026-03: {orders: 1, new: 1, gross_minor: 89050, crr: null}}}\n") == [
        ("orders", True, 1),
        ("new", True, 1),
        ("gross_minor", True, 89_050),
        ("crr", True, None),
    ]
    assert measured("  counters: {quarter: {2026Q1: {end: 1}}, year: {2026: {end: 2}}, overall: {buyers: 1}}\n") == [
        ("end", True, 1),
        ("end", False, 1),
        ("buyers", True, 1),
    ]
    assert measured("  counters: {month: {2026-04: {true_retention: 0.0, churn: 99.9}}}\n") == [
        ("true_retention", True, 0),
        ("churn", False, 100),
    ]
