"""Lengths of time, times of day and days, as a marketer writes them."""

from __future__ import annotations

import datetime as dt
import re
from fractions import Fraction

from ruamel.yaml.nodes import Node

from retention.periods import day_of
from rules.document import Document
from rules.language.functions import BUDDHIST
from rules.language.tokens import UNITS
from rules.language.tree import MICROS
from rules.reading import duration, duration_meant, plain, scalar

LONGEST = 3_650 * MICROS["d"]
"""Ten years: no rule waits longer."""
MOST_DAYS = 365
"""A date that comes round every year has nothing further away."""

_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_CLOCK_MEANT = re.compile(r"([0-9]{1,2})(?:[:.h]([0-9]{2}))?(?:[:.][0-9]{2})?\s*(am|pm|a\.m\.|p\.m\.|h|น\.?)?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SHIFT = re.compile(r"([+-]?)([0-9]{1,3})([dw])")
_PART = re.compile(r"([0-9]{1,6}(?:[.,][0-9]{1,2})?)\s*([a-z]+)")
_MONTHS = re.compile(r"([1-9]|1[0-9]|2[0-4])m")
_COUNTED = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "seven": 7, "ten": 10, "thirty": 30}
_DIFFER = re.compile(r"(?:[0-9]|\ba|\bone|\btwo|\bthree)\s*(mo|months?|y|yrs?|years?|q|quarters?)\b")


def span(document: Document, node: Node, usual: str, example: str) -> int | None:
    """`node` as a length of time in microseconds, up to ten years; a number alone may have meant the `usual` unit."""
    found = scalar(document, node, f"a length of time such as {example}")
    if found is None:
        return None
    micros = duration(found.value)
    if micros is None:
        message = f'"{found.value}" is no length of time such as {example}{span_meant(found.value, usual)}'
        document.report_node(node, message, "bad-duration")
    elif micros > LONGEST:
        document.report_node(node, f"a length of time is ten years at most: {shown(LONGEST)}", "bad-duration")
        return None
    return micros


def minutes_or_months(document: Document, node: Node, value: str) -> None:
    """A problem when `value`, of something that takes days, says minutes: `m` was surely meant to be months."""
    found = _MONTHS.fullmatch(value.strip())
    if found:
        days = int(found[1]) * 365 // 12
        message = f'"{value}" means minutes; months are written in days, such as {days}d'
        document.report_node(node, message, "minutes-or-months")


def span_meant(value: str, usual: str) -> str:
    """What to write for `value`, a length of time that cannot be read, as an end to the problem."""
    written = plain(value).strip().lower()
    if written.startswith("-"):
        return "; time goes forward only: leave the minus out"
    if _DIFFER.search(written):
        return "; months and years differ in length: write days"
    if re.match(r"0+\s*[a-z]*$", written):
        return "; it cannot be nothing: leave it out"
    first, _, rest = written.partition(" ")
    counted = f"{_COUNTED[first]}{rest}" if first in _COUNTED else written
    meant = duration_meant(counted, usual) or _summed(counted)
    return f'; did you mean "{meant}"?' if meant else ""


def _summed(written: str) -> str:
    """1h 30m → 90m, 1.5d → 36h; nothing when something else stands there too."""
    parts = list(_PART.finditer(written))
    units = [UNITS.get(part[2].rstrip("s") or "s") for part in parts]
    if not parts or None in units or _PART.sub("", written).strip(" ,+and"):
        return ""
    micros = sum(
        Fraction(part[1].replace(",", ".")) * MICROS[str(unit)] for part, unit in zip(parts, units, strict=True)
    )
    return shown(int(micros)) if micros and micros % MICROS["s"] == 0 else ""


def shown(micros: int) -> str:
    """Whole seconds as a length of time is written, in the largest unit that fits: 36h, 7d."""
    unit = next(unit for unit in "dhms" if micros % MICROS[unit] == 0)
    return f"{micros // MICROS[unit]}{unit}"


def clock(document: Document, node: Node) -> int | None:
    """`node` as a time of day, in minutes after midnight."""
    found = scalar(document, node, 'a time of day such as "10:00"')
    if found is None:
        return None
    minute = minute_of(found.value)
    if minute is None:
        message = f'"{found.value}" is no time of day from 00:00 to 23:59, such as "10:00"{clock_meant(found.value)}'
        document.report_node(node, message, "bad-time")
    return minute


def minute_of(value: str) -> int | None:
    """10:30 in minutes after midnight; None when it is no time of day."""
    found = _CLOCK.fullmatch(value)
    return 60 * int(found[1]) + int(found[2]) if found else None


def clock_meant(value: str) -> str:
    """What to write for `value`, a time of day that cannot be read, as an end to the problem."""
    found = _CLOCK_MEANT.fullmatch(plain(value).strip().lower())
    if found is None or int(found[2] or 0) > 59:
        return ""
    hour, half = int(found[1]), (found[3] or "")[:1]
    if half in ("a", "p") and hour <= 12:
        hour = hour % 12 + 12 * (half == "p")
    meant = clock_shown(60 * hour + int(found[2] or 0))
    meant = "00:00" if meant == "24:00" else meant
    return f'; did you mean "{meant}"?' if _CLOCK.fullmatch(meant) else ""


def clock_shown(minute: int) -> str:
    """Minutes after midnight as a time of day is written."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def day(document: Document, node: Node) -> int | None:
    """`node` as a day of the calendar, in days since 1970-01-01."""
    found = scalar(document, node, "a day such as 2026-03-01")
    return None if found is None else day_in(document, node, found.value)


def day_in(document: Document, node: Node, value: str) -> int | None:
    """`value`, which stands in `node`, as a day."""
    try:
        if _DAY.fullmatch(value):
            found = dt.datetime.fromisoformat(value)
            if found.year not in BUDDHIST:
                return day_of(found)
            message = f"the year {found.year} is of the Buddhist calendar; write {found.year - 543}"
            document.report_node(node, message, "bad-day")
            return None
    except ValueError:
        pass
    document.report_node(node, f'"{value}" is no day such as 2026-03-01', "bad-day")
    return None


def shift(document: Document, node: Node) -> int | None:
    """`node` as whole days before (-7d) or after (7d) a date."""
    found = scalar(document, node, "whole days such as -7d")
    if found is None:
        return None
    written = _SHIFT.fullmatch(found.value)
    days = int(f"{written[1]}{written[2]}") * (7 if written[3] == "w" else 1) if written else None
    if days is None:
        message = f'"{found.value}" is not whole days, such as -7d for a week before or 7d for a week after'
        document.report_node(node, message + _shift_meant(found.value), "bad-duration")
    elif abs(days) > MOST_DAYS:
        document.report_node(node, f"it is {MOST_DAYS} days before or after at most, not {found.value}", "bad-duration")
        return None
    return days


def _shift_meant(value: str) -> str:
    written = plain(value).strip().lower()
    if _DIFFER.search(written):
        return "; months and years differ in length: write days"
    before = written.startswith("-") or written.endswith("before")
    meant = duration_meant(re.sub(r"^[+-]|before|after", "", written), "d")
    if not meant or meant[-1] not in "dw":
        return ""
    return f'; did you mean "{"-" if before else ""}{meant}"?'
