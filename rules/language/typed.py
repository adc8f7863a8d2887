"""A checked condition: every value has its kind, every literal its final form, every leaf is a test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rules.language.kinds import Kind


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
    """A field, by the Python that reads it."""

    path: str
    access: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Arith(Value):
    """`left op right`."""

    op: str
    left: Value
    right: Value


@dataclass(frozen=True, slots=True)
class Apply(Value):
    """A function over values: `template` is Python with {0}, {1} … for the arguments."""

    template: str
    args: tuple[Value, ...]


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
    """`left op right`, op one of == != < <= > >= in."""

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
