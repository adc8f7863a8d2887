"""Rules that are right, made up: every key and every step, put together in all ways that mean something.

They name the message `hello` and `hello-<variant>`, the offer `ten`, the gift `note`, the attributes of `ATTRIBUTES`
and the event `social_share`.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from rules.language.kinds import Kind
from rules.language.schema import TRIGGERS

ATTRIBUTES = {"shoe_size": Kind.COUNT, "favourite": Kind.TEXT, "member": Kind.BOOL}
EVENTS = {"social_share": {"network": Kind.TEXT}}
VARIANTS = ("warm", "short")
Rule = dict[str, Any]

SPANS = st.builds("{}{}".format, st.integers(1, 90), st.sampled_from("mhdw"))
SHARES = st.sampled_from(["0%", "10%", "2.5%", "33.33%", "100%"])
LONG = st.builds("{}{}".format, st.integers(1, 90), st.sampled_from("hdw"))
"""Where a few minutes are taken for months that were meant."""
CLOCKS = st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.integers(0, 59))
QUESTIONS = st.sampled_from(["customer.orders > 1", 'has_tag("vip")', "customer.email != null", "not customer.staff"])
CONDITIONS = st.one_of(QUESTIONS, st.lists(QUESTIONS, min_size=1, max_size=3))
STEP_QUESTIONS = st.one_of(QUESTIONS, st.just("customer.orders_since_entry > 0"))
CHANNELS = st.one_of(
    st.sampled_from(["email", "sms"]), st.lists(st.sampled_from(["email", "sms", "line"]), min_size=1, unique=True)
)


def optional(**keys: st.SearchStrategy[Any]) -> st.SearchStrategy[Rule]:
    """Some of these keys."""
    return st.fixed_dictionaries({}, optional=keys)


SENDS = st.builds(
    lambda name, more: {"send": name} | more,
    st.just("hello"),
    optional(channel=CHANNELS, at=CLOCKS, offer=st.just("ten"), if_not_sent=st.sampled_from(["stop", "continue"])),
)
SET = st.fixed_dictionaries(
    {}, optional={"shoe_size": st.sampled_from([42, None]), "favourite": st.just("tea"), "member": st.booleans()}
).filter(bool)
GIVES = st.one_of(
    st.sampled_from([{"offer": "ten"}, {"gift": "note"}, {"points": 50}, {"points": "7"}, {"tag": "vip"}]),
    st.sampled_from([{"untag": "vip"}, {"notify": "Call them"}, {"emit": "shop-gifts"}]),
    SET.map(lambda values: {"set": values}),
)
POINTS = st.one_of(CLOCKS, st.just("friday 10:00"), st.just("2099-12-24"), st.just("2099-12-24 10:00"))
WAITS = st.one_of(SPANS.map(lambda span: {"wait": span}), POINTS.map(lambda point: {"wait_until": point}))
STOPS = STEP_QUESTIONS.map(lambda question: {"stop_if": question})


def branch(steps: st.SearchStrategy[Any]) -> st.SearchStrategy[Rule]:
    """An `if` of such steps."""
    whole = st.fixed_dictionaries({"if": STEP_QUESTIONS, "then": steps}, optional={"else": steps})
    return whole.map(dict)


DOING = st.one_of(SENDS, GIVES)
INNER = st.one_of(DOING, st.lists(DOING, min_size=1, max_size=2))
STEPS = st.builds(
    lambda first, last: [*first, last],
    st.lists(st.one_of(DOING, WAITS, STOPS, branch(INNER), branch(branch(INNER))), max_size=4),
    DOING,
)
"""Ends with something that is done."""

FIRES = st.one_of(
    st.sampled_from([*TRIGGERS, "social_share"]).map(lambda event: {"on": event}),
    st.builds(
        lambda span, more: {"on": "inactive", "for": span} | more,
        LONG,
        optional(since=st.sampled_from(["last_order", "last_event"]), catch_up=st.just("500 per day")),
    ),
    st.sampled_from([{"on": "inactive", "for": "own_rhythm * 2"}, {"on": "inactive", "for": "own_rhythm * 1.5"}]),
    st.builds(
        lambda field, more: {"on": "date", "field": field} | more,
        st.sampled_from(["customer.birth_date", "customer.attributes.favourite"]),
        optional(offset=st.sampled_from(["-7d", "2w", "+1d"])),
    ),
    st.just({"on": "date", "field": "customer.attributes.favourite", "catch_up": "5 per day"}),
    CONDITIONS.map(lambda audience: {"on": "product", "audience": audience}),
    st.builds(
        lambda period, audience: {"every": period, "audience": audience},
        st.sampled_from(["day", "week", "month", "quarter", "year"]),
        st.one_of(CONDITIONS, st.just(True)),
    ),
)
STOP_ON = st.sampled_from(["purchase", "return.refunded", "message.unsubscribed", "social_share"])
MORE = optional(
    active=st.sampled_from([{"from": "2026-03-01"}, {"from": "2026-03-01", "to": "2026-06-30"}]),
    when=CONDITIONS,
    goal=st.sampled_from([{"event": "purchase", "within": "14d"}, {"event": "review"}]),
    chance=SHARES,
    group=st.just("one-a-day"),
    priority=st.sampled_from([0, -1000, 1000, "40"]),
    quiet_hours=st.sampled_from(["defer", "drop", "ignore"]),
    expires_after=st.builds("{}d".format, st.integers(1, 9)),
    reentry=st.one_of(st.sampled_from(["never", "always"]), LONG.map("after {}".format)),
    stop_on=st.one_of(STOP_ON, st.lists(STOP_ON, min_size=1, unique=True)),
)
OF_CLASS = st.one_of(
    st.just({"class": "transactional"}),
    optional(**{"class": st.just("marketing"), "holdout": SHARES, "if_capped": st.sampled_from(["drop", "wait"])}),
)
WORDED = st.one_of(
    STEPS.map(lambda steps: {"do": steps}),
    STEPS.map(
        lambda steps: {
            "variants": {"warm": "50%", "short": "50%"},
            "do": [{"send": "hello-{variant}"}, *steps],
        }
    ),
    DOING.map(lambda step: {"do": step}),
)
NAMED = st.builds(
    lambda name, status: {"id": "welcome", "name": name, "status": status},
    st.sampled_from(["Welcome", "ยินดีต้อนรับ", "Come back, we miss you"]),
    st.sampled_from(["draft", "shadow", "live", "paused"]),
)
RULES = st.builds(
    lambda *parts: {key: value for part in parts for key, value in part.items()}, NAMED, FIRES, MORE, OF_CLASS, WORDED
)
"""Whole rules, whose file is welcome.yaml."""
