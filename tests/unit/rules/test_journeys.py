"""The customer's way through a rule: waits, branches, exits, deferrals, and what is late."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from retention.events import CLOCK, POKE, Event, Fulfilment, Poke, Purchase, Return, Support
from retention.money import Money
from retention.shop import Shop
from rules.engine.decide import MOST_JOURNEYS, elapse
from rules.engine.outcome import message_key
from rules.engine.timers import next_due
from rules.language import compile_condition
from rules.language.schema import schema
from rules.policy import DAY, HOUR, Cap, Limits, Policy
from rules.ruleset import MessageClass, Reentry, Rule, Status, rule_set
from rules.steps import Assign, Branch, Emit, Grant, Jump, Notify, Send, StopIf, Tag, Wait, WaitUntil
from tests.unit.rules.story import BYE, HELLO, NOW, Story, asked, at, rule


def test_a_wait_goes_on_at_its_time_and_not_before() -> None:
    story = Story(rule(HELLO, Wait(7 * DAY), BYE))
    story.buy()
    assert next_due(story.rules, story.customer) == NOW + 7 * DAY
    story.until(NOW + 7 * DAY - 1)
    assert [one[2] for one in story.told] == ["queued", "waiting"]
    story.until(NOW + 7 * DAY)
    assert story.told[-1] == ("03-17 10:00", "r", "queued", "")
    assert story.customer.journeys == []
    assert next_due(story.rules, story.customer) is None


def test_the_second_message_has_a_key_of_its_own_and_answers_the_event_that_began_it() -> None:
    story = Story(rule(HELLO, Wait(DAY), BYE))
    story.buy()
    story.until(NOW + DAY)
    (decision,) = story.decided.decisions
    assert decision.message is not None
    assert decision.message.key == message_key("r", "anna", "shop\x1fe1", 2)
    assert (decision.message.template, decision.message.answers.id) == ("bye", "e1")


def test_a_reminder_of_an_offer_counts_its_time_from_the_first_message_with_it() -> None:
    first, reminder, other = (Send("hello", ("email",), 660, offer) for offer in ("tea", "tea", "cup"))
    story = Story(rule(HELLO, first, Wait(7 * DAY), reminder, other))
    story.buy()
    offered = []
    for day in range(20):
        offered += [one.message.offered_at for one in story.decided.decisions if one.message]
        story.until(NOW + day * DAY)
    assert offered == [0, at("2026-03-10 11:00"), at("2026-03-10 11:00"), at("2026-03-17 11:00")]


def test_another_entry_gives_the_offer_anew() -> None:
    story = Story(rule(Send("hello", ("email",), None, "tea")))
    for time in (NOW, NOW + DAY):
        story.buy(time)
        (decision,) = story.decided.decisions
        assert decision.message is not None
        assert decision.message.offered_at == time


def test_a_message_for_ten_o_clock_holds_the_rule_until_then() -> None:
    story = Story(rule(replace(HELLO, at=600), Wait(7 * DAY), BYE))
    story.buy(at("2026-03-10 11:30"))
    for day in range(11, 31):
        story.until(at(f"2026-03-{day} 10:00"))
    assert story.told == [
        ("03-10 11:30", "r", "queued", "03-11 10:00"),
        ("03-11 10:00", "r", "waiting", "wait"),
        ("03-18 10:00", "r", "queued", ""),
    ]


def test_two_overdue_steps_go_in_the_order_of_their_time_then_of_priority_then_of_id() -> None:
    story = Story(
        rule(Wait(2 * HOUR), HELLO, id_="late"),
        rule(Wait(HOUR), HELLO, id_="b"),
        rule(Wait(HOUR), HELLO, id_="a"),
        rule(Wait(HOUR), HELLO, id_="first", priority=5),
    )
    story.buy()
    story.until(NOW + 3 * HOUR)
    assert [one[1] for one in story.told if one[2] == "queued"] == ["first", "a", "b", "late"]


def test_a_step_that_is_more_than_the_lateness_overdue_does_nothing_and_ends_the_way() -> None:
    exactly, beyond = Story(rule(Wait(DAY), HELLO)), Story(rule(Wait(DAY), HELLO))
    exactly.buy()
    exactly.until(NOW + 2 * DAY)
    assert exactly.told[-1][2:] == ("queued", "")
    beyond.buy()
    beyond.until(NOW + 2 * DAY + 1)
    assert beyond.told[-1][2:] == ("suppressed", "late")
    assert beyond.customer.journeys == []


def test_wait_until_a_time_of_day_a_weekday_and_a_date() -> None:
    story = Story(
        rule(WaitUntil(9 * 60), HELLO, id_="nine"),
        rule(WaitUntil(600, weekday=4), HELLO, id_="friday"),
        rule(WaitUntil(600, day=20_540), HELLO, id_="day"),
        rule(WaitUntil(600, day=20_000), HELLO, id_="past"),
    )
    story.buy()  # Tuesday, ten o'clock
    for hours in range(0, 24 * 60, 12):
        story.until(NOW + hours * HOUR)
    assert [(one[0], one[1]) for one in story.told if one[2] == "queued"] == [
        ("03-10 10:00", "past"),
        ("03-11 09:00", "nine"),
        ("03-13 10:00", "friday"),
        ("03-28 10:00", "day"),
    ]


def test_a_purchase_stops_the_rule_and_cancels_what_has_not_left() -> None:
    story = Story(rule(replace(HELLO, at=600), Wait(DAY), BYE, stop_on=("purchase",)))
    story.buy(at("2026-03-10 11:00"))
    key = message_key("r", "anna", "shop\x1fe1", 0)
    story.hear("purchase", Purchase("o2", Money(890)), at("2026-03-10 12:00"))
    assert story.cancelled == [key]
    assert ("03-10 12:00", "r", "stopped", "stop-on") in story.told
    assert [journey.entry for journey in story.customer.journeys] == ["shop\x1fe2"]


def test_what_left_is_not_cancelled() -> None:
    story = Story(rule(HELLO, Wait(DAY), BYE, stop_on=("fulfilment.cancelled",)))
    story.buy()
    story.message("r", 0, "sent", NOW + 1)
    story.hear("fulfilment", Fulfilment("o9", "shipped"), NOW + 2)
    assert len(story.customer.journeys) == 1
    story.hear("fulfilment", Fulfilment("o9", "cancelled"), NOW + 3)
    assert story.customer.journeys == []
    assert story.cancelled == []


def test_a_message_that_waits_for_the_morning_is_stopped_by_a_purchase_although_no_step_is_left() -> None:
    story = Story(rule(replace(HELLO, at=600), stop_on=("purchase",)))
    story.buy(at("2026-03-10 11:00"))
    assert len(story.customer.journeys) == 1
    story.buy(at("2026-03-10 12:00"))
    assert story.cancelled == [message_key("r", "anna", "shop\x1fe1", 0)]


def test_a_way_that_only_waits_to_hear_of_its_message_ends_when_it_left() -> None:
    story = Story(rule(replace(HELLO, at=600), stop_on=("purchase",)))
    story.buy(at("2026-03-10 11:00"))
    story.message("r", 0, "sent", at("2026-03-11 10:00"))
    assert story.customer.journeys == []


def test_an_amendment_stops_nothing() -> None:
    story = Story(rule(HELLO, Wait(DAY), BYE, stop_on=("purchase",)))
    story.buy(order="o1")
    story.buy(NOW + HOUR, order="o1")
    assert len(story.customer.journeys) == 1


def test_stop_if_asks_what_happened_since_the_entry() -> None:
    story = Story(rule(HELLO, Wait(DAY), StopIf(asked("customer.orders_since_entry > 0")), BYE, reentry=Reentry()))
    story.buy()
    story.buy(NOW + HOUR)
    story.until(NOW + DAY)
    assert story.told[-1][2:] == ("stopped", "stop-if")
    alone = Story(story.rules.rules[0])
    alone.buy()
    alone.until(NOW + DAY)
    assert alone.told[-1][2] == "queued"


def test_stop_if_cancels_what_has_not_left() -> None:
    story = Story(rule(HELLO, Wait(DAY), StopIf(asked("customer.orders > 0")), BYE))
    story.buy()
    story.until(NOW + DAY)
    assert story.cancelled == [message_key("r", "anna", "shop\x1fe1", 0)]


def test_stop_if_right_behind_a_message_lets_that_one_leave() -> None:
    story = Story(rule(HELLO, StopIf(asked("customer.orders > 0")), BYE))
    story.buy()
    assert [one[2] for one in story.told] == ["queued", "stopped"]
    assert story.cancelled == []


def branching() -> Rule:
    """if total >= 500: hello, else: bye; then a tag."""
    return rule(Branch(asked("event.total >= 500"), 3), HELLO, Jump(4), BYE, Tag("asked"))


def test_a_branch_goes_one_way_and_meets_the_other_behind_it() -> None:
    story = Story(branching())
    story.buy()
    assert [(one.outcome, one.step) for one in story.decided.decisions] == [("queued", 1), ("done", 4)]
    assert story.customer.own_tags == ["asked"]


def test_unknown_takes_the_else_branch_and_does_not_stop() -> None:
    unknown = asked('customer.country == "TH"')
    story = Story(rule(StopIf(unknown), Branch(unknown, 4), HELLO, Jump(5), BYE))
    story.buy()
    assert [(one.outcome, one.step) for one in story.decided.decisions] == [("queued", 4)]


def test_what_is_not_sent_ends_the_rule_unless_it_says_go_on() -> None:
    ends, goes = Story(rule(HELLO, Tag("x"))), Story(rule(replace(HELLO, stop=False), Tag("x")))
    for story in (ends, goes):
        story.customer.consents = {}
        story.buy()
    assert [one[2] for one in ends.told] == ["suppressed"]
    assert [one[2] for one in goes.told] == ["suppressed", "done"]


def test_a_message_that_finally_failed_ends_the_rule_unless_it_says_go_on() -> None:
    ends, goes = Story(rule(HELLO, Wait(DAY), BYE)), Story(rule(replace(HELLO, stop=False), Wait(DAY), BYE))
    for story in (ends, goes):
        story.buy()
        story.message("r", 0, "failed", NOW + HOUR)
        story.until(NOW + DAY)
    assert ends.told[-1][2:] == ("stopped", "not-sent")
    assert goes.told[-1][2:] == ("queued", "")


# Open tickets and returns.


def test_marketing_waits_while_a_ticket_is_open_and_goes_on_when_it_is_closed() -> None:
    story = Story(rule(HELLO))
    story.hear("support", Support("t1", "opened"), NOW - HOUR)
    story.buy()
    assert story.told == [("03-10 10:00", "r", "waiting", "open-ticket")]
    story.hear("support", Support("t1", "closed"), NOW + 5 * HOUR)
    story.until(NOW + 8 * HOUR)
    assert story.told[-1] == ("03-10 18:00", "r", "queued", "")


def held_up(*do: Any) -> Story:
    """On a first order a rule of these steps, which a ticket holds up after a day; she buys again meanwhile."""
    story = Story(rule(*do, condition=lambda _event, customer: customer.orders_ever == 1))
    story.buy()
    story.hear("support", Support("t", "opened"), NOW + HOUR)
    story.until(NOW + DAY)
    story.buy(NOW + DAY + HOUR)
    story.hear("support", Support("t", "closed"), NOW + DAY + 2 * HOUR)
    story.until(NOW + 2 * DAY)
    return story


def test_what_was_held_up_is_asked_about_again_before_it_goes() -> None:
    story = held_up(Wait(DAY), StopIf(asked("customer.orders_since_entry > 0")), BYE)
    assert [line[2:] for line in story.told if line[1] == "r"] == [
        ("waiting", "wait"),
        ("waiting", "open-ticket"),
        ("stopped", "stop-if"),
    ]


def test_what_another_way_is_stopped_by_is_not_asked_when_a_step_behind_both_was_held_up() -> None:
    big, since = asked("customer.orders_ever > 1"), asked("customer.orders_since_entry > 0")
    story = held_up(Wait(DAY), Branch(big, 3), StopIf(since), BYE)
    assert story.told[-1][2] == "queued"


def test_what_customers_expect_does_not_wait_for_a_ticket() -> None:
    story = Story(rule(HELLO, class_=MessageClass.TRANSACTIONAL))
    story.hear("support", Support("t1", "opened"), NOW - HOUR)
    story.buy()
    assert story.told[-1][2] == "queued"


def test_it_gives_up_after_fourteen_days() -> None:
    story = Story(rule(HELLO))
    story.hear("support", Support("t1", "opened"), NOW - HOUR)
    story.buy()
    for hours in range(4, 14 * 24 + 4, 4):
        story.until(NOW + hours * HOUR)
    assert [one[2:] for one in story.told] == [("waiting", "open-ticket"), ("suppressed", "open-ticket")]
    assert story.told[-1][0] == "03-24 10:00"


def test_marketing_waits_while_a_return_is_on_its_way() -> None:
    story = Story(rule(HELLO))
    story.hear("return", Return("r1", Money(10), "o9", state="requested"), NOW - HOUR)
    story.buy()
    assert story.told[-1][2:] == ("waiting", "return-in-progress")
    story.hear("return", Return("r1", Money(10), "o9"), NOW + HOUR)
    story.until(NOW + 4 * HOUR)
    assert story.told[-1][2] == "queued"


def test_the_words_of_a_ticket_hold_by_their_time_whatever_order_they_come_in() -> None:
    story = Story(rule(HELLO))
    story.hear("support", Support("t1", "closed"), NOW - HOUR)
    story.hear("support", Support("t1", "opened"), NOW - 2 * HOUR, at_=NOW - HOUR)
    story.buy()
    assert story.told[-1][2] == "queued"


def test_a_return_that_was_refunded_is_over_whatever_is_heard_of_it_later() -> None:
    story = Story(rule(HELLO))
    story.hear("return", Return("r1", Money(10), "o9"), NOW - 2 * HOUR)
    story.hear("return", Return("r1", Money(10), "o9", state="received"), NOW - HOUR)
    story.buy()
    assert story.told[-1][2] == "queued"


def test_a_ticket_of_which_nothing_was_heard_for_sixty_days_holds_nothing_up() -> None:
    story = Story(rule(HELLO))
    story.hear("support", Support("t1", "opened"), NOW - 60 * DAY)
    story.buy()
    assert story.told[-1][2] == "queued"


# Caps.


def capped(*caps: Cap, **fields: Any) -> Policy:
    return Policy(caps=caps, **fields)


def test_three_in_seven_days_and_the_fourth_when_the_first_is_a_week_old_to_the_microsecond() -> None:
    story = Story(rule(HELLO), policy=capped(Cap(3, 7 * DAY)))
    for hours in (0, 1, 2, 3):
        story.buy(NOW + hours * HOUR)
    assert [one[2:] for one in story.told] == [("queued", "")] * 3 + [("suppressed", "cap")]
    story.buy(NOW + 7 * DAY - 1)
    assert story.told[-1][2:] == ("suppressed", "cap")
    story.buy(NOW + 7 * DAY)
    assert story.told[-1][2:] == ("queued", "")


def test_a_calendar_day_is_the_customers_own() -> None:
    policy = capped(Cap(1, 0))
    story = Story(rule(HELLO), policy=policy, time_zone="America/New_York")
    story.buy(at("2026-03-10 10:00"))  # 23:00 the evening before, in New York
    story.buy(at("2026-03-10 10:59"))
    story.buy(at("2026-03-10 11:00"))
    assert [one[2] for one in story.told] == ["queued", "suppressed", "queued"]


def test_a_cap_of_one_channel_counts_that_channel_alone() -> None:
    line = Send("hello", ("line",))
    story = Story(rule(HELLO), rule(line, id_="line"), policy=capped(Cap(1, DAY, "email")), line_id="L1")
    story.customer.consents["line"] = [True, 1]
    story.buy()
    story.buy(NOW + HOUR)
    assert [(one[1], one[2]) for one in story.told] == [
        ("line", "queued"), ("r", "queued"), ("line", "queued"), ("r", "suppressed")
    ]  # fmt: skip


def test_transactional_messages_neither_obey_caps_nor_count() -> None:
    expected = rule(HELLO, id_="expected", class_=MessageClass.TRANSACTIONAL, priority=9)
    story = Story(expected, rule(BYE), policy=capped(Cap(1, DAY)))
    story.buy()
    story.buy(NOW + HOUR)
    assert [(one[1], one[2]) for one in story.told] == [
        ("expected", "queued"), ("r", "queued"), ("expected", "queued"), ("r", "suppressed")
    ]  # fmt: skip


def test_a_message_that_did_not_leave_gives_its_place_back() -> None:
    for state, outcome in (
        ("failed", "queued"),
        ("cancelled", "queued"),
        ("expired", "queued"),
        ("sent", "suppressed"),
    ):
        story = Story(rule(HELLO), policy=capped(Cap(1, DAY)))
        story.buy()
        story.message("r", 0, state, NOW + 1)
        story.buy(NOW + HOUR)
        assert story.told[-1][2] == outcome, state


def test_if_capped_wait_goes_on_when_there_is_room() -> None:
    story = Story(rule(HELLO, wait_if_capped=True), policy=capped(Cap(1, 2 * DAY)))
    story.buy()
    story.buy(NOW + HOUR)
    assert story.told[-1] == ("03-10 11:00", "r", "waiting", "cap")
    story.until(NOW + 2 * DAY)
    assert story.told[-1] == ("03-12 10:00", "r", "queued", "")


def test_one_that_waits_for_its_hour_counts_already() -> None:
    policy = capped(Cap(1, DAY), quiet=(21 * 60, 9 * 60))
    story = Story(rule(HELLO), policy=policy)
    story.buy(at("2026-03-10 22:00"))
    story.buy(at("2026-03-11 08:00"))
    story.buy(at("2026-03-12 08:59"))
    assert [one[2:] for one in story.told] == [
        ("queued", "03-11 09:00"), ("suppressed", "cap"), ("queued", "03-12 09:00")
    ]  # fmt: skip


# Quiet hours and expiry.

QUIET = Policy(quiet=(21 * 60, 9 * 60))


def test_quiet_hours_put_a_message_off_to_their_end() -> None:
    for begins, ends in (
        ("2026-03-10 20:59", ""),
        ("2026-03-10 21:00", "03-11 09:00"),
        ("2026-03-11 08:59", "03-11 09:00"),
        ("2026-03-11 09:00", ""),
    ):
        story = Story(rule(HELLO), policy=QUIET)
        story.buy(at(begins))
        assert story.told[-1][2:] == ("queued", ends)


def test_a_rule_or_its_class_may_drop_what_falls_into_quiet_hours_or_not_care() -> None:
    story = Story(rule(HELLO, quiet="drop"), rule(HELLO, id_="s", quiet="ignore"), policy=QUIET)
    story.buy(at("2026-03-10 23:00"))
    assert [one[1:] for one in story.told] == [("r", "suppressed", "quiet-hours"), ("s", "queued", "")]


def test_quiet_hours_are_the_customers_own() -> None:
    story = Story(rule(HELLO), policy=QUIET, country="US")
    story.buy(at("2026-03-10 10:00"))  # 23:00 in New York
    assert story.told[-1][2:] == ("queued", "03-10 20:00")


def test_what_would_leave_after_it_expired_is_not_queued() -> None:
    short = rule(replace(HELLO, at=600), expires_after=2 * HOUR)
    story = Story(short)
    story.buy(at("2026-03-10 10:30"))
    assert story.told[-1][2:] == ("suppressed", "expired")
    story.buy(at("2026-03-11 09:00"))
    (decision,) = story.decided.decisions
    assert decision.message is not None
    assert (decision.message.due_at, decision.message.expires_at) == (at("2026-03-11 10:00"), at("2026-03-11 11:00"))


def test_the_time_a_message_waits_for_a_ticket_counts_when_its_rule_says_how_long_it_is_good_for() -> None:
    story = Story(rule(HELLO, id_="short", expires_after=24 * HOUR), rule(HELLO, id_="usual"))
    story.hear("support", Support("t", "opened"), NOW - DAY)
    story.buy()
    for hours in range(4, 49, 4):
        story.until(NOW + hours * HOUR)
    story.hear("support", Support("t", "closed"), NOW + 2 * DAY)
    story.until(NOW + 2 * DAY + 4 * HOUR)
    assert story.told[-2:] == [
        ("03-12 14:00", "short", "suppressed", "expired"),
        ("03-12 14:00", "usual", "queued", ""),
    ]


def test_a_class_says_when_its_messages_expire() -> None:
    limits = {"marketing": Limits(True, True, "defer", 3 * HOUR), "transactional": Limits(False, False, "ignore", None)}
    story = Story(rule(HELLO), rule(HELLO, id_="t", class_=MessageClass.TRANSACTIONAL), policy=Policy(limits=limits))
    story.buy()
    assert [one.message.expires_at for one in story.decided.decisions if one.message] == [NOW + 3 * HOUR, None]


# Requests, tags, attributes.


def test_steps_that_ask_for_something_become_requests_with_keys_of_their_own() -> None:
    story = Story(
        rule(Grant("gift", "note"), Grant("points", "", 1, 2500), Notify("call her"), Emit("vip"), Grant("offer", "c"))
    )
    story.buy()
    requests = [one.request for one in story.decided.decisions]
    assert [(one.kind, one.what, one.amount) for one in requests if one] == [
        ("gift", "note", 1), ("points", "", 35), ("notify", "call her", 1), ("emit", "vip", 1), ("offer", "c", 1)
    ]  # fmt: skip
    assert len({one.key for one in requests if one}) == 5


def test_an_order_too_small_for_a_point_gets_none_and_the_reason() -> None:
    story = Story(rule(Grant("points", "", 1, 100_000)))
    story.buy()
    assert story.told[-1][2:] == ("suppressed", "no-points")


def test_tags_and_attributes_that_rules_set_are_seen_by_conditions_and_outlive_the_profile() -> None:
    story = Story(rule(Tag("vip"), Assign((("size", 42),))))
    story.buy()
    seen = compile_condition('has_tag("vip") and "vip" in customer.tags', schema("purchase", Shop())).condition
    assert seen is not None
    assert seen(story.log[0], story.customer)
    assert (story.customer.own, story.customer.own_tags) == ({"size": 42}, ["vip"])
    story.rules = rule_set([rule(Tag("vip", on=False))], Policy(), "1")
    story.buy(NOW + 1)
    assert story.customer.own_tags == []


def test_a_rule_in_shadow_changes_nothing_and_reserves_nothing() -> None:
    do = (HELLO, Tag("vip"), Assign((("size", 42),)), Grant("gift", "note"), Wait(DAY), BYE)
    story = Story(rule(*do, status=Status.SHADOW), policy=capped(Cap(9, DAY)))
    story.buy()
    story.until(NOW + DAY)
    assert [one[2] for one in story.told] == ["shadow"] * 4 + ["waiting", "shadow"]
    assert (story.customer.own, story.customer.own_tags, story.customer.reserved) == ({}, [], [])


# What becomes of those under way.


def test_a_rule_that_is_gone_ends_its_journeys_and_cancels_their_messages() -> None:
    story = Story(rule(HELLO, Wait(DAY), BYE))
    story.buy()
    story.rules = rule_set([], Policy(), "1")
    story.until(NOW + DAY)
    assert story.told[-1][2:] == ("stopped", "rule-gone")
    assert story.cancelled == [message_key("r", "anna", "shop\x1fe1", 0)]


def test_a_paused_rule_goes_on_when_it_is_live_again() -> None:
    story = Story(rule(Wait(DAY), HELLO))
    story.buy()
    live = story.rules
    story.rules = rule_set([rule(Wait(DAY), HELLO, status=Status.PAUSED)], Policy(), "1")
    story.until(NOW + DAY)
    assert story.told[-1][2:] == ("waiting", "paused")
    story.rules = live
    story.until(NOW + DAY + 4 * HOUR)
    assert story.told[-1][2] == "queued"


def test_without_the_event_that_began_it_nothing_is_sent() -> None:
    story = Story(rule(Wait(DAY), HELLO))
    story.buy()
    poke = Event(CLOCK, "poke", POKE, "anna", NOW + DAY, Poke(), b"{}", at=NOW + DAY)
    decided = elapse(story.rules, poke, story.customer, lambda _seq: None)
    assert [(one.outcome, one.reason) for one in decided.decisions] == [("suppressed", "event-gone")]
    assert story.customer.journeys == []


def test_a_customer_is_in_the_midst_of_so_many_rules_and_no_more() -> None:
    story = Story(rule(Wait(DAY), HELLO))
    for number in range(MOST_JOURNEYS + 1):
        story.buy(NOW + number)
    assert len(story.customer.journeys) == MOST_JOURNEYS
    assert story.told[-1][2:] == ("stopped", "too-many")


def test_an_id_that_turns_out_to_be_a_tills_is_left_alone() -> None:
    story = Story(rule(HELLO, Wait(DAY), BYE))
    story.buy()
    story.customer.walk_in = True
    story.buy(NOW + 1)
    assert story.customer.journeys == []
    assert story.cancelled == [message_key("r", "anna", "shop\x1fe1", 0)]


def test_of_a_group_one_goes_on_an_event_and_its_own_second_message_is_not_in_its_way() -> None:
    first = rule(HELLO, BYE, id_="first", group="g", priority=2)
    story = Story(first, rule(HELLO, id_="second", group="g"))
    story.buy()
    assert [one[1:] for one in story.told] == [
        ("first", "queued", ""), ("first", "queued", ""), ("second", "suppressed", "group")
    ]  # fmt: skip


def test_the_state_survives_its_blob() -> None:
    from retention.state import decode, encode

    story = Story(rule(HELLO, Wait(DAY), BYE, stop_on=("purchase",)), policy=capped(Cap(3, DAY)))
    story.buy()
    assert decode(encode(story.customer)) == story.customer
