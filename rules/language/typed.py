"""A checked condition: every value has its kind, every literal its final form, every leaf is a test."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from rules.language.kinds import RANGES, Kind


@dataclass(frozen=True, slots=True)
class Value:
    """Something with a kind. When it `may_miss` it can be None, and a test of it unknown."""

    kind: Kind
    may_miss: bool


@dataclass(frozen=True, slots=True)
class Const(Value):
    """A literal, or literals worked out. Money is in minor units, durations in microseconds."""

    value: Any


@dataclass(frozen=True, slots=True)
class Get(Value):
    """A field, by the Python that reads it; {0} in `access` is the constant `key`, if there is one.

    `reach` is how far from 0 a whole number in it can be.
    """

    path: str
    access: str
    choices: tuple[str, ...] = ()
    key: str = ""
    reach: int = 2**63


@dataclass(frozen=True, slots=True)
class Arith(Value):
    """`left op right`; `checked` when the result can leave the range of its kind, which makes it unknown."""

    op: str
    left: Value
    right: Value
    checked: bool = False


@dataclass(frozen=True, slots=True)
class Apply(Value):
    """A function over values: `template` is Python with {0}, {1} … for the arguments."""

    name: str
    template: str
    args: tuple[Value, ...]
    choices: tuple[str, ...] = ()
    reach: int = 2**63


class Test:
    """Something that is true, false or unknown."""


@dataclass(frozen=True, slots=True)
class Both(Test):
    """All of (`op` and) or at least one of (`op` or) the parts."""

    op: str
    parts: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class Not(Test):
    """The opposite; unknown stays unknown."""

    part: Test


@dataclass(frozen=True, slots=True)
class Compare(Test):
    """`left op right`, one op of == != < <= > >= in."""

    op: str
    left: Value
    right: Value


@dataclass(frozen=True, slots=True)
class Missing(Test):
    """Whether nothing is known of a value: `x == null`. Never unknown."""

    value: Value


@dataclass(frozen=True, slots=True)
class Truth(Test):
    """A value that is true or false by itself."""

    value: Value


@dataclass(frozen=True, slots=True)
class Said(Test):
    """A part as it stands in the file, for who wants to know why: a comparison, or a segment by its name."""

    text: str
    part: Test


def leaves(test: Test) -> int:
    """How many comparisons `test` comes to."""
    if isinstance(test, Both):
        return sum(leaves(part) for part in test.parts)
    return leaves(test.part) if isinstance(test, Not | Said) else 1


def levels(test: Test) -> int:
    """How deep `test` nests, its values left out."""
    if isinstance(test, Both):
        return 1 + max(levels(part) for part in test.parts)
    if isinstance(test, Said):
        return levels(test.part)
    return 1 + levels(test.part) if isinstance(test, Not) else 1


def reach(value: Value) -> int | None:
    """How far from 0 a value can be, by what it is made of; None when nothing bounds it."""
    if isinstance(value, Const):
        return int(abs(value.value)) + 1 if type(value.value) in (int, Decimal) else None
    if isinstance(value, Arith):
        return _reach(value)
    if isinstance(value, Get | Apply) and value.kind in RANGES:
        return value.reach
    return None


def _reach(value: Arith) -> int | None:
    if value.checked:
        low, high = RANGES[value.kind]
        return max(-low, high)
    left, right = reach(value.left), reach(value.right)
    if value.op == "%":
        return None if right is None else right - 1
    if left is None or right is None or value.op == "/":
        return left if value.op == "/" and value.right.kind is Kind.COUNT else None
    return left * right if value.op == "*" else left + right


def leaves_range(value: Arith) -> bool:
    """Whether the result can be more than its kind holds."""
    if value.kind not in RANGES:
        return False
    most = _reach(value)
    low, high = RANGES[value.kind]
    return most is None or value.kind is Kind.INSTANT or most > min(-low, high)
