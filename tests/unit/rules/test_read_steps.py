"""Every step of a rule file to its value, and what makes no sense in it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from retention.events import Event
from retention.money import Money
from retention.shop import Shop
from retention.state import Customer, Journey
from rules.around import Around
from rules.language import StepCondition
from rules.policy import DAY, HOUR, Policy
from rules.steps import Assign, Branch, Emit, Grant, Jump, Notify, Send, Step, StopIf, Tag, Wait, WaitUntil
from tests.unit.rules.kit import AROUND, HEAD, WHOLE, Told, good, read, told

MORE = "  - send: hello\n"


def day(written: str) -> int:
    return (dt.date.fromisoformat(written) - dt.date(1970, 1, 1)).days


def program(steps: str, on: str = "purchase", around: Around = AROUND) -> tuple[Step, ...]:
    return good(f"{HEAD}on: {on}\ndo:\n{steps}", around).do


def step(written: str, on: str = "purchase", around: Around = AROUND) -> Step:
    """The one step that is written, before another, for some cannot be the last."""
    first, _ = program(f"  - {written}\n{MORE}", on, around)
    return first


def wrong(steps: str, on: str = "purchase", around: Around = AROUND) -> list[Told]:
    return told(f"{HEAD}on: {on}\ndo:\n{steps}", around)


def codes(written: str, on: str = "purchase", around: Around = AROUND) -> list[str]:
    return [code for _, _, _, code, _ in wrong(f"  - {written}\n{MORE}", on, around)]


def holds(condition: StepCondition, orders: int = 0, tags: tuple[str, ...] = ()) -> bool:
    event = Event("shop", "e", "poke", "anna", 1, None, b"", at=1)
    customer = Customer(orders=orders, orders_ever=orders, own_tags=list(tags))
    return condition(event, customer, Journey("hello", "e", 0, 1, 1))


# Sending.


def test_a_message_goes_by_mail_at_once_when_nothing_more_is_said() -> None:
    assert program(MORE) == (Send("hello", ("email",), None, "", True),)


def test_every_key_of_a_message_is_read() -> None:
    written = (
        'send: hello\n    channel: [line, email]\n    at: "10:30"\n    offer: comeback-15\n    if_not_sent: continue'
    )
    assert step(written) == Send("hello", ("line", "email"), 630, "comeback-15", False)
    assert step("{send: hello, at: 09:00, if_not_sent: stop}") == Send("hello", ("email",), 540, "", True)


@pytest.mark.parametrize(
    ("at", "hours", "asleep"),
    [
        ("20:59", (1260, 540), False),
        ("21:00", (1260, 540), True),
        ("03:00", (1260, 540), True),
        ("08:59", (1260, 540), True),
        ("09:00", (1260, 540), False),
        ("12:59", (780, 840), False),
        ("13:00", (780, 840), True),
        ("14:00", (780, 840), False),
        ("03:00", None, False),
    ],
)
def test_a_message_cannot_leave_in_the_quiet_hours_that_it_obeys(
    at: str, hours: tuple[int, int] | None, asleep: bool
) -> None:
    around = replace(AROUND, policy=Policy(quiet=hours))
    written = f'on: purchase\ndo:\n  - {{send: hello, at: "{at}"}}\n'
    for obeys in ("", "quiet_hours: defer\n", "quiet_hours: drop\n", "class: transactional\nquiet_hours: drop\n"):
        _, document = read(f"{HEAD}{obeys}{written}", around)
        assert [one.code for one in document.problems] == ["in-quiet-hours"] * asleep
    for ignores in ("quiet_hours: ignore\n", "class: transactional\n"):
        assert good(f"{HEAD}{ignores}{written}", around)


def test_a_message_in_quiet_hours_is_told_with_ways_out() -> None:
    place = (6, 23, 7)
    assert wrong('  - {send: hello, at: "22:00"}\n') == [
        (
            *place,
            "in-quiet-hours",
            "quiet hours are from 21:00 to 09:00 (rules/policy.yaml), so the message waits until 09:00: "
            'write `at: "09:00"`, or `quiet_hours: ignore` for the rule',
        )
    ]
    (dropped,) = told(f'{HEAD}on: purchase\nquiet_hours: drop\ndo: [{{send: hello, at: "22:00"}}]\n')
    assert "so the message is never sent: write" in dropped[4]


def test_of_quiet_hours_that_are_wrong_themselves_nothing_more_is_said() -> None:
    content = f'{HEAD}on: purchase\nquiet_hours: never\ndo: [{{send: hello, at: "22:00"}}]\n'
    assert [one[3] for one in told(content)] == ["unknown-choice"]


@pytest.mark.parametrize(
    ("keys", "told_of"),
    [
        ("expires_after: 12h\n", ["expires-before"]),
        ("expires_after: 24h\n", []),
        ("class: transactional\n", []),
        ("expires_after: 12\n", ["bad-duration"]),
    ],
)
def test_a_message_for_an_hour_of_the_day_lives_a_day(keys: str, told_of: list[str]) -> None:
    _, document = read(f'{HEAD}on: purchase\n{keys}do: [{{send: hello, at: "10:00"}}]\n')
    assert [one.code for one in document.problems] == told_of
    assert good(f"{HEAD}on: purchase\nexpires_after: 12h\ndo: [{{send: hello}}]\n").expires_after == 12 * HOUR


# Giving.


def test_offers_and_gifts_are_granted_by_their_ids() -> None:
    assert step("offer: comeback-15") == Grant("offer", "comeback-15", 1, 0)
    assert step("gift: sample") == Grant("gift", "sample", 1, 0)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("offer: comback-15", 'unknown offer "comback-15"; did you mean "comeback-15"?'),
        ("{send: hello, offer: welcom-10}", 'unknown offer "welcom-10"; did you mean "welcome-10"?'),
        ("gift: simple", 'unknown gift "simple"; did you mean "sample"?'),
        ("gift: comeback-15", 'unknown gift "comeback-15"; it is an offer: write `offer: comeback-15`'),
        ("offer: sample", 'unknown offer "sample"; it is a gift: write `gift: sample`'),
        ("gift: boat", 'unknown gift "boat"; gifts stand in rules/offers.yaml'),
    ],
)
def test_what_cannot_be_given_is_told_with_what_was_meant(written: str, message: str) -> None:
    assert [one[4] for one in wrong(f"  - {written}\n")] == [message]


@pytest.mark.parametrize(
    ("written", "amount", "per"),
    [("50", 50, 0), ("1 per 25", 1, 2_500), ("3 per 0.5", 3, 50), ("1000000", 1_000_000, 0), ("2 per 19.99", 2, 1_999)],
)
def test_points_are_a_number_or_by_the_total_in_minor_units(written: str, amount: int, per: int) -> None:
    assert step(f"points: {written}") == step(f"points: {written}", "return") == Grant("points", "", amount, per)


def test_points_count_in_the_minor_units_of_the_shops_currency() -> None:
    yen = replace(AROUND, policy=Policy(Shop("JPY")))
    assert step("points: 1 per 100", around=yen) == Grant("points", "", 1, 100)
    assert codes("points: 1 per 0.5", around=yen) == ["bad-points"]
    assert codes("points: 1 per 0.005") == ["bad-points"]


@pytest.mark.parametrize("on", ["review", "social_share", "inactive\nfor: 60d", "product\naudience: true"])
def test_only_what_has_a_total_gives_points_by_it(on: str) -> None:
    assert step("points: 5", on) == Grant("points", "", 5, 0)
    assert codes("points: 1 per 25", on) == ["no-total"]


# What is known of the customer.


def test_tags_are_put_on_and_taken_off() -> None:
    assert step("tag: vip") == Tag("vip", True)
    assert step("untag: 'ลูกค้า ประจำ'") == Tag("ลูกค้า ประจำ", False)


@pytest.mark.parametrize(
    ("written", "values"),
    [
        ("{shoe_size: 42}", (("shoe_size", 42),)),
        ("{weight: 7, shoe_size: -1}", (("weight", 7), ("shoe_size", -1))),
        ("{weight: 4.5}", (("weight", Money("4.5")),)),
        ("{favourite: tea, newsletter: true}", (("favourite", "tea"), ("newsletter", True))),
        ("{favourite: '42', newsletter: false}", (("favourite", "42"), ("newsletter", False))),
        ("{favourite: null, shoe_size: ~}", (("favourite", None), ("shoe_size", None))),
        ("{favourite: 'null'}", (("favourite", "null"),)),
    ],
)
def test_attributes_are_set_to_values_of_their_kind_or_cleared(
    written: str, values: tuple[tuple[str, Any], ...]
) -> None:
    assert step(f"set: {written}") == Assign(values)
    assigned = step(f"set: {written}")
    assert isinstance(assigned, Assign)
    assert [type(value) for _, value in assigned.values] == [type(value) for _, value in values]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("{shoe_size: '42'}", 'shoe_size is a whole number such as 42, not "42"; leave the quotes out'),
        ("{shoe_size: 42.5}", 'shoe_size is a whole number such as 42, not "42.5"'),
        ("{shoe_size: large}", 'shoe_size is a whole number such as 42, not "large"'),
        ("{shoe_size: ๔๒}", 'shoe_size is a whole number such as 42, not "๔๒"; write 42'),
        ("{weight: 4,5}", 'unknown attribute "5"; declare it in rules/events.yaml: `attributes: {5: text}`'),
        ("{newsletter: yes}", 'newsletter is true or false, not "yes"; write true'),
        ("{newsletter: 'true'}", 'newsletter is true or false, not "true"; leave the quotes out'),
        ("{newsletter: 2}", 'newsletter is true or false, not "2"'),
        ("{favourite: 42}", "favourite is a text, which belongs here; 42 reads as a number: put quotes round it"),
        ("{favourite: }", "a value, or null to clear it, belongs here, nothing stands here"),
        ("{favourite: [tea]}", "a value, or null to clear it, belongs here, not a list"),
        ("{shoe_siez: 42}", 'unknown attribute "shoe_siez"; did you mean "shoe_size"?'),
        (
            "{customer.attributes.shoe_size: 42}",
            'unknown attribute "customer.attributes.shoe_size"; did you mean "shoe_size"?',
        ),
        ("{email: a@example.com}", 'unknown attribute "email"; it is of the profile, which the shop alone sets'),
        ("{shoe_size: 42, shoe_size: 43}", '"shoe_size" stands here twice'),
        ("{}", "set is the shop's own attributes with values, such as {shoe_size: 42}"),
        ("[shoe_size]", "set is the shop's own attributes with values, such as {shoe_size: 42}"),
    ],
)
def test_what_cannot_be_set_is_told(written: str, message: str) -> None:
    assert message in [one[4] for one in wrong(f"  - set: {written}\n")]


# Telling others.


def test_the_staff_is_told_and_topics_get_events() -> None:
    assert step("notify: Call them") == Notify("Call them")
    assert step("emit: shop.Gold_members-2") == Emit("shop.Gold_members-2")


@pytest.mark.parametrize("topic", ["dead-letters", "notifications", "__consumer_offsets"])
def test_topics_that_others_write_are_not_written(topic: str) -> None:
    assert codes(f"emit: {topic}") == ["topic-taken"]


@pytest.mark.parametrize("topic", ["'.'", "..", "a/b", "ร้าน", "x" * 250])
def test_what_kafka_takes_for_no_topic_is_told(topic: str) -> None:
    assert codes(f"emit: {topic}") == ["bad-topic"]


# Waiting.


def test_a_wait_is_a_length_of_time() -> None:
    assert step("wait: 7d") == Wait(7 * DAY)
    assert step("wait: 90m") == Wait(HOUR * 3 // 2)


@pytest.mark.parametrize(
    ("written", "until"),
    [
        ('"10:00"', WaitUntil(600)),
        ("10:00", WaitUntil(600)),
        ('"friday 10:00"', WaitUntil(600, 4)),
        ("monday 00:00", WaitUntil(0, 0)),
        ("sunday 23:59", WaitUntil(1_439, 6)),
        ("2026-12-24", WaitUntil(0, None, day("2026-12-24"))),
        ('"2026-12-24 10:00"', WaitUntil(600, None, day("2026-12-24"))),
    ],
)
def test_what_is_waited_for_is_a_time_a_weekday_or_a_day(written: str, until: WaitUntil) -> None:
    assert step(f"wait_until: {written}") == until


@pytest.mark.parametrize("first", ["2026-12-24", "2026-12-23"])
def test_a_day_is_waited_for_when_it_is_not_over_when_the_rule_begins(first: str) -> None:
    assert good(f"{HEAD}on: purchase\nactive: {{from: {first}}}\ndo:\n  - wait_until: 2026-12-24\n{MORE}")


LAST = [
    ("  - wait: 7d\n", [(6, 5, 8)]),
    (f"{MORE}  - wait_until: '10:00'\n", [(7, 5, 19)]),
    ("  - if: customer.staff\n    then:\n      - wait: 7d\n", [(8, 9, 8)]),
    ("  - if: customer.staff\n    then: [wait: 7d]\n    else: [wait: 8d]\n", [(7, 12, 8), (8, 12, 8)]),
]


@pytest.mark.parametrize(("steps", "places"), LAST)
def test_a_wait_that_nothing_comes_after_is_told(steps: str, places: list[tuple[int, int, int]]) -> None:
    assert [one[:4] for one in wrong(steps)] == [(*place, "waits-last") for place in places]
    assert program(steps + MORE)


# Conditions.


def test_a_step_asks_of_the_entry_too() -> None:
    asked = step("stop_if: customer.orders_since_entry > 0")
    assert isinstance(asked, StopIf)
    assert (holds(asked.condition, orders=2), holds(asked.condition, orders=1)) == (True, False)
    both = step("stop_if: [customer.orders_since_entry > 0, has_tag('vip')]")
    assert isinstance(both, StopIf)
    assert (holds(both.condition, 2, ("vip",)), holds(both.condition, 2)) == (True, False)


@pytest.mark.parametrize("on", ["inactive\nfor: 60d", "date\nfield: customer.birth_date", "product\naudience: true"])
def test_what_nobody_caused_has_an_entry_and_no_event(on: str) -> None:
    assert isinstance(step("stop_if: customer.orders_since_entry > 0", on), StopIf)
    assert codes("stop_if: event.total > 100", on) == ["unknown-field"]


def test_branches_are_laid_flat_inside_each_other() -> None:
    rule = good(WHOLE["soon-older"], name="soon-older")
    shape = [
        (one.otherwise if isinstance(one, Branch) else one.to if isinstance(one, Jump) else type(one).__name__)
        for one in rule.do
    ]
    assert shape == ["WaitUntil", 9, "Grant", 6, "Notify", 8, "Tag", "Assign", 10, "Grant", "Send"]
    assert rule.do[2] == Grant("gift", "handwritten-note")


@pytest.mark.parametrize(
    "steps",
    [
        f"  - stop_if: true\n{MORE}",
        f"  - stop_if: not false\n{MORE}{MORE}",
        f"  - if: customer.staff\n    then: [stop_if: true]\n    else: [stop_if: true]\n{MORE}",
        f"  - if: customer.staff\n    then:\n      - stop_if: true\n      - send: hello\n{MORE}",
    ],
)
def test_a_step_that_nobody_comes_to_is_told_once(steps: str) -> None:
    assert [one[3] for one in wrong(steps)] == ["unreachable"]


@pytest.mark.parametrize(
    "steps",
    [
        f"{MORE}  - stop_if: true\n",
        f"  - if: customer.staff\n    then: [stop_if: true]\n{MORE}",
        f"  - if: customer.staff\n    then: [stop_if: true]\n    else: [tag: vip]\n{MORE}",
        f"  - stop_if: has_tag('vip') or true == customer.staff\n{MORE}",
    ],
)
def test_a_step_that_somebody_comes_to_is_right(steps: str) -> None:
    assert program(steps)


@pytest.mark.parametrize(
    "written", ["if: true\n    then: [tag: a]", "if: false\n    then: [tag: a]", "stop_if: not true"]
)
def test_a_condition_that_is_the_same_for_all_is_told(written: str) -> None:
    assert codes(written) == ["always-the-same"]


@pytest.mark.parametrize(
    ("written", "code", "words"),
    [
        ("purchase", "unknown-field", "stop_on: [purchase]"),
        ("message.unsubscribed", "unknown-field", "stop_on: [message.unsubscribed]"),
        ("social_share", "unknown-field", "stop_on: [social_share]"),
        ("purchase.total > 100", "unknown-field", 'unknown field "purchase.total"'),
    ],
)
def test_an_event_is_no_condition(written: str, code: str, words: str) -> None:
    (found,) = wrong(f"  - stop_if: {written}\n{MORE}")
    assert found[3] == code
    assert words in found[4]


def nested(depth: int) -> str:
    """`if` inside `if`, so many."""
    lines = [
        f"{'    ' * level}  - if: customer.orders > {level}\n{'    ' * level}    then:\n" for level in range(depth)
    ]
    return "".join(lines) + "    " * depth + "  - tag: vip\n"


def test_ifs_nest_four_deep() -> None:
    assert len(program(nested(4))) == 5
    assert [(one[0], one[3]) for one in wrong(nested(5))] == [(14, "too-deep")]
    assert [one[3] for one in wrong(nested(9))] == ["too-deep"]


def test_steps_inside_an_if_are_counted_too() -> None:
    half = "  - if: customer.orders > {}\n    then:\n      - tag: vip\n"
    ten = "".join(half.format(number) for number in range(10))
    assert len(program(ten)) == 20
    assert [one[3] for one in wrong(ten + MORE)] == ["too-long"]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ("  -\n", ["empty-value"]),
        ("  - {}\n", ["empty-value"]),
        ("  - ''\n", ["empty-value"]),
        ("  - [send: hello]\n", ["wrong-type"]),
        ("  - if: customer.staff\n    then:\n", ["empty-value"]),
        ("  - if: customer.staff\n    then: []\n", ["empty-value"]),
        ("  - if: customer.staff\n    then: [tag: a]\n    else: []\n", ["empty-value"]),
        ("  - if: customer.staff\n    then: tag vip\n", ["wrong-type"]),
        ("  - if: customer.staff\n", ["missing-key"]),
        ("  - if: customer.staff\n    thn: [tag: a]\n", ["unknown-key"]),
        ("  - if:\n    then: [tag: a]\n", ["empty-value"]),
        ("  - then: [tag: a]\n", ["no-step"]),
        ("  - channel: email\n    at: '10:00'\n", ["no-step"]),
        ("  - channel: email\n    sned: hello\n", ["unknown-key"]),
        ("  - send: hello\n    tag: vip\n    wait: 7d\n", ["two-steps"]),
        ("  - offer: comeback-15\n    gift: sample\n", ["two-steps"]),
        ("  - tag: vip\n    channel: email\n", ["unknown-key"]),
        ("  - tag: vip\n    tag: gold\n", ["duplicate-key"]),
        ("  - ? [a]\n", ["unknown-key"]),
    ],
)
def test_what_is_no_step_is_told_once(steps: str, expected: list[str]) -> None:
    assert [one[3] for one in wrong(steps)] == expected


def test_mistakes_of_all_steps_are_told_at_once() -> None:
    steps = "  - wait: 7\n  - if: customer.oders > 1\n    then: [gift: boat]\n    else: [points: -5]\n  - send: helo\n"
    expected = ["bad-duration", "unknown-field", "unknown-gift", "bad-points", "unknown-template"]
    assert [one[3] for one in wrong(steps)] == expected
