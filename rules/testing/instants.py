"""A date, or a date and a time with its offset, as people write them into the tests of their rules."""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

from ruamel.yaml.nodes import Node

from retention.decode import micros
from retention.periods import day_of
from retention.zones import MINUTE, SECOND, instant_of
from rules.document import Document
from rules.language.functions import BUDDHIST
from rules.reading import scalar
from rules.testing.cases import Span

_WRITTEN = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ](?P<minute>[0-9]{2}:[0-9]{2})(?P<second>:[0-9]{2}(?:\.[0-9]{1,6})?)?"
    r" ?(?P<offset>[Zz]|[+-][0-9]{2}:[0-9]{2})?)?"
)
_WHAT = "a time such as 2026-03-01T10:00+07:00, or a date,"


def read_span(document: Document, node: Node, zone: ZoneInfo) -> Span | None:
    """`node` as the span it means; a date is the whole day in `zone`, the shop's."""
    found = scalar(document, node, _WHAT)
    if found is None:
        return None
    read = _read(str(found.value).strip(), zone)
    if isinstance(read, Span):
        return read
    document.report_node(node, read, "bad-time")
    return None


def _read(value: str, zone: ZoneInfo) -> Span | str:
    """The span, or what is wrong with it."""
    found = _WRITTEN.fullmatch(value)
    if found is None:
        return f'"{value}" is no time such as 2026-03-01T10:00+07:00, and no date such as 2026-03-01'
    year = int(found["day"][:4])
    if year in BUDDHIST:
        return f"the year {year} is of the Buddhist calendar; write {year - 543}"
    try:
        day = dt.datetime.fromisoformat(found["day"])
        time = dt.time.fromisoformat(f"{found['minute']}{found['second'] or ''}") if found["minute"] else None
    except ValueError:
        return f"there is no {value}: correct the day, or the time"
    if not 1970 < year < 9999:
        return f"the year {year} is out of bounds; write one from 1971 to 9998"
    if time is None:
        number = day_of(day)
        return Span(instant_of(number, 0, zone), instant_of(number + 1, 0, zone))
    local = dt.datetime.combine(day, time)
    if found["offset"] is None:
        offset = local.replace(tzinfo=zone).isoformat()[-6:]
        return f"a time needs its offset: write {value}{offset}, which is the shop's own time"
    start = micros(dt.datetime.fromisoformat(local.isoformat() + found["offset"].upper()))
    return Span(start, start + (SECOND if found["second"] else MINUTE))
