"""The files of `rules/tests`."""

from __future__ import annotations

from retention.events import PRODUCT, TYPES
from retention.measures import Overall, Period
from retention.periods import GRAINS
from rules.formats.describe import (
    Format,
    Key,
    Schema,
    Section,
    Shape,
    choice,
    mapping,
    named,
    one_or_more,
    required,
    text,
    whole,
    word,
)
from rules.formats.shapes import CHANNEL, ID, ID_PATTERN, MESSAGE, NAME
from rules.language.schema import TRIGGERS
from rules.simulation.entries import KINDS

_OFFSET = "(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
MOMENT = word(
    "`2026-03-01T10:00+07:00`, or a day",
    rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}(?:[Tt ][0-9]{{2}}:[0-9]{{2}}(?::[0-9]{{2}}(?:\.[0-9]{{1,6}})?)? ?{_OFFSET})?",
)
_ANY_ID: Schema = {"type": ["string", "integer"]}
CUSTOMER = Shape("the id of a customer", _ANY_ID)
SWITCH = choice(("on", "off"))
_WORD = Shape("as in the rule", {"type": ["string", "number", "boolean"]})
_PERIODS = {"month": "[0-9]{4}-[0-9]{2}", "quarter": "[0-9]{4}Q[1-4]", "year": "[0-9]{4}"}
_VALUE = Shape("a number, or `null`", {"type": ["number", "null"]})

GIVEN = (
    Key("at", MOMENT, "When it is applied.", "2026-01-01T09:00+07:00", needed=True),
    Key("customer", CUSTOMER, "Whose it is.", "anna", where="with all but a `product`, which need it"),
    Key("id", Shape("text", _ANY_ID), "The id of the event.", "e-1", default="one of its own"),
    Key("source", text(), "Who sends it.", "/shop", default="`test`"),
    Key("time", MOMENT, "When it happened.", "2026-01-01T08:59+07:00", default="`at`"),
)
_HAPPENED: dict[str, Schema] = {
    kind: {
        "description": f"A {kind} event, with its data.",
        "type": "object",
        "properties": dict.fromkeys(TYPES[kind].__struct_fields__, True),
        "additionalProperties": False,
    }
    for kind in (*TRIGGERS, PRODUCT)
}
_ABOUT = mapping(
    *GIVEN,
    told="`{at: …, customer: …, purchase: {…}}`",
    minProperties=2,
    oneOf=[{**required("customer"), "minProperties": 3}, required(PRODUCT)],
).schema
_GIVEN = _ABOUT | {
    "properties": _ABOUT["properties"] | _HAPPENED,
    "propertyNames": {"pattern": f"^{NAME}$"},
    "additionalProperties": {"type": "object"},
}

EXPECT = (
    Key("on", MOMENT, "When it happens: the minute, or the day.", "2026-03-21T10:00+07:00", needed=True),
    Key("customer", CUSTOMER, "To whom.", "anna", needed=True),
    Key("rule", ID, "By which rule.", "win-back", needed=True),
    Key("send", MESSAGE, "The message that leaves.", "win-back-warm"),
    Key("channel", CHANNEL, "By which channel it leaves.", "email", default="any", where="with `send`"),
    Key("offer", ID, "The offer that is granted; with `send` the one that goes with it.", "comeback-15"),
    Key("gift", ID, "The gift that is granted.", "handwritten-note"),
    Key("points", whole(1, 1_000_000_000, "a number"), "The points that are given.", "50"),
    Key("notify", _WORD, "The words that the staff are told.", '"Call them"'),
    Key("emit", _WORD, "The topic to which something is produced.", "shop-gifts"),
    Key("tag", _WORD, "The tag that is put on.", "vip"),
    Key("untag", _WORD, "The tag that is taken off.", "vip"),
    Key(
        "set",
        Shape("attributes with values", {"type": "object", "minProperties": 1}),
        "What is set.",
        "{shoe_size: 42}",
    ),
)
_ONE_THING: list[Schema] = [
    required("send"),
    {**required("offer"), "not": required("send")},
    *(required(name) for name in KINDS if name not in ("send", "offer")),
]
_EXPECT = mapping(
    *EXPECT, told="`{on: …, customer: …, rule: …, send: …}`", oneOf=_ONE_THING, dependencies={"channel": ["send"]}
)
NEVER = (
    Key("rule", ID, "The rule that does nothing.", "welcome", needed=True),
    Key("customer", CUSTOMER, "To whom.", "anna", default="anybody"),
    Key("after", MOMENT, "From then on.", "2026-01-02", default="ever"),
    Key("before", MOMENT, "Until then.", "2026-02-01", default="ever"),
    Key("send", MESSAGE, "Only this message, not all that the rule does.", "welcome"),
)
_NEVER = mapping(*NEVER, told="`{rule: …}`")


