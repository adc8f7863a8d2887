"""When time itself fires a rule: a customer who went quiet, a date that comes round, a period that begins.

Nothing is stored of it: when a rule is due follows from the customer's state. A rule fires when its time passes, from
not yet due to due; what was due before the rule was there, or before the customer was known, has passed.
"""

from __future__ import annotations

import datetime as dt
import re
from calendar import isleap
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from retention.events import Birthday, Event
from retention.periods import GRAINS, calendar, day_of, local, month_of, name
from retention.state import Customer
from retention.zones import instant_of, local_day, zone_of
from rules.engine.outcome import SEPARATOR
from rules.policy import DAY, Policy
from rules.ruleset import FanOut, Inactive, OnDate, Rule, RuleSet

SOURCE = "regulars:clock"
_NEVER = 1 << 63
_GAPS_KNOWN = 3
"""Orders from which on a customer has a rhythm: two gaps."""
_DATE = re.compile(r"(?:([0-9]{4})|-)-([0-9]{2})-([0-9]{2})")


Due = tuple[int, str, int]
"""(when, what names the entry, its cycle)."""


class Occurrence(Struct, frozen=True, gc=False):
    """A rule and one time that it is due. `cycle` is larger than 0 where it is entered once in each, at most."""

    due: int
    rule: Rule
    entry: str
    cycle: int = 0


def occurrences(rules: RuleSet, customer: Customer, after: int, until: int) -> list[Occurrence]:
    """Of every rule the latest time it became due in (after, until]."""
    found = []
    for rule in rules.personal:
        if type(rule.trigger) is Inactive:
            due = _quiet(rule.trigger, customer)
            if after < due <= until:
                found.append(Occurrence(due, rule, f"inactive{SEPARATOR}{_since(rule.trigger, customer)}"))
        else:
            found += _latest(rule, _dates(rule, rules.policy, customer, until), after, until)
    if rules.periodic and after < _begun(rules, zone := zone_of(customer.profile, rules.policy.shop), until):
        for rule in rules.periodic:
            found += _latest(rule, _beginnings(rule, rules.policy, until, zone), after, until)
    return found


def latest(rules: RuleSet, rule: Rule, customer: Customer, until: int) -> Occurrence | None:
    """The latest time by `until` at which a rule on `inactive` or `date` became due; None: it never did."""
    if isinstance(rule.trigger, Inactive):
        due = _quiet(rule.trigger, customer)
        entry = f"inactive{SEPARATOR}{_since(rule.trigger, customer)}"
        return Occurrence(due, rule, entry) if 0 < due <= until else None
    found = _latest(rule, _dates(rule, rules.policy, customer, until), -_NEVER, until)
    return found[0] if found else None


def next_due(rules: RuleSet, customer: Customer) -> int | None:
    """When the customer's clock is to be looked at next: the earliest journey, or the earliest rule that is due."""
    due = next_rule(rules, customer)
    if customer.journeys:
        due = _earlier(due, next_step(customer))
    after = customer.elapsed or customer.at
    if rules.periodic and after and not customer.walk_in:
        due = _earlier(due, next_beginning(rules, zone_of(customer.profile, rules.policy.shop), after))
    return due or None


def _earlier(due: int, other: int) -> int:
    """The earlier of two instants; 0 stands for never."""
    return other if other and (other < due or not due) else due


def next_step(customer: Customer) -> int:
    """When the earliest journey goes on; 0: none does."""
    if not customer.journeys:
        return 0
    return min([journey.due for journey in customer.journeys if journey.due], default=0)


def next_rule(rules: RuleSet, customer: Customer) -> int:
    """When the earliest rule is due whose time is the customer's own; 0: none lies ahead."""
    after, first = customer.elapsed or customer.at, _NEVER
    if not after or customer.walk_in:
        return 0
    for rule in rules.personal:
        trigger = rule.trigger
        if type(trigger) is Inactive:
            due = _quiet(trigger, customer)
            if after < due < first:
                first = due
            continue
        for due, _, _ in _dates(rule, rules.policy, customer, after):
            if due > after:
                first = min(first, due)
                break
    return first if first < _NEVER else 0


