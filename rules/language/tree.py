"""The syntax tree of a condition. `start` and `end` are offsets in its text, `depth` counts levels below."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

MICROS = {"s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000, "w": 604_800_000_000}
"""Unit of a duration → microseconds. A day is 24 hours; windows of days are counted by the calendar elsewhere."""


@dataclass(frozen=True, slots=True)
class Node:
    """Anything that stands at a place in the text."""

    start: int
    end: int
    depth: int


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A number, a text, true, false or null."""

    value: int | Decimal | str | bool | None


@dataclass(frozen=True, slots=True)
class Duration(Node):
    """A length of time such as 30d, in microseconds."""

    micros: int


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A field such as customer.orders."""

    path: str


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function with its arguments; a `method` stands behind the first of them: customer.email.size()."""

    name: str
    args: tuple[Node, ...]
    method: bool = False


@dataclass(frozen=True, slots=True)
class ListOf(Node):
    """["TH", "SG"]."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """`-` or `not`."""

    op: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """Arithmetic or a comparison; `in` and `not in` too."""

    op: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Junction(Node):
    """`and` or `or` of two parts or more: a long chain is wide, not deep."""

    op: str
    parts: tuple[Node, ...]
