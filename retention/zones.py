"""Whose clock counts: a customer's zone, and what their wall clock shows.

All instants are microseconds since 1970 UTC.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from babel.core import get_global

from retention.decode import micros
from retention.periods import calendar, day_ahead, local
from retention.shop import Shop

SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 86_400 * SECOND

MAIN = {
    "AQ": "Antarctica/McMurdo",
    "AR": "America/Argentina/Buenos_Aires",
    "AU": "Australia/Sydney",
    "BR": "America/Sao_Paulo",
    "CA": "America/Toronto",
    "CD": "Africa/Kinshasa",
    "CL": "America/Santiago",
    "CN": "Asia/Shanghai",
    "CY": "Asia/Nicosia",
    "DE": "Europe/Berlin",
    "EC": "America/Guayaquil",
    "ES": "Europe/Madrid",
    "FM": "Pacific/Pohnpei",
    "GL": "America/Nuuk",
    "ID": "Asia/Jakarta",
    "KI": "Pacific/Tarawa",
    "KZ": "Asia/Almaty",
    "MH": "Pacific/Majuro",
    "MN": "Asia/Ulaanbaatar",
    "MX": "America/Mexico_City",
    "MY": "Asia/Kuala_Lumpur",
    "NZ": "Pacific/Auckland",
    "PF": "Pacific/Tahiti",
    "PG": "Pacific/Port_Moresby",
    "PS": "Asia/Hebron",
    "PT": "Europe/Lisbon",
    "RU": "Europe/Moscow",
    "UA": "Europe/Kyiv",
    "UM": "Pacific/Wake",
    "US": "America/New_York",
    "UZ": "Asia/Tashkent",
    "XK": "Europe/Belgrade",
}
"""Country (ISO 3166-1, and XK for Kosovo) → zone, for those that have several.

Where CLDR's `primaryZones` (supplemental/metaZones.xml) names one, that; else the zone of most people, or where
none stands out of the capital, by the comments of tz's zone1970.tab.
"""

_NOWHERE = {"Factory", "localtime", "posixrules"}
"""Files beside the zones: they say nothing, or what this machine is set to."""


def zone_of(profile: Mapping[str, Any], shop: Shop) -> ZoneInfo:
    """The zone of a customer: their own `time_zone`, else the main one of their `country`, else the shop's.

    What is not a known zone or country counts as not given.
    """
    zone, country = profile.get("time_zone"), profile.get("country")
    return _zone(zone if type(zone) is str else "", country if type(country) is str else "", shop.time_zone)


@lru_cache(maxsize=8192)
def _zone(own: str, country: str, shop: str) -> ZoneInfo:
    return ZoneInfo(own if own in _names() else country_zone(country) or shop)


def country_zone(country: str) -> str | None:
    """The name of the zone that most people of `country` (two capital letters) live in; None for no such country."""
    zones = get_global("territory_zones").get(country, ())
    return MAIN.get(country) or (zones[0] if len(zones) == 1 else None)


@lru_cache(maxsize=1)
def _names() -> set[str]:
    return available_timezones() - _NOWHERE


def local_day(now: int, zone: ZoneInfo) -> int:
    """The date on the wall clock at `now`, in days since 1970-01-01."""
    return calendar(now, zone)[1]


def instant_of(day: int, minute: int, zone: ZoneInfo) -> int:
    """When the clock shows `minute` (0–1439) of the date `day`; the first time, should it be shown twice.

    Should clocks jump over it: when they have jumped. That may be on the next date.
    """
    shown = dt.datetime(1970, 1, 1) + dt.timedelta(days=day, minutes=minute)  # noqa: DTZ001  a wall clock's
    first, second = (micros(shown.replace(tzinfo=zone, fold=fold)) for fold in (0, 1))
    return first if first <= second else _change(second, first, zone)


def next_at(now: int, minute: int, zone: ZoneInfo) -> int:
    """The first instant from `now` on at which the clock shows `minute` of the day; at most once on a date.

    Where clocks jump over it: when they have jumped, if that is still on the same date; else that date has none.
    """
    return next(at for at in _daily(now, minute, zone) if at >= now)


def next_weekday_at(now: int, weekday: int, minute: int, zone: ZoneInfo) -> int:
    """As `next_at`, on that day of the week only: 0 is Monday."""
    return next(at for at in _daily(now, minute, zone) if at >= now and (local_day(at, zone) + 3) % 7 == weekday)


def quiet_until(now: int, quiet: tuple[int, int], zone: ZoneInfo) -> int | None:
    """When the quiet hours end in which `now` lies; None when it lies in none.

    `quiet` is [from, to) in minutes of the day, round midnight where from > to; none at all where both are one.
    """
    end = now
    while left := _left(end, quiet, zone):
        end = _change(end, end + left, zone)
    return end if end > now else None


def _left(at: int, quiet: tuple[int, int], zone: ZoneInfo) -> int:
    """Microseconds until the quiet hours end, would the clock run on evenly; 0 outside of them."""
    start, end = quiet[0] * MINUTE, quiet[1] * MINUTE
    shown = (at + _offset(at, zone)) % DAY
    inside = start <= shown < end if start <= end else not end <= shown < start
    return (end - shown) % DAY if inside else 0


def _daily(now: int, minute: int, zone: ZoneInfo) -> Iterator[int]:
    """The instants of `minute`, one on each date that has one, from the date of `now` on."""
    for day in count(local_day(now, zone)):
        at = _shown_on(day, minute, zone)
        if at is not None:
            yield at


@lru_cache(maxsize=65_536)
def _shown_on(day: int, minute: int, zone: ZoneInfo) -> int | None:
    """The instant of `minute` on that date; None where clocks jump over it into the next date."""
    at = instant_of(day, minute, zone)
    return at if local_day(at, zone) == day else None


def _offset(at: int, zone: ZoneInfo) -> int:
    """Microseconds that the clock is ahead of UTC at `at`."""
    ahead = day_ahead(at // DAY, zone)
    if ahead is None:
        ahead = (local(at, zone).utcoffset() or dt.timedelta()) // dt.timedelta(microseconds=1)
    return ahead


def _change(start: int, end: int, zone: ZoneInfo) -> int:
    """The first instant after `start` at which the clock is set otherwise; `end` when that is not before.

    Clocks change once at most in between (days apart, everywhere since 1970), at whole seconds.
    """
    before = _offset(start, zone)
    if _offset(end, zone) == before:
        return end
    low, high = start // SECOND, -(-end // SECOND)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(middle * SECOND, zone) == before else (low, middle)
    return high * SECOND
