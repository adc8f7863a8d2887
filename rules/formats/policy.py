"""`rules/policy.yaml`."""

from __future__ import annotations

from babel.numbers import list_currencies

from rules.formats.describe import (
    Format,
    Key,
    Section,
    Shape,
    choice,
    each,
    either,
    mapping,
    named,
    number,
    one_or_more,
    text,
    whole,
    word,
)
from rules.formats.offers import MONEY
from rules.formats.shapes import CLOCK, DURATION, ID_PATTERN, QUIET, SHARE, SPAN, TRUTH
from rules.read_aims import MEASURES
from rules.read_policy import LEAP
from rules.read_spend import MAX_MONTHS, MAX_POINTS, MAX_TIERS
from rules.ruleset import ADDRESSES, MessageClass

_RATES = named(
    "|".join(sorted(list_currencies())),
    number("an amount", r"[0-9]{1,9}(?:\.[0-9]{1,9})?"),
    "currencies with what one unit is worth: `{USD: 34.10}`",
)
_CURRENCY = Shape("a currency: `THB`, `EUR`", {"enum": sorted(list_currencies())})
_CAP = word("`3 per 7d`, `1 per calendar_day`", f"[1-9][0-9]{{0,2}} per (?:calendar_day|{SPAN})")
_CAPS = each(
    {"any": "Of all channels together."} | {channel: f"By {channel}." for channel in ADDRESSES},
    one_or_more(_CAP, "a cap, or a list"),
    "3 per 7d",
    "`any` or a channel, with its cap or a list of caps",
)
_HOURS = mapping(
    Key("from", CLOCK, "When they begin.", '"21:00"', needed=True),
    Key("to", CLOCK, "When they end, the next morning if that is earlier.", '"09:00"', needed=True),
    told='`{from: "21:00", to: "09:00"}`',
)
_LIMITS = mapping(
    Key("caps", choice(("obey", "ignore")), "Whether its messages obey the caps.", "obey"),
    Key("counts", TRUTH, "Whether its messages count towards them.", "true"),
    Key("quiet_hours", QUIET, "What they do in quiet hours: wait for their end, are not sent, leave.", "defer"),
    Key(
        "expires_after",
        word("a length of time, or `never`", f"never|{SPAN}"),
        "When a message that has not left is given up.",
        "48h",
    ),
    told="what it obeys",
)
_CLASSES = each(
    {one.value: f"Of {one.value} messages." for one in MessageClass},
    _LIMITS,
    "{expires_after: 24h}",
    "`marketing`, `transactional`",
)
_COSTS = each(
    {channel: f"Of one message by {channel}." for channel in ADDRESSES},
    MONEY,
    "0.02",
    "channels with amounts: `{email: 0.02}`",
)
_TARGETS = each(
    dict.fromkeys(MEASURES, "As `regulars retention` prints it."),
    either("a number or a share", {"type": "number", "minimum": 0}, {"type": "string", "pattern": r"^[0-9.]+%?$"}),
    "35%",
    "measures with numbers, as they are printed: `{true_retention: 35%}`",
)
_SPEND = mapping(
    Key("acquisition", MONEY, "To win new customers.", "50000"),
    Key("retention", MONEY, "To look after those the shop has.", "20000"),
    told="`{acquisition: …, retention: …}`, or one of the two",
    minProperties=1,
)
_TIER = mapping(
    Key("spend", MONEY, "Spent in the last 365 days.", "5000"),
    Key("points", whole(1, MAX_POINTS, "a whole number"), "Or points of the last 365 days.", "3000"),
    told="what it takes",
    minProperties=1,
)

