"""The type check of one function call: its arguments, already checked, to a value."""

from __future__ import annotations

from collections.abc import Sequence

from rules.language.faults import Fault, did_you_mean
from rules.language.functions import ADVICE, FUNCTIONS, Function
from rules.language.schema import Schema
from rules.language.tree import Call, Node
from rules.language.typed import Apply, Const, Value


def apply(
    node: Call, function: Function, args: Sequence[Value | None], schema: Schema
) -> tuple[Value | None, list[Fault]]:
    """The call as a value, or None and why not; a None among `args` is a fault already told."""
    if None in args:
        return None, []
    typed: list[Value] = []
    for place, value, kinds in zip(node.args, args, function.takes, strict=True):
        assert value is not None
        if value.kind not in kinds or (function.written and not isinstance(value, Const)):
            return None, [_bad(place, f"{node.name} takes {' or '.join(kind.value for kind in kinds)}", function)]
        typed.append(value)
    if function.written is not None:
        assert isinstance(typed[0], Const)
        try:
            typed = [Const(function.gives, False, function.written(typed[0].value, schema.zone))]
        except ValueError as error:
            return None, [_fault(node.args[0], str(error), "bad-argument")]
    may_miss = function.may_miss or any(value.may_miss for value in typed)
    made = Apply(function.gives, may_miss, node.name, function.template, tuple(typed), function.choices, function.reach)
    return made, []


def called(node: Call, schema: Schema) -> tuple[Function | None, list[Fault]]:
    """The function `node` calls, if it may be called here, and like this."""
    function = FUNCTIONS.get(node.name)
    if function is None:
        return None, [_fault(node, _unknown(node.name), "unknown-function")]
    if function.event and not schema.of_event:
        advice = 'for categories write "tea" in customer.categories'
        why = f"{node.name} looks at the event, and only the customer is known here; {advice}"
        return None, [_fault(node, why, "unknown-function")]
    if node.method and not function.method:
        return None, [_fault(node, f"{node.name} stands alone: {function.example}", "bad-argument")]
    if not node.method and function.method and node.name != "size":
        return None, [_fault(node, f"{node.name} stands behind a text: {function.example}", "bad-argument")]
    wanted = max(len(function.takes), 1)
    if len(node.args) != wanted:
        count = wanted - function.method if node.method else wanted
        takes = {0: "takes no argument", 1: "takes one argument"}[count]
        return None, [_bad(node, f"{node.name} {takes}", function)]
    return function, []


def _unknown(name: str) -> str:
    if name in ADVICE:
        return f'there is no "{name}" in conditions: {ADVICE[name]}'
    hint = did_you_mean(name, FUNCTIONS) or f"; there are {', '.join(sorted(FUNCTIONS))}"
    return f'unknown function "{name}"{hint}'


def _bad(node: Node, what: str, function: Function) -> Fault:
    return _fault(node, f"{what}: {function.example}", "bad-argument")


def _fault(node: Node, message: str, code: str) -> Fault:
    return Fault(node.start, node.end - node.start, message, code)
