"""The lines of `rules/policy.yaml` that hold messages back: quiet hours, frequency caps, and what a class obeys."""

from __future__ import annotations

import re

from msgspec import structs
from ruamel.yaml.nodes import MappingNode, Node

from rules.document import Document
from rules.entry import Entry, entry_of
from rules.policy import DAY, MARKETING, TRANSACTIONAL, Cap, Limits, Quiet
from rules.reading import duration, duration_meant, keys, listed, plain, require, scalar
from rules.ruleset import ADDRESSES
from rules.times import clock, span

CLASSES = {"marketing": MARKETING, "transactional": TRANSACTIONAL}
CLASS_KEYS = ("caps", "counts", "quiet_hours", "expires_after")
CALENDAR_DAY = "calendar_day"
MOST_CAP = 100
LONGEST_CAP = 400 * DAY

_OBEY = {"obey": True, "ignore": False}
_QUIET: dict[str, Quiet] = {"defer": "defer", "drop": "drop", "ignore": "ignore"}
_CAP = re.compile(r"([0-9]{1,4}) per (calendar_day|[0-9]{1,6}[smhdw])")
_CAP_MEANT = re.compile(
    r"\D{0,8}?([0-9]{1,3})\D{0,12}?(?:\bper\b|\bin\b|\ba\b|\bevery\b|\beach\b|\bwithin\b|/|:)\s*(.+)"
)
_SPANS = {"day": CALENDAR_DAY, "calendar day": CALENDAR_DAY, "week": "7d", "month": "30d", "hour": "1h", "year": "365d"}


def quiet_hours(entry: Entry) -> tuple[int, int] | None:
    """Minutes of the customer's day from and to which nothing leaves; None when there are none."""
    if "quiet_hours" not in entry:
        return None
    document, node = entry.document, entry["quiet_hours"]
    hours = entry_of(document, node, ("from", "to"), '{from: "21:00", to: "09:00"}')
    if hours is None or not isinstance(node, MappingNode):
        return None
    require(document, node, hours.found, ("from", "to"))
    first, last = (clock(document, hours[key]) if key in hours else None for key in ("from", "to"))
    if first is None or last is None:
        return None
    if first == last:
        message = "quiet hours that end when they begin are none, or all day: change one, or remove quiet_hours"
        hours.report("to", message, "bad-period")
    return first, last


def caps(entry: Entry) -> tuple[Cap, ...]:
    """The caps of all channels, as they stand."""
    if "caps" not in entry:
        return ()
    node = entry["caps"]
    if isinstance(node, MappingNode):
        found = keys(entry.document, node, ("any", *ADDRESSES))
        return tuple(cap for channel, value in found.items() for cap in _of_channel(entry.document, channel, value))
    example = "{any: 3 per 7d}"
    value = str(node.value) if isinstance(node.value, str) else ""
    meant = value if _CAP.fullmatch(value) else _cap_meant(value)
    hint = f"did you mean {{any: {meant}}}?" if meant else f"write {example}"
    message = f"caps are by channel, or of any, which is all channels together; {hint}"
    entry.report("caps", message, "wrong-type")
    return ()


def _of_channel(document: Document, channel: str, node: Node) -> list[Cap]:
    found: dict[int, Cap] = {}
    for one in listed(document, node, "a cap such as 3 per 7d"):
        cap = _cap(document, channel, one)
        if cap is not None and cap.window in found:
            message = "there is a cap for this length of time already: keep the lower one"
            document.report_node(one, message, "duplicate-value")
        elif cap is not None:
            found[cap.window] = cap
    return list(found.values())


def _cap(document: Document, channel: str, node: Node) -> Cap | None:
    found = scalar(document, node, "a cap such as 3 per 7d or 1 per calendar_day")
    if found is None:
        return None
    written = _CAP.fullmatch(found.value)
    if written is None:
        meant = _cap_meant(found.value)
        hint = f'; did you mean "{meant}"?' if meant else ""
        message = f'"{found.value}" is no cap such as 3 per 7d or 1 per calendar_day{hint}'
        document.report_node(node, message, "bad-cap")
        return None
    most = int(written[1])
    window = 0 if written[2] == CALENDAR_DAY else duration(written[2]) or -1
    fault = _cap_fault(most, window)
    if fault:
        document.report_node(node, fault, "bad-cap")
        return None
    return Cap(most, window, channel)


def _cap_fault(most: int, window: int) -> str:
    if most == 0:
        return "a cap of 0 would let nothing leave; pause the rules instead, or write 1"
    if most > MOST_CAP:
        return f"a cap of more than {MOST_CAP} holds nobody back; it is 1 to {MOST_CAP}"
    if window % (DAY // 24):
        return "a cap counts in whole hours or days, such as 12h or 7d"
    if not 0 <= window <= LONGEST_CAP:
        return f"a cap looks back 1h to {LONGEST_CAP // DAY}d"
    return ""


def _cap_meant(value: str) -> str:
    """3 in 7 days → 3 per 7d; nothing when it could be anything."""
    found = _CAP_MEANT.fullmatch(plain(value).strip().lower())
    if found is None:
        return ""
    behind = found[2].strip()
    window = _SPANS.get(behind.replace("_", " ").removeprefix("1 ")) or duration_meant(behind, "d")
    meant = f"{int(found[1])} per {window}" if window else ""
    return meant if _CAP.fullmatch(meant) else ""


def limits(entry: Entry) -> dict[str, Limits]:
    """Class → what its messages obey: what is not said stays as it usually is."""
    if "classes" not in entry:
        return dict(CLASSES)
    example = "{marketing: {expires_after: 24h}}"
    classes = entry_of(entry.document, entry["classes"], tuple(CLASSES), example)
    if classes is None:
        return dict(CLASSES)
    return {name: _limits(classes, name, usual) for name, usual in CLASSES.items()}


def _limits(classes: Entry, name: str, usual: Limits) -> Limits:
    if name not in classes:
        return usual
    example = "{caps: obey, counts: true, quiet_hours: defer, expires_after: 48h}"
    said = entry_of(classes.document, classes[name], CLASS_KEYS, example)
    if said is None:
        return usual
    return structs.replace(
        usual,
        capped=said.choice("caps", _OBEY, usual.capped),
        counts=said.truth("counts", usual.counts),
        quiet=said.choice("quiet_hours", _QUIET, usual.quiet),
        expires_after=_expires_after(said, usual.expires_after),
    )


def _expires_after(said: Entry, usual: int | None) -> int | None:
    if "expires_after" not in said:
        return usual
    found = scalar(said.document, said["expires_after"], "a length of time such as 48h, or never,")
    if found is None or found.value == "never":
        return None
    return span(said.document, found, "h", "48h, or never")
