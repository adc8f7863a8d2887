"""What is wrong with a condition, and where in its text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One mistake: `length` characters from `offset` in the condition's text.

    `code` is one of syntax, unknown-field, unknown-function, unknown-value, type-mismatch, bad-argument,
    too-long, too-deep.
    """

    offset: int
    length: int
    message: str
    code: str


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean "…"?` when something known is close to `word`, else nothing."""
    close = closest(word, known)
    return f'; did you mean "{close}"?' if close else ""


def closest(word: str, known: Iterable[str]) -> str:
    """The known word that `word` is likely to be; nothing when none is close."""
    known = list(known)
    small = {one.lower(): one for one in known}
    close = get_close_matches(word, known, n=1, cutoff=0.6) or get_close_matches(word.lower(), small, n=1, cutoff=0.8)
    return small.get(close[0].lower(), close[0]) if close else ""
