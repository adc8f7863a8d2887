"""No condition takes the compiler down or a worker with it: not a long one, not a deep one, not a random one."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention.events import TYPES, Event
from retention.money import Money
from retention.shop import Shop
from retention.state import Customer
from rules.language import compile_condition
from rules.language.check import MAX_LEVELS, MAX_TESTS
from rules.language.functions import FUNCTIONS
from rules.language.kinds import RANGES, Kind
from rules.language.parser import MAX_ITEMS
from rules.language.schema import TRIGGERS, Schema, customers, schema
from rules.language.segments import resolve
from tests.unit.rules.cel_conditions import Maker
from tests.unit.rules.cel_contexts import DECLARED
from tests.unit.rules.test_language import SMALLEST

SCHEMA = schema("purchase", Shop(), DECLARED)
FIRST, LAST = RANGES[Kind.INSTANT]
SIGNS = """and or not in true false null == != < >= && || ! + - * / % ( ) [ ] , . ' // ? @ 30d 999999w 0 3 0.5
    999999999999999 "tea" " """
WORDS = (*SCHEMA.fields, *FUNCTIONS, "\\", *SIGNS.split())
LONGEST = [
    " and ".join(["customer.orders>1"] * 90),
    " + ".join(["1"] * 32) + " > 0",
    "(" * 32 + "true" + ")" * 32,
    "!" * 31 + "true",
    "not " * 31 + "customer.country == 'TH'",
    "customer.attributes.n2 - (" * 15 + "customer.attributes.n3" + ")" * 15 + " > 0",
    "customer.attributes.n2 * " * 31 + "customer.attributes.n3 > 0",
    "customer.attributes.d1 / " * 31 + "customer.attributes.d2 > 0.5",
    "customer.attributes.t1" + ".lowerAscii()" * 30 + " == 'a'",
    "customer.orders in [" + ",".join(["1"] * MAX_ITEMS) + "]",
    "-" * 31 + "customer.attributes.n2 > 0",
    "event.at - 999999h - 999999h - 999999h < event.at + 999999h * 2 or days_since(event.at - 2000w * 7) > 3",
]


SELF = ("==", "<", "in")
"""Operators that make a condition by themselves."""


def purchase(at: int = 1_772_000_000_000_000) -> Event:
    data = msgspec.convert(SMALLEST["purchase"], TYPES["purchase"], dec_hook=lambda kind, value: kind(value))
    return Event("shop", "e", "purchase", "anna", at, data, b"", at=at)


@pytest.mark.parametrize("text", LONGEST)
def test_the_longest_and_the_deepest_allowed_are_compiled_and_answer(text: str) -> None:
    for written in (text, f"!({text})") if text.count("(") + text.count("!") < 30 else (text,):
        compiled = compile_condition(written, SCHEMA)
        if compiled.condition is None:
            assert {fault.code for fault in compiled.faults} == {"too-deep"}
        else:
            full = Customer(
                orders=2, profile={"attributes": {"n2": 2**63 - 1, "n3": -(2**63), "d1": Money("0.1"), "t1": "A"}}
            )
            assert {compiled.condition(purchase(), one) for one in (Customer(), full)} <= {True, False}


@pytest.mark.parametrize(
    "text",
    [
        *(letter * 2_000 for letter in ('"', "a", "[", "\\", "1")),
        *(pair * 1_000 for pair in ("a ", "((", "x(", "1,", "= ", "'\\")),
        "a.b." * 500,
        "aa+" * 600 + "a",
        "customer.orderz==1||" * 99 + "true",
        "[" + "1," * 900 + "1]",
    ],
)
def test_the_worst_texts_are_refused_at_once(text: str) -> None:
    begun = time.process_time()
    assert compile_condition(text, SCHEMA).condition is None
    assert time.process_time() - begun < 5


def test_a_list_has_an_end() -> None:
    fits = f"customer.orders in [{','.join(['1'] * MAX_ITEMS)}]"
    assert compile_condition(fits, SCHEMA).faults == ()
    assert [fault.code for fault in compile_condition(fits.replace("]", ",1]"), SCHEMA).faults] == ["too-long"]


@given(st.lists(st.sampled_from(WORDS), max_size=40))
def test_words_of_the_language_in_any_order_give_a_condition_that_answers_or_a_fault(words: list[str]) -> None:
    compiled = compile_condition(" ".join(words), SCHEMA)
    assert (compiled.condition is None) == bool(compiled.faults)
    if compiled.condition is not None:
        assert compiled.condition(purchase(), Customer()) in (True, False)


