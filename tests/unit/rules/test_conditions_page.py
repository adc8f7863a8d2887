"""The page of the conditions is what the compiler's tables say, and its examples are conditions."""

from __future__ import annotations

from pathlib import Path

import pytest

from retention.shop import Shop
from rules.language import compile_condition
from rules.language.functions import FUNCTIONS
from rules.language.reference import OPERATORS, page
from rules.language.schema import schema
from rules.language.segments import resolve

PAGE = Path(__file__).parents[3] / "docs/reference/conditions.md"


def test_the_page_is_as_the_compiler_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "renew it: .venv/bin/python -m rules.language.reference > docs/reference/conditions.md"
    )


@pytest.mark.parametrize("text", [example for _, example, _ in OPERATORS] + [one.example for one in FUNCTIONS.values()])
def test_every_example_of_the_page_is_a_condition_or_a_value(text: str) -> None:
    segments, _ = resolve({"loyal": ["customer.orders > 2"]}, schema("purchase", Shop()))
    fields = schema("purchase", Shop(), segments=segments)
    assert compile_condition(text, fields).faults == () or compile_condition(f"{text} == null", fields).faults == ()


def test_every_function_says_what_it_does_in_one_line() -> None:
    for name, function in FUNCTIONS.items():
        assert function.says, name
        assert name in function.example
        assert "\n" not in function.says
