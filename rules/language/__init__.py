"""The language of conditions: text → tokens → tree → typed → Python function. It grows here, a file a stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rules.language.build import Built, Condition, StepCondition, build
from rules.language.check import check
from rules.language.faults import Fault
from rules.language.parser import parse
from rules.language.schema import Schema
from rules.language.typed import Test

__all__ = [
    "Built",
    "Compiled",
    "Condition",
    "Fault",
    "Schema",
    "StepCondition",
    "analyse",
    "build",
    "compile_condition",
]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A condition ready to ask, or None and why not."""

    condition: Built | None
    faults: tuple[Fault, ...]


def analyse(text: str, schema: Schema) -> tuple[Test | None, list[Fault]]:
    """The typed condition in `text`, or None and every fault, in the order of the text."""
    tree, faults = parse(text)
    if tree is None:
        return None, faults
    test, faults = check(tree, schema, text)
    return test, sorted(faults)


def compile_condition(text: str | Sequence[str], schema: Schema) -> Compiled:
    """One condition, or several that must all hold, as one function. Faults are per text, in order."""
    analysed = [analyse(one, schema) for one in ([text] if isinstance(text, str) else text)]
    faults = tuple(fault for _, found in analysed for fault in found)
    tests = [test for test, _ in analysed if test is not None]
    return Compiled(None if faults else build(tests, schema), faults)
