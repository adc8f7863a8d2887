"""Times, spans, shares and events as a marketer reads them."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from retention import periods
from retention.events import CLOCK, PRODUCT, Event
from retention.zones import MINUTE, SECOND
from rules.policy import DAY, HOUR
from rules.ruleset import FanOut, Inactive, OnDate, Rule

MICROS = ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"), (SECOND, "second"))


def moment(at: int, zone: ZoneInfo) -> str:
    """A point in time in `zone`, with its seconds if there are any."""
    shown = periods.local(at, zone)
    return shown.strftime("%Y-%m-%d %H:%M:%S" if at % MINUTE >= SECOND else "%Y-%m-%d %H:%M")


def span(micros: int) -> str:
    """60 days; 30 hours; the largest unit that says it well enough."""
    for unit, name in MICROS:
        number = micros // unit
        if number >= 2 or (number and micros % unit == 0):
            return f"{number:,} {name}" if number == 1 else f"{number:,} {name}s"
    return "less than a second" if micros < SECOND else "1 second"


def share(points: int) -> str:
    """Basis points as a percentage: 12.5%."""
    return f"{points / 100:g}%"


def clock(minute: int) -> str:
    """A minute of the day: 21:00."""
    return f"{minute // 60:02}:{minute % 60:02}"


def listens(rule: Rule) -> str:
    """What a rule listens to, in a marketer's words."""
    trigger = rule.trigger
    if isinstance(trigger, Inactive):
        times = "" if trigger.rhythm == 100 else f"{trigger.rhythm / 100:g} times "
        quiet = f"{times}their own rhythm" if trigger.rhythm else span(trigger.span)
        return f"{quiet} without {'an order' if trigger.since == 'last_order' else 'a sign of life'}"
    if isinstance(trigger, OnDate):
        if not trigger.offset:
            return f"the day in {trigger.field}"
        return f"{span(abs(trigger.offset) * DAY)} {'before' if trigger.offset < 0 else 'after'} {trigger.field}"
    if isinstance(trigger, FanOut):
        return f"every {trigger.every}" if trigger.every else "launches"
    return rule.on


_NAMED = ("order_id", "return_id", "ticket_id")


def happened(event: Event) -> str:
    """An event: `purchase o-2`, `message opened`; what time made is called by what the rule listens to."""
    if event.source == CLOCK:
        return "its time had come"
    data: Any = event.data
    if event.type == PRODUCT:
        return f"{data.name} ({data.sku}) was launched"
    named = next((getattr(data, name) for name in _NAMED if getattr(data, name, None)), "")
    state = getattr(data, "state", "")
    return " ".join(part for part in (event.type, named, state) if part)
