"""Whose clock counts, and what it shows: against somebody who watches the clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import cache
from itertools import count, pairwise
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from babel.core import get_global
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from retention.shop import Shop
from retention.zones import (
    DAY,
    MAIN,
    MINUTE,
    country_zone,
    instant_of,
    local_day,
    next_at,
    next_weekday_at,
    quiet_until,
    zone_of,
)

ALL = sorted(available_timezones() - {"Factory", "localtime"})
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
TICK = 30_000_000
"""How often the watcher looks: clocks have been set at such moments only, and to such times, since 1970."""

THOROUGH = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Looking up when a zone's clocks are set takes a while, the first time."""

BANGKOK = Shop(time_zone="Asia/Bangkok")
MINUTES = st.integers(0, 1439)


def wall(at: int, zone: ZoneInfo) -> dt.datetime:
    return (EPOCH + dt.timedelta(microseconds=at)).astimezone(zone).replace(tzinfo=None)


def us(text: str) -> int:
    return (dt.datetime.fromisoformat(text) - EPOCH) // dt.timedelta(microseconds=1)


def minute_of(shown: dt.datetime) -> float:
    return shown.hour * 60 + shown.minute + shown.second / 60 + shown.microsecond / 60_000_000


def ticks(start: int, zone: ZoneInfo) -> Iterator[tuple[int, dt.datetime]]:
    for at in count(start // TICK * TICK, TICK):
        yield at, wall(at, zone)


def strokes(start: int, minute: int, zone: ZoneInfo) -> Iterator[int]:
    """Somebody watches from two days before and makes a stroke once a date, as soon as it is `minute` or later."""
    done: set[dt.date] = set()
    for at, shown in ticks(start - 2 * DAY, zone):
        if shown.date() not in done and minute_of(shown) >= minute:
            done.add(shown.date())
            yield at


@cache
def changes(name: str) -> list[int]:
    """The days on which the zone's clocks are set otherwise, 1970 to 2045."""
    zone = ZoneInfo(name)
    days = [dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=day) for day in range(75 * 365 + 18)]
    offsets = [day.astimezone(zone).utcoffset() for day in days]
    return [i for i, (one, other) in enumerate(pairwise(offsets)) if one != other]


