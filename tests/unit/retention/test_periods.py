"""Calendar periods in the shop's zone."""

from __future__ import annotations

from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention.periods import GRAINS, calendar, day_of, local, month_of, name, parse

ALL = sorted(available_timezones())
HOUR = 3_600_000_000


@settings(max_examples=500)
@given(st.integers(1, 80 * 366 * 24 * HOUR), st.sampled_from(ALL))
def test_the_short_way_to_the_calendar_is_the_long_way(us, zone_name) -> None:
    zone = ZoneInfo(zone_name)
    there = local(us, zone)
    assert calendar(us, zone) == (month_of(there), day_of(there))


@pytest.mark.parametrize(
    ("zone_name", "day"),
    [
        ("America/New_York", "2026-03-08"),
        ("America/New_York", "2026-11-01"),
        ("America/St_Johns", "2006-10-29"),  # at 00:01 the clocks went back into the day before
        ("Pacific/Apia", "2011-12-30"),  # a day that never was
        ("Africa/Monrovia", "1972-01-07"),  # 44 minutes and 30 seconds
        ("America/Havana", "2026-03-08"),
        ("Australia/Lord_Howe", "2026-04-05"),
        ("Asia/Bangkok", "2026-01-01"),
    ],
)
def test_days_on_which_clocks_change_are_right_minute_by_minute(zone_name, day) -> None:
    zone = ZoneInfo(zone_name)
    middle = local(0, zone).fromisoformat(f"{day}T12:00:00+00:00")
    noon = int(middle.timestamp()) * 1_000_000
    for minute in range(-36 * 60, 36 * 60, 7):
        for us in (noon + minute * 60_000_000, noon + minute * 60_000_000 - 1):
            there = local(us, zone)
            assert calendar(us, zone) == (month_of(there), day_of(there))


@pytest.mark.parametrize(
    ("index", "grain", "text"),
    [(24312, "month", "2026-01"), (24323, "month", "2026-12"), (8107, "quarter", "2026Q4"), (2026, "year", "2026")],
)
def test_a_period_is_written_as_people_write_it(index, grain, text) -> None:
    assert name(index, grain) == text
    assert parse(text, grain) == index


@given(st.integers(1970 * 12, 9999 * 12 + 11), st.sampled_from(list(GRAINS)))
def test_parse_undoes_name(month, grain) -> None:
    index = month // GRAINS[grain]
    assert parse(name(index, grain), grain) == index


@pytest.mark.parametrize(
    ("text", "grain"),
    [
        ("2026-13", "month"),
        ("2026-00", "month"),
        ("2026-1", "month"),
        ("2026Q5", "quarter"),
        ("2026-Q1", "quarter"),
        ("2026-01", "quarter"),
        ("2026-01", "year"),
        ("26", "year"),
        ("", "month"),
        ("٢٠٢٦", "year"),
        ("March", "month"),
    ],
)
def test_what_is_no_period_is_refused(text, grain) -> None:
    with pytest.raises(ValueError, match="not a"):
        parse(text, grain)
