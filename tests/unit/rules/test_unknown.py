"""The compiled language against a slow reading of the same condition in three-valued logic."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.events import Event, Purchase
from retention.money import Money
from retention.shop import Shop
from retention.state import Customer
from rules.language import compile_condition
from rules.language.schema import schema

DAY = 86_400_000_000
NOW = 10 * DAY
SCHEMA = schema("purchase", Shop(time_zone="UTC"))
EVENT = Event("shop", "1", "purchase", "anna", NOW, Purchase("o-1", Money(1)), b"", at=NOW)
AGE = "days_since(customer.last_order_at)"

Tree = tuple[Any, ...]
LEVELS = {"or": 1, "and": 2, "not": 3, "+": 5, "-": 5, "*": 6, "/": 6, "%": 6, "neg": 7}
COMPARES: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
FIELDS: dict[str, Callable[[Customer], Any]] = {
    "customer.orders": lambda c: c.orders,
    "customer.orders_ever": lambda c: c.orders_ever,
    AGE: lambda c: (NOW - c.last_order_at) // DAY if c.last_order_at else None,
    "customer.country": lambda c: c.profile.get("country"),
    "customer.locale": lambda c: c.profile.get("locale"),
    "customer.staff": lambda c: c.staff,
}

# Random conditions, as trees.

field = st.sampled_from(["customer.orders", "customer.orders_ever", AGE]).map(lambda name: ("field", name))
literal = st.integers(0, 6).map(lambda value: ("literal", value))
divisor = st.one_of(field, st.integers(1, 6).map(lambda value: ("literal", value)))
count = st.recursive(
    st.one_of(field, literal),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from("+-*"), inner, inner),
        st.tuples(st.just("%"), inner, divisor),
        st.tuples(st.just("neg"), inner),
    ),
    max_leaves=4,
)
number = st.one_of(count, st.tuples(st.just("/"), count, divisor))
text = st.sampled_from(["customer.country", "customer.locale"]).map(lambda name: ("field", name))
word = st.sampled_from(["TH", "SG", 'a"b\\c'])
comparison = st.one_of(
    st.tuples(st.sampled_from(sorted(COMPARES)), number, number),
    st.tuples(st.sampled_from(["==", "!="]), text, word.map(lambda value: ("literal", value))),
    st.tuples(st.sampled_from(["in", "not in"]), text, st.lists(word, min_size=1, max_size=3)),
    st.tuples(st.sampled_from(["in", "not in"]), count, st.lists(st.integers(-2, 6), min_size=1, max_size=3)),
    st.tuples(st.sampled_from(["null", "not null"]), st.one_of(field, text)),
    st.just(("field", "customer.staff")),
)
condition = st.recursive(
    comparison,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["and", "or"]), inner, inner),
        st.tuples(st.just("not"), inner),
        st.tuples(st.sampled_from(["is", "is not"]), inner, st.booleans()),
    ),
    max_leaves=8,
)
customers = st.builds(
    Customer,
    orders=st.integers(0, 5),
    orders_ever=st.integers(0, 5),
    last_order_at=st.integers(0, 10).map(lambda day: day * DAY),
    profile=st.fixed_dictionaries({}, optional={"country": word, "locale": word}),
    staff=st.booleans(),
)


def evaluate(tree: Tree, customer: Customer) -> Any:
    """The value of `tree`, None when unknown (Kleene's logic)."""
    op, *parts = tree
    if op in ("field", "literal"):
        return FIELDS[parts[0]](customer) if op == "field" else parts[0]
    left = evaluate(parts[0], customer)
    if op in ("null", "not null"):
        return (left is None) == (op == "null")
    if op in ("and", "or"):
        decisive = op == "or"
        both = (left, evaluate(parts[1], customer))
        return decisive if decisive in both else None if None in both else not decisive
    if left is None:
        return None
    if op in ("not", "neg"):
        return not left if op == "not" else -left
    if op in ("is", "is not"):
        return (left == parts[1]) == (op == "is")
    if op in ("in", "not in"):
        return (left in parts[1]) == (op == "in")
    right = evaluate(parts[1], customer)
    return None if right is None else calculate(op, left, right)


def calculate(op: str, left: Any, right: Any) -> Any:
    if op in COMPARES:
        return COMPARES[op](left, right)
    if op in "/%":
        if right == 0:
            return None
        return Decimal(left) / Decimal(right) if op == "/" else int(math.fmod(left, right))
    return left + right if op == "+" else left - right if op == "-" else left * right


def render(tree: Tree, above: int = 0) -> str:
    """`tree` as a marketer would write it, with brackets only where precedence needs them."""
    op, *parts = tree
    if op == "field":
        return str(parts[0])
    if op == "literal":
        return quoted(parts[0])
    level = LEVELS.get(op, 4)
    if op in ("not", "neg"):
        written = ("not " if op == "not" else "-") + render(parts[0], level)
    elif op in ("null", "not null"):
        written = render(parts[0], 5) + (" == null" if op == "null" else " != null")
    elif op in ("is", "is not"):
        written = f"{render(parts[0], 5)} {'==' if op == 'is' else '!='} {str(parts[1]).lower()}"
    elif op in ("in", "not in"):
        written = f"{render(parts[0], 5)} {op} [{', '.join(quoted(value) for value in parts[1])}]"
    else:
        written = f"{render(parts[0], level if level != 4 else 5)} {op} {render(parts[1], level + 1)}"
    return f"({written})" if level < above else written


def quoted(value: Any) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' if isinstance(value, str) else str(value)


@given(tree=condition, customer=customers)
def test_a_condition_is_true_exactly_when_it_definitely_holds(tree: Tree, customer: Customer) -> None:
    compiled = compile_condition(render(tree), SCHEMA)
    assert compiled.condition is not None, (render(tree), compiled.faults)
    assert compiled.condition(EVENT, customer) is (evaluate(tree, customer) is True), render(tree)


@given(tree=condition, customer=customers)
def test_a_condition_and_its_opposite_are_never_both_true(tree: Tree, customer: Customer) -> None:
    straight = compile_condition(render(tree), SCHEMA).condition
    opposite = compile_condition(f"not ({render(tree)})", SCHEMA).condition
    assert straight is not None
    assert opposite is not None
    known = evaluate(tree, customer) is not None
    assert straight(EVENT, customer) + opposite(EVENT, customer) == known


@pytest.mark.parametrize(
    "text",
    [
        "days_since(customer.last_order_at) > 3",
        "not (days_since(customer.last_order_at) > 3)",
        "!(days_since(customer.last_order_at) > 3)",
        "days_since(customer.last_event_at) == days_since(customer.last_event_at)",
        "not (days_since(customer.last_order_at) in [1, 2])",
        "days_since(customer.last_order_at) not in [1, 2]",
        "days_since(customer.last_order_at) + 1 > 0 or days_since(customer.last_order_at) * 0 == 0",
        "customer.gross / customer.orders >= 0",
        "customer.orders % customer.orders == 0",
        'customer.country != "TH"',
        "event.coupon != event.channel",
        "(days_since(customer.last_order_at) > 3) == false",
    ],
)
def test_what_is_not_known_makes_nothing_true(text: str) -> None:
    compiled = compile_condition(text, SCHEMA)
    assert compiled.condition is not None, compiled.faults
    assert compiled.condition(EVENT, Customer()) is False


@pytest.mark.parametrize(
    "text",
    [
        "days_since(customer.last_order_at) == null",
        "not (days_since(customer.last_order_at) != null)",
        "days_since(customer.last_order_at) > 3 or customer.orders == 0",
        "not (days_since(customer.last_order_at) > 3 and customer.orders == 1)",
        'not has_tag("vip")',
        'not ("vip" in customer.tags)',
        "orders_in(30d) == 0",
    ],
)
def test_what_is_known_decides_although_something_is_missing(text: str) -> None:
    compiled = compile_condition(text, SCHEMA)
    assert compiled.condition is not None, compiled.faults
    assert compiled.condition(EVENT, Customer()) is True
