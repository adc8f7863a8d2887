"""`if` inside `if` laid flat goes the way that is written, whatever the conditions say."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from retention.events import Event
from retention.state import Customer, Journey
from rules.read_steps import MAX_IFS, MAX_STEPS
from rules.steps import Branch, Jump, Step, StopIf, Tag
from tests.unit.rules.kit import HEAD, good

ASKED = ("a", "b", "c", "d")
"""Tags that conditions ask for."""
EVENT = Event("shop", "e", "purchase", "anna", 1, None, b"", at=1)
WAY = Journey("hello", "e", 0, 1, 1)

Written = list[dict[str, Any]]
"""Steps as the file has them."""

_condition = st.sampled_from(ASKED).flatmap(lambda tag: st.sampled_from((f'has_tag("{tag}")', f'not has_tag("{tag}")')))
_leaf: st.SearchStrategy[dict[str, Any]] = st.builds(dict, untag=st.just("")) | st.builds(
    lambda asked: {"stop_if": asked}, _condition
)


def _steps(ifs: int) -> st.SearchStrategy[Written]:
    """Lists of steps that nest at most so many `if` further."""
    one = _leaf if ifs == 0 else _leaf | _branch(ifs)
    return st.lists(one, min_size=1, max_size=3)


def _branch(ifs: int) -> st.SearchStrategy[dict[str, Any]]:
    inner = st.deferred(lambda: _steps(ifs - 1))
    both = st.builds(lambda asked, then, other: {"if": asked, "then": then, "else": other}, _condition, inner, inner)
    return both | st.builds(lambda asked, then: {"if": asked, "then": then}, _condition, inner)


def number(steps: Written, count: int = 0) -> int:
    """Give every `untag` a name of its own; the count of all steps."""
    for step in steps:
        count += 1
        if "untag" in step:
            step["untag"] = f"step-{count}"
        for inner in ("then", "else"):
            count = number(step.get(inner, []), count)
    return count


def true(asked: str, tags: set[str]) -> bool:
    return (asked[-3] in tags) != asked.startswith("not")


def walk(steps: Written, tags: set[str], way: list[str]) -> bool:
    """Note what is done in `way`; whether it goes on behind these steps."""
    for step in steps:
        if "untag" in step:
            way.append(step["untag"])
        elif "stop_if" in step:
            if true(step["stop_if"], tags):
                return False
        elif not walk(step["then"] if true(step["if"], tags) else step.get("else", []), tags, way):
            return False
    return True


def run(program: tuple[Step, ...], customer: Customer) -> list[str]:
    """What is done, executing the program from its first step."""
    way: list[str] = []
    at = 0
    while at < len(program):
        step = program[at]
        after = at + 1
        if isinstance(step, Tag):
            way.append(step.name)
        elif isinstance(step, StopIf) and step.condition(EVENT, customer, WAY):
            return way
        elif isinstance(step, Branch) and not step.condition(EVENT, customer, WAY):
            after = step.otherwise
        elif isinstance(step, Jump):
            after = step.to
        assert at < after <= len(program)
        at = after
    return way


@given(_steps(MAX_IFS).filter(lambda steps: number(steps) <= MAX_STEPS), st.sets(st.sampled_from(ASKED)))
def test_a_flat_program_goes_the_way_that_is_written(steps: Written, tags: set[str]) -> None:
    program = good(f"{HEAD}on: purchase\ndo: {json.dumps(steps)}\n").do
    expected: list[str] = []
    walk(steps, tags, expected)
    assert run(program, Customer(own_tags=sorted(tags))) == expected
    assert sum(isinstance(step, Tag) for step in program) == json.dumps(steps).count("untag")
