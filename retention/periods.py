"""Calendar periods in the shop's zone: months, quarters and years as plain integers."""

from __future__ import annotations

import datetime as dt
from typing import Literal
from zoneinfo import ZoneInfo

from retention.decode import moment

Grain = Literal["month", "quarter", "year"]
GRAINS: dict[Grain, int] = {"month": 1, "quarter": 3, "year": 12}
"""Grain → how many months one period of it has."""


def local(us: int, zone: ZoneInfo) -> dt.datetime:
    """The instant `us` (microseconds since 1970 UTC) on the wall clock of `zone`."""
    return moment(us).astimezone(zone)


def month_of(local_time: dt.datetime) -> int:
    """Months since year 0: January 2026 is 24312."""
    return local_time.year * 12 + local_time.month - 1


def day_of(local_time: dt.datetime) -> int:
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
