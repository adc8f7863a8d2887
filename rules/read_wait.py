"""The steps `wait` and `wait_until`."""

from __future__ import annotations

import re

from ruamel.yaml.nodes import Node, ScalarNode

from rules.here import Here
from rules.language.faults import closest
from rules.reading import duration_meant, plain, scalar
from rules.steps import Wait, WaitUntil
from rules.times import clock_meant, clock_shown, day_in, minute_of, span

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_EXAMPLES = '"10:00", "friday 10:00", "2026-12-24" or "2026-12-24 10:00"'
_DAY = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}")
_TIME = re.compile(r"[0-9]{1,2}:[0-9]{2}")


def wait(here: Here, node: Node) -> Wait | None:
    """So long from here on."""
    if isinstance(node, ScalarNode) and (point := _point(node.value)):
        here.tell(node, f'"{node.value}" is no length of time; {point}', "bad-duration")
        return None
    micros = span(here.document, node, "d", "7d, 12h or 90m")
    return None if micros is None else Wait(micros)


def _point(value: str) -> str:
    """What to write for a point in time that stands behind `wait`; nothing when it is none."""
    word = value.strip().lower()
    if word in WEEKDAYS:
        return f'write `wait_until: "{word} 10:00"`'
    first = word.partition(" ")[0]
    return f'write `wait_until: "{word}"`' if first in WEEKDAYS or _DAY.match(word) or _TIME.fullmatch(word) else ""


def wait_until(here: Here, node: Node) -> WaitUntil | None:
    """Until the customer's clock shows a time, on any day, on a day of the week, or on a day of the calendar."""
    found = scalar(here.document, node, f"a point in time such as {_EXAMPLES}")
    if found is None:
        return None
    first, _, rest = str(found.value).partition(" ")
    if _DAY.fullmatch(first):
        return _on_day(here, node, first, rest)
    minute = minute_of(rest) if first in WEEKDAYS else minute_of(found.value)
    if minute is not None:
        return WaitUntil(minute, WEEKDAYS.index(first) if first in WEEKDAYS else None)
    here.tell(node, f'"{found.value}" is no point in time such as {_EXAMPLES}{_meant(found.value)}', "bad-time")
    return None


def _on_day(here: Here, node: Node, first: str, rest: str) -> WaitUntil | None:
    day = day_in(here.document, node, first)
    minute = minute_of(rest) if rest else 0
    if minute is None:
        message = f'"{rest}" behind the day is no time from 00:00 to 23:59, such as "10:00"{clock_meant(rest)}'
        here.tell(node, message, "bad-time")
    elif day is not None and here.begins is not None and day < here.begins:
        message = f"{first} is over when the rule begins to listen (active, from): choose a later day"
        here.tell(node, message, "day-over")
    return None if day is None or minute is None else WaitUntil(minute, None, day)


def _meant(value: str) -> str:
    """What to write for `value`, as an end to the problem."""
    written = plain(value).strip().lower()
    if written[10:11] == "t" and (minute := minute_of(written[11:16])) is not None:
        return f'; did you mean "{written[:10]} {clock_shown(minute)}"?'
    if duration_meant(written, ""):
        return f"; to wait for so long write `wait: {duration_meant(written, '')}`"
    words = written.replace(",", " ").split()
    days = [day for word in words for day in WEEKDAYS if day.startswith(word) and len(word) >= 3]
    days = days or [close for word in words if word.isalpha() and (close := closest(word, WEEKDAYS))]
    if not days:
        return clock_meant(written)
    times = [time[0] for word in words if (time := _TIME.search(clock_meant(word)))]
    return f'; did you mean "{days[0]} {times[0] if times else "10:00"}"?'