SHOP = (
    Key("currency", _CURRENCY, "The shop's own; amounts in rules are in it.", "THB", needed=True),
    Key(
        "time_zone",
        text("a place: `Asia/Bangkok`"),
        "Days, months and birthdays are counted in it.",
        "Asia/Bangkok",
        needed=True,
    ),
    Key(
        "rates",
        _RATES,
        "What one unit of another currency is worth in the shop's own. An order without a rate is refused.",
        "{USD: 34.10}",
    ),
    Key(
        "walk_in",
        whole(1, MAX_POINTS, "a whole number"),
        "More orders than this in a day are a till's, not a person's: they count, and no rule fires.",
        "100",
        default="100",
    ),
)
TIMES = (
    Key("lateness", DURATION, "An event that is older still counts, and fires no rule.", "24h", default="`24h`"),
    Key(
        "recheck",
        DURATION,
        "How often a message that waits is looked at again: for a support ticket to be closed, a return to end.",
        "4h",
        default="`4h`",
    ),
    Key("attribution", DURATION, "How long after the entry an order counts as the rule's.", "14d", default="`14d`"),
    Key(
        "birthday_hour",
        CLOCK,
        "When birthdays, other dates and periods begin, in the customer's day.",
        '"09:00"',
        default='`"09:00"`',
    ),
    Key(
        "leap_birthday",
        choice(LEAP),
        "When somebody born on 29 February has their day in other years.",
        "mar01",
        default="`feb28`",
    ),
    Key("lapse", DURATION, "Who has not ordered for so long has gone.", "365d", default="`365d`"),
)
LIMITS = (
    Key("holdout", SHARE, "The share of customers who get no marketing at all, to compare with.", "5%", default="0%"),
    Key(
        "quiet_hours",
        _HOURS,
        "The part of the customer's day in which nothing leaves, for classes that obey it.",
        '{from: "21:00", to: "09:00"}',
        default="none",
    ),
    Key(
        "caps",
        _CAPS,
        "The most messages a customer gets: so many in any seven days, in a day of the calendar.",
        "{any: [3 per 7d, 1 per calendar_day], email: 2 per 7d}",
        default="none",
    ),
    Key(
        "classes",
        _CLASSES,
        "What each class obeys. What is not said stays: marketing obeys caps, counts, waits in quiet hours and expires"
        " after 48h; transactional does none of it.",
        "{marketing: {expires_after: 24h}}",
    ),
)
AIMS = (
    Key("margin", SHARE, "The share of net revenue that is margin.", "60%", default="100%"),
    Key(
        "costs",
        _COSTS,
        "What one message costs, in the shop's currency.",
        "{email: 0.02, sms: 1.20}",
        default="nothing",
    ),
    Key("targets", _TARGETS, "What the shop aims at.", "{true_retention: 35%, repeat_purchase_rate: 0.4}"),
    Key(
        "spend",
        named("20[0-9]{2}-(?:0[1-9]|1[0-2])", _SPEND, "months, each with what was spent", MAX_MONTHS),
        "What months cost, for the cost of winning a customer and of keeping one.",
        "{2026-03: {acquisition: 50000, retention: 20000}}",
    ),
    Key(
        "tiers",
        named(ID_PATTERN, _TIER, "names, each with what it takes", MAX_TIERS),
        "Tiers of loyalty, the lowest first.",
        "{silver: {spend: 5000}, gold: {spend: 20000, points: 3000}}",
    ),
)

_EXAMPLE = """\
# yaml-language-server: $schema=schema.policy.json
currency: THB
time_zone: Asia/Bangkok
rates: {USD: 34.10}
quiet_hours: {from: "21:00", to: "09:00"}
caps: {any: [3 per 7d, 1 per calendar_day], email: 2 per 7d}
classes:
  marketing: {expires_after: 24h}
holdout: 5%
margin: 60%
costs: {email: 0.02, sms: 1.20}
targets: {true_retention: 35%, repeat_purchase_rate: 0.4}
spend: {2026-03: {acquisition: 50000, retention: 20000}}
tiers: {silver: {spend: 5000}, gold: {spend: 20000, points: 3000}}
"""

POLICY = Format(
    kind="policy",
    file="rules/policy.yaml",
    title="The policy",
    says="What holds for all rules.",
    shape=mapping(*SHOP, *TIMES, *LIMITS, *AIMS, told=""),
    example=_EXAMPLE,
    sections=(
        Section("The shop", "", SHOP),
        Section("Times", "", TIMES),
        Section("What holds messages back", "", LIMITS),
        Section("Aims and money", "", AIMS),
    ),
)
