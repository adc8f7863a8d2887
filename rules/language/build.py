"""Typed conditions to one Python function. The source holds only names and signs chosen here, never a word of a file.

Negation is pushed to the leaves, and a leaf says "definitely true": so unknown is never true, nor is its opposite.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from retention.events import Event
from retention.state import Customer, Journey
from rules.language import runtime
from rules.language.kinds import RANGES
from rules.language.schema import Schema
from rules.language.typed import Apply, Arith, Both, Compare, Const, Get, Missing, Not, Said, Test, Truth, Value

Condition = Callable[[Event, Customer], bool]
"""Whether it definitely holds for an event and the customer it left."""
StepCondition = Callable[[Event, Customer, Journey], bool]
"""The same in a step of a rule, where the customer's way through the rule is known too."""


class Built(Protocol):
    """A condition that was built serves as either, and knows what it was built of."""

    tests: tuple[Test, ...]
    schema: Schema

    def __call__(self, event: Event, customer: Customer, journey: Journey | None = None, /) -> bool: ...


_OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">", "in": "not in"}

_ARITHMETIC = {"/": "divide({0}, {1})", "%": "remainder({0}, {1})"}


def build(tests: Sequence[Test], schema: Schema) -> Built:
    """One function that is True when all of `tests` definitely hold for an event and the customer it left."""
    built = _load(_Source().all(tests), schema)
    built.tests, built.schema = tuple(tests), schema
    return built


def holds(test: Test, schema: Schema, *moment: Any) -> bool | None:
    """Whether `test` is definitely true, definitely false, or unknown (None) for event, customer and journey."""
    for verdict in (True, False):
        made = _Source()
        text = made.test(test, verdict)
        if _load((f"def condition(e, c, j=None):\n    return {text}\n", made.constants), schema)(*moment):
            return verdict
    return None


def evaluate(value: Value, schema: Schema, *moment: Any) -> Any:
    """What `value` is for event, customer and journey; None when it is not known."""
    made = _Source()
    text = made.value(value)
    return _load((f"def condition(e, c, j=None):\n    return {text}\n", made.constants), schema)(*moment)


def source(tests: Sequence[Test]) -> str:
    """The Python of `build`, for people who want to see it."""
    return _Source().all(tests)[0]


def _load(made: tuple[str, dict[str, Any]], schema: Schema) -> Built:
    text, constants = made
    space = runtime.names(schema.zone) | constants
    exec(compile(text, "<condition>", "exec"), space)  # noqa: S102 - the text is generated here
    condition: Built = space["condition"]
    return condition


class _Source:
    def __init__(self) -> None:
        self.constants: dict[str, Any] = {}
        self.temporaries = 0

    def all(self, tests: Sequence[Test]) -> tuple[str, dict[str, Any]]:
        body = " and ".join(self.test(test, True) for test in tests)
        return f"def condition(e, c, j=None):\n    return {body}\n", self.constants

    def temporary(self) -> str:
        self.temporaries += 1
        return f"t{self.temporaries}"

    def test(self, test: Test, holds: bool) -> str:
        """Python that is True when `test` is definitely true (`holds`) or definitely false (not `holds`)."""
        if isinstance(test, Said):
            return self.test(test.part, holds)
        if isinstance(test, Not):
            return self.test(test.part, not holds)
        if isinstance(test, Both):
            word = test.op if holds else {"and": "or", "or": "and"}[test.op]
            return "(" + f" {word} ".join(self.test(part, holds) for part in test.parts) + ")"
        if isinstance(test, Missing):
            return f"({self.value(test.value)} is {'' if holds else 'not '}None)"
        if isinstance(test, Truth):
            return f"({self.value(test.value)} is {holds})"
        assert isinstance(test, Compare)
        known, (left, right) = self.operands((test.left, test.right))
        op = test.op if holds else _OPPOSITE[test.op]
        return "(" + " and ".join([*known, f"{left} {op} {right}"]) + ")"

    def operands(self, values: Sequence[Value]) -> tuple[list[str], list[str]]:
        """Tests that nothing is missing, and the values to work with once they hold."""
        known, ready = [], []
        for value in values:
            text = self.value(value)
            if value.may_miss:
                name = self.temporary()
                known.append(f"({name} := {text}) is not None")
                text = name
            ready.append(text)
        return known, ready

    def constant(self, value: Any) -> str:
        name = f"k{len(self.constants)}"
        self.constants[name] = value
        return name

    def within(self, value: Arith, result: str) -> str:
        """A test that the result is one its kind can be: it names it, the last temporary, on the way."""
        name = self.temporary()
        low, high = RANGES[value.kind]
        if value.op in _ARITHMETIC:
            return f"({name} := {result}) is not None and {low} <= {name} <= {high}"
        return f"{low} <= ({name} := {result}) <= {high}"

    def value(self, value: Value) -> str:
        """Python that gives the value, None when it is missing."""
        if isinstance(value, Const):
            return self.constant(value.value)
        if isinstance(value, Get):
            return value.access.format(self.constant(value.key)) if value.key else value.access
        if isinstance(value, Arith):
            known, ready = self.operands((value.left, value.right))
            result = _ARITHMETIC.get(value.op, "({0} {op} {1})").format(*ready, op=value.op)
            if value.checked:
                known.append(self.within(value, result))
                result = f"t{self.temporaries}"
        else:
            assert isinstance(value, Apply)
            known, ready = self.operands(value.args)
            result = f"({value.template.format(*ready)})"
        return f"({result} if {' and '.join(known)} else None)" if known else result
