"""The files of `rules/campaigns`."""

from __future__ import annotations

from rules.formats import steps
from rules.formats.describe import (
    Format,
    Key,
    Section,
    Shape,
    choice,
    mapping,
    named,
    one_or_more,
    required,
    text,
    when,
    whole,
    without,
    word,
)
from rules.formats.shapes import (
    DAYS,
    DURATION,
    EVENT,
    ID,
    ID_PATTERN,
    NAME,
    QUIET,
    SHARE,
    SPAN,
)
from rules.formats.trigger import CONSTRAINTS, FIRES
from rules.read_course import CAPPED
from rules.read_steps import MAX_STEPS
from rules.ruleset import MessageClass, Status

_STATE = {"type": "string", "pattern": f"^{NAME}\\.[a-z]+$"}
_STOP = Shape(
    "an event, or event.state",
    {"anyOf": [*EVENT.schema["anyOf"], _STATE], "not": {"enum": ["message", "message.sent", "message.delivered"]}},
)
_GOAL = mapping(
    Key("event", EVENT, "What the customer is hoped to do.", "purchase", needed=True),
    Key("within", DURATION, "How long after the entry it counts.", "14d", default="`attribution` of the policy"),
    told="`{event: …, within: …}`",
)

WHAT = (
    Key("id", ID, "The rule's name for good: the same as the name of its file.", "win-back", needed=True),
    Key("name", text(), "What people call it.", "Come back, we miss you", needed=True),
    Key(
        "status",
        choice([one.value for one in Status]),
        "`draft`: does nothing yet. `shadow`: decides and records, and sends nothing. `live`: works. `paused`: does"
        " nothing.",
        "live",
        needed=True,
    ),
    Key(
        "active",
        DAYS,
        "The days on which it listens, by the shop's calendar.",
        "{from: 2026-03-01, to: 2026-06-30}",
        default="every day",
    ),
)
WHO = (
    Key(
        "goal",
        _GOAL,
        "What it is there for; those who did it are counted, with and without the message.",
        "{event: purchase, within: 14d}",
        default="a purchase within `attribution` of the policy",
    ),
    Key(
        "holdout",
        SHARE,
        "The share of customers who never get it, to compare with.",
        "10%",
        default="0%",
        where="in rules of class `marketing`",
    ),
    Key("chance", SHARE, "Of the others, the share who get it, drawn anew each time.", "15%", default="100%"),
    Key(
        "variants",
        named(ID_PATTERN, SHARE, "names with shares: `{warm: 50%, short: 50%}`", 10, minProperties=2),
        "Two to ten ways to say it; the shares come to 100%. `{variant}` in `send` stands for the name.",
        "{warm: 50%, short: 50%}",
    ),
    Key(
        "group",
        ID,
        "Of the rules of a group that fire on one event, the one with the highest priority goes.",
        "one-a-day",
    ),
    Key("priority", whole(-1000, 1000, "−1000 to 1000"), "Higher decides first.", "40", default="0"),
)
OBEYS = (
    Key(
        "class",
        choice([one.value for one in MessageClass]),
        "`marketing` needs the customer's consent; `transactional` is what they expect, and never advertising."
        " The policy says which caps and quiet hours each obeys.",
        "marketing",
        default="`marketing`",
    ),
    Key(
        "quiet_hours",
        QUIET,
        "What a message does in quiet hours: waits for their end, is not sent, or leaves all the same.",
        "ignore",
        default="as its class has it",
    ),
    Key(
        "if_capped",
        choice(CAPPED),
        "What a message does that is one too many for the caps: it is not sent, or waits for its turn.",
        "wait",
        default="`drop`",
    ),
    Key(
        "expires_after",
        DURATION,
        "A message that has not left by then is never sent.",
        "48h",
        default="as its class has it",
    ),
    Key(
        "reentry",
        word("`never`, `always` or `after 30d`", f"never|always|after +{SPAN} *"),
        "May the same customer enter again? Counted from the entry; a birthday comes once a year at most.",
        "after 120d",
        default="`never`; with `every` and `on: product` `always`",
    ),
    Key(
        "stop_on",
        one_or_more(_STOP, "an event or event.state, or a list", uniqueItems=True),
        "Events that end it for the customer at once; what is not sent yet is not sent.",
        "[purchase, message.unsubscribed]",
    ),
    Key(
        "do",
        steps.DO,
        f"What is done, step by step: at most {MAX_STEPS} steps, those in `then` and `else` counted.",
        "[{send: welcome}]",
        needed=True,
    ),
)

_EXAMPLE = """\
# yaml-language-server: $schema=../schema.json
id: win-back
name: Come back, we miss you
status: live
on: inactive
for: 60d
when:
  - customer.orders >= 2 and customer.net_revenue >= 1500
  - segment("reachable")
goal: {event: purchase, within: 14d}
holdout: 10%
variants: {warm: 50%, short: 50%}
group: one-a-day
priority: 40
do:
  - send: "win-back-{variant}"
    channel: [line, email]
    at: "10:00"
  - wait: 7d
  - stop_if: customer.orders_since_entry > 0
  - if: customer.net_revenue >= 5000
    then:
      - gift: handwritten-note
    else:
      - send: win-back-offer
        offer: comeback-15
stop_on: [purchase, message.unsubscribed]
reentry: after 120d
"""

RULE = Format(
    kind="rule",
    file="rules/campaigns/<id>.yaml",
    title="A rule",
    says="What is done for a customer, and when. One rule a file.",
    shape=mapping(
        *WHAT,
        *FIRES,
        *WHO,
        *OBEYS,
        told="",
        oneOf=[required("on"), required("every")],
        allOf=[*CONSTRAINTS, when("class", MessageClass.TRANSACTIONAL.value, without("holdout"))],
    ),
    example=_EXAMPLE,
    sections=(
        Section("What it is", "", WHAT),
        Section("What fires it, and for whom", "", FIRES),
        Section("Trying it, and counting", "", WHO),
        Section("What it obeys, and what it does", "", OBEYS),
        Section("Steps: messages", "The step `send`, with the keys that go with it.", steps.SEND),
        Section("Steps: what it gives, and whom it tells", "Of one key each; `offer` alone is one too.", steps.GIVE),
        Section("Steps: waiting and asking", "", steps.FLOW),
    ),
    definitions={"step": steps.STEP, "steps": steps.PROGRAM},
)
