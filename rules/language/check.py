"""The type check: a syntax tree and a schema to a typed condition, or everything that is wrong with it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from rules.language import calls, runtime
from rules.language.faults import Fault, did_you_mean
from rules.language.functions import FUNCTIONS
from rules.language.kinds import ARITHMETIC, ORDERED, RANGES, Kind, comparable
from rules.language.schema import Schema, carriers
from rules.language.tree import Binary, Call, Duration, Junction, ListOf, Literal, Name, Node, Unary
from rules.language.typed import (
    Apply,
    Arith,
    Both,
    Compare,
    Const,
    Get,
    Missing,
    Not,
    Said,
    Test,
    Truth,
    Value,
    leaves,
    leaves_range,
    levels,
)

_NUMERIC = frozenset({Kind.COUNT, Kind.NUMBER})
_CONNECT = frozenset({"==", "!="})
_YES = {"yes": "true", "on": "true", "no": "false", "off": "false"}
_TESTS = frozenset({"segment", "has"})
"""Functions that are true, false or unknown by themselves, not values."""
MAX_TESTS = 1_000
MAX_LEVELS = 64
"""What a condition comes to with its segments; one without cannot come near."""


def check(node: Node, schema: Schema, text: str = "") -> tuple[Test | None, list[Fault]]:
    """The typed condition, or None and every fault found. `text` is what was parsed."""
    checker = _Checker(schema, text)
    test = checker.test(node)
    if test is not None and not checker.faults and not checker.unsure:
        checker.measure(node, test)
    return (None if checker.faults or checker.unsure else test), checker.faults


class _Checker:
    """A method that finds a fault notes it and gives None; whoever gets None says nothing more about it."""

    def __init__(self, schema: Schema, text: str) -> None:
        self.schema = schema
        self.text = text
        self.faults: list[Fault] = []
        self.unsure = False
        """A segment stands in it that is wrong itself, which is told where it stands."""

    def fault(self, node: Node, message: str, code: str = "type-mismatch") -> None:
        self.faults.append(Fault(node.start, node.end - node.start, message, code))

    def measure(self, node: Node, test: Test) -> None:
        """Segments make a short text long: what they come to together has an end too."""
        if leaves(test) > MAX_TESTS:
            self.fault(node, f"with its segments this comes to more than {MAX_TESTS} comparisons", "too-long")
        elif levels(test) > MAX_LEVELS:
            self.fault(node, f"with its segments this nests more than {MAX_LEVELS} deep", "too-deep")

    # Tests: what is true, false or unknown.

    def test(self, node: Node) -> Test | None:
        if isinstance(node, Junction):
            parts = [self.test(part) for part in node.parts]
            return Both(node.op, tuple(part for part in parts if part is not None))
        if isinstance(node, Unary) and node.op == "not":
            inner = self.test(node.operand)
            return inner and Not(inner)
        leaf = self.leaf(node)
        return leaf and Said(self.text[node.start : node.end], leaf)

    def leaf(self, node: Node) -> Test | None:
        """A comparison, a segment, or a value that is true or false."""
        if isinstance(node, Call) and node.name in _TESTS:
            return self.segment(node) if node.name == "segment" else self.has(node)
        if isinstance(node, Binary) and node.op in ("in", "not in"):
            return self.member(node)
        if isinstance(node, Binary) and node.op in ("==", "!=", "<", "<=", ">", ">="):
            return self.compare(node)
        value = self.value(node)
        if value is None:
            return None
        if value.kind is not Kind.BOOL:
            self.fault(node, f"a condition is true or false, this is {value.kind.value}; compare it")
            return None
        return Truth(value)

    def segment(self, node: Call) -> Test | None:
        """The condition of that name, in place of the call."""
        named = self.call(node)
        if named is None:
            return None
        assert isinstance(named, Apply)
        assert isinstance(named.args[0], Const)
        name, known = named.args[0].value, self.schema.segments
        if known is not None and name not in known:
            hint = did_you_mean(name, known) or "; segments stand in rules/segments.yaml"
            self.fault(node.args[0], f'unknown segment "{name}"{hint}', "unknown-segment")
            return None
        found = None if known is None else known[name]
        self.unsure = self.unsure or found is None
        return found

    def has(self, node: Call) -> Test | None:
        function, faults = calls.called(node, self.schema)
        self.faults += faults
        if function is None:
            return None
        if not isinstance(node.args[0], Name):
            self.fault(node.args[0], f"has takes a field: {function.example}", "bad-argument")
            return None
        value = self.value(node.args[0])
        return None if value is None else Not(Missing(value))

    def compare(self, node: Binary) -> Test | None:
        for this, other in ((node.left, node.right), (node.right, node.left)):
            if isinstance(this, Literal) and (this.value is None or isinstance(this.value, bool)):
                return self.against(node, this.value, other)
        left, right = self.value(node.left), self.value(node.right)
        if left is None or right is None:
            return None
        left, right = self.adapt(left, right), self.adapt(right, left)
        if not comparable(left.kind, right.kind):
            message = f"{left.kind.value} cannot be compared with {right.kind.value}"
            self.fault(node, message + _money_advice(left.kind, right.kind))
            return None
        if node.op not in _CONNECT and left.kind not in ORDERED:
            self.fault(node, f"{left.kind.value} has no order: use == or !=")
            return None
        if left.kind is Kind.LIST:
            self.fault(node, 'ask a list with "in": "vip" in customer.tags')
            return None
        self.choice(node.right, left, right)
        self.choice(node.left, right, left)
        return Compare(node.op, left, right)

    def against(self, node: Binary, constant: bool | None, other: Node) -> Test | None:
        """`other` compared with null, true or false."""
        if node.op not in _CONNECT:
            self.fault(node, "null, true and false have no order: use == or !=")
            return None
        positive = node.op == "=="
        if constant is None:
            value = self.value(other)
            if value is None:
                return None
            return Missing(value) if positive else Not(Missing(value))
        test = self.test(other)
        return test and (test if constant is positive else Not(test))

    def choice(self, node: Node, field: Value, given: Value) -> None:
        """A text that `field` can never hold is a slip of the pen."""
        if not (isinstance(field, Get | Apply) and field.choices and isinstance(given, Const)):
            return
        if given.value not in field.choices:
            known = ", ".join(f'"{choice}"' for choice in field.choices)
            hint = did_you_mean(str(given.value), field.choices) or f"; it is one of {known}"
            what = field.path if isinstance(field, Get) else field.name
            self.fault(node, f'{what} is never "{given.value}"{hint}', "unknown-value")

    def member(self, node: Binary) -> Test | None:
        left = self.value(node.left)
        if isinstance(node.right, ListOf):
            found = self.among(left, node.right)
        else:
            found = self.value(node.right)
            if found is not None and found.kind is not Kind.LIST:
                self.fault(node.right, f'"in" needs a list, such as ["TH", "SG"], not {found.kind.value}')
                return None
            if left is not None and left.kind is not Kind.TEXT:
                self.fault(node.left, f"a list of texts holds no {left.kind.value}")
                return None
        if left is None or found is None:
            return None
        test = Compare("in", left, found)
        return Not(test) if node.op == "not in" else test

    def among(self, left: Value | None, node: ListOf) -> Value | None:
        """The literals of a list, in the form `left` has."""
        if not node.items:
            self.fault(node, 'the list is empty: write values into it, such as ["TH", "SG"]', "bad-argument")
            return None
        given = [self.value(item) for item in node.items]
        held = []
        for item, value in zip(node.items, given, strict=True):
            if value is None or left is None:
                continue
            value = self.adapt(value, left)
            if not isinstance(value, Const):
                self.fault(item, "a list holds plain values only", "bad-argument")
            elif not comparable(value.kind, left.kind) or value.kind in (Kind.BOOL, Kind.LIST):
                self.fault(item, f"{left.kind.value} is never {value.kind.value}{_money_advice(left.kind, value.kind)}")
            else:
                self.choice(item, left, value)
                held.append(value.value)
        return Const(Kind.LIST, False, frozenset(held)) if len(held) == len(given) else None

    # Values: what has a kind.

    def value(self, node: Node) -> Value | None:
        if isinstance(node, Literal):
            return self.literal(node)
        if isinstance(node, Duration):
            return self.constant(node, Kind.DURATION, node.micros)
        if isinstance(node, Name):
            return self.name(node)
        if isinstance(node, Call) and node.name not in _TESTS:
            return self.call(node)
        if isinstance(node, Unary) and node.op == "-":
            return self.arithmetic(node, "-", Const(Kind.COUNT, False, 0), self.value(node.operand))
        if isinstance(node, Binary) and node.op in ("+", "-", "*", "/", "%"):
            return self.arithmetic(node, node.op, self.value(node.left), self.value(node.right))
        if isinstance(node, ListOf):
            self.fault(node, 'a list stands only to the right of "in"')
            return None
        if self.test(node) is not None:
            self.fault(node, "a comparison is no value: join comparisons with and, or, not")
        return None

    def literal(self, node: Literal) -> Value | None:
        kind = {bool: Kind.BOOL, int: Kind.COUNT, Decimal: Kind.NUMBER, str: Kind.TEXT}.get(type(node.value))
        if kind is None:
            self.fault(node, "null can only be compared: customer.country == null")
            return None
        return Const(kind, False, node.value)

    def name(self, node: Name) -> Value | None:
        field = self.schema.fields.get(node.path)
        if field is not None:
            return Get(field.kind, field.may_miss, node.path, field.access, field.choices, field.key, field.reach)
        if node.path in self.schema.hints:
            why = self.schema.hints[node.path]
            self.fault(node, f'"{node.path}" cannot be used here: {why}', "unknown-field")
            return None
        if node.path in FUNCTIONS:
            self.fault(node, f"{node.path} is a function: {FUNCTIONS[node.path].example}", "unknown-field")
            return None
        if node.path.startswith("event.") and not self.schema.of_event:
            why = "only the customer is known; ask for it in the `when` of the rule"
            self.fault(node, f'"{node.path}" cannot be used here: {why}', "unknown-field")
            return None
        hint = _elsewhere(node.path) or did_you_mean(node.path, self.schema.fields)
        hint = hint or (
            "" if "." in node.path else "; a text stands in quotes, a field begins with event. or customer."
        )
        self.fault(node, f'unknown field "{node.path}"{hint}', "unknown-field")
        return None

    def call(self, node: Call) -> Value | None:
        function, faults = calls.called(node, self.schema)
        self.faults += faults
        if function is None and node.method:
            return None
        args = [self.value(argument) for argument in node.args]
        if function is None:
            return None
        made, faults = calls.apply(node, function, args, self.schema)
        self.faults += faults
        return made

    def arithmetic(self, node: Node, op: str, left: Value | None, right: Value | None) -> Value | None:
        if left is None or right is None:
            return None
        if op in "+-":
            left, right = self.adapt(left, right), self.adapt(right, left)
        kind = ARITHMETIC.get((op, left.kind, right.kind))
        if kind is None:
            message = f'"{op}" does not work on {left.kind.value} and {right.kind.value}'
            self.fault(node, message + _money_advice(left.kind, right.kind))
            return None
        if op in "/%" and isinstance(right, Const) and not right.value:
            self.fault(node, "this divides by zero", "bad-argument")
            return None
        if isinstance(left, Const) and isinstance(right, Const):
            return self.constant(node, kind, _worked_out(op, left.value, right.value))
        made = Arith(kind, left.may_miss or right.may_miss or op in "/%", op, left, right)
        return replace(made, may_miss=True, checked=True) if leaves_range(made) else made

    def constant(self, node: Node, kind: Kind, value: int | Decimal | None) -> Value | None:
        """A value known now, unless no value of its kind can be that big."""
        low, high = RANGES.get(kind, (value, value))
        if value is None or low is None or high is None or low <= value <= high:
            return Const(kind, False, value)
        self.fault(node, f"{kind.value} cannot be that big", "bad-argument")
        return None

    def adapt(self, value: Value, other: Value) -> Value:
        """A bare number next to money is an amount of the shop's currency: 1500 → 150000 satang."""
        if not (isinstance(value, Const) and value.kind in _NUMERIC):
            return value
        if other.kind is Kind.MONEY and not isinstance(other, Const):
            return Const(Kind.MONEY, False, value.value * self.schema.minor)
        if other.kind is Kind.DURATION and value.value == 0:
            return Const(Kind.DURATION, False, 0)
        return value