def _measures(names: tuple[str, ...]) -> Shape:
    schema = {"type": "object", "minProperties": 1, "propertyNames": {"enum": list(names)}}
    return Shape("measures with numbers", schema | {"additionalProperties": _VALUE.schema})


_OF_PERIOD = _measures(Period.__struct_fields__[1:])
_COUNTERS = mapping(
    *(
        Key(
            grain,
            named(_PERIODS[grain], _OF_PERIOD, f"{grain}s, each with measures", minProperties=1),
            f"By {grain}.",
            example,
        )
        for grain, example in zip(
            GRAINS, ("{2026-01: {orders: 2}}", "{2026Q1: {orders: 2}}", "{2026: {orders: 2}}"), strict=True
        )
    ),
    Key("overall", _measures(Overall.__struct_fields__), "Of all time.", "{buyers: 1}"),
    told="`{month: {2026-01: {orders: 2, new: 1}}}`",
)

TEST = (
    Key("name", text(), "What the test says.", "a first order is thanked for", needed=True),
    Key(
        "holdout",
        SWITCH,
        "Whether customers are kept out, as the rules and the policy have it.",
        "on",
        default="`off`",
    ),
    Key(
        "variants",
        named(ID_PATTERN, ID, "rules with a variant"),
        "The variant that everybody gets.",
        "{win-back: warm}",
    ),
    Key(
        "chance",
        named(ID_PATTERN, SWITCH, "rules with `on` or `off`"),
        "Whom the chance of a rule takes: everybody (`on`) or nobody (`off`).",
        "{surprise: off}",
        default="`on`",
    ),
    Key(
        "rules",
        one_or_more(ID, "a rule, or a list"),
        "Rules of which `expect` tells everything, beside those it names.",
        "[welcome]",
        where="with `expect`",
    ),
    Key(
        "given",
        Shape("a list", {"type": "array", "minItems": 1, "items": _GIVEN}),
        "What happens: events, each with its data.",
        "[{at: 2026-01-01T09:00+07:00, customer: anna, purchase: {order_id: o-1, total: 900}}]",
        needed=True,
    ),
    Key("until", MOMENT, "When the test is over.", "2026-04-15", needed=True),
    Key(
        "expect",
        Shape("a list", {"type": "array", "items": _EXPECT.schema}),
        "All that the rules do which it names, in order.",
        "[{on: 2026-01-01T09:00+07:00, customer: anna, rule: welcome, send: welcome}]",
    ),
    Key(
        "never",
        Shape("a list", {"type": "array", "minItems": 1, "items": _NEVER.schema}),
        "What must not happen.",
        "[{rule: welcome, customer: anna, after: 2026-01-02}]",
    ),
    Key("counters", _COUNTERS, "What the measures come to.", "{month: {2026-01: {orders: 2, new: 1}}}"),
)
_TEST = mapping(
    *TEST,
    told="",
    anyOf=[required("expect"), required("never"), required("counters")],
    dependencies={"rules": ["expect"]},
)

_EXAMPLE = """\
# yaml-language-server: $schema=../schema.tests.json
- name: a first order is thanked for
  given:
    - {at: 2026-01-01T09:00+07:00, customer: anna, profile: {email: anna@example.com}}
    - {at: 2026-01-01T09:00+07:00, customer: anna, consent: {channel: email, state: granted}}
    - {at: 2026-01-01T09:05+07:00, customer: anna, purchase: {order_id: o-1, total: 900, currency: THB, items: []}}
  until: 2026-01-31
  expect:
    - {on: 2026-01-01T09:05+07:00, customer: anna, rule: welcome, send: welcome, channel: email}
  never:
    - {rule: welcome, customer: anna, after: 2026-01-02}
  counters: {month: {2026-01: {orders: 1, new: 1}}}
"""

TESTS = Format(
    kind="tests",
    file="rules/tests/*.yaml",
    title="Tests of rules",
    says=(
        "What happens, and what the rules must do then. A file is a list of tests, which `regulars rules test` plays:"
        " [how they are written](rule-tests.md)."
    ),
    shape=Shape("a list of tests", {"type": "array", "items": _TEST.schema}, TEST),
    example=_EXAMPLE,
    sections=(
        Section(
            "What is given",
            "A line has these keys, and one more: the type of the event, with its data.",
            GIVEN,
        ),
        Section("What is expected", "A line has one of `send` and the things a step does.", EXPECT),
        Section("What never happens", "", NEVER),
    ),
)
