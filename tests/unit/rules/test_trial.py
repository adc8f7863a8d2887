"""When a rule listens, who is kept out, by chance in, given which variant, and which of a group goes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.events import Birthday, Event, Purchase
from retention.money import Money
from retention.shop import Shop
from retention.state import Customer
from rules.engine.decide import decide
from rules.engine.outcome import Decided
from rules.engine.shares import pick, within
from rules.policy import HOUR, Policy
from rules.ruleset import MessageClass, Reentry, Rule, RuleSet, Status, rule_set
from rules.steps import Send

DAY = 24 * HOUR
ALWAYS = Reentry("always")
HALVES = (("warm", 5_000), ("short", 5_000))
CROWD = [f"customer-{number}" for number in range(400)]
NOW = 1_773_111_600_000_000
"""2026-03-10T03:00:00Z"""
FIRST, LAST = 20_513, 20_515
"""2026-03-01 and 2026-03-03."""
MIDNIGHT = 1_772_298_000_000_000
"""2026-03-01T00:00:00 in Bangkok."""


def rule(id_: str = "hello", on: str = "purchase", **fields: Any) -> Rule:
    known: dict[str, Any] = {"status": Status.LIVE, "do": (Send(id_, ("email",)),), "reentry": ALWAYS}
    return Rule(id=id_, name=id_, on=on, condition=None, **(known | fields))


def rules(*given_: Rule, policy: Policy | None = None) -> RuleSet:
    return rule_set(given_, policy or Policy(), "0" * 16)


def someone(**fields: Any) -> Customer:
    """A customer who can be reached and has agreed to marketing by email."""
    known: dict[str, Any] = {"profile": {"email": "x@example.com"}, "consents": {"email": [True, 1]}}
    return Customer(**(known | fields))


def purchase(customer: str = "anna", id_: str = "e-1", at: int = NOW) -> Event:
    return Event("shop", id_, "purchase", customer, at, Purchase("o-1", Money(890)), b"", amount=89_000, at=at)


def shown(decided: Decided) -> list[tuple[str, str, str]]:
    return [(one.rule, one.outcome, one.reason) for one in decided.decisions]


def fate(given_: RuleSet, customer: str, state: Customer | None = None, **event: Any) -> tuple[str, str]:
    """Outcome and reason of the only decision about a customer."""
    (decision,) = decide(given_, purchase(customer, **event), state or someone(), True).decisions
    return decision.outcome, decision.reason


# When it listens.


@pytest.mark.parametrize(
    ("active", "at", "listens"),
    [
        ((FIRST, LAST), MIDNIGHT - 1, False),
        ((FIRST, LAST), MIDNIGHT, True),
        ((FIRST, LAST), MIDNIGHT + 3 * DAY - 1, True),
        ((FIRST, LAST), MIDNIGHT + 3 * DAY, False),
        ((FIRST, FIRST), MIDNIGHT + DAY - 1, True),
        ((FIRST, FIRST), MIDNIGHT + DAY, False),
        ((FIRST, None), MIDNIGHT - 1, False),
        ((FIRST, None), MIDNIGHT + 900 * DAY, True),
        ((None, LAST), MIDNIGHT - 900 * DAY, True),
        ((None, LAST), MIDNIGHT + 3 * DAY, False),
    ],
)
def test_a_rule_listens_on_whole_days_of_the_shop_both_included(
    active: tuple[int | None, int | None], at: int, listens: bool
) -> None:
    customer = someone()
    decided = decide(
        rules(rule(active=active), policy=Policy(Shop("THB", "Asia/Bangkok"))), purchase(at=at), customer, True
    )
    assert shown(decided) == ([("hello", "queued", "")] if listens else [])
    assert decided.not_fired == ([] if listens else [("hello", "inactive-period")])
    assert bool(customer.entries) == listens


def test_a_day_on_which_the_clocks_change_is_a_whole_day() -> None:
    """29 March 2026 has 23 hours in Berlin."""
    policy = Policy(Shop("EUR", "Europe/Berlin"))
    start = 1_774_738_800_000_000
    day = 20_541
    only = rules(rule(active=(day, day)), policy=policy)
    listening = [bool(decide(only, purchase(at=at), someone(), True).decisions) for at in (start - 1, start)]
    listening += [
        bool(decide(only, purchase(at=start + 23 * HOUR + off), someone(), True).decisions) for off in (-1, 0)
    ]
    assert listening == [False, True, True, False]


# Who is kept out.


def test_a_holdout_is_recorded_and_used_up_and_sends_nothing() -> None:
    customer = someone()
    kept = rules(rule(holdout=10_000, reentry=Reentry("never")))
    (decision,) = decide(kept, purchase(), customer, True).decisions
    assert (decision.outcome, decision.reason, decision.step, decision.message) == ("held-out", "holdout", 0, None)
    assert customer.entries == {"hello": [1, NOW, 0]}
    assert fate(kept, "anna", customer) == ("suppressed", "re-entry")


def test_the_global_holdout_comes_before_the_rules_own() -> None:
    both = rules(rule(holdout=10_000), policy=Policy(holdout=5_000))
    for customer in CROWD:
        out = within(5_000, "holdout:*", customer)
        assert fate(both, customer) == ("held-out", "global-holdout" if out else "holdout")


def test_the_same_customers_are_kept_out_whatever_the_event_and_each_rule_has_its_own() -> None:
    given_ = rules(rule("a", holdout=1_000), rule("b", holdout=1_000))
    out: dict[str, set[str]] = {"a": set(), "b": set()}
    for customer in CROWD:
        first = shown(decide(given_, purchase(customer, "e-1"), someone(), True))
        assert shown(decide(given_, purchase(customer, "e-2", NOW + 900 * DAY), someone(), True)) == first
        for rule_, outcome, _ in first:
            if outcome == "held-out":
                out[rule_].add(customer)
    assert out["a"] == {customer for customer in CROWD if within(1_000, "holdout:a", customer)}
    assert out["a"] != out["b"]
    assert out["a"]
    assert out["b"]


def test_nobody_is_kept_out_of_what_is_transactional() -> None:
    receipt = rule(class_=MessageClass.TRANSACTIONAL)
    assert fate(rules(receipt, policy=Policy(holdout=10_000)), "anna") == ("queued", "")


# Who is in by chance.


def test_chance_is_drawn_anew_for_every_event_and_the_same_again_for_the_same_one() -> None:
    surprise = rules(rule(chance=5_000))
    drawn = [fate(surprise, "anna", id_=f"e-{number}") for number in range(200)]
    assert drawn == [fate(surprise, "anna", id_=f"e-{number}") for number in range(200)]
    inside = [within(5_000, f"chance:hello:e-{number}", "anna") for number in range(200)]
    assert drawn == [("queued", "") if one else ("suppressed", "chance") for one in inside]
    assert set(inside) == {True, False}


def test_who_is_out_by_chance_has_entered() -> None:
    customer = someone()
    never = rules(rule(chance=0, reentry=Reentry("never")))
    assert fate(never, "anna", customer) == ("suppressed", "chance")
    assert fate(never, "anna", customer, id_="e-2") == ("suppressed", "re-entry")
    assert customer.variants == {}


def test_chance_is_of_those_who_are_not_kept_out() -> None:
    assert fate(rules(rule(holdout=10_000, chance=0)), "anna") == ("held-out", "holdout")


# Who gets which variant.


def variant(given_: RuleSet, customer: str, state: Customer) -> str:
    (decision,) = decide(given_, purchase(customer), state, True).decisions
    assert decision.message is not None
    return decision.message.template.removeprefix("hello-")


def written(shares: tuple[tuple[str, int], ...], **fields: Any) -> RuleSet:
    return rules(rule(variants=shares, do=(Send("hello-{variant}", ("email",)),), **fields))


def test_a_variant_chooses_the_message_and_is_remembered() -> None:
    seen = set()
    for customer in CROWD:
        state = someone()
        found = variant(written(HALVES), customer, state)
        assert found == pick(HALVES, "variant:hello", customer)
        assert state.variants == {"hello": found}
        seen.add(found)
    assert seen == {"warm", "short"}


def test_the_first_variant_is_kept_when_the_shares_change() -> None:
    state = someone()
    first = variant(written((("warm", 10_000), ("short", 0))), "anna", state)
    assert first == variant(written((("warm", 0), ("short", 10_000))), "anna", state) == "warm"


def test_a_variant_that_is_gone_is_replaced_by_one_there_is() -> None:
    state = someone(variants={"hello": "long", "other": "long"})
    found = variant(written(HALVES), "anna", state)
    assert state.variants == {"hello": found, "other": "long"}
    assert found in {"warm", "short"}


def test_a_rule_in_shadow_gives_nobody_their_variant() -> None:
    state = someone()
    decide(written((("warm", 10_000), ("short", 0)), status=Status.SHADOW), purchase(), state, True)
    assert variant(written((("warm", 0), ("short", 10_000))), "anna", state) == "short"


def test_who_is_kept_out_gets_no_variant_and_who_did_not_consent_has_one() -> None:
    kept, silent = someone(), someone(consents={})
    decide(written(HALVES, holdout=10_000), purchase(), kept, True)
    assert fate(written(HALVES), "anna", silent) == ("suppressed", "no-consent")
    assert (kept.variants, set(silent.variants)) == ({}, {"hello"})


def test_those_kept_out_and_those_let_in_would_be_split_alike() -> None:
    """Else the variants could not be compared with those kept out."""
    out = [customer for customer in CROWD if within(5_000, "holdout:hello", customer)]
    warm = sum(pick(HALVES, "variant:hello", customer) == "warm" for customer in out)
    assert abs(warm - len(out) / 2) < 5 * (len(out) / 4) ** 0.5


# Which of a group goes.


def test_of_a_group_the_highest_priority_goes_and_others_are_free() -> None:
    given_ = rules(
        rule("low", group="one", priority=1),
        rule("high", group="one", priority=9),
        rule("middle", group="one", priority=5),
        rule("free"),
        rule("other", group="two", priority=-1),
    )
    customer = someone()
    assert shown(decide(given_, purchase(), customer, True)) == [
        ("high", "queued", ""),
        ("middle", "suppressed", "group"),
        ("low", "suppressed", "group"),
        ("free", "queued", ""),
        ("other", "queued", ""),
    ]
    assert set(customer.entries) == {"high", "middle", "low", "free", "other"}


def test_the_next_event_is_a_new_turn() -> None:
    customer = someone()
    given_ = rules(rule("a", group="one", priority=1, reentry=Reentry("never")), rule("b", group="one"))
    shown_ = [shown(decide(given_, purchase(id_=f"e-{number}"), customer, True)) for number in (1, 2)]
    assert shown_ == [
        [("a", "queued", ""), ("b", "suppressed", "group")],
        [("a", "suppressed", "re-entry"), ("b", "queued", "")],
    ]


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"holdout": 10_000}, ("held-out", "holdout")),
        ({"chance": 0}, ("suppressed", "chance")),
        ({"do": (Send("a", ("sms",)),)}, ("suppressed", "no-consent")),
    ],
)
def test_a_rule_that_sends_nothing_is_in_nobodys_way(fields: dict[str, Any], outcome: tuple[str, str]) -> None:
    given_ = rules(rule("a", group="one", priority=1, **fields), rule("b", group="one"))
    assert shown(decide(given_, purchase(), someone(), True)) == [("a", *outcome), ("b", "queued", "")]


def test_all_steps_of_the_rule_that_goes_go() -> None:
    steps = tuple(
        Send(name, (channel,), stop=False) for name, channel in (("a", "sms"), ("b", "email"), ("c", "email"))
    )
    given_ = rules(rule("a", group="one", priority=1, do=steps), rule("b", group="one", do=steps))
    assert [(one.outcome, one.reason) for one in decide(given_, purchase(), someone(), True).decisions] == [
        ("suppressed", "no-consent"),
        ("queued", ""),
        ("queued", ""),
        ("suppressed", "no-consent"),
        ("suppressed", "group"),
        ("suppressed", "group"),
    ]


def test_a_rule_in_shadow_keeps_no_live_one_from_going() -> None:
    shadow = {"group": "one", "status": Status.SHADOW}
    given_ = rules(
        rule("a", priority=9, **shadow),
        rule("b", priority=5, **shadow),
        rule("c", group="one"),
        rule("d", priority=-1, **shadow),
    )
    assert shown(decide(given_, purchase(), someone(), True)) == [
        ("a", "shadow", ""),
        ("b", "suppressed", "group"),
        ("c", "queued", ""),
        ("d", "suppressed", "group"),
    ]


def test_a_rule_in_shadow_tells_that_a_live_one_would_have_gone_before_it() -> None:
    given_ = rules(rule("a", group="one", priority=1), rule("b", group="one", status=Status.SHADOW))
    assert shown(decide(given_, purchase(), someone(), True)) == [("a", "queued", ""), ("b", "suppressed", "group")]


# All of it.


def test_the_guards_stop_in_their_order() -> None:
    """Every guard would stop this rule; lifting the first shows the next."""
    winner = rule("winner", priority=9, group="one", class_=MessageClass.TRANSACTIONAL)
    state = someone(consents={}, entries={"hello": [1, NOW, 0]})
    fields: dict[str, Any] = {"holdout": 10_000, "chance": 0, "group": "one", "reentry": Reentry("never")}
    fields["active"] = (None, 0)
    policy = Policy(holdout=10_000)
    seen = []
    for lift in ("nothing", "active", "late", "re-entry", "global-holdout", "holdout", "chance", "no-consent", "group"):
        match lift:
            case "active":
                fields["active"] = (None, None)
            case "global-holdout":
                policy = Policy()
            case "holdout":
                fields["holdout"] = 0
            case "chance":
                fields["chance"] = 10_000
            case "no-consent":
                state.consents["email"] = [True, 1]
            case "group":
                winner = rule("winner", priority=9)
        if lift not in ("nothing", "active", "late"):
            state.entries.pop("hello", None)
        event = purchase()
        event.time = NOW if lift not in ("nothing", "active") else 0
        decided = decide(rules(winner, rule(**fields), policy=policy), event, state, True)
        seen += [guard for id_, guard in decided.not_fired if id_ == "hello"]
        seen += [one.reason for one in decided.decisions if one.rule == "hello"]
    reasons = ["inactive-period", "late", "re-entry", "global-holdout", "holdout", "chance", "no-consent", "group", ""]
    assert seen == reasons


SHARE = st.sampled_from([0, 1, 1_000, 5_000, 9_999, 10_000])
RULES = st.lists(
    st.builds(
        rule,
        id_=st.sampled_from(["a", "b", "c", "d"]),
        status=st.sampled_from([Status.LIVE, Status.SHADOW]),
        active=st.tuples(st.sampled_from([None, 0, 20_522]), st.sampled_from([None, 20_522, 99_999])),
        holdout=SHARE,
        chance=SHARE,
        variants=st.sampled_from([(), HALVES, (("x", 1), ("y", 9_999))]),
        group=st.sampled_from(["", "one", "two"]),
        priority=st.integers(-2, 2),
        do=st.sampled_from([(Send("m-{variant}", ("email",)),), (Send("m", ("sms",)), Send("n", ("email",)))]),
    ),
    max_size=4,
    unique_by=lambda one: one.id,
)


@given(RULES, SHARE, st.text(min_size=1, max_size=8), st.lists(st.text(max_size=3), max_size=4))
def test_the_same_log_gives_the_same_decisions_and_one_a_group_goes(
    given_: list[Rule], holdout: int, customer: str, ids: list[str]
) -> None:
    first, again = someone(), someone()
    live = {one.id: one for one in given_ if one.status is Status.LIVE}
    set_ = rules(*given_, policy=Policy(holdout=holdout))
    for id_ in ids:
        decided = decide(set_, purchase(customer, id_), first, True)
        assert decided == decide(set_, purchase(customer, id_), again, True)
        went = {one.rule for one in decided.decisions if one.outcome == "queued"}
        groups = [live[name].group for name in went if live[name].group]
        assert len(groups) == len(set(groups))
        assert all((one.message is not None) == (one.outcome == "queued") for one in decided.decisions)
        assert not any(
            "{" in one.message.template for one in decided.decisions if one.message and live[one.rule].variants
        )
    assert first == again


def test_two_birthday_events_of_a_year_draw_once() -> None:
    """The shop's own and the clock's are one: the second is stopped before its chance is drawn."""
    greet = rules(rule(on="birthday", chance=0))
    customer = someone()
    events = [Event("shop", id_, "birthday", "anna", NOW, Birthday(), b"", at=NOW) for id_ in ("b-1", "b-2")]
    reasons = [one.reason for event in events for one in decide(greet, event, customer, True).decisions]
    assert reasons == ["chance", "re-entry"]
