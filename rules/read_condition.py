"""A condition of a rule, or a list of conditions that must all hold."""

from __future__ import annotations

from msgspec import Struct
from ruamel.yaml.nodes import Node, ScalarNode

from rules.around import Around
from rules.document import Document
from rules.language import Built, analyse, build
from rules.language.kinds import Kind
from rules.language.schema import Schema
from rules.language.typed import Const, Not, Said, Test, Truth
from rules.reading import listed, scalar


class Asked(Struct, frozen=True):
    """What was written: the condition, None when something is wrong with it.

    `always`: what it comes to for everybody, where that is written: `true`, `false`.
    """

    condition: Built | None = None
    always: bool | None = None


NOT_ASKED = Asked()


def read_condition(document: Document, node: Node, fields: Schema | None, around: Around) -> Asked:
    """What `node` asks. `fields` None: what it may speak of is not known, so only that it stands there is checked."""
    found = [scalar(document, one, "a condition") for one in listed(document, node, "a condition")]
    if fields is None:
        return NOT_ASKED
    tests = [_test(document, one, fields, around) for one in found if one is not None]
    sound = [test for test in tests if test is not None]
    if not sound or len(sound) < len(found):
        return NOT_ASKED
    return Asked(build(sound, fields), _always(sound))


def for_somebody(document: Document, node: Node, asked: Asked) -> Built | None:
    """The condition that was `asked` in `node` of whoever a rule is for; a problem when that is nobody."""
    if asked.always is False:
        message = "this is false for everybody, so the rule does nothing; for that write `status: paused`"
        document.report_node(node, message, "always-the-same")
    return asked.condition


def _test(document: Document, node: ScalarNode, fields: Schema, around: Around) -> Test | None:
    name = node.value.strip()
    if fields.segments is not None and name in fields.segments:
        document.report_node(node, f'"{name}" is a segment: write segment("{name}")', "unknown-field")
        return None
    test, faults = analyse(node.value, fields)
    for fault in faults:
        if not (around.blind and fault.code == "unknown-field"):
            document.report_inside(node, fault.offset, fault.length, fault.message, fault.code)
    return test


def _always(tests: list[Test]) -> bool | None:
    """What tests that must all hold come to, if that does not depend on anybody."""
    known = [_constant(test) for test in tests]
    return False if False in known else None if None in known else True


def _constant(test: Test) -> bool | None:
    if isinstance(test, Said):
        return _constant(test.part)
    if isinstance(test, Not):
        inner = _constant(test.part)
        return None if inner is None else not inner
    if isinstance(test, Truth) and isinstance(test.value, Const) and test.value.kind is Kind.BOOL:
        return bool(test.value.value)
    return None
