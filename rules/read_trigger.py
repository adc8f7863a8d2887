"""What fires a rule: an event, or a time that comes round, with the keys that only some of them have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from rules.around import Around
from rules.document import Document
from rules.engine.timers import BIRTH_DATE
from rules.language.schema import states
from rules.read_condition import for_somebody, read_condition
from rules.read_date import ATTRIBUTE, DATES, read_date
from rules.read_inactive import read_inactive
from rules.reading import key_of, one_of, plain, require, scalar
from rules.ruleset import CatchUp, FanOut, Inactive, OnDate, Period

KEYS = ("on", "every", "field", "offset", "since", "for", "audience", "catch_up")
OTHERS = ("date", "inactive", "product")
"""What `on` may be that is no event of a customer's."""
PERIODS: tuple[Period, ...] = ("day", "week", "month", "quarter", "year")
_TO_WAIT = "to wait, begin `do` with `- wait: 7d`"
_BELONGS = {
    "field": (("date",), "remove this line"),
    "offset": (("date",), _TO_WAIT),
    "since": (("inactive",), "remove this line"),
    "for": (("inactive",), _TO_WAIT),
    "audience": (("every", "product"), "ask with `when`"),
    "catch_up": (("date", "inactive"), "remove this line"),
}
"""Key → what fires the rules that may have it, and what to do in another."""
_NEEDED = {
    "inactive": ("for", "60d"),
    "date": ("field", "customer.birth_date"),
    "product": ("audience", 'segment("loyal")'),
    "every": ("audience", 'segment("loyal")'),
}
_ROUND = re.compile(r"(?:each |every )?(day|week|month|quarter|year)(?:ly)?")
_WEEKDAY = re.compile(r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?")
_PER_DAY = re.compile(r"[1-9][0-9]{0,6} per day")
_PER_DAY_MEANT = re.compile(r"([1-9][0-9,. ]{0,9})(?:(?: ?/ ?| per | a | each )day| ?daily)?")
_EVERYBODY = ("all", "any", "anybody", "anyone", "everybody", "everyone")


class Fires(NamedTuple):
    """What fires the rule: an event type, `inactive`, `date`, `product` or `every`; None when nobody can say."""

    on: str | None
    trigger: Inactive | OnDate | FanOut | None = None
    catch_up: CatchUp | None = None


def read_trigger(document: Document, root: MappingNode, found: Mapping[str, Node], around: Around) -> Fires:
    """What fires the rule whose keys are `found`. Whatever is written is read, so that every mistake is told."""
    on = _on(document, root, found, around)
    if on is not None:
        found = _fitting(document, root, found, on)
    fan_out = _fan_out(document, found, around)
    inactive, date = read_inactive(document, found), read_date(document, found, around)
    triggers = {"inactive": inactive, "date": date, "product": fan_out, "every": fan_out}
    catch_up = _catch_up(document, found["catch_up"]) if "catch_up" in found else None
    if catch_up is not None and isinstance(date, OnDate) and date.field == BIRTH_DATE:
        message = '"catch_up" is for what comes once; a birthday comes round again by itself: remove this line'
        document.report_node(key_of(root, "catch_up"), message, "key-of-another-trigger")
    return Fires(on, triggers.get(on or ""), catch_up)


def _on(document: Document, root: MappingNode, found: Mapping[str, Node], around: Around) -> str | None:
    """Exactly one of `on` and `every`."""
    if "every" not in found:
        require(document, root, found, ("on",))
        return _event(document, found["on"], around) if "on" in found else None
    if "on" in found:
        message = "a rule has `on`, for what happens, or `every`, for a time that comes round: remove one of the two"
        document.report_node(key_of(root, "every"), message, "two-triggers")
    return "every"


def _event(document: Document, node: Node, around: Around) -> str | None:
    found = scalar(document, node, "an event")
    known = sorted((*around.events, *OTHERS))
    if found is None or found.value in known:
        return None if found is None else str(found.value)
    if advice := _event_meant(found.value):
        document.report_node(node, f'unknown event "{found.value}"; {advice}', "unknown-event")
    elif not around.blind:
        one_of(document, node, "an event", known, "unknown-event")
    return None


def _event_meant(value: str) -> str:
    """What people write behind `on` that stands elsewhere."""
    if period := _round(value):
        return f"what comes round is written `every: {period}`, without `on`"
    type_, _, state = value.partition(".")
    if state and state in states(type_):
        return f'write `on: {type_}` and `when: event.state == "{state}"`'
    if value in DATES or value.startswith(ATTRIBUTE):
        return f"write `on: date` and `field: {value}`"
    return ""


def _round(value: str) -> str:
    """monthly, every month → month."""
    found = _ROUND.fullmatch(value.lower().replace("daily", "day"))
    return found[1] if found else ""


def _fitting(document: Document, root: MappingNode, found: Mapping[str, Node], on: str) -> Mapping[str, Node]:
    """`found` without keys of rules that something else fires; problems for those, and for the one that is missing."""
    misplaced = [key for key, (owners, _) in _BELONGS.items() if key in found and on not in owners]
    for key in misplaced:
        owners, instead = _BELONGS[key]
        message = f'"{key}" belongs to {" and ".join(map(_shown, owners))}; {instead}'
        document.report_node(key_of(root, key), message, "key-of-another-trigger")
    if on in _NEEDED:
        name, example = _NEEDED[on]
        require(document, root, found, (name,), example, f", which {_shown(on)} needs")
    return {key: value for key, value in found.items() if key not in misplaced}


def _shown(on: str) -> str:
    return "`every`" if on == "every" else f"`on: {on}`"


def _fan_out(document: Document, found: Mapping[str, Node], around: Around) -> FanOut | None:
    period = _period(document, found["every"]) if "every" in found else None
    if "audience" not in found:
        return None
    node = found["audience"]
    if isinstance(node, ScalarNode) and node.value.strip().lower() in _EVERYBODY:
        message = f'"{node.value.strip()}" is no condition; for all customers write `audience: true`'
        document.report_node(node, message, "unknown-field")
        return None
    condition = for_somebody(document, node, read_condition(document, node, around.customers(), around))
    return None if condition is None else FanOut(condition, period or "")


def _period(document: Document, node: Node) -> Period | None:
    value = str(node.value).strip().lower() if isinstance(node, ScalarNode) else ""
    if _WEEKDAY.fullmatch(value):
        day = value.removesuffix("s")
        message = f'"{value}" is a day; write `every: week` and begin `do` with `- wait_until: "{day} 10:00"`'
        document.report_node(node, message, "unknown-period")
        return None
    return one_of(document, node, "a period", PERIODS, "unknown-period")


def _catch_up(document: Document, node: Node) -> CatchUp | None:
    found = scalar(document, node, "a number such as 500 per day")
    if found is None:
        return None
    if _PER_DAY.fullmatch(found.value):
        return CatchUp(int(found.value.partition(" ")[0]))
    meant = _PER_DAY_MEANT.fullmatch(plain(found.value).strip().lower())
    hint = f'; did you mean "{re.sub("[^0-9]", "", meant[1])} per day"?' if meant else ""
    message = f'"{found.value}" is no number of customers a day, such as 500 per day{hint}'
    document.report_node(node, message, "bad-pace")
    return None
