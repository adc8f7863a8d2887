"""Which rules fire, and what each guard says, in its order."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

import pytest

from retention.events import Birthday, Event, Purchase, Return, Survey
from retention.money import Money
from retention.shop import Shop
from retention.state import Customer
from rules.engine.decide import decide
from rules.engine.outcome import Decided, message_key
from rules.language import compile_condition
from rules.language.schema import schema
from rules.policy import HOUR, Policy
from rules.ruleset import MessageClass, Reentry, Rule, RuleSet, Status, rule_set
from rules.steps import Send

DAY = 24 * HOUR
ALWAYS = Reentry("always")


def micros(year: int, month: int, day: int, hour: int = 0) -> int:
    return int(dt.datetime(year, month, day, hour, tzinfo=dt.UTC).timestamp()) * 1_000_000


NOW = micros(2026, 3, 10, 3)


def rule(id_: str = "hello", when: str = "", on: str = "purchase", **fields: Any) -> Rule:
    condition = compile_condition(when, schema(on, Shop())).condition if when else None
    fields = {"status": Status.LIVE, "do": (Send("hello", ("email",)),)} | fields
    return Rule(id=id_, name=id_, on=on, condition=condition, **fields)


def rules(*given: Rule, policy: Policy | None = None) -> RuleSet:
    return rule_set(given, policy or Policy(), "0" * 16)


def anna(**fields: Any) -> Customer:
    """A customer who can be reached and has agreed to marketing by email."""
    known: dict[str, Any] = {
        "profile": {"email": "anna@example.com"},
        "consents": {"email": [True, 1]},
        "orders": 1,
        "orders_ever": 1,
    }
    return Customer(**(known | fields))


def purchase(id_: str = "e-1", time: int = NOW, at: int = NOW) -> Event:
    return Event("shop", id_, "purchase", "anna", time, Purchase("o-1", Money(890)), b"", amount=89_000, at=at)


def birthday(id_: str = "b-1", time: int = NOW) -> Event:
    return Event("shop", id_, "birthday", "anna", time, Birthday(), b"", at=time)


def shown(decided: Decided) -> list[tuple[str, str, str]]:
    return [(one.rule, one.outcome, one.reason) for one in decided.decisions]


def once(one: Rule, customer: Customer, event: Event | None = None) -> tuple[str, str]:
    """Outcome and reason of the only decision of the only rule."""
    (decision,) = decide(rules(one), event or purchase(), customer, True).decisions
    return decision.outcome, decision.reason


def test_a_rule_whose_condition_holds_queues_its_message() -> None:
    (decision,) = decide(rules(rule(when="customer.orders_ever == 1")), purchase(), anna(), True).decisions
    assert (decision.outcome, decision.reason) == ("queued", "")
    message = decision.message
    assert message is not None
    assert (message.rule, message.template, message.channel, message.class_) == ("hello", "hello", "email", "marketing")
    assert (message.step, message.entry) == (0, "shop\x1fe-1")
    assert message.key == message_key("hello", "anna", "shop\x1fe-1", 0)


def test_the_key_of_a_message_never_changes() -> None:
    key = message_key("welcome", "anna", "/shop\x1fevt-1", 0)
    assert key == "242fe7585ca80cf7b905b14c95fca92f"
    assert key == hashlib.sha256(b"welcome\x1fanna\x1f/shop\x1fevt-1\x1f0").hexdigest()[:32]
    assert (
        len(
            {
                key,
                message_key("welcome", "anna", "/shop\x1fevt-1", 1),
                message_key("welcome", "ben", "/shop\x1fevt-1", 0),
            }
        )
        == 3
    )


def test_an_amendment_fires_no_rule() -> None:
    customer = anna()
    assert decide(rules(rule()), purchase(), customer, False) == Decided()
    assert customer.entries == {}


def test_a_rule_hears_only_its_own_event() -> None:
    back = Event("shop", "r-1", "return", "anna", NOW, Return("r", Money(1)), b"", at=NOW)
    assert decide(rules(rule()), back, anna(), True) == Decided()
    assert shown(decide(rules(rule(on="return")), back, anna(), True)) == [("hello", "queued", "")]


def test_what_did_not_pass_its_condition_is_counted_and_enters_nothing() -> None:
    customer = anna()
    both = rules(rule("big", "event.total > 5000"), rule("vip", 'has_tag("vip")'), rule("all"))
    decided = decide(both, purchase(), customer, True)
    assert decided.not_fired == [("big", "condition"), ("vip", "condition")]
    assert shown(decided) == [("all", "queued", "")]
    assert set(customer.entries) == {"all"}


@pytest.mark.parametrize("status", [Status.DRAFT, Status.PAUSED])
def test_drafts_and_paused_rules_do_nothing(status: Status) -> None:
    customer = anna()
    assert decide(rules(rule(status=status)), purchase(), customer, True) == Decided()
    assert customer.entries == {}


def test_a_rule_in_shadow_decides_queues_nothing_and_uses_up_no_entry() -> None:
    customer = anna()
    shadow = rules(rule(status=Status.SHADOW))
    (decision,) = decide(shadow, purchase(), customer, True).decisions
    assert (decision.outcome, decision.reason, decision.message) == ("shadow", "", None)
    assert shown(decide(shadow, purchase(), customer, True)) == [("hello", "suppressed", "re-entry")]
    assert once(rule(), customer) == ("queued", "")
    assert once(rule(status=Status.SHADOW), Customer()) == ("suppressed", "no-consent")


def test_an_event_older_than_the_lateness_fires_nothing_and_enters_nothing() -> None:
    customer = anna()
    on_time, late = purchase(time=NOW - DAY), purchase(time=NOW - DAY - 1)
    assert once(rule(), customer, late) == ("suppressed", "late")
    assert customer.entries == {}
    assert once(rule(), customer, on_time) == ("queued", "")
    patient = rules(rule(reentry=ALWAYS), policy=Policy(lateness=2 * DAY))
    assert shown(decide(patient, late, customer, True)) == [("hello", "queued", "")]


def test_never_means_once() -> None:
    customer = anna()
    assert once(rule(), customer, purchase("e-1")) == ("queued", "")
    assert once(rule(), customer, purchase("e-2", at=NOW + 9)) == ("suppressed", "re-entry")
    assert customer.entries == {"hello": [1, NOW, 0]}


def test_always_means_every_time_and_counts() -> None:
    customer = anna()
    for number in (1, 2, 3):
        assert once(rule(reentry=ALWAYS), customer, purchase(f"e-{number}", NOW, NOW + number)) == ("queued", "")
    assert customer.entries == {"hello": [3, NOW + 3, 0]}


def test_after_a_while_is_measured_from_the_last_entry() -> None:
    customer = anna()
    monthly = rule(reentry=Reentry("after", 30 * DAY))
    times = [NOW, NOW + 30 * DAY - 1, NOW + 30 * DAY, NOW + 60 * DAY - 1]
    outcomes = [once(monthly, customer, purchase(f"e-{time}", time, time)) for time in times]
    assert [reason for _, reason in outcomes] == ["", "re-entry", "", "re-entry"]
    assert customer.entries == {"hello": [2, NOW + 30 * DAY, 0]}


def test_an_entry_counts_although_consent_stops_it_later() -> None:
    customer = anna(consents={})
    assert once(rule(), customer) == ("suppressed", "no-consent")
    assert customer.entries == {"hello": [1, NOW, 0]}
    customer.consents["email"] = [True, 1]
    assert once(rule(), customer) == ("suppressed", "re-entry")


@pytest.mark.parametrize("reentry", [Reentry("never"), ALWAYS, Reentry("after", DAY)])
def test_a_birthday_is_entered_once_a_calendar_year_of_the_shop(reentry: Reentry) -> None:
    customer = anna()
    greet = rule(on="birthday", reentry=reentry)
    new_year_in_bangkok = micros(2026, 12, 31, 17)
    times = [micros(2026, 3, 1), micros(2026, 12, 31, 16), new_year_in_bangkok, new_year_in_bangkok + 90 * DAY]
    outcomes = [once(greet, customer, birthday(f"b-{time}", time)) for time in times]
    assert [reason for _, reason in outcomes] == ["", "re-entry", "", "re-entry"]
    assert customer.entries == {"hello": [2, new_year_in_bangkok, 2027]}


def test_two_birthday_events_of_a_year_give_one_key() -> None:
    keys = set()
    for id_ in ("from-the-shop", "from-the-clock"):
        (decision,) = decide(rules(rule(on="birthday")), birthday(id_), anna(), True).decisions
        assert decision.message is not None
        assert decision.message.entry == "birthday\x1f2026"
        keys.add(decision.message.key)
    assert len(keys) == 1


def test_a_late_birthday_of_last_year_is_no_second_one() -> None:
    customer = anna(entries={"hello": [1, NOW, 2026]})
    assert once(rule(on="birthday"), customer, birthday(time=micros(2025, 12, 30))) == ("suppressed", "re-entry")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, ""),
        ({"consents": {}}, "no-consent"),
        ({"consents": {"email": [False, 1]}}, "no-consent"),
        ({"consents": {"line": [True, 1], "email/news": [True, 1]}}, "no-consent"),
        ({"suppressed": {"email": "bounced"}}, "suppressed"),
        ({"suppressed": {"line": "bounced"}}, ""),
        ({"profile": {}}, "unreachable"),
        ({"profile": {"email": ""}}, "unreachable"),
        ({"staff": True}, "staff"),
        ({"staff": True, "consents": {}, "suppressed": {"email": "bounced"}, "profile": {}}, "staff"),
        ({"consents": {}, "suppressed": {"email": "bounced"}, "profile": {}}, "no-consent"),
        ({"suppressed": {"email": "bounced"}, "profile": {}}, "suppressed"),
    ],
)
def test_marketing_needs_consent_then_an_open_channel_then_an_address(fields: dict[str, Any], reason: str) -> None:
    assert once(rule(), anna(**fields)) == ("suppressed" if reason else "queued", reason)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"consents": {}}, ""),
        ({"consents": {"email": [False, 1]}, "staff": True}, ""),
        ({"suppressed": {"email": "complained"}}, "suppressed"),
        ({"profile": {}}, "unreachable"),
    ],
)
def test_transactional_messages_need_no_consent_but_obey_suppression(fields: dict[str, Any], reason: str) -> None:
    outcome = once(rule(class_=MessageClass.TRANSACTIONAL), anna(**fields))
    assert outcome == ("suppressed" if reason else "queued", reason)


def test_the_first_channel_that_can_be_used_is_taken() -> None:
    many = rule(do=(Send("hello", ("line", "sms", "email")),))
    customer = anna(profile={"email": "a@example.com", "phone": "+66"}, consents={"email": [True, 1], "sms": [True, 1]})
    (decision,) = decide(rules(many), purchase(), customer, True).decisions
    assert decision.message is not None
    assert decision.message.channel == "sms"
    nothing = anna(profile={}, consents={"sms": [True, 1]})
    assert once(many, nothing) == ("suppressed", "no-consent")


def test_each_step_is_a_decision_with_a_key_of_its_own() -> None:
    two = rule(do=(Send("hello", ("email",)), Send("more", ("line",), stop=False), Send("more", ("email",))))
    decisions = decide(rules(two), purchase(), anna(), True).decisions
    assert [(one.step, one.outcome) for one in decisions] == [(0, "queued"), (1, "suppressed"), (2, "queued")]
    assert len({one.message.key for one in decisions if one.message}) == 2


def test_higher_priority_decides_first_then_the_id() -> None:
    given = (rule("b"), rule("c", priority=5), rule("a"), rule("d", priority=-1))
    assert [one.rule for one in decide(rules(*given), purchase(), anna(), True).decisions] == ["c", "a", "b", "d"]


def test_guards_stop_in_their_order() -> None:
    """Every guard would stop this customer; lifting the first shows the next."""
    customer = Customer(staff=True, suppressed={"email": "bounced"}, entries={"hello": [1, NOW, 0]})
    stubborn = rule(when="customer.orders_ever == 1")
    assert decide(rules(stubborn), purchase(time=0), customer, True).not_fired == [("hello", "condition")]
    customer.orders_ever = 1
    reasons = [once(stubborn, customer, purchase(time=0))]
    reasons.append(once(stubborn, customer))
    customer.entries.clear()
    reasons.append(once(stubborn, customer))
    for lift in ("staff", "no-consent", "suppressed"):
        customer.entries.clear()
        if lift == "staff":
            customer.staff = False
        elif lift == "no-consent":
            customer.consents["email"] = [True, 1]
        else:
            customer.suppressed.clear()
        reasons.append(once(stubborn, customer))
    expected = ["late", "re-entry", "staff", "no-consent", "suppressed", "unreachable"]
    assert reasons == [("suppressed", reason) for reason in expected]


def test_the_same_event_and_customer_always_give_the_same_decisions() -> None:
    given = rules(rule("a", "event.total > 100"), rule("b", reentry=ALWAYS), rule("c", "customer.orders > 7"))
    first, second = anna(), anna()
    assert decide(given, purchase(), first, True) == decide(given, purchase(), second, True)
    assert first == second


def test_an_event_nobody_listens_to_is_cheap_and_empty() -> None:
    survey = Event("shop", "s", "survey", "anna", NOW, Survey(9), b"", at=NOW)
    assert decide(rules(rule()), survey, anna(), True) == Decided()


def test_a_tills_walk_in_id_fires_no_rule_and_enters_none() -> None:
    customer = anna(walk_in=True)
    decided = decide(rules(rule()), purchase(), customer, new=True)
    assert (decided.decisions, decided.not_fired, customer.entries) == ([], [], {})
