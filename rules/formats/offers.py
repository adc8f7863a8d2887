"""`rules/offers.yaml`."""

from __future__ import annotations

from rules.formats.describe import (
    Format,
    Key,
    Schema,
    Section,
    Shape,
    mapping,
    named,
    number,
    one_or_more,
    required,
    text,
    whole,
    without,
)
from rules.formats.shapes import DURATION, EMPTY, ID, ID_PATTERN, PACE, PERIOD, SHARE, TRUTH
from rules.read_offers import MAX_EXCLUDES, MAX_GIVEN, MAX_STOCK

MONEY = number("an amount in the shop's currency")
"""Whether it fits the currency only the file of the policy knows."""
_FREE = Shape("`true`", {"enum": [True, "true"]})

_BUDGET = (
    Key("budget", MONEY, "The most it may cost in a `period`, or ever.", "20000", default="no limit"),
    Key("period", PERIOD, "The budget begins anew with each.", "month", where="with `budget`"),
    Key(
        "pace",
        PACE,
        "`even` spreads the budget over the period; `free` spends it as it comes.",
        "even",
        default="`free`",
        where="with `budget` and `period`",
    ),
)
_NEEDS: dict[str, list[str]] = {"period": ["budget"], "pace": ["budget"]}
_EVEN: Schema = {"if": {"properties": {"pace": {"const": "even"}}, "required": ["pace"]}, "then": required("period")}

OFFER = (
    Key("name", text(), "What your customers call it.", "15% on the next order", needed=True),
    Key("percent", SHARE, "What it takes off, as a share of the order.", "15%"),
    Key("amount", MONEY, "What it takes off, as an amount.", "100"),
    Key("free_shipping", _FREE, "It takes off the shipping.", "true"),
    Key("minimum", MONEY, "What the order must come to.", "500", default="any order"),
    Key("most", MONEY, "The most it takes off.", "300", default="no limit", where="without `amount`"),
    Key(
        "excludes",
        one_or_more(
            text(), "a category or an article's number (sku), or a list", maxItems=MAX_EXCLUDES, uniqueItems=True
        ),
        "What it is not for.",
        "[gift-card]",
        default="nothing",
    ),
    Key("stacks", TRUTH, "Whether it goes together with other offers.", "true", default="`false`"),
    Key("expires", DURATION, "How long a code holds from the day it is given.", "14d", default="for good"),
    Key(
        "prefix",
        text("1 to 8 capital letters and digits", "^[A-Z0-9]{1,8}$"),
        "How generated codes begin.",
        "TEA",
        where="without `pool`",
    ),
    Key("pool", ID, "The codes come from this file of yours, instead of being generated.", "comeback"),
    Key(
        "when_empty",
        EMPTY,
        "When the pool or the budget is used up: the message waits, leaves without a code, or is not sent.",
        "send_without",
        default="`hold`",
    ),
    *_BUDGET,
)
GIFT = (
    Key("name", text(), "What it is.", "A handwritten note", needed=True),
    Key("cost", MONEY, "What one costs the shop; a budget needs to know.", "15", default="nothing"),
    Key("stock", whole(0, MAX_STOCK, "a whole number"), "How many there are.", "200", default="always enough"),
    Key(
        "when_empty",
        EMPTY,
        "When the stock or the budget is used up: it waits, the message leaves without it, or nothing is sent.",
        "skip",
        default="`skip`",
    ),
    *_BUDGET,
)

_WORTH: list[Schema] = [required("percent"), required("amount"), required("free_shipping")]
_OFFER = mapping(
    *OFFER,
    told="what it is",
    oneOf=_WORTH,
    dependencies={**_NEEDS, "prefix": without("pool"), "amount": without("most")},
    **_EVEN,
)
_GIFT = mapping(*GIFT, told="what it is", dependencies={**_NEEDS, "budget": ["cost"]}, **_EVEN)

_EXAMPLE = """\
# yaml-language-server: $schema=schema.offers.json
offers:
  comeback-15: {name: 15% on the next order, percent: 15%, minimum: 500, most: 300, expires: 14d, prefix: TEA}
  free-delivery:
    name: Free delivery
    free_shipping: true
    excludes: [furniture]
    budget: 20000
    period: month
    pace: even
gifts:
  handwritten-note: {name: A handwritten note, cost: 15, stock: 200, budget: 1500, period: month}
"""

OFFERS = Format(
    kind="offers",
    file="rules/offers.yaml",
    title="Offers and gifts",
    says="What rules may give. The ids are names of your own, in small letters, digits and hyphens.",
    shape=mapping(
        Key(
            "offers",
            named(ID_PATTERN, _OFFER, "ids, each with what it is", MAX_GIVEN),
            "Something off the next order, under a code of the customer's own.",
            "{comeback-15: {name: 15% on the next order, percent: 15%}}",
        ),
        Key(
            "gifts",
            named(ID_PATTERN, _GIFT, "ids, each with what it is", MAX_GIVEN),
            "Something put into the parcel.",
            "{handwritten-note: {name: A handwritten note, cost: 15}}",
        ),
        told="",
    ),
    example=_EXAMPLE,
    sections=(
        Section("An offer", "It has exactly one of `percent`, `amount` and `free_shipping`.", OFFER),
        Section("A gift", "", GIFT),
    ),
)
