"""The functions of conditions: what each takes and gives, and the Python it becomes."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from retention.state import DAYS_KEPT
from rules.language.kinds import RANGES, Kind
from rules.language.tree import MICROS

DAY = MICROS["d"]

Written = Callable[[Any, ZoneInfo], Any]
"""A literal argument, and the shop's zone, to the constant of the template; ValueError says why it cannot be."""


@dataclass(frozen=True, slots=True)
class Function:
    """`takes` arguments of these kinds, each a choice of them, and `gives` another kind.

    `template` is Python over `e`, `c` and {0}, {1} …, the arguments; an unknown argument makes the result
    unknown. `written`: the argument is a literal, and becomes this constant. A `method` stands behind its first
    argument. `event`: it looks at the event, so a segment cannot use it. `reach`: how far from 0 it can be.
    """

    takes: tuple[tuple[Kind, ...], ...]
    gives: Kind
    template: str
    example: str
    says: str
    written: Written | None = None
    method: bool = False
    may_miss: bool = False
    event: bool = False
    choices: tuple[str, ...] = ()
    reach: int = 2**53


def _as_written(value: Any, _zone: ZoneInfo) -> Any:
    return value


def _window(micros: int, _zone: ZoneInfo) -> int:
    if micros % DAY or micros == 0:
        raise ValueError("a window is whole days, such as 90d")
    if micros > DAYS_KEPT * DAY:
        raise ValueError(f"windows reach at most {DAYS_KEPT}d back")
    return micros // DAY


_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt][0-9:.]+([Zz]|[+-][0-9]{2}:[0-9]{2}))?")
BUDDHIST = range(2443, 2743)
"""Years of the Buddhist calendar that are 1900 to 2199 of ours; no shop means the others."""
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def _instant(text: str, zone: ZoneInfo) -> int:
    """Microseconds since 1970 of an RFC 3339 time; a date alone begins at the shop's midnight."""
    advice = 'a point in time is "2026-03-01", the shop\'s midnight, or "2026-03-01T10:00:00+07:00"'
    if not _TIME.fullmatch(text):
        raise ValueError(advice)
    try:
        found = dt.datetime.fromisoformat(text.upper())
    except ValueError:
        raise ValueError(f"there is no such time; {advice}") from None
    if found.year in BUDDHIST:
        raise ValueError(f"the year {found.year} is of the Buddhist calendar; write {found.year - 543}")
    aware = found if found.tzinfo else found.replace(tzinfo=zone)
    micros = (aware - _EPOCH) // dt.timedelta(microseconds=1)
    low, high = RANGES[Kind.INSTANT]
    if not low <= micros <= high:
        raise ValueError(f"years go from 1 to 9999; {advice}")
    return micros


_TEXT, _LIST = (Kind.TEXT,), (Kind.LIST,)
_WINDOW = ((Kind.DURATION,),)

FUNCTIONS: dict[str, Function] = {
    "segment": Function(
        (_TEXT,), Kind.BOOL, "", 'segment("loyal")', "the named condition of `rules/segments.yaml` holds", _as_written
    ),
    "has": Function((), Kind.BOOL, "", "has(customer.email)", "the field is known; the same as `!= null`"),
    "has_tag": Function(
        (_TEXT,),
        Kind.BOOL,
        "({0} in tags(c))",
        'has_tag("vip")',
        "the customer has this tag",
        _as_written,
    ),
    "bought": Function(
        (_TEXT,),
        Kind.BOOL,
        "bought(e, c, {0})",
        'bought("tea")',
        "an article (sku) of this event, or a category of this event or ever bought",
        _as_written,
        event=True,
    ),
    "consent": Function(
        (_TEXT,),
        Kind.TEXT,
        "consent(c, {0})",
        'consent("email") == "granted"',
        "what the customer said to messages by a channel, or a topic of it: `email/news`; missing when nothing yet",
        _as_written,
        may_miss=True,
        choices=("granted", "denied"),
    ),
    "orders_in": Function(
        _WINDOW,
        Kind.COUNT,
        "window(c, day(e.at) - {0}, 0)",
        "orders_in(90d) >= 3",
        f"orders that count, in the last so many days, today being one; up to {DAYS_KEPT}d",
        _window,
    ),
    "spent_in": Function(
        _WINDOW,
        Kind.MONEY,
        "window(c, day(e.at) - {0}, 1)",
        "spent_in(90d) >= 3000",
        "what those orders came to",
        _window,
        reach=10**18,
    ),
    "days_since": Function(
        ((Kind.INSTANT,),),
        Kind.COUNT,
        "day(e.at) - day({0})",
        "days_since(customer.last_order_at) > 30",
        "midnights of the shop between then and now",
    ),
    "timestamp": Function(
        (_TEXT,),
        Kind.INSTANT,
        "{0}",
        'customer.first_order_at < timestamp("2026-01-01")',
        "a point in time written out: RFC 3339, or a date, which begins at the shop's midnight",
        _instant,
        reach=3 * 10**17,
    ),
    "size": Function(
        ((Kind.TEXT, Kind.LIST),),
        Kind.COUNT,
        "len({0})",
        "customer.tags.size() > 2",
        "how many characters a text has, or a list values; `size(customer.tags)` is the same",
        method=True,
    ),
    "startsWith": Function(
        (_TEXT, _TEXT),
        Kind.BOOL,
        "{0}.startswith({1})",
        'customer.phone.startsWith("+66")',
        "the text begins with the other; small and capital letters differ",
        method=True,
    ),
    "endsWith": Function(
        (_TEXT, _TEXT),
        Kind.BOOL,
        "{0}.endswith({1})",
        'customer.email.endsWith("@example.com")',
        "the text ends with the other",
        method=True,
    ),
    "contains": Function(
        (_TEXT, _TEXT),
        Kind.BOOL,
        "{1} in {0}",
        'customer.last_name.contains("-")',
        "the other text stands somewhere in it",
        method=True,
    ),
    "lowerAscii": Function(
        (_TEXT,),
        Kind.TEXT,
        "lower({0})",
        'customer.email.lowerAscii().endsWith("@example.com")',
        "the text with A to Z made small",
        method=True,
    ),
}

ADVICE = {
    "duration": "a length of time is written bare: 90m, 12h, 30d or 2w",
    "matches": "there are no patterns; use startsWith, endsWith and contains",
    "exists": 'ask a list with "in": "vip" in customer.tags',
    "all": 'ask a list with "in": "vip" in customer.tags',
    "lower": "it is called lowerAscii: customer.email.lowerAscii()",
    "int": "values need no conversion; whole numbers and decimals can be compared",
    "double": "values need no conversion; whole numbers and decimals can be compared",
    "string": "there is no conversion to text",
}
"""What people who know CEL or another language look for → what to write."""
