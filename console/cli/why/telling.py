"""The document for people: a few lines for each rule, or the whole story of one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from operator import itemgetter
from typing import Any

from rich.text import Text

from console.cli.output import harmless, out, several

_VERDICTS = {True: "yes", False: "no", None: "unknown"}
_STYLES = {True: "green", False: "red", None: "yellow"}
_UNBROKEN = 100_000
_UNMET = {
    "condition": "its condition did not hold",
    "audience": "they are not in its audience",
    "inactive-period": "it does not listen on that day",
}


def show(document: dict[str, Any], whole: bool) -> None:
    """Everything, or each rule in short."""
    for number, rule in enumerate(document["rules"]):
        if number and whole:
            out.print()
        (_story if whole else _short)(rule)
    out.print()
    for line in _notes(document):
        _line(0, line)


def _notes(document: dict[str, Any]) -> Iterator[str]:
    gone = document["events_let_go"]
    more = f"; the {several(gone, 'event')} before were let go" if gone else ""
    yield f"From {several(document['events'], 'event')} of {document['customer']}{more}."
    yield f"Times are those of {document['time_zone']}."
    if document["rules_not_kept"]:
        yield (
            "Some of it was decided under earlier rules that are not kept; it is told by the rules of today. What was "
            f"decided then: regulars customers show {document['customer']}"
        )


# In short.


def _short(rule: dict[str, Any]) -> None:
    _line(0, f"{rule['rule']}", "bold", f"  {rule['status']}, {rule['listens']}")
    for when, text in headlines(rule):
        _line(2, f"{when}  " if when else "", "", text)


def headlines(rule: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(when, what) of the newest a rule said; and how its last way ended, where that is not the newest."""
    asked, ways = rule["asked"], rule["ways"]
    last = _ending(ways[-1]) if ways else None
    unmet = asked is not None and asked["verdict"] != "met"
    if unmet and (last is None or asked["at"] >= last[0]):
        yield asked["when"], f"{asked['what']}: {_UNMET[asked['verdict']]}{_decisive(asked['conditions'])}"
        if last is not None:
            yield last[1], f"before that: {last[2]}"
    elif last is not None:
        yield last[1], last[2]
    elif asked is not None:
        yield asked["when"], f"{asked['what']}: its steps came to nothing"
    if rule["under_way"]:
        yield "", "; ".join(one["says"] for one in rule["under_way"])
    elif asked is None and last is None and rule["untold"]:
        yield _untold(rule["untold"][0])
    elif asked is None and last is None:
        yield "", never(rule)
    elif rule["next"]:
        yield "", rule["next"]


def _untold(one: dict[str, Any]) -> tuple[str, str]:
    return one["when"], f"{one['says']}{_decisive(one['conditions'])}"


def never(rule: dict[str, Any]) -> str:
    """Of a rule that was never asked."""
    if not rule["deciding"]:
        return str(rule["next"])
    since = f" since {rule['since'][:10]}" if rule["since"] else ""
    if rule["on"] == "product":
        return f"no launch was told to them{since}"
    timed = rule["on"] in ("inactive", "date") or rule["on"].startswith("every ")
    nothing = f"was never due{since}" if timed else f"has listened to {rule['listens']}{since}; no such event came"
    return f"{nothing}; {rule['next']}" if rule["next"] else nothing


def _ending(way: dict[str, Any]) -> tuple[str, str, str] | None:
    """(at, when, what) of the last decision of a way, and of its last message."""
    decided = [one for one in way["steps"] if "outcome" in one]
    if not decided:
        return None
    last = decided[-1]
    messages = [one for one in decided if one["message"]]
    said = [last] if not messages or messages[-1] is last else [messages[-1], last]
    return last["at"], last["when"], "; ".join(_with_reason(one) for one in said)


def _with_reason(one: dict[str, Any]) -> str:
    """A decision, with the first of its particulars."""
    return f"{one['says']} ({one['because'][0]})" if one["because"] else str(one["says"])


