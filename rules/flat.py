"""Steps as they are written, `if` inside `if`, laid flat into a program (rules/steps.py)."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from rules.language import StepCondition
from rules.steps import Branch, Jump, Step


class If(Struct, frozen=True):
    """The steps of `then` when the condition holds, else those of `otherwise`, which may be none."""

    condition: StepCondition
    then: tuple[Step | If, ...]
    otherwise: tuple[Step | If, ...] = ()


def flat(steps: Iterable[Step | If], start: int = 0) -> tuple[Step, ...]:
    """The program of `steps`, the first of which gets number `start`.

    A way that ends goes on with the number behind the last step.
    """
    program: list[Step] = []
    for step in steps:
        number = start + len(program)
        program += _laid(step, number) if isinstance(step, If) else (step,)
    return tuple(program)


def _laid(step: If, number: int) -> tuple[Step, ...]:
    then = flat(step.then, number + 1)
    behind = number + 1 + len(then)
    if not step.otherwise:
        return (Branch(step.condition, behind), *then)
    otherwise = flat(step.otherwise, behind + 1)
    return (Branch(step.condition, behind + 1), *then, Jump(behind + 1 + len(otherwise)), *otherwise)