DECIMALS = st.decimals(allow_nan=False, allow_infinity=False).map(Money)
VALUES = st.one_of(st.none(), st.booleans(), st.integers(-(2**64), 2**64), st.text(max_size=5), DECIMALS)
ANYONE = st.builds(
    Customer,
    orders=st.integers(0, 2**53),
    orders_ever=st.integers(0, 2**53),
    gross=st.integers(-(2**63), 2**63 - 1),
    refunds=st.integers(-(2**63), 2**63 - 1),
    first_order_at=st.integers(FIRST, LAST),
    last_order_at=st.integers(FIRST, LAST),
    days=st.dictionaries(st.integers(0, 30_000), st.lists(st.integers(0, 10**12), min_size=2, max_size=2), max_size=3),
    profile=st.fixed_dictionaries(
        {},
        optional={
            "country": st.text(max_size=3),
            "tags": st.none() | st.lists(st.text(max_size=3), max_size=3),
            "attributes": st.none() | st.dictionaries(st.sampled_from(sorted(DECLARED.attributes)), VALUES, max_size=8),
        },
    ),
    consents=st.dictionaries(st.sampled_from(["email", "sms"]), st.tuples(st.booleans(), st.just(1)).map(list)),
    staff=st.booleans(),
)


def conditions(fields: Schema, seed: int) -> Iterator[Any]:
    maker = Maker(random.Random(seed))
    for _ in range(20):
        compiled = compile_condition(maker.condition().ours, fields)
        if compiled.condition is not None:
            yield compiled.condition


@settings(max_examples=60)
@given(seed=st.integers(0, 10**9), anyone=ANYONE, at=st.integers(FIRST, LAST))
def test_a_compiled_condition_answers_whatever_the_customer_and_the_event(seed: int, anyone: Customer, at: int) -> None:
    segments, _ = resolve({"loyal": ["customer.orders > 1"], "thai": ["true"], "near": ["false"]}, customers(Shop()))
    for condition in conditions(schema("purchase", Shop(), DECLARED, segments), seed):
        assert condition(purchase(at), anyone) in (True, False)


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_every_pair_of_fields_under_every_operator_is_refused_or_answers(trigger: str) -> None:
    fields = schema(trigger, Shop(), DECLARED)
    data = msgspec.convert(SMALLEST.get(trigger, {}), TYPES[trigger], dec_hook=lambda kind, value: kind(value))
    event = Event("shop", "e", trigger, "anna", LAST, data, b"", at=FIRST)
    one_of_each = {(field.kind, field.may_miss): path for path, field in fields.fields.items()}
    for left in one_of_each.values():
        for right in one_of_each.values():
            for text in (f"{left} {op} {right} == {left}" for op in "+-*/%"):
                compiled = compile_condition(
                    text.replace(" == ", " - 1 == ") if "attributes.n" in left else text, fields
                )
                if compiled.condition is not None:
                    assert compiled.condition(event, Customer()) in (True, False)


def test_segments_cannot_make_a_short_condition_endless() -> None:
    texts = {"s0": ["customer.orders > 1"]}
    texts |= {f"s{n}": [f'segment("s{n - 1}") or segment("s{n - 1}")'] for n in range(1, 60)}
    segments, wrong = resolve(texts, customers(Shop()))
    assert [(name, fault.code) for name, _, fault in wrong] == [(f"s{MAX_TESTS.bit_length()}", "too-long")]
    assert segments["s9"] is not None
    assert segments["s59"] is None


def test_segments_cannot_nest_without_end_and_the_deepest_allowed_is_compiled() -> None:
    texts = {"s0": ["customer.orders > 1"]}
    texts |= {f"s{n}": [f'(segment("s{n - 1}") {"and" if n % 2 else "or"} customer.staff)'] for n in range(1, 100)}
    segments, wrong = resolve(texts, customers(Shop()))
    assert [(name, fault.code) for name, _, fault in wrong] == [(f"s{MAX_LEVELS}", "too-deep")]
    fields = schema("purchase", Shop(), segments=segments)
    compiled = compile_condition(f'segment("s{MAX_LEVELS - 1}")', fields).condition
    assert compiled is not None
    assert compiled(purchase(), Customer(orders=2)) is False