def _decisive(conditions: Iterable[dict[str, Any]]) -> str:
    """The first part that does not hold, with what it met."""
    for one in conditions:
        if one["verdict"] is not True:
            return f": {condition(one)}"
    return ""


def condition(one: dict[str, Any]) -> str:
    """A condition with its values."""
    if one["parts"] and one["text"] == "not":
        return f"not {condition(one['parts'][0])}"
    if one["parts"] and one["text"] in ("all of", "one of"):
        return condition(next((part for part in one["parts"] if part["verdict"] is not True), one["parts"][0]))
    unknown = [name for name, value in one["met"].items() if value == "unknown"]
    if unknown:
        return f"{one['text']} ({' and '.join(unknown)} {'is' if len(unknown) == 1 else 'are'} not known)"
    values = ", ".join(f"{name} is {value}" for name, value in one["met"].items())
    return f"{one['text']} ({values})" if values else str(one["text"])


# The whole story of one.


def _story(rule: dict[str, Any]) -> None:
    _line(0, rule["rule"], "bold", f": {rule['name']}")
    since = f", since {rule['since'][:10]}" if rule["since"] else ""
    _line(0, f"{rule['status']}, {rule['class']}; listens to {rule['listens']}{since}")
    asked = rule["asked"]
    out.print()
    earlier = rule["ways"][:-1]
    for way in earlier:
        if ending := _ending(way):
            _line(0, f"{ending[1]}  ", "", ending[2])
    if earlier:
        out.print()
    lines = list(_way(rule["ways"][-1])) if rule["ways"] else []
    if asked is not None and not asked["told"]:
        lines.append((asked["at"], partial(_asked, asked)))
    for _, line in sorted(lines, key=itemgetter(0)):
        line()
    for one in rule["under_way"]:
        _line(0, one["says"])
    for one in reversed(rule["untold"]):
        _line(0, f"{one['when']}  ", "", one["says"])
        _conditions(one["conditions"], 18)
    if asked is None and not rule["ways"]:
        _line(0, never(rule))
    elif rule["next"]:
        _line(0, rule["next"])


def _asked(asked: dict[str, Any]) -> None:
    unmet = f": {_UNMET[asked['verdict']]}" if asked["verdict"] != "met" else ""
    _line(0, f"{asked['when']}  ", "", f"{asked['what']}{unmet}")
    _conditions(asked["conditions"], 18)


def _way(way: dict[str, Any]) -> Iterator[tuple[str, Callable[[], None]]]:
    """One way through the rule: what began it, and each step; when, and what prints it."""
    if way["began"] is not None:
        yield way["began"]["at"], partial(_asked, way["began"])
    for one in way["steps"]:
        yield one["at"], partial(_step, one)


def _step(one: dict[str, Any]) -> None:
    _line(0, f"{one['when']}  ", "", one["says"])
    for text in one.get("because", ()):
        _line(18, "", "", text)
    _conditions(one.get("conditions", ()), 18)


def _conditions(conditions: Iterable[dict[str, Any]], indent: int) -> None:
    for one in conditions:
        plain = not one["parts"] or (one["text"] == "not" and not one["parts"][0]["parts"])
        verdict = one["verdict"]
        _line(indent, f"{_VERDICTS[verdict]:<9}", _STYLES[verdict], condition(one) if plain else one["text"])
        _conditions(() if plain else one["parts"], indent + 2)


def _line(indent: int, head: str, style: str = "", text: str = "") -> None:
    """`head`, then `text`; on a terminal it goes on below its own beginning, elsewhere it is one line."""
    beside = indent + len(head)
    width = max(out.width - beside, 20) if out.is_terminal else _UNBROKEN
    if not text:
        head, text, beside, width = "", head, indent, max(out.width - indent, 20) if out.is_terminal else _UNBROKEN
    for number, line in enumerate(Text(harmless(text)).wrap(out, width)):
        line.rstrip()
        first = Text(" " * indent) + Text(harmless(head), style)
        out.print((first if number == 0 else Text(" " * beside)) + line, soft_wrap=True)
