"""What editors are told of the marketers' files: schemas that take what is right, refuse what they can, and explain."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from typer.testing import CliRunner

from console.cli.rules import Kind, app
from rules import read_events, read_limits, read_offers, read_policy, read_steps
from rules.around import Around
from rules.document import Document
from rules.formats import FORMATS
from rules.formats.describe import Key, described
from rules.formats.reference import page
from rules.formats.schema import FOLDER, file_of, schema_of, text_of
from rules.language.schema import TRIGGERS, Declared
from rules.read_rule import KEYS as READ_RULE_KEYS
from rules.read_rule import read_rule
from rules.ruleset import ADDRESSES
from rules.testing import read as read_test
from rules.testing.read_expected import EXPECT_KEYS, NEVER_KEYS
from rules.testing.read_given import ABOUT
from rules.wordings import plainly
from tests.unit.rules.kit import WHOLE
from tests.unit.rules.valid_rules import ATTRIBUTES, EVENTS, RULES
from tests.unit.rules.yaml_values import values

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs/reference/rules.md"
KINDS = sorted(FORMATS)


@cache
def validator(kind: str) -> Draft7Validator:
    return Draft7Validator(schema_of(FORMATS[kind]))


def accepts(kind: str, text: str) -> bool:
    return bool(validator(kind).is_valid(values(text)))


def keys_of(kind: str) -> Iterator[Key]:
    """Every key that is described, those inside others too."""
    one = FORMATS[kind]
    open_ = [*one.shape.keys, *(key for section in one.sections for key in section.keys)]
    while open_:
        key = open_.pop()
        yield key
        open_ += key.shape.keys + (key.shape.inner.keys if key.shape.inner else ())


# In date.


@pytest.mark.parametrize("kind", KINDS)
def test_the_schema_in_the_folder_is_what_the_descriptions_say(kind: str) -> None:
    file = FOLDER / file_of(kind)
    assert file.read_text(encoding="utf-8") == text_of(kind), (
        f"renew it: regulars rules schema {kind} > rules/{file.name}"
    )


def test_the_page_is_what_the_descriptions_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "renew it: .venv/bin/python -m rules.formats.reference > docs/reference/rules.md"
    )


@pytest.mark.parametrize("kind", KINDS)
def test_the_command_prints_the_schema(kind: str) -> None:
    assert CliRunner().invoke(app, ["schema", kind]).stdout == text_of(kind)


def test_the_command_prints_the_rules_schema_when_no_kind_is_named() -> None:
    assert CliRunner().invoke(app, ["schema"]).stdout == text_of("rule")


def test_the_command_knows_every_kind() -> None:
    assert get_args(Kind) == tuple(FORMATS)


# They explain.


@pytest.mark.parametrize("kind", KINDS)
def test_a_schema_is_one_of_draft_7(kind: str) -> None:
    Draft7Validator.check_schema(schema_of(FORMATS[kind]))


def properties(schema: Any) -> Iterator[tuple[str, Any]]:
    """Every key of every mapping in a schema that has some of its own."""
    if isinstance(schema, dict):
        if schema.get("additionalProperties") is False:
            yield from schema["properties"].items()
        for part in schema.values():
            yield from properties(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from properties(part)


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_has_words_that_an_editor_shows(kind: str) -> None:
    found = [(name, one) for name, one in properties(schema_of(FORMATS[kind])) if one is not True]
    assert found or kind == "segments"
    assert [name for name, one in found if not one.get("description", "").strip()] == []


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_said_of_a_key_is_a_sentence(kind: str) -> None:
    for key in keys_of(kind):
        assert key.says[0].isupper() or key.says[0] == "`", key.name
        assert key.says[-1] in ".?", key.name


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_of_a_key_is_a_value_it_takes(kind: str) -> None:
    definitions = {"definitions": dict(FORMATS[kind].definitions)}
    for key in keys_of(kind):
        value = values(f"{key.name}: {key.example}")[key.name]
        assert Draft7Validator(described(key) | definitions).is_valid(value), (key.name, value)


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_of_a_file_is_right(kind: str) -> None:
    one = FORMATS[kind]
    assert list(validator(kind).iter_errors(values(one.example))) == []


def test_events_and_channels_are_completed() -> None:
    rule = schema_of(FORMATS["rule"])
    assert set(rule["properties"]["on"]["anyOf"][0]["enum"]) == {*TRIGGERS, "inactive", "date", "product"}
    assert rule["definitions"]["step"]["properties"]["channel"]["anyOf"][0]["enum"] == list(ADDRESSES)


def properties_of(kind: str, *path: str) -> set[str]:
    """The keys of a mapping in a schema."""
    schema: Any = schema_of(FORMATS[kind])
    for name in path:
        schema = schema[name]
    return set(schema["properties"])


INNER = {
    "a step": ("rule", ("definitions", "step"), {*read_steps.STEPS, *read_steps.OWNERS}),
    "an offer": ("offers", ("properties", "offers", "additionalProperties"), read_offers.OFFER_KEYS),
    "a gift": ("offers", ("properties", "gifts", "additionalProperties"), read_offers.GIFT_KEYS),
    "a class": ("policy", ("properties", "classes", "properties", "marketing"), read_limits.CLASS_KEYS),
    "a test": ("tests", ("items",), read_test.KEYS),
    "what is given": ("tests", ("items", "properties", "given", "items"), {*ABOUT, *TRIGGERS, "product"}),
    "what is expected": ("tests", ("items", "properties", "expect", "items"), EXPECT_KEYS),
    "what never happens": ("tests", ("items", "properties", "never", "items"), NEVER_KEYS),
    "a rule": ("rule", (), READ_RULE_KEYS),
    "the policy": ("policy", (), read_policy.KEYS),
    "the offers": ("offers", (), read_offers.KEYS),
    "the events": ("events", (), read_events.KEYS),
}


@pytest.mark.parametrize("name", sorted(INNER))
def test_the_keys_that_are_described_are_those_that_are_read(name: str) -> None:
    kind, path, read = INNER[name]
    assert properties_of(kind, *path) == set(read)


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_a_file_with_every_key_is_taken(name: str) -> None:
    assert list(validator("rule").iter_errors(values(WHOLE[name].decode()))) == []


# The shipped files.

SHIPPED = sorted((ROOT / "rules").rglob("*.yaml"))


def kind_of(file: Path) -> str:
    """By where it lies."""
    return {"campaigns": "rule", "tests": "tests"}.get(file.parent.name, file.stem)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_a_shipped_file_is_right_and_names_its_schema(file: Path) -> None:
    content = file.read_text(encoding="utf-8")
    assert list(validator(kind_of(file)).iter_errors(values(content))) == []
    first = content.partition("\n")[0]
    assert first.startswith("# yaml-language-server: $schema=")
    assert (file.parent / first.partition("=")[2]).resolve() == FOLDER / file_of(kind_of(file))


# What is refused.

RULE = "id: welcome\nname: Welcome\nstatus: live\non: purchase\ndo:\n  - send: welcome\n"
INACTIVE = RULE.replace("on: purchase", "on: inactive\nfor: 60d")
MONTHLY = RULE.replace("on: purchase", "every: month\naudience: true")
OFFER = "offers:\n  ten: {name: Ten off, %s}\n"
POLICY = "currency: THB\ntime_zone: Asia/Bangkok\n"
TEST = "- name: thanked\n  given: [{at: 2026-01-01, customer: anna, lead: {}}]\n  until: 2026-02-01\n"
NEVER = "  never: [{rule: welcome}]\n"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("rule", RULE),
        ("rule", INACTIVE),
        ("rule", MONTHLY),
        ("policy", POLICY),
        ("offers", OFFER % "percent: 10%"),
        ("tests", TEST + NEVER),
        ("events", "events: {social_share: {}}\n"),
        ("segments", "all: true\n"),
    ],
)
def test_the_small_files_from_which_wrong_ones_are_made_are_right(kind: str, text: str) -> None:
    assert accepts(kind, text)


WRONG_RULES = {
    "an unknown key": RULE + "wen: customer.orders > 1\n",
    "a key with a capital": RULE.replace("name:", "Name:"),
    "no id": RULE.replace("id: welcome\n", ""),
    "no steps": RULE.partition("do:")[0],
    "an empty list of steps": RULE.partition("do:")[0] + "do: []\n",
    "an id with a space": RULE.replace("id: welcome", "id: wel come"),
    "a number for a name": RULE.replace("name: Welcome", "name: 2026"),
    "nothing for a name": RULE.replace("name: Welcome", "name:"),
    "an unknown status": RULE.replace("live", "on"),
    "an event no shop can declare": RULE.replace("purchase", "Purchase made"),
    "an event of Regulars' own": RULE.replace("purchase", "poke"),
    "both on and every": RULE + "every: month\naudience: true\n",
    "neither on nor every": RULE.replace("on: purchase\n", ""),
    "an unknown period": MONTHLY.replace("month", "fortnight"),
    "every without an audience": MONTHLY.replace("audience: true\n", ""),
    "a product without an audience": RULE.replace("purchase", "product"),
    "an audience for a purchase": RULE + "audience: true\n",
    "inactive without for": INACTIVE.replace("for: 60d\n", ""),
    "for with a purchase": RULE + "for: 60d\n",
    "since with a purchase": RULE + "since: last_order\n",
    "since something else": INACTIVE + "since: last_visit\n",
    "a date without a field": RULE.replace("purchase", "date"),
    "offset with a purchase": RULE + "offset: -7d\n",
    "an offset in hours": RULE.replace("purchase", "date\nfield: customer.birth_date") + "offset: 7h\n",
    "a field that is no date": RULE.replace("purchase", "date\nfield: customer.orders"),
    "catch_up with a purchase": RULE + "catch_up: 500 per day\n",
    "catch_up a week": INACTIVE + "catch_up: 500 per week\n",
    "a duration without a unit": INACTIVE.replace("60d", "60"),
    "a duration in words": INACTIVE.replace("60d", "60 days"),
    "a rhythm of words": INACTIVE.replace("60d", "own_rhythm * two"),
    "an empty condition": RULE + 'when: ""\n',
    "a condition that is a number": RULE + "when: 3\n",
    "conditions as a mapping": RULE + "when: {customer.orders: 3}\n",
    "no conditions in a list": RULE + "when: []\n",
    "a share without a percent": RULE + "holdout: 10\n",
    "a share over 100%": RULE + "chance: 101%\n",
    "a share of three decimals": RULE + "chance: 10.125%\n",
    "a holdout of a receipt": RULE + "class: transactional\nholdout: 10%\n",
    "an unknown class": RULE + "class: news\n",
    "one variant": RULE + "variants: {warm: 100%}\n",
    "a priority with decimals": RULE + "priority: 4.5\n",
    "a priority that is too high": RULE + "priority: 1001\n",
    "a group with a space": RULE + "group: one a day\n",
    "a day that no calendar has": RULE + "active: {from: 2026-13-01}\n",
    "an empty period": RULE + "active: {}\n",
    "an unknown key in active": RULE + "active: {until: 2026-01-01}\n",
    "a goal without an event": RULE + "goal: {within: 14d}\n",
    "a goal that is a word": RULE + "goal: purchase\n",
    "quiet hours as hours": RULE + 'quiet_hours: {from: "21:00"}\n',
    "an unknown way when capped": RULE + "if_capped: queue\n",
    "expiring never": RULE + "expires_after: never\n",
    "reentry in words": RULE + "reentry: sometimes\n",
    "reentry without after": RULE + "reentry: 30d\n",
    "stopping at its own message": RULE + "stop_on: message.sent\n",
    "an event twice": RULE + "stop_on: [purchase, purchase]\n",
    "no event to stop at": RULE + "stop_on: []\n",
}
WRONG_STEPS = {
    "a word": "- welcome",
    "nothing": "- {}",
    "an unknown key": "- sent: welcome",
    "a misspelt channel": "- {send: welcome, channel: emial}",
    "a channel twice": "- {send: welcome, channel: [email, email]}",
    "no channel": "- {send: welcome, channel: []}",
    "a channel without a message": "- {tag: vip, channel: email}",
    "a time that is none": '- {send: welcome, at: "25:00"}',
    "a time without a message": '- {wait: 1d, at: "10:00"}',
    "an unknown fate": "- {send: welcome, if_not_sent: retry}",
    "two steps in one": "- {send: welcome, wait: 7d}",
    "two gifts in one": "- {gift: note, offer: ten}",
    "a wait without a unit": "- wait: 7",
    "a wait in words": "- wait: a week",
    "a point in time that is none": "- wait_until: tomorrow",
    "then without if": "- then: [{send: welcome}]",
    "if without then": "- if: customer.orders > 1",
    "else beside a message": "- {send: welcome, else: [{tag: vip}]}",
    "no steps in then": "- {if: customer.orders > 1, then: []}",
    "a wrong step inside": "- {if: customer.orders > 1, then: [{wait: 7}]}",
    "an empty condition": '- stop_if: ""',
    "points in words": "- points: fifty",
    "no points": "- points: 0",
    "points per cent": "- points: 1%",
    "a topic of Regulars' own": "- emit: purchases",
    "a topic with a space": "- emit: my topic",
    "no attributes": "- set: {}",
    "an attribute with a dash": "- set: {shoe-size: 42}",
    "an attribute that is a list": "- set: {sizes: [41, 42]}",
    "a tag that is a number": "- tag: 5",
    "words that are a list": "- notify: [a, b]",
    "a gift with a capital": "- gift: Note",
}
WRONG_OTHERS = [
    ("segments", "Loyal: customer.orders > 3\n"),
    ("segments", "loyal:\n"),
    ("segments", "loyal: 3\n"),
    ("segments", "- loyal\n"),
    ("offers", "offer: {}\n"),
    ("offers", OFFER % "percent: 10"),
    ("offers", OFFER % "amount: ten"),
    ("offers", OFFER % "amount: -5"),
    ("offers", OFFER % "free_shipping: false"),
    ("offers", OFFER % "minimum: 500"),
    ("offers", OFFER % "percent: 10%, amount: 100"),
    ("offers", OFFER % "amount: 100, most: 300"),
    ("offers", OFFER % "percent: 10%, prefix: tea"),
    ("offers", OFFER % "percent: 10%, prefix: TEA, pool: teas"),
    ("offers", OFFER % "percent: 10%, when_empty: wait"),
    ("offers", OFFER % "percent: 10%, period: month"),
    ("offers", OFFER % "percent: 10%, budget: 500, pace: even"),
    ("offers", OFFER % "percent: 10%, expires: 14"),
    ("offers", OFFER % "percent: 10%, stacks: maybe"),
    ("offers", "offers: {ten: {percent: 10%}}\n"),
    ("offers", "offers: {Ten: {name: Ten, percent: 10%}}\n"),
    ("offers", "gifts: {note: {name: Note, percent: 10%}}\n"),
    ("offers", "gifts: {note: {name: Note, stock: many}}\n"),
    ("offers", "gifts: {note: {name: Note, budget: 100}}\n"),
    ("events", "event: {}\n"),
    ("events", "events: {purchase: {total: number}}\n"),
    ("events", "events: {poke: {}}\n"),
    ("events", "events: {every: {}}\n"),
    ("events", "events: {Social: {}}\n"),
    ("events", "events: {social: {network: string}}\n"),
    ("events", "events: {social: {time: text}}\n"),
    ("events", "attributes: {shoe_size: count?}\n"),
    ("events", "attributes: {shoe-size: count}\n"),
    ("policy", "currency: THB\n"),
    ("policy", POLICY.replace("THB", "baht")),
    ("policy", POLICY + "latenes: 24h\n"),
    ("policy", POLICY + "lateness: 24\n"),
    ("policy", POLICY + "rates: {usd: 34.10}\n"),
    ("policy", POLICY + "rates: {USD: a lot}\n"),
    ("policy", POLICY + "walk_in: 0\n"),
    ("policy", POLICY + "quiet_hours: 21-09\n"),
    ("policy", POLICY + 'quiet_hours: {from: "21:00"}\n'),
    ("policy", POLICY + "caps: 3 per 7d\n"),
    ("policy", POLICY + "caps: {any: 3 a week}\n"),
    ("policy", POLICY + "caps: {fax: 3 per 7d}\n"),
    ("policy", POLICY + "classes: {news: {caps: obey}}\n"),
    ("policy", POLICY + "classes: {marketing: {caps: yes please}}\n"),
    ("policy", POLICY + 'birthday_hour: "9"\n'),
    ("policy", POLICY + "leap_birthday: feb29\n"),
    ("policy", POLICY + "margin: 0.6\n"),
    ("policy", POLICY + "costs: {fax: 1}\n"),
    ("policy", POLICY + "targets: {happiness: 100%}\n"),
    ("policy", POLICY + "spend: {March: {acquisition: 5}}\n"),
    ("policy", POLICY + "spend: {2026-03: {}}\n"),
    ("policy", POLICY + "tiers: {gold: {}}\n"),
    ("policy", POLICY + "tiers: {gold: {points: 1.5}}\n"),
    ("tests", TEST),
    ("tests", (TEST + NEVER).removeprefix("- ").replace("\n  ", "\n")),
    ("tests", TEST + "  expected: []\n"),
    ("tests", TEST.replace("2026-02-01", "later") + NEVER),
    ("tests", TEST.replace("2026-02-01", "2026-02-01T10:00") + NEVER),
    ("tests", TEST.replace("customer: anna, ", "") + NEVER),
    ("tests", TEST.replace("lead: {}", "purchase: {amount: 5}") + NEVER),
    ("tests", TEST.replace("lead: {}", "lead: fair") + NEVER),
    ("tests", TEST + "  never: []\n"),
    ("tests", TEST + "  expect: [{on: 2026-01-01, customer: anna, rule: welcome}]\n"),
    ("tests", TEST + "  expect: [{on: 2026-01-01, customer: anna, rule: welcome, send: a, tag: b}]\n"),
    ("tests", TEST + "  expect: [{on: 2026-01-01, customer: anna, rule: welcome, tag: b, channel: email}]\n"),
    ("tests", TEST + NEVER + "  holdout: 10%\n"),
    ("tests", TEST + NEVER + "  rules: [welcome]\n"),
    ("tests", TEST + "  counters: {month: {2026-01: {sales: 1}}}\n"),
    ("tests", TEST + "  counters: {month: {January: {orders: 1}}}\n"),
]


@pytest.mark.parametrize("name", sorted(WRONG_RULES))
def test_a_rule_with_a_mistake_is_refused(name: str) -> None:
    assert not accepts("rule", WRONG_RULES[name])


@pytest.mark.parametrize("name", sorted(WRONG_STEPS))
def test_a_step_with_a_mistake_is_refused(name: str) -> None:
    assert not accepts("rule", RULE.replace("  - send: welcome", f"  {WRONG_STEPS[name]}"))


@pytest.mark.parametrize(("kind", "text"), WRONG_OTHERS)
def test_another_file_with_a_mistake_is_refused(kind: str, text: str) -> None:
    assert not accepts(kind, text)


# What is right.


AROUND = Around(
    wordings=plainly(dict.fromkeys(("hello", "hello-warm", "hello-short"), ADDRESSES)),
    declared=Declared(ATTRIBUTES, EVENTS),
    offers={"ten"},
    gifts={"note"},
)


@given(RULES)
def test_a_rule_that_is_right_is_taken(rule: dict[str, Any]) -> None:
    document = Document("welcome.yaml", json.dumps(rule, ensure_ascii=False).encode())
    assert read_rule(document, "welcome", AROUND) is not None, document.problems
    assert list(validator("rule").iter_errors(rule)) == []


@given(RULES, st.data())
def test_a_right_rule_with_a_key_misspelt_is_refused(rule: dict[str, Any], data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(rule)))
    assert not validator("rule").is_valid({name + "s" * (name == key): value for name, value in rule.items()})
