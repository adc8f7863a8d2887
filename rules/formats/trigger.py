"""What fires a rule, and for whom."""

from __future__ import annotations

from rules.engine.timers import BIRTH_DATE
from rules.formats.describe import Key, Schema, choice, either, required, when, without, word
from rules.formats.shapes import CONDITION, NAME, OWN_EVENT, PERIOD, SPAN
from rules.language.schema import TRIGGERS
from rules.read_date import DATES
from rules.read_trigger import OTHERS

_EVENTS = ", ".join(f"`{one}`" for one in TRIGGERS)
_ON = either(
    f"an event: {_EVENTS}, or one of `rules/events.yaml`; `inactive`, `date`, `product`",
    {"enum": [*TRIGGERS, *OTHERS]},
    OWN_EVENT,
)
_FIELD = either(
    "a date of the customer",
    {"enum": list(DATES)},
    {"type": "string", "pattern": f"^customer\\.attributes\\.{NAME}$"},
)
_FOR = word("a length of time, or `own_rhythm * 2`", rf"{SPAN}|own_rhythm *\* *[0-9]{{1,2}}(?:\.[0-9]{{1,2}})?")

FIRES = (
    Key(
        "on",
        _ON,
        "What fires it: something that happened to a customer, the shop's own events too. `inactive`: nothing was"
        " heard of them for a while. `date`: a date of theirs comes round. `product`: an article of the catalogue is"
        " launched: the day that it names in `launched` has come.",
        "purchase",
        where="without `every`; a rule has one of the two",
    ),
    Key(
        "every",
        PERIOD,
        "Fires at the beginning of each, for everybody in `audience`, at `birthday_hour` of their day.",
        "month",
        where="without `on`",
    ),
    Key(
        "for",
        _FOR,
        "For how long nothing was heard of the customer.",
        "60d",
        where="with `on: inactive`, which needs it",
    ),
    Key(
        "since",
        choice(("last_order", "last_event")),
        "What counts as being heard of: an order, or anything.",
        "last_event",
        default="`last_order`",
        where="with `on: inactive`",
    ),
    Key("field", _FIELD, "Which date.", "customer.birth_date", where="with `on: date`, which needs it"),
    Key(
        "offset",
        word("whole days: `-7d`, `2w`", "[+-]?[0-9]{1,3}[dw]"),
        "How long before (`-`) or after the date.",
        "-7d",
        default="the day itself",
        where="with `on: date`",
    ),
    Key(
        "audience",
        CONDITION,
        "Who gets it: a condition that speaks of the customer alone; `true` is everybody.",
        'segment("loyal")',
        where="with `every` and `on: product`, which need it",
    ),
    Key(
        "catch_up",
        word("a number: `500 per day`", "[1-9][0-9]{0,6} per day"),
        "How many of the customers who were past it already, when the rule went live, are taken in a day.",
        "500 per day",
        default="none of them",
        where="with `on: inactive`, and `on: date` but for birthdays",
    ),
    Key("when", CONDITION, "Who gets it, and of which events.", "customer.orders >= 2", default="everybody"),
)

CONSTRAINTS: list[Schema] = [
    when("on", "inactive", required("for"), without("for", "since")),
    when("on", "date", required("field"), without("field", "offset")),
    when("on", "product", required("audience")),
    {"if": required("every"), "then": required("audience")},
    {
        "if": required("audience"),
        "then": {"anyOf": [required("every"), {"properties": {"on": {"const": "product"}}}]},
    },
    {
        "if": required("catch_up"),
        "then": {
            "properties": {"on": {"enum": ["inactive", "date"]}, "field": {"not": {"const": BIRTH_DATE}}},
            "required": ["on"],
        },
    },
]
"""Which of these keys go together."""
