"""When people buy: each at their own pace, more often at the weekend and in the evening, Bangkok time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from random import Random
from zoneinfo import ZoneInfo

from console.demo.people import Person

BANGKOK = ZoneInfo("Asia/Bangkok")
BIRTHDAY_HOUR = 8

_WEEKDAYS = (8, 8, 9, 10, 13, 16, 14)
"""Weights of Monday to Sunday."""
_HOURS = (1, 0, 0, 0, 0, 0, 1, 3, 4, 5, 6, 8, 11, 8, 6, 6, 6, 8, 11, 15, 18, 17, 11, 4)
"""Weights of the hours of the day: a bump at lunch, the peak after dinner."""


def shopping_time(rng: Random, day: dt.date) -> dt.datetime:
    """A believable moment near `day`: up to a day earlier or two later, where the weekday suits better."""
    days = [day + dt.timedelta(days=shift) for shift in (-1, 0, 1, 2)]
    picked = rng.choices(days, [_WEEKDAYS[d.weekday()] for d in days])[0]
    hour = rng.choices(range(24), _HOURS)[0]
    moment = dt.time(hour, rng.randrange(60), rng.randrange(60), tzinfo=BANGKOK)
    return dt.datetime.combine(picked, moment).astimezone(dt.UTC)


def purchase_times(rng: Random, person: Person, first: dt.datetime, until: dt.datetime) -> list[dt.datetime]:
    """Every order of `person` from `first` on and before `until`, ascending, at most one a day."""
    times = [first]
    for _ in range(_most_orders(rng, person) - 1):
        gap = person.cadence * rng.lognormvariate(0, 0.3)
        last = times[-1].astimezone(BANGKOK)
        following = shopping_time(rng, last.date() + dt.timedelta(days=max(2, round(gap))))
        if following >= until:
            break
        times.append(following)
    return times


def _most_orders(rng: Random, person: Person) -> int:
    """After how many orders the customer stops coming; in practice never for those who stay."""
    if person.kind == "once":
        return 1
    return rng.randint(2, 7) if person.kind == "lapser" else 10_000


def birthdays(person: Person, after: dt.datetime) -> Iterator[dt.datetime]:
    """Each birthday morning later than `after`, endless; nothing when the birth date is unknown."""
    for year in range(after.astimezone(BANGKOK).year, dt.MAXYEAR):
        day = person.birthday_in(year)
        if day is None:
            return
        morning = dt.datetime.combine(day, dt.time(BIRTHDAY_HOUR, tzinfo=BANGKOK)).astimezone(dt.UTC)
        if morning > after:
            yield morning
