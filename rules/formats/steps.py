"""The steps behind `do` in a rule."""

from __future__ import annotations

from rules.formats.describe import Key, Schema, Shape, choice, either, mapping, named, one_or_more, ref, required, text
from rules.formats.shapes import CHANNEL, CLOCK, CONDITION, DURATION, ID, MESSAGE, NAME, POINT
from rules.read_assign import MOST_LETTERS
from rules.read_grant import MOST_POINTS
from rules.read_send import IF_NOT_SENT
from rules.read_steps import MAX_IFS, MAX_STEPS, OWNERS, STEPS
from rules.read_tell import MOST_LETTERS as MOST_WORDS
from rules.read_tell import TAKEN

_TAG = text("a tag", r"^\S(?:.*\S)?$", MOST_LETTERS)
_SET = named(
    NAME,
    either("a value", {"type": ["string", "number", "boolean", "null"], "maxLength": MOST_LETTERS}),
    "attributes with values: `{shoe_size: 42}`",
    minProperties=1,
)
_TOPIC = Shape(
    "a topic of the shop's own",
    {"type": "string", "pattern": "^[a-zA-Z0-9._-]{1,249}$", "not": {"enum": sorted(TAKEN)}},
)
_POINTS = either(
    "a number, or `1 per 25`",
    {"type": "integer", "minimum": 1, "maximum": MOST_POINTS},
    {"type": "string", "pattern": r"^[0-9]{1,9}(?: per [0-9]{1,9}(?:\.[0-9]{1,9})?)?$"},
)
_STEPS = ref("steps", "a step, or a list of steps")

SEND = (
    Key(
        "send",
        MESSAGE,
        "Send a message: the folder of this name in `templates/messages`. `{variant}` in it stands for the customer's"
        " variant.",
        "welcome",
    ),
    Key(
        "channel",
        one_or_more(CHANNEL, f"{CHANNEL.told}, or a list", uniqueItems=True),
        "By which channel. Of a list the first goes by which the customer can be reached and has agreed to.",
        "[line, email]",
        default="`email`",
        where="with `send`",
    ),
    Key(
        "at",
        CLOCK,
        "At what time of the customer's day it leaves, the next time that comes round.",
        '"10:00"',
        default="at once",
        where="with `send`",
    ),
    Key(
        "offer",
        ID,
        "An offer of `rules/offers.yaml`. With `send` its code goes with the message; alone it is granted by itself.",
        "comeback-15",
    ),
    Key(
        "if_not_sent",
        choice(IF_NOT_SENT),
        "What happens when the message cannot be sent: the rule ends for the customer, or goes on with the next step.",
        "continue",
        default="`stop`",
        where="with `send`",
    ),
)
GIVE = (
    Key("gift", ID, "Put a gift of `rules/offers.yaml` into the parcel.", "handwritten-note"),
    Key(
        "points",
        _POINTS,
        "Give points: a number, or so many for each amount of the event's total (a purchase or a return).",
        "1 per 25",
    ),
    Key("tag", _TAG, "Put a tag on the customer.", "vip"),
    Key("untag", _TAG, "Take off a tag that a rule put on.", "vip"),
    Key(
        "set",
        _SET,
        "Set attributes of the customer that `rules/events.yaml` declares; `null` clears one.",
        "{shoe_size: 42}",
    ),
    Key("notify", text("words", r"\S", MOST_WORDS), "Tell the staff these words, and who it is about.", '"Call them"'),
    Key("emit", _TOPIC, "Produce an event about the customer to a topic of the shop's own.", "shop-gifts"),
)
FLOW = (
    Key("wait", DURATION, "Go on so much later.", "7d"),
    Key(
        "wait_until",
        POINT,
        "Go on when the customer's clock shows this time: the next day it does, on a day of the week, or on a date.",
        '"friday 10:00"',
    ),
    Key(
        "stop_if",
        CONDITION,
        "End the rule for the customer if this holds; if nobody can say, it goes on.",
        "customer.orders_since_entry > 0",
    ),
    Key(
        "if",
        CONDITION,
        f"Do the steps of `then` if this holds, else those of `else`. They go {MAX_IFS} deep at most.",
        "customer.orders > 5",
    ),
    Key("then", _STEPS, "What is done if it holds.", "[{send: for-the-loyal}]", where="with `if`, which needs it"),
    Key("else", _STEPS, "What is done if it does not hold, or nobody can say.", "[{send: welcome}]", where="with `if`"),
)
KEYS = (*SEND, *GIVE, *FLOW)

_ONE_STEP: list[Schema] = [
    required("send"),
    {**required("offer"), "not": required("send")},
    required("if"),
    *(required(name) for name in STEPS if name not in ("send", "offer", "if")),
]
STEP: Schema = mapping(
    *KEYS,
    told="",
    oneOf=_ONE_STEP,
    dependencies={
        **{key: [kind] for key, kind in OWNERS.items()},
        "if": ["then"],
    },
).schema
PROGRAM: Schema = {
    "anyOf": [
        {"$ref": "#/definitions/step"},
        {"type": "array", "minItems": 1, "maxItems": MAX_STEPS, "items": {"$ref": "#/definitions/step"}},
    ]
}
DO: Shape = _STEPS