def _elsewhere(path: str) -> str:
    """Where else a field is, or what else a word means."""
    if path.lower() in _YES:
        return f"; write {_YES[path.lower()]}"
    events = carriers(path)
    return f"; only these events have it: {', '.join(events)}" if events else ""


def _worked_out(op: str, left: int | Decimal, right: int | Decimal) -> int | Decimal | None:
    if op == "/":
        return runtime.divide(left, right)
    if op == "%":
        return runtime.remainder(int(left), int(right))
    return left + right if op == "+" else left - right if op == "-" else left * right


def _money_advice(left: Kind, right: Kind) -> str:
    if Kind.MONEY in (left, right) and {left, right} & _NUMERIC:
        return "; only a number written out is an amount of money"
    if {left, right} == {Kind.MONEY, Kind.TEXT}:
        return "; an amount stands without quotes"
    if Kind.INSTANT in (left, right) and {left, right} & {Kind.TEXT, *_NUMERIC}:
        return '; a date is written timestamp("2026-03-01")'
    if {left, right} == {Kind.LIST, Kind.TEXT}:
        return '; ask a list with "in": "vip" in customer.tags'
    if Kind.TEXT in (left, right) and {left, right} & _NUMERIC:
        return "; a number stands without quotes"
    if Kind.DURATION in (left, right) and {left, right} & _NUMERIC:
        return "; a length of time has a unit, such as 30d"
    return ""
