"""Rules that time itself fires: who went quiet, birthdays and other dates, periods."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from retention.events import Birthday, Profile, Survey
from retention.periods import local
from rules.engine.timers import next_due, rhythm
from rules.policy import DAY, HOUR, Policy
from rules.ruleset import FanOut, Inactive, OnDate, Reentry, Rule, rule_set
from rules.steps import Send, StopIf, Wait
from tests.unit.rules.story import ALWAYS, HELLO, NOW, Story, asked, at, rule

NEVER = Reentry()


def quiet(span: int = 60 * DAY, **fields: Any) -> Rule:
    trigger = Inactive("last_order", span)
    return rule(HELLO, on="inactive", **({"trigger": trigger, "reentry": ALWAYS} | fields))


def days(story: Story, count: int, start: int = NOW, step: int = DAY) -> None:
    """The clock, a poke a day."""
    for number in range(1, count + 1):
        story.until(start + number * step)


# Inactivity.


def test_who_has_not_ordered_for_sixty_days_is_written_to_once_on_the_sixtieth() -> None:
    story = Story(quiet())
    story.buy()
    assert next_due(story.rules, story.customer) == NOW + 60 * DAY
    days(story, 200)
    assert story.told == [("05-09 10:00", "r", "queued", "")]
    assert next_due(story.rules, story.customer) is None


def test_an_order_begins_the_time_anew() -> None:
    story = Story(quiet())
    story.buy()
    days(story, 59)
    story.buy(NOW + 59 * DAY + HOUR)
    days(story, 200, NOW + 60 * DAY)
    assert [one[0] for one in story.told] == ["07-07 11:00"]


def test_never_again_means_once_in_a_life() -> None:
    story = Story(quiet(10 * DAY, reentry=NEVER))
    for month in (0, 1, 2):
        story.buy(NOW + month * 30 * DAY)
        days(story, 29, NOW + month * 30 * DAY)
    assert [one[2:] for one in story.told] == [("queued", ""), ("suppressed", "re-entry"), ("suppressed", "re-entry")]


def test_since_the_last_event_any_event_counts() -> None:
    story = Story(quiet(10 * DAY, trigger=Inactive("last_event", 10 * DAY)))
    story.buy()
    story.hear("survey", Survey(9), NOW + 5 * DAY)
    days(story, 30, NOW + 5 * DAY)
    assert [one[0] for one in story.told] == ["03-25 10:00"]


def test_the_own_rhythm_is_the_mean_gap_of_three_orders_or_more() -> None:
    story = Story(quiet(0, trigger=Inactive("last_order", 0, 200)))
    story.buy()
    story.buy(NOW + 10 * DAY)
    assert rhythm(story.customer) == 0
    assert next_due(story.rules, story.customer) is None
    story.buy(NOW + 30 * DAY)
    assert rhythm(story.customer) == 15 * DAY
    days(story, 60, NOW + 30 * DAY)
    assert [one[0] for one in story.told] == ["05-09 10:00"]


def test_a_rule_that_is_switched_on_late_blasts_nobody() -> None:
    story = Story(quiet(10 * DAY, id_="other", status="draft"))
    story.buy()
    days(story, 20)
    story.rules = rule_set([quiet(10 * DAY)], Policy(), "1")
    days(story, 60, NOW + 20 * DAY)
    assert story.told == []


def test_who_becomes_due_while_everything_was_down_for_longer_than_the_lateness_is_told_apart_not_written_to() -> None:
    story = Story(quiet(10 * DAY))
    story.buy()
    story.until(NOW + 13 * DAY)
    assert [one[2:] for one in story.told] == [("suppressed", "late")]
    assert next_due(story.rules, story.customer) is None


def test_the_condition_is_asked_when_it_is_due() -> None:
    big = quiet(10 * DAY, condition=lambda _event, customer: customer.orders >= 2)
    story = Story(big)
    story.buy()
    days(story, 20)
    assert story.told == []
    assert story.customer.elapsed == NOW + 20 * DAY


def test_its_steps_go_on_like_those_of_any_rule() -> None:
    offer = Send("offer", ("email",))
    story = Story(
        quiet(
            60 * DAY,
            do=(replace(HELLO, at=600), Wait(7 * DAY), StopIf(asked("customer.orders_since_entry > 0")), offer),
            stop_on=("purchase",),
        )
    )
    story.buy(at("2026-01-20 09:05"))
    days(story, 80, at("2026-01-20 09:05"))
    assert [(one[0], one[2], one[3]) for one in story.told] == [
        ("03-21 09:05", "queued", "03-21 10:00"),
        ("03-21 10:00", "waiting", "wait"),
        ("03-28 10:00", "queued", ""),
    ]


# Birthdays and dates.


def born(written: str, *rules: Rule, policy: Policy | None = None, **profile: Any) -> Story:
    story = Story(*(rules or (rule(HELLO, on="birthday", reentry=NEVER),)), policy=policy, **profile)
    story.hear("profile", Profile(birth_date=written), at("2026-01-05 12:00"))
    return story


def years(story: Story, count: int = 800) -> None:
    days(story, count, at("2026-01-05 12:00"))


def test_a_birthday_begins_on_the_customers_own_morning_once_a_year() -> None:
    story = born("1990-03-01", time_zone="America/New_York")
    assert next_due(story.rules, story.customer) == at("2026-03-01 21:00")  # nine in the morning there
    years(story)
    assert [one[0] for one in story.told] == ["03-01 21:00"] * 3


def test_the_storefronts_word_and_the_clocks_count_as_one() -> None:
    story = born("1990-03-01")
    story.hear("birthday", Birthday(), at("2026-02-28 23:50"))
    days(story, 30, at("2026-02-28 23:50"))
    assert [one[2:] for one in story.told] == [("queued", ""), ("suppressed", "re-entry")]


def test_a_birthday_told_in_the_old_year_for_the_new_is_the_same_as_the_clocks() -> None:
    story = born("1990-01-02")
    story.until(at("2026-12-31 08:00"))
    story.told.clear()
    story.hear("birthday", Birthday(), at("2026-12-31 08:00"))
    days(story, 30, at("2026-12-31 08:00"))
    assert [one[2:] for one in story.told] == [("queued", ""), ("suppressed", "re-entry")]


def test_another_date_in_the_same_year_brings_no_second_gift() -> None:
    story = born("1990-03-01")
    days(story, 60, at("2026-01-05 12:00"))
    story.hear("profile", Profile(birth_date="1990-06-01"), at("2026-04-01 12:00"))
    days(story, 100, at("2026-04-01 12:00"))
    assert [one[2:] for one in story.told] == [("queued", ""), ("suppressed", "re-entry")]


@pytest.mark.parametrize(("leap", "days_"), [("feb28", ["02-28 09:00", "02-28 09:00"]), ("mar01", ["03-01 09:00"] * 2)])
def test_a_child_of_the_29th_of_february(leap: Any, days_: list[str]) -> None:
    story = born("2000-02-29", policy=Policy(leap_birthday=leap))
    years(story, 500)
    assert [one[0] for one in story.told] == days_
    story.told.clear()
    story.until(at("2028-02-28 12:00"))
    story.told.clear()
    story.until(at("2028-02-29 12:00"))
    assert [one[0] for one in story.told] == ["02-29 09:00"]


def test_a_week_before_the_birthday() -> None:
    before = rule(HELLO, on="date", trigger=OnDate("customer.birth_date", -7), reentry=NEVER)
    story = born("--03-01", before)
    years(story)
    assert [one[0] for one in story.told] == ["02-22 09:00", "02-22 09:00", "02-23 09:00"]


def test_a_date_of_the_shops_own_comes_once_and_a_new_one_again() -> None:
    on = OnDate("customer.attributes.renewal", -3)
    story = Story(rule(HELLO, on="date", trigger=on, reentry=NEVER))
    story.hear("profile", Profile(attributes={"renewal": "2026-04-10"}), NOW)
    days(story, 60)
    story.hear("profile", Profile(attributes={"renewal": "2026-07-10"}), NOW + 61 * DAY)
    days(story, 90, NOW + 61 * DAY)
    assert [one[0] for one in story.told] == ["04-07 09:00", "07-07 09:00"]


@pytest.mark.parametrize("written", ["soon", "2026-02-30", "9999-12-31", "0001-01-01", "", "--13-40"])
def test_a_date_that_is_none_fires_nothing(written: str) -> None:
    on = OnDate("customer.attributes.renewal", 3)
    story = Story(rule(HELLO, on="date", trigger=on))
    story.hear("profile", Profile(attributes={"renewal": written}), NOW)
    days(story, 30)
    assert story.told == []


ZONES = sorted(available_timezones() - {"Factory", "localtime", "posixrules"})


@given(
    st.sampled_from(ZONES),
    st.dates(dt.date(1930, 1, 1), dt.date(2020, 12, 31)),
    st.integers(2024, 2045),
    st.integers(1, 40),
    st.sampled_from(["feb28", "mar01"]),
)
def test_one_birthday_a_person_and_year_never_before_it_and_never_in_quiet_hours(
    zone: str, birth: dt.date, first: int, step: int, leap: Any
) -> None:
    policy = Policy(leap_birthday=leap, quiet=(21 * 60, 9 * 60), lateness=40 * DAY)
    story = Story(rule(HELLO, on="birthday", reentry=NEVER), policy=policy, time_zone=zone)
    start = at(f"{first}-01-10 12:00")
    story.hear("profile", Profile(birth_date=birth.isoformat()), start)
    messages = []
    for number in range(1, 3 * 366 // step):
        story.until(start + number * step * DAY)
        messages += [one.message for one in story.decided.decisions if one.message]
    there = [local(message.due_at, ZoneInfo(zone)) for message in messages]
    assert len({one.year for one in there}) == len(there) >= 2
    for one in there:
        wanted = birth
        if (birth.month, birth.day) == (2, 29) and not (one.year % 4 == 0 and one.year % 100):
            wanted = dt.date(2000, 2, 28) if leap == "feb28" else dt.date(2000, 3, 1)
        assert 9 <= one.hour < 21
        assert (one.month, one.day) == (wanted.month, wanted.day) or _no_such_day(one, wanted, ZoneInfo(zone))


def _no_such_day(there: dt.datetime, wanted: dt.date, zone: ZoneInfo) -> bool:
    """Whether that zone jumped over the whole of the day."""
    noon = dt.datetime(there.year, wanted.month, wanted.day, 12, tzinfo=zone)
    return noon.astimezone(dt.UTC).astimezone(zone).date() != noon.date()


# Periods.


def monthly(**fields: Any) -> Rule:
    audience = fields.pop("audience", lambda _event, customer: customer.orders > 0)
    return rule(HELLO, on="", trigger=FanOut(audience, fields.pop("every", "month")), reentry=NEVER, **fields)


def test_every_month_everybody_of_the_audience_on_the_first_in_their_morning() -> None:
    story = Story(monthly())
    story.buy()
    days(story, 100)
    assert [one[0] for one in story.told] == ["04-01 09:00", "05-01 09:00", "06-01 09:00"]


def test_who_is_not_of_the_audience_then_gets_nothing() -> None:
    story = Story(monthly(audience=lambda _event, customer: customer.orders > 1))
    story.buy()
    days(story, 40)
    story.buy(NOW + 40 * DAY)
    days(story, 40, NOW + 40 * DAY)
    assert [one[0] for one in story.told] == ["05-01 09:00"]


@pytest.mark.parametrize(
    ("every", "expected"),
    [("day", 40), ("week", 5), ("quarter", 1), ("year", 0)],
)
def test_other_periods(every: str, expected: int) -> None:
    story = Story(monthly(every=every))
    story.buy()
    days(story, 40)
    assert len(story.told) == expected


def test_a_customer_of_whom_nothing_was_heard_yet_gets_nothing_for_a_period_that_began_before() -> None:
    story = Story(monthly())
    story.buy(at("2026-03-01 15:00"))
    assert story.told == []


def test_a_month_that_went_by_while_everything_was_down_is_recorded_as_late() -> None:
    story = Story(monthly())
    story.buy()
    story.until(at("2026-04-03 12:00"))
    assert [one[2:] for one in story.told] == [("suppressed", "late")]


def test_who_was_known_before_time_was_kept_is_known_since_their_last_event() -> None:
    """An imported customer, or one of an older version: what was due before has passed, what comes due fires."""
    for elapsed in (0, NOW):
        story = Story(quiet(60 * DAY), quiet(20 * DAY, id_="sooner"))
        story.buy(NOW - 30 * DAY)
        story.customer.at, story.customer.elapsed = NOW, elapsed
        assert next_due(story.rules, story.customer) == NOW + 30 * DAY
        days(story, 40)
        assert [one[0] for one in story.told] == ["04-09 10:00"]
