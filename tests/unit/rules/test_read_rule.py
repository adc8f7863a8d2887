"""Every key of a rule file to its value, and what makes no sense together."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from msgspec.structs import replace as changed

from retention.events import Event, Product
from retention.money import Money
from retention.state import Customer
from rules.around import Around
from rules.document import Document
from rules.language import Condition
from rules.policy import DAY, HOUR, TRANSACTIONAL, Policy
from rules.read_rule import KEYS
from rules.read_steps import KEYS as STEP_KEYS
from rules.read_steps import STEPS
from rules.reading import keys
from rules.ruleset import CatchUp, FanOut, Goal, Inactive, MessageClass, OnDate, Reentry, Status
from tests.unit.rules.kit import AROUND, DO, HEAD, WHOLE, good, told

ON = "on: purchase\n"
INACTIVE = "on: inactive\nfor: 60d\n"
BIRTHDAY = "on: date\nfield: customer.birth_date\n"


def day(written: str) -> int:
    return (dt.date.fromisoformat(written) - dt.date(1970, 1, 1)).days


def holds(condition: Condition | None, **customer: Any) -> bool:
    """Whether it holds for such a customer, at an event that nobody caused."""
    assert condition is not None
    return condition(Event("shop", "e", "poke", "anna", 1, None, b"", at=1), Customer(**customer))


def codes(content: str, around: Around = AROUND) -> list[str]:
    return [code for _, _, _, code, _ in told(HEAD + content, around)]


def test_every_key_of_the_rule_is_read() -> None:
    rule = good(WHOLE["win-back"], name="win-back")
    assert (rule.id, rule.name, rule.status) == ("win-back", "Come back, we miss you", Status.LIVE)
    assert (rule.on, rule.trigger) == ("inactive", Inactive("last_order", 0, 150))
    assert rule.active == (day("2026-03-01"), day("2026-06-30"))
    assert rule.catch_up == CatchUp(500)
    assert rule.goal == Goal("purchase", 21 * DAY)
    assert (rule.holdout, rule.chance, rule.group, rule.priority) == (1_000, 5_000, "one-a-day", 40)
    assert rule.variants == (("warm", 5_000), ("short", 5_000))
    assert rule.class_ is MessageClass.MARKETING
    assert (rule.quiet, rule.wait_if_capped, rule.expires_after) == ("drop", True, 48 * HOUR)
    assert rule.stop_on == ("purchase", "message.unsubscribed", "social_share")
    assert rule.reentry == Reentry("after", 120 * DAY)
    assert holds(rule.condition, orders=3, gross=150_000)
    assert not holds(rule.condition, orders=2, gross=150_000)


def test_the_files_of_the_tests_have_every_key_and_every_step() -> None:
    written: set[str] = set()
    for name, content in WHOLE.items():
        document = Document(name, content)
        assert document.root is not None
        written |= set(keys(document, document.root, KEYS))
        written |= {word for word in (*STEPS, *STEP_KEYS["send"], *STEP_KEYS["if"]) if f"{word}:" in document.text}
    assert written == {*KEYS, *STEPS, *STEP_KEYS["send"], *STEP_KEYS["if"]}


def test_a_rule_that_says_nothing_more_has_the_defaults() -> None:
    rule = good(HEAD + ON + DO)
    assert (rule.on, rule.trigger, rule.condition, rule.goal) == ("purchase", None, None, None)
    assert (rule.wait_if_capped, rule.expires_after, rule.quiet) == (False, None, None)
    assert (rule.stop_on, rule.catch_up, rule.reentry) == ((), None, Reentry("never"))


# What fires it.


@pytest.mark.parametrize(
    ("written", "trigger"),
    [
        ("for: 60d\n", Inactive("last_order", 60 * DAY)),
        ("for: 8w\nsince: last_event\n", Inactive("last_event", 56 * DAY)),
        ("for: own_rhythm * 2\n", Inactive("last_order", 0, 200)),
        ("for: own_rhythm*0.75\nsince: last_order\n", Inactive("last_order", 0, 75)),
    ],
)
def test_inactive_is_a_length_of_time_or_the_customers_own_rhythm(written: str, trigger: Inactive) -> None:
    rule = good(f"{HEAD}on: inactive\n{written}reentry: always\n{DO}")
    assert (rule.on, rule.trigger, rule.reentry) == ("inactive", trigger, Reentry("always"))


@pytest.mark.parametrize(
    ("written", "trigger"),
    [
        ("field: customer.birth_date\n", OnDate("customer.birth_date", 0)),
        ("field: customer.points_expire_at\noffset: -14d\n", OnDate("customer.points_expire_at", -14)),
        ("field: customer.attributes.favourite\noffset: 2w\n", OnDate("customer.attributes.favourite", 14)),
        ("field: customer.birth_date\noffset: +1d\n", OnDate("customer.birth_date", 1)),
        ("field: customer.birth_date\noffset: 0d\n", OnDate("customer.birth_date", 0)),
    ],
)
def test_a_date_has_a_field_and_days_before_or_after(written: str, trigger: OnDate) -> None:
    rule = good(f"{HEAD}on: date\n{written}{DO}")
    assert (rule.on, rule.trigger) == ("date", trigger)


def test_what_comes_once_can_be_caught_up_with_and_a_birthday_cannot() -> None:
    for written in (INACTIVE, "on: date\nfield: customer.points_expire_at\n"):
        assert good(f"{HEAD}{written}catch_up: 20 per day\n{DO}").catch_up == CatchUp(20)
    assert codes(f"{BIRTHDAY}catch_up: 20 per day\n{DO}") == ["key-of-another-trigger"]


@pytest.mark.parametrize("period", ["day", "week", "month", "quarter", "year"])
def test_what_comes_every_period_is_for_an_audience_again_and_again(period: str) -> None:
    rule = good(f'{HEAD}every: {period}\naudience: segment("loyal")\nwhen: customer.staff == false\n{DO}')
    assert isinstance(rule.trigger, FanOut)
    assert (rule.on, rule.trigger.every, rule.reentry) == ("", period, Reentry("always"))
    assert holds(rule.trigger.audience, orders=3)
    assert not holds(rule.trigger.audience, orders=2)
    assert holds(rule.condition, staff=False)


def test_a_product_is_for_an_audience_and_conditions_see_both() -> None:
    rule = good(WHOLE["new-article"], name="new-article")
    assert isinstance(rule.trigger, FanOut)
    assert (rule.on, rule.trigger.every, rule.reentry) == ("product", "", Reentry("never"))
    assert holds(rule.trigger.audience, categories={"tea": 1}, orders=3)
    assert not holds(rule.trigger.audience, categories={"tea": 1}, orders=2)
    product = f"{HEAD}on: product\naudience: true\n"
    assert holds(good(f"{product}when: customer.orders > 1\n{DO}").condition, orders=2)
    dear = good(f"{product}when: event.category in customer.categories and event.price < 500\n{DO}").condition
    assert dear is not None
    for price, categories, meant in [(49_999, {"tea": 1}, True), (50_000, {"tea": 1}, False), (100, {}, False)]:
        article = Product("TEA-9", "Doi White", "tea", Money(f"{price / 100}"))
        event = Event("s", "i", "product", "anna", 1, article, b"", price)
        assert dear(event, Customer(categories=categories)) is meant
    unpriced = Event("s", "i", "product", "anna", 1, Product("TEA-9", "Doi White", "tea"), b"")
    assert not dear(unpriced, Customer(categories={"tea": 1}))
    assert codes(f'on: product\naudience: event.sku == "x"\n{DO}') == ["unknown-field"]


def test_an_event_of_the_shops_own_fires_rules_and_is_a_goal() -> None:
    rule = good(WHOLE["we-saw-it"], name="we-saw-it")
    assert (rule.on, rule.goal) == ("social_share", Goal("event_rsvp", AROUND.policy.attribution))
    assert codes(f"on: social_shar\n{DO}") == ["unknown-event"]


@pytest.mark.parametrize("rule", ["on: purchase\nwhen: false\n", "every: day\naudience: [customer.staff, not true]\n"])
def test_a_rule_for_nobody_is_told(rule: str) -> None:
    assert codes(rule + DO) == ["always-the-same"]


# What it obeys, and how it ends.


def test_a_goal_without_a_time_has_that_of_the_policy() -> None:
    around = replace(AROUND, policy=Policy(attribution=3 * DAY))
    assert good(f"{HEAD}{ON}goal: {{event: review}}\n{DO}", around).goal == Goal("review", 3 * DAY)


@pytest.mark.parametrize("written", ["defer", "drop", "ignore"])
def test_a_rule_may_have_its_own_way_with_quiet_hours(written: str) -> None:
    assert good(f"{HEAD}{ON}quiet_hours: {written}\n{DO}").quiet == written


def test_one_event_alone_may_end_a_rule() -> None:
    assert good(f"{HEAD}{ON}stop_on: return\n{DO}").stop_on == ("return",)
    assert good(f"{HEAD}{ON}stop_on: [return.requested, message.clicked]\n{DO}").stop_on == (
        "return.requested",
        "message.clicked",
    )


@pytest.mark.parametrize("written", ["message", "message.sent", "message.delivered"])
def test_a_rules_own_messages_do_not_end_it(written: str) -> None:
    assert codes(f"{ON}stop_on: {written}\n{DO}") == ["stops-itself"]


def test_what_obeys_no_caps_cannot_wait_for_them() -> None:
    transactional = f"{ON}class: transactional\nif_capped: wait\n{DO}"
    assert codes(transactional) == ["not-capped"]
    limits = Policy().limits | {"transactional": changed(TRANSACTIONAL, capped=True)}
    assert good(HEAD + transactional, Around(Policy(limits=limits))).wait_if_capped


def test_variants_that_no_message_uses_are_told_at_their_key() -> None:
    assert told(f"{HEAD}{ON}variants: {{warm: 50%, short: 50%}}\n{DO}")[0][:4] == (5, 1, 8, "unused-variants")
    nested = 'do:\n  - if: customer.staff\n    then: [send: "hello-{variant}"]\n'
    assert len(good(f"{HEAD}{ON}variants: {{warm: 50%, short: 50%}}\n{nested}").variants) == 2


@pytest.mark.parametrize(
    "line", ["for: 7d", "since: last_order", "field: x", "offset: x", "audience: x", "catch_up: x"]
)
def test_a_key_of_another_trigger_is_told_once_at_its_name(line: str) -> None:
    key = line.partition(":")[0]
    assert [one[:4] for one in told(f"{HEAD}{ON}{line}\n{DO}")] == [(5, 1, len(key), "key-of-another-trigger")]


@pytest.mark.parametrize(
    ("trigger", "line"),
    [
        (INACTIVE, "field: customer.birth_date"),
        (INACTIVE, "audience: true"),
        (BIRTHDAY, "for: 7d"),
        (BIRTHDAY, "since: last_order"),
        ("every: month\naudience: true\n", "catch_up: 5 per day"),
        ("every: month\naudience: true\n", "offset: 3d"),
        ("on: product\naudience: true\n", "catch_up: 5 per day"),
    ],
)
def test_triggers_do_not_share_their_keys(trigger: str, line: str) -> None:
    assert codes(f"{trigger}{line}\n{DO}") == ["key-of-another-trigger"]


def test_all_mistakes_of_all_keys_are_told_at_once() -> None:
    content = (
        f"on: inactiv\nfor: 60\nsince: x\ngoal: x\nstop_on: x\nexpires_after: x\nif_capped: x\nquiet_hours: x\n{DO}"
    )
    assert codes(content) == [
        "unknown-event",
        "bad-duration",
        "unknown-choice",
        "wrong-type",
        "unknown-event",
        "bad-duration",
        "unknown-choice",
        "unknown-choice",
    ]


# Files around it that are broken.


def test_of_what_a_broken_file_would_hold_nothing_is_said() -> None:
    broken = Around(segments=None, declared=None, offers=None, gifts=None)
    steps = "  - set: {hat_size: 7}\n  - gift: teddy\n  - send: hello\n    offer: tenner\n"
    for trigger in ("on: store_visit\n", "on: date\nfield: customer.attributes.wedding_day\n"):
        content = f'{trigger}when: segment("x") and customer.attributes.hat == "y"\nstop_on: [store_visit]\n'
        content += "goal: {event: store_visit}\n"
        assert good(f"{HEAD}{content}do:\n{steps}", broken)
    assert codes(f"on: store_visit\n{DO}", Around()) == ["unknown-event"]


def test_around_a_rule_everything_has_a_default() -> None:
    assert good(HEAD + ON + DO, Around()).on == "purchase"
    assert codes(f"{ON}do: [{{gift: sample}}, {{offer: comeback-15}}]\n", Around()) == ["unknown-gift", "unknown-offer"]