def next_beginning(rules: RuleSet, zone: ZoneInfo, after: int) -> int:
    """When a period that some rule waits for begins next in `zone`; 0: never."""
    for start in _starts(rules.periods, rules.policy.birthday_hour, after // DAY, zone):
        if start > after:
            return start
    return 0


def beginning(rules: RuleSet, zone: ZoneInfo, at: int) -> list[tuple[Rule, str]]:
    """The rules whose period begins in `zone` at that very instant, and what names the entry."""
    around = ((rule, due) for rule in rules.periodic for due in _beginnings(rule, rules.policy, at, zone))
    return [(rule, entry) for rule, (due, entry, _) in around if due == at]


def event_of(rule: Rule, customer_id: str, entry: str, now: int) -> Event:
    """The event that time makes for a rule: there is nothing in it but its moment."""
    data: Any = Birthday() if rule.on == "birthday" else None
    return Event(SOURCE, entry, rule.on or "every", customer_id, now, data, b"{}", at=now)


def _latest(rule: Rule, dues: Iterable[Due], after: int, until: int) -> list[Occurrence]:
    """The last of `dues` in (after, until], if there is one."""
    passed = [one for one in dues if after < one[0] <= until]
    if not passed:
        return []
    due, entry, cycle = max(passed)
    return [Occurrence(due, rule, entry, cycle)]


# Inactivity.


def _quiet(trigger: Inactive, customer: Customer) -> int:
    """When the customer has been quiet for long enough; 0: never."""
    since = _since(trigger, customer)
    if not since:
        return 0
    span = trigger.span if not trigger.rhythm else rhythm(customer) * trigger.rhythm // 100
    return since + span if span else 0


def _since(trigger: Inactive, customer: Customer) -> int:
    return customer.last_order_at if trigger.since == "last_order" else customer.last_event_at


def rhythm(customer: Customer) -> int:
    """The mean of the customer's gaps between orders, microseconds, a day at least; 0 below three orders."""
    if customer.orders_ever < _GAPS_KNOWN:
        return 0
    return max(DAY, (customer.last_order_at - customer.first_order_at) // (customer.orders_ever - 1))


# Dates.

BIRTH_DATE = "customer.birth_date"


def _dates(rule: Rule, policy: Policy, customer: Customer, moment: int) -> Iterable[Due]:
    """The times near `moment` at which a date of the customer comes round, the earliest first."""
    trigger = rule.trigger
    field, offset = (trigger.field, trigger.offset) if isinstance(trigger, OnDate) else (BIRTH_DATE, 0)
    text = _text(customer, field)
    written = _written(text) if text else None
    if written is None:
        return ()
    year, month, day = written
    zone = zone_of(customer.profile, policy.shop)
    if field == BIRTH_DATE:
        kind, now = "birthday" if rule.on == "birthday" else "date", calendar(moment, zone)[0] // 12
        return _anniversaries(kind, month, day, offset, now, policy.birthday_hour, policy.leap_birthday, zone)
    return _once(text, (year, month, day), offset, policy.birthday_hour, zone) if year is not None else ()


def _text(customer: Customer, field: str) -> str:
    """The date in a field of the customer, as it is written; empty when there is none."""
    if field == BIRTH_DATE:
        value = customer.profile.get("birth_date")
        return value if isinstance(value, str) else ""
    path = field.removeprefix("customer.")
    if path.startswith("attributes."):
        key = path.removeprefix("attributes.")
        held = customer.own if key in customer.own else customer.profile.get("attributes") or {}
        value = held.get(key)
    else:
        value = customer.profile.get(path)
    return value if isinstance(value, str) else ""


@lru_cache(maxsize=65_536)
def _written(text: str) -> tuple[int | None, int, int] | None:
    """Year (None: it is not said), month and day of a date as it is written; None when it is none."""
    found = _DATE.fullmatch(text)
    return (int(found[1]) if found[1] else None, int(found[2]), int(found[3])) if found else None


@lru_cache(maxsize=65_536)
def _anniversaries(
    kind: str, month: int, day: int, offset: int, year: int, minute: int, leap: str, zone: ZoneInfo
) -> tuple[Due, ...]:
    """The times near `year` at which a date comes round."""
    dues = ((cycle, _anniversary(cycle, month, day, offset, minute, leap, zone)) for cycle in range(year - 1, year + 3))
    return tuple((due, f"{kind}{SEPARATOR}{cycle}", cycle) for cycle, due in dues if due is not None)


@lru_cache(maxsize=65_536)
def _anniversary(year: int, month: int, day: int, offset: int, minute: int, leap: str, zone: ZoneInfo) -> int | None:
    """When the birthday of `year` begins, `offset` days later; None for a date that no calendar has."""
    if (month, day) == (2, 29) and not isleap(year):
        month, day = (2, 28) if leap == "feb28" else (3, 1)
    try:
        return instant_of(day_of(dt.date(year, month, day)) + offset, minute, zone)
    except (ValueError, OverflowError):
        return None


def birthday_cycle(policy: Policy, customer: Customer, time: int) -> int:
    """The year of the birthday that `time` is nearest to; without a known date the calendar year in their zone."""
    zone = zone_of(customer.profile, policy.shop)
    year = local(time, zone).year
    written = _written(_text(customer, BIRTH_DATE))
    if written is None:
        return year
    _, month, day = written
    dues = {
        cycle: _anniversary(cycle, month, day, 0, policy.birthday_hour, policy.leap_birthday, zone)
        for cycle in (year - 1, year, year + 1)
    }
    known = {cycle: abs(due - time) for cycle, due in dues.items() if due is not None}
    return min(known, key=lambda cycle: (known[cycle], cycle), default=year)


def _once(text: str, written: tuple[int, int, int], offset: int, minute: int, zone: ZoneInfo) -> Iterator[Due]:
    try:
        day = day_of(dt.date(*written))
        yield instant_of(day + offset, minute, zone), f"date{SEPARATOR}{text}", day
    except (ValueError, OverflowError):
        return


# Periods.


def _beginnings(rule: Rule, policy: Policy, moment: int, zone: ZoneInfo) -> Iterable[Due]:
    """The times near `moment` at which the rule's period begins in `zone`, the earliest first."""
    assert isinstance(rule.trigger, FanOut)
    return _periods(rule.trigger.every, policy.birthday_hour, local_day(moment, zone), zone)


def _begun(rules: RuleSet, zone: ZoneInfo, until: int) -> int:
    """When a period of some rule began last in `zone` by `until`."""
    starts = _starts(rules.periods, rules.policy.birthday_hour, until // DAY, zone)
    return max([start for start in starts if start <= until])


@lru_cache(maxsize=65_536)
def _starts(periods: tuple[str, ...], minute: int, utc_day: int, zone: ZoneInfo) -> tuple[int, ...]:
    """The beginnings of all these periods in that day of UTC, and of those before and behind, the earliest first."""
    days = range(utc_day - 1, utc_day + 2)  # one of them is the date in the zone
    around = (_periods(every, minute, day, zone) for every in periods for day in days)
    return tuple(sorted({due for dues in around for due, _, _ in dues}))


@lru_cache(maxsize=65_536)
def _periods(every: str, minute: int, today: int, zone: ZoneInfo) -> tuple[Due, ...]:
    """The beginnings of the period of `today`, and of those beside it."""
    return tuple(
        (instant_of(day, minute, zone), f"every{SEPARATOR}{label}", cycle)
        for day, cycle, label in _STARTS[every](today)
    )


def _days(today: int) -> Iterable[tuple[int, int, str]]:
    for day in (today - 1, today, today + 1):
        yield day, day, (dt.date(1970, 1, 1) + dt.timedelta(days=day)).isoformat()


def _weeks(today: int) -> Iterable[tuple[int, int, str]]:
    monday = today - (today + 3) % 7
    for day in (monday - 7, monday, monday + 7):
        year, week, _ = (dt.date(1970, 1, 1) + dt.timedelta(days=day)).isocalendar()
        yield day, day, f"{year}-W{week:02d}"


def _months(grain: Any) -> Callable[[int], Iterable[tuple[int, int, str]]]:
    width = GRAINS[grain]

    def starts(today: int) -> Iterable[tuple[int, int, str]]:
        date = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=today)
        index = month_of(date) // width
        for period in (index - 1, index, index + 1):
            year, month = divmod(period * width, 12)
            yield day_of(dt.date(year, month + 1, 1)), period, name(period, grain)

    return starts


_STARTS: dict[str, Callable[[int], Iterable[tuple[int, int, str]]]] = {
    "day": _days,
    "week": _weeks,
    "month": _months("month"),
    "quarter": _months("quarter"),
    "year": _months("year"),
}
