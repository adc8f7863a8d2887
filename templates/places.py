"""From what went wrong to where it stands in the marketer's file, in words that hold no customer's data."""

from __future__ import annotations

import re

from jinja2 import TemplateError, TemplateSyntaxError

from templates.catalogue import Wording
from templates.errors import Refused, TemplateProblem

_QUOTED = re.compile(r"'([^']+)'")


def located(error: Exception, wording: Wording, line: int) -> TemplateProblem:
    """What went wrong at `line` of the file, or close below when a folded subject goes over several lines."""
    near = _near(error)
    if near and line < wording.body.line:
        line = next((at for at in range(line, wording.body.line) if near in wording.line(at)), line)
    return TemplateProblem(wording.path, line, _column(wording.line(line), near), _told(error), _code(error))


def somewhere(error: Refused, wording: Wording) -> TemplateProblem:
    """As `located`, for what came up after Jinja was done: at the first line that has the words it is about."""
    needle = error.near or ("](" if error.code == "bad-link" else "")
    lines = wording.text.split("\n")
    found = next((at for at, text in enumerate(lines, 1) if needle and needle in text), wording.body.line)
    return located(error, wording, found)


def _near(error: Exception) -> str:
    if isinstance(error, Refused):
        return error.near
    names = _QUOTED.findall(str(error)) if isinstance(error, TemplateError) else []
    return str(names[-1]) if names else ""


def _column(text: str, near: str) -> int:
    for needle in (near, "{{", "{%"):
        if needle and (at := text.find(needle)) >= 0:
            return at + 1
    return len(text) - len(text.lstrip()) + 1


def _code(error: Exception) -> str:
    if isinstance(error, Refused):
        return error.code
    if isinstance(error, TemplateSyntaxError):
        return "syntax"
    return "missing-value" if isinstance(error, TemplateError) else "bad-value"


def _told(error: Exception) -> str:
    if isinstance(error, TemplateSyntaxError):
        return error.message or "this cannot be read"
    if isinstance(error, TemplateError):
        names = _QUOTED.findall(error.message or "")
        return f"nothing is known by the name {names[-1]!r} here" if names else "the list has no such place"
    if isinstance(error, Refused):
        return str(error)
    return f"this cannot be done with the value that is here ({type(error).__name__})"
