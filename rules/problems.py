"""What is wrong with a marketer's file, and how it is shown."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from msgspec import Struct

LONG = 160
"""More characters of a line are not shown."""


class Problem(Struct, frozen=True, order=True):
    """One mistake: `length` characters from `column` of `line` (both from 1) in the file `path`.

    `code` names the kind of mistake, in kebab case; `source_line` is the line as it stands in the file.
    """

    path: str
    line: int
    column: int
    length: int
    message: str
    code: str
    source_line: str = ""


def render(problem: Problem) -> str:
    """The problem in actionlint's shape: where and what, then the line with the place underlined."""
    head = f"{problem.path}:{problem.line}:{problem.column}: {_visible(problem.message)} [{problem.code}]"
    if not problem.source_line.strip():
        return head
    line, column = _cut(problem.source_line, problem.column)
    line = "".join(" " if _commands(letter) else letter for letter in line)
    number = str(problem.line)
    blank = " " * len(number)
    before, marked = line[: column - 1], line[column - 1 :][: problem.length]
    caret = " " * _width(before) + "^" + "~" * (_width(marked) - 1)
    return f"{head}\n {blank} |\n {number} | {line}\n {blank} | {caret}"


def render_all(problems: Iterable[Problem]) -> str:
    """All of them, sorted by place, an empty line between."""
    return "\n\n".join(render(problem) for problem in sorted(problems))


def _cut(line: str, column: int) -> tuple[str, int]:
    """The part of a very long line round `column`, and the column in it."""
    if len(line) <= LONG:
        return line, column
    start = max(0, column - 1 - LONG // 2)
    before, after = "…" if start else "", "…" if start + LONG < len(line) else ""
    return before + line[start : start + LONG] + after, column - start + len(before)


def _visible(message: str) -> str:
    """`message`, in which what a file says may stand, with what nobody can see written as an escape."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape", "replace").decode() for letter in message
    )


def _commands(letter: str) -> bool:
    """Whether a terminal obeys the character instead of showing it: controls, and what turns the writing round."""
    return unicodedata.category(letter) == "Cc" or letter in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def _width(text: str) -> int:
    """Columns a terminal takes for `text`: marks above and below Thai letters take none, wide letters two."""
    return sum(_columns(letter) for letter in text)


def _columns(letter: str) -> int:
    if unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in ("W", "F") else 1