@st.composite
def moments(draw: Any) -> tuple[int, ZoneInfo]:
    """Any instant of any zone, most of them within two days of clocks being set."""
    name = draw(st.sampled_from(ALL))
    anywhere = st.integers(3 * DAY, 130 * 365 * DAY)
    if found := changes(name):
        near = st.builds(lambda day, off: day * DAY + off, st.sampled_from(found), st.integers(-2 * DAY, 2 * DAY))
        anywhere = st.one_of(
            near.filter(lambda at: at > 3 * DAY), near.map(lambda at: abs(at) // TICK * TICK), anywhere
        )
    return draw(anywhere.filter(lambda at: at > 3 * DAY)), ZoneInfo(name)


@THOROUGH
@given(moments(), MINUTES)
@example((us("2025-03-29T12:00:00+00:00"), ZoneInfo("America/Nuuk")), 23 * 60 + 30)
@example((us("2011-12-29T12:00:00-10:00"), ZoneInfo("Pacific/Apia")), 600)
@example((us("1972-01-06T12:00:00+00:00"), ZoneInfo("Africa/Monrovia")), 20)
@example((us("2006-10-29T02:31:30+00:00"), ZoneInfo("America/St_Johns")), 0)
def test_the_next_time_is_when_somebody_watching_the_clock_says_so(moment, minute) -> None:
    at, zone = moment
    assert next_at(at, minute, zone) == next(one for one in strokes(at, minute, zone) if one >= at)


@THOROUGH
@given(moments(), MINUTES, st.integers(0, 6))
@example((us("2011-12-24T12:00:00-10:00"), ZoneInfo("Pacific/Apia")), 600, 4)  # the Friday that never was
def test_the_next_weekday_is_the_first_of_the_next_times_on_it(moment, minute, weekday) -> None:
    at, zone = moment
    expected = next_at(at, minute, zone)
    while wall(expected, zone).weekday() != weekday:
        expected = next_at(expected + 1, minute, zone)
    assert next_weekday_at(at, weekday, minute, zone) == expected


@THOROUGH
@given(moments(), MINUTES)
def test_the_clock_shows_the_minute_or_has_just_jumped_over_it(moment, minute) -> None:
    at, zone = moment
    found = next_at(at, minute, zone)
    assert found >= at
    shown = wall(found, zone)
    assert minute_of(shown) >= minute
    if minute_of(shown) > minute:
        before = wall(found - 1, zone)
        assert (before.date(), minute_of(before)) < (shown.date(), minute)


@THOROUGH
@given(moments(), MINUTES)
def test_a_date_has_it_once_and_no_date_is_passed_over_that_has_it(moment, minute) -> None:
    at, zone = moment
    found = [next_at(at, minute, zone)]
    while len(found) < 6:
        found.append(next_at(found[-1] + 1, minute, zone))
    dates = [wall(one, zone).date() for one in found]
    assert dates == sorted(set(dates))
    gaps = {(b - a).days for a, b in pairwise(dates)}
    assert gaps <= {1, 2}  # two: clocks jumped over midnight, or a whole date


@THOROUGH
@given(moments(), MINUTES, MINUTES)
def test_quiet_hours_end_when_somebody_watching_first_sees_the_clock_outside(moment, start, end) -> None:
    at, zone = moment

    def inside(shown: dt.datetime) -> bool:
        minute = minute_of(shown)
        return start <= minute < end if start <= end else not end <= minute < start

    until = quiet_until(at, (start, end), zone)
    if not inside(wall(at, zone)):
        assert until is None
    else:
        assert until == next(one for one, shown in ticks(at, zone) if one > at and not inside(shown))


@pytest.mark.parametrize(
    ("now", "quiet", "until"),
    [
        ("2026-03-01T22:00+01:00", (1260, 540), "2026-03-02T09:00+01:00"),
        ("2026-03-01T21:00+01:00", (1260, 540), "2026-03-02T09:00+01:00"),  # its first instant is inside
        ("2026-03-02T09:00+01:00", (1260, 540), None),  # its last is not
        ("2026-03-01T20:59:59.999999+01:00", (1260, 540), None),
        ("2026-03-01T12:30+01:00", (720, 780), "2026-03-01T13:00+01:00"),
        ("2026-03-01T12:30+01:00", (720, 720), None),
        ("2026-03-28T23:00+01:00", (1320, 150), "2026-03-29T03:00+02:00"),  # 02:30 is jumped over
        ("2026-10-25T00:30+02:00", (1320, 150), "2026-10-25T02:30+02:00"),  # the first 02:30
        ("2026-10-25T02:10+01:00", (1320, 150), "2026-10-25T02:30+01:00"),  # the second, where only that is left
    ],
)
def test_quiet_hours_in_madrid(now, quiet, until) -> None:
    expected = us(until) if until else None
    assert quiet_until(us(now), quiet, ZoneInfo("Europe/Madrid")) == expected


@pytest.mark.parametrize(
    ("zone", "day", "minute", "expected"),
    [
        ("Asia/Bangkok", "2026-03-01", 540, "2026-03-01T09:00+07:00"),
        ("Europe/Madrid", "2026-03-29", 150, "2026-03-29T03:00+02:00"),
        ("Europe/Madrid", "2026-10-25", 150, "2026-10-25T02:30+02:00"),
        ("America/Nuuk", "2025-03-29", 1410, "2025-03-30T00:00-01:00"),  # jumped over, past midnight
        ("Pacific/Apia", "2011-12-30", 600, "2011-12-31T00:00+14:00"),
        ("Africa/Cairo", "2026-04-24", 0, "2026-04-24T01:00+03:00"),  # the date begins at one
    ],
)
def test_a_time_of_a_date_is_the_first_at_which_it_is_so_late(zone, day, minute, expected) -> None:
    date = dt.date.fromisoformat(day)
    assert instant_of((date - dt.date(1970, 1, 1)).days, minute, ZoneInfo(zone)) == us(expected)


@THOROUGH
@given(moments(), MINUTES)
def test_a_time_of_a_date_is_what_the_date_says_whenever_the_date_has_it(moment, minute) -> None:
    at, zone = moment
    day = local_day(at, zone)
    found = instant_of(day, minute, zone)
    shown = wall(found, zone)
    wanted = EPOCH.replace(tzinfo=None) + dt.timedelta(days=day, minutes=minute)
    assert shown >= wanted
    assume(shown == wanted)
    assert all(wall(earlier, zone) != shown for earlier in range(found - 3 * 60 * MINUTE, found, 15 * MINUTE))


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ({"time_zone": "Europe/Madrid", "country": "US"}, "Europe/Madrid"),
        ({"time_zone": "Mars/Olympus", "country": "US"}, "America/New_York"),
        ({"time_zone": "localtime", "country": "JP"}, "Asia/Tokyo"),  # would be this machine's
        ({"time_zone": "Factory", "country": "JP"}, "Asia/Tokyo"),
        ({"time_zone": "../../etc/passwd", "country": "JP"}, "Asia/Tokyo"),
        ({"time_zone": None, "country": "GB"}, "Europe/London"),
        ({"country": "ES"}, "Europe/Madrid"),
        ({"country": "ZZ"}, "Asia/Bangkok"),
        ({"country": "001"}, "Asia/Bangkok"),
        ({"country": None, "time_zone": 7}, "Asia/Bangkok"),
        ({"country": ["TH"], "time_zone": {}}, "Asia/Bangkok"),
        ({"time_zone": "\x00"}, "Asia/Bangkok"),
        ({}, "Asia/Bangkok"),
    ],
)
def test_a_customers_zone_is_their_own_then_their_countrys_then_the_shops(profile, expected) -> None:
    assert zone_of(profile, BANGKOK).key == expected


@THOROUGH
@given(st.dictionaries(st.sampled_from(["time_zone", "country"]), st.text() | st.integers() | st.sampled_from(ALL)))
def test_whatever_a_profile_holds_there_is_a_zone(profile) -> None:
    assert zone_of(profile, BANGKOK).key in ALL


COUNTRIES = sorted(one for one in get_global("territory_zones") if len(one) == 2 and one != "ZZ")


@pytest.mark.parametrize("country", COUNTRIES)
def test_every_country_has_a_main_zone_of_its_own(country) -> None:
    found = country_zone(country)
    assert found in ALL
    assert found in get_global("territory_zones")[country]


def test_the_table_lists_exactly_the_countries_with_several_zones() -> None:
    several = {one for one in COUNTRIES if len(get_global("territory_zones")[one]) > 1}
    assert set(MAIN) - {"XK"} == several
    assert MAIN["XK"] in ALL
