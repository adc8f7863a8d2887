"""One message file: settings between two `---` lines, then the wording."""

from __future__ import annotations

import re
from typing import Any

from ruamel.yaml.comments import CommentedMap

from templates.catalogue import Key, Piece, Wording
from templates.errors import TemplateProblem
from templates.samples import EVENTS
from templates.yaml import Report, place, plain, read_mapping, reporter

KEYS = ("subject", "preheader", "event", "sample")
_HEAD = re.compile(r"---[ \t]*\n(.*?\n)---[ \t]*(?:\n|\Z)", re.DOTALL)
_EVENT = re.compile(r"[a-z][a-z0-9_]{0,49}")


def read_wording(key: Key, path: str, text: str, problems: list[TemplateProblem]) -> Wording | None:
    """The wording that file `path` with content `text` holds; None after adding to `problems`."""
    report, before = reporter(path, problems), len(problems)
    found = _HEAD.match(text)
    if not found:
        report(
            1, 1, "the file must begin with ---, then subject:, preheader: and event:, then --- again", "front-matter"
        )
        return None
    head = read_mapping(found[1], 2, report)
    if head is None:
        return None
    _refuse_unknown(head, report)
    subject, preheader = _piece(head, "subject", report), _piece(head, "preheader", report)
    events, sample = _events(head, report), _sample(head, report)
    body = Piece(text[found.end() :], text.count("\n", 0, found.end()) + 1)
    if not body.source.strip():
        report(body.line, 1, "the message has no words", "empty")
    if len(problems) > before or not subject or not preheader:
        return None
    return Wording(*key, path, text, subject, preheader, body, events, sample)


def _refuse_unknown(head: CommentedMap, report: Report) -> None:
    for key in head:
        if key not in KEYS:
            line, column = head.lc.key(key)
            report(line + 2, column + 1, f"unknown key {str(key)!r}; known are {', '.join(KEYS)}", "unknown-key")


def _piece(head: CommentedMap, key: str, report: Report) -> Piece | None:
    value = head.get(key)
    if isinstance(value, str) and value.strip():
        return Piece(str(value), place(head, key, 2)[0])
    line, column = place(head, key, 2) if key in head else (1, 1)
    hint = "; text with {{ }} needs quotes" if isinstance(value, dict) else ""
    report(line, column, f"a message needs `{key}:` with one line of text{hint}", f"no-{key}")
    return None


def _events(head: CommentedMap, report: Report) -> tuple[str, ...]:
    value = plain(head.get("event"))
    events = [value] if isinstance(value, str) else value
    line, column = place(head, "event", 2) if "event" in head else (1, 1)
    if (
        not isinstance(events, list)
        or not events
        or not all(isinstance(e, str) and _EVENT.fullmatch(e) for e in events)
    ):
        report(line, column, "say what the message answers: `event: purchase`, or a list of events", "no-event")
        return ()
    for unknown in sorted(set(events) - set(EVENTS)):
        if "sample" not in head:
            said = (
                f"{unknown!r} is an event of the shop's own; give its fields for the check: `sample: {{field: value}}`"
            )
            report(line, column, said, "no-sample")
    return tuple(events)


def _sample(head: CommentedMap, report: Report) -> dict[str, Any]:
    value = plain(head.get("sample", {}))
    if isinstance(value, dict):
        return value
    report(*place(head, "sample", 2), "`sample:` holds fields of the event, `field: value`", "bad-sample")
    return {}
