"""What is wrong with a marketer's file, and how it is shown."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from msgspec import Struct


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
    head = f"{problem.path}:{problem.line}:{problem.column}: {problem.message} [{problem.code}]"
    if not problem.source_line.strip():
        return head
    line = "".join(" " if unicodedata.category(letter) == "Cc" else letter for letter in problem.source_line)
    number = str(problem.line)
    blank = " " * len(number)
    before, marked = line[: problem.column - 1], line[problem.column - 1 :][: problem.length]
    caret = " " * _width(before) + "^" + "~" * (_width(marked) - 1)
    return f"{head}\n {blank} |\n {number} | {line}\n {blank} | {caret}"


def render_all(problems: Iterable[Problem]) -> str:
    """All of them, sorted by place, an empty line between."""
    return "\n\n".join(render(problem) for problem in sorted(problems))


def _width(text: str) -> int:
    """Columns a terminal takes for `text`: marks above and below Thai letters take none, wide letters two."""
    return sum(_columns(letter) for letter in text)


def _columns(letter: str) -> int:
    if unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in ("W", "F") else 1
