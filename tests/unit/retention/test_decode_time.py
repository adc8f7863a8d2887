"""Times as they come off the wire."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.decode import micros, moment
from tests.unit.retention.making import NOW, record, taken, why

FIRST, LAST = (dt.datetime(1, 1, 3), dt.datetime(9999, 12, 29))  # noqa: DTZ001  (hypothesis adds the zone)
TEN = NOW - 14 * 3600 * 1_000_000


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01T10:00:00Z",
        "2026-03-01T10:00:00z",
        "2026-03-01t10:00:00Z",
        "2026-03-01 10:00:00Z",
        "2026-03-01T10:00:00.000000Z",
        "2026-03-01T10:00:00.0Z",
        "2026-03-01T10:00:00+00:00",
        "2026-03-01T10:00:00-00:00",
        "2026-03-01T17:00:00+07:00",
        "2026-02-28T22:15:00-11:45",
    ],
)
def test_one_instant_has_many_spellings(text) -> None:
    assert taken(record(time=text)).time == TEN


def test_a_time_is_kept_to_the_microsecond() -> None:
    assert taken(record(time="2026-03-01T10:00:00.123456Z")).time == TEN + 123_456
    assert taken(record(time="2026-03-01T10:00:00.123456789Z")).time == TEN + 123_457


@pytest.mark.parametrize(
    "time",
    [
        "2026-03-01T10:00:00",
        "2026-03-01T10:00Z",
        "2026-03-01",
        "2026-02-29T10:00:00Z",
        "2026-03-01T24:00:00Z",
        "2026-03-01T10:00:60Z",
        "2026-03-01T10:00:00+25:00",
        "2026-03-01T10:00:00 ICT",
        "20260301T100000Z",
        "๒๕๖๙-๐๓-๐๑T๑๐:๐๐:๐๐Z",
        "01/03/2026",
        "now",
        "",
        1772359200,
        1772359200.5,
        True,
        ["2026-03-01T10:00:00Z"],
        "0001-01-01T00:00:00+14:00",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00Z",
    ],
)
def test_anything_but_an_instant_after_1970_is_refused(time) -> None:
    assert why(record(time=time)) == ("bad-time", "time")


@pytest.mark.parametrize("time", ["2026-03-03T00:00:01Z", "9999-12-31T23:59:59-14:00", "2569-03-01T10:00:00+07:00"])
def test_a_time_more_than_a_day_ahead_is_refused(time) -> None:
    assert why(record(time=time)) == ("time-ahead", "time")


@given(st.datetimes(timezones=st.timezones(), allow_imaginary=False, min_value=FIRST, max_value=LAST))
def test_microseconds_are_exact_both_ways(when) -> None:
    assert moment(micros(when)) == when.astimezone(dt.UTC)
