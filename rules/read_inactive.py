"""`on: inactive`: for how long nothing was heard, and since when."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from ruamel.yaml.nodes import Node

from rules.document import Document
from rules.reading import duration, one_of, plain, scalar
from rules.ruleset import Inactive
from rules.times import LONGEST, minutes_or_months, span_meant

_RHYTHM = re.compile(r"own_rhythm *\* *([0-9]{1,2})(?:\.([0-9]{1,2}))?")
_SINCE: tuple[Literal["last_order", "last_event"], ...] = ("last_order", "last_event")
_MEANT = re.compile(r"(?:([0-9.]+) *[*x]? *)?own[_ -]?rhythm(?: *[*x]? *([0-9.]+))?")


def read_inactive(document: Document, found: Mapping[str, Node]) -> Inactive:
    """What `since` and `for` of `found` say; a span and a rhythm of 0 where that is nothing."""
    since = one_of(document, found["since"], "a choice", _SINCE, "unknown-choice") if "since" in found else None
    span, rhythm = _for(document, found["for"]) if "for" in found else (0, 0)
    if rhythm and since == "last_event":
        message = "own_rhythm is the time between a customer's orders: remove this line, or give `for` in days"
        document.report_node(found["since"], message, "rhythm-of-events")
    return Inactive(since or "last_order", span, rhythm)


def _for(document: Document, node: Node) -> tuple[int, int]:
    """Microseconds and 0, or 0 and hundredths of the customer's own rhythm; two zeros when it is neither."""
    found = scalar(document, node, "a length of time such as 60d, or own_rhythm * 2,")
    if found is None:
        return 0, 0
    span, rhythm = duration(found.value), _RHYTHM.fullmatch(found.value)
    if span is not None and span <= LONGEST:
        minutes_or_months(document, node, found.value)
        return span, 0
    if rhythm and (hundredths := int(rhythm[1]) * 100 + int((rhythm[2] or "").ljust(2, "0"))):
        return 0, hundredths
    message = f'"{found.value}" is neither a length of time up to ten years, such as 60d, nor own_rhythm * 2'
    document.report_node(node, message + (_rhythm_meant(found.value) or span_meant(found.value, "d")), "bad-duration")
    return 0, 0


def _rhythm_meant(value: str) -> str:
    found = _MEANT.fullmatch(plain(value).strip().lower().replace("×", "*"))
    meant = f"own_rhythm * {found[1] or found[2] or 2}" if found else ""
    return f'; did you mean "{meant}"?' if _RHYTHM.fullmatch(meant) and meant != value else ""
