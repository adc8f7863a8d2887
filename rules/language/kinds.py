"""The kinds of value a condition can speak of, what arithmetic makes of them, and how far they reach."""

from __future__ import annotations

from enum import Enum


class Kind(Enum):
    """A kind of value; the text is how a person is told."""

    COUNT = "a count"
    NUMBER = "a number"
    MONEY = "money"
    TEXT = "text"
    BOOL = "true or false"
    INSTANT = "a point in time"
    DURATION = "a length of time"
    LIST = "a list of texts"
    NULL = "null"

    def __hash__(self) -> int:
        return id(self)


C, N, M, I, D = Kind.COUNT, Kind.NUMBER, Kind.MONEY, Kind.INSTANT, Kind.DURATION  # noqa: E741

ORDERED = frozenset({C, N, M, I, D})
"""Kinds that have a less and a more."""

_PLAIN = {(op, *pair): N for op in "+-*" for pair in ((C, N), (N, C), (N, N))}
ARITHMETIC: dict[tuple[str, Kind, Kind], Kind] = _PLAIN | {
    ("+", C, C): C,
    ("-", C, C): C,
    ("*", C, C): C,
    ("/", C, C): N,
    ("/", C, N): N,
    ("/", N, C): N,
    ("/", N, N): N,
    ("%", C, C): C,
    ("+", M, M): M,
    ("-", M, M): M,
    ("*", M, C): M,
    ("*", C, M): M,
    ("*", M, N): M,
    ("*", N, M): M,
    ("/", M, C): M,
    ("/", M, N): M,
    ("/", M, M): N,
    ("+", D, D): D,
    ("-", D, D): D,
    ("*", D, C): D,
    ("*", C, D): D,
    ("/", D, D): N,
    ("-", I, I): D,
    ("-", I, D): I,
    ("+", I, D): I,
    ("+", D, I): I,
}
"""(operator, left, right) → what comes out; anything else is a mismatch. `/` is exact, never rounded to whole."""

WHOLE = 2**63
_SPAN = WHOLE // 1_000
RANGES: dict[Kind, tuple[int, int]] = {
    C: (-WHOLE, WHOLE - 1),
    M: (-WHOLE, WHOLE - 1),
    D: (-_SPAN, _SPAN),
    I: (-62_135_596_800 * 1_000_000, 253_402_300_800 * 1_000_000 - 1),
}
"""Kind → the least and the most it can be, in its inner unit; what arithmetic takes further is unknown.

As in CEL: 64 bits, 292 years, the years 1 to 9999. A number has 28 significant digits and no such end.
"""


def comparable(left: Kind, right: Kind) -> bool:
    """Whether two kinds can stand on the two sides of a comparison."""
    return left is right or {left, right} <= {C, N}
