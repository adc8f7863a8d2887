"""Calendar periods in the shop's zone: months, quarters and years as plain integers."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from retention.decode import moment

Grain = Literal["month", "quarter", "year"]
GRAINS: dict[Grain, int] = {"month": 1, "quarter": 3, "year": 12}
"""Grain → how many months one period of it has."""

_DAY = 86_400_000_000


def local(us: int, zone: ZoneInfo) -> dt.datetime:
    """The instant `us` (microseconds since 1970 UTC) on the wall clock of `zone`."""
    return moment(us).astimezone(zone)


def calendar(us: int, zone: ZoneInfo) -> tuple[int, int]:
    """(month, day) of the instant `us` on the wall clock of `zone`, numbered as `month_of` and `day_of` do."""
    ahead = day_ahead(us // _DAY, zone)
    if ahead is None:
        there = local(us, zone)
        return month_of(there), day_of(there)
    day = (us + ahead) // _DAY
    return _month(day), day


@lru_cache(maxsize=4096)
def day_ahead(utc_day: int, zone: ZoneInfo) -> int | None:
    """Microseconds the zone is ahead all through that UTC day; None for a day on which its clocks change."""
    start, end = (local(day * _DAY, zone).utcoffset() for day in (utc_day, utc_day + 1))
    return start // dt.timedelta(microseconds=1) if start is not None and start == end else None


@lru_cache(maxsize=4096)
def _month(day: int) -> int:
    return month_of(moment(day * _DAY))


def month_of(local_time: dt.datetime) -> int:
    """Months since year 0: January 2026 is 24312."""
    return local_time.year * 12 + local_time.month - 1


def day_of(local_time: dt.date) -> int:
    """Days since 1970-01-01."""
    return local_time.toordinal() - 719_163


def name(index: int, grain: Grain) -> str:
    """The period number `index` of `grain` as people write it: 2026-03, 2026Q1, 2026."""
    year, part = divmod(index, 12 // GRAINS[grain])
    if grain == "month":
        return f"{year:04d}-{part + 1:02d}"
    return f"{year:04d}Q{part + 1}" if grain == "quarter" else f"{year:04d}"


def parse(text: str, grain: Grain) -> int:
    """The reverse of `name`; ValueError when `text` is not a period of `grain`."""
    for index in _candidates(text, grain):
        if name(index, grain) == text:
            return index
    raise ValueError(f"not a {grain}: {text}")


def _candidates(text: str, grain: Grain) -> list[int]:
    year, _, part = text.replace("Q", "-").partition("-")
    if not (year.isdecimal() and (part.isdecimal() or grain == "year")):
        return []
    return [int(year) * (12 // GRAINS[grain]) + (int(part) - 1 if part else 0)]
