"""A file of `rules/tests` to the tests in it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from retention.events import PRODUCT, Event
from rules.document import Document
from rules.problems import Problem
from rules.reading import keys, require, text
from rules.ruleset import RuleSet
from rules.testing.cases import Case, Expected, Never
from rules.testing.instants import read_span
from rules.testing.known import NEEDS_RULES, Known, known
from rules.testing.read_counters import read_counters
from rules.testing.read_expected import line, read_expected, read_never
from rules.testing.read_given import read_event
from rules.testing.read_play import read_chance, read_holdout, read_rules, read_variants

KEYS = ("name", "holdout", "variants", "chance", "rules", "given", "until", "expect", "never", "counters")
EXAMPLE = "- name: a first order is thanked for"
LONGEST = 10 * 366 * 86_400_000_000
"""How long the clock of a test may run, microseconds."""


def read_tests(document: Document, ruleset: RuleSet | None) -> tuple[Case, ...]:
    """The tests in `document`, which was read with `EXAMPLE`; what is wrong with them it tells.

    `ruleset` None: the rules have mistakes, so nobody can say which there are.
    """
    shop = known(ruleset)
    cases: dict[str, Case] = {}
    for node in document.items.value if document.items is not None else ():
        if not isinstance(node, MappingNode):
            document.report_node(node, f"a test is made of keys with values, such as `{EXAMPLE}`", "wrong-type")
        elif (case := _Reader(document, shop).case(node)) is not None:
            first = cases.setdefault(case.name, case)
            if first is not case:
                message = f"a test of this name stands in line {first.line}; give this one another name"
                document.report(node.start_mark.index, node.start_mark.index + 1, message, "duplicate-name")
    if ruleset is None:
        document.problems = [one for one in document.problems if one.code not in NEEDS_RULES]
    return tuple(cases.values())


def check_tests(documents: Iterable[Document], ruleset: RuleSet | None) -> list[Problem]:
    """All that is wrong with these files of tests, sorted by place."""
    problems: list[Problem] = []
    for document in documents:
        read_tests(document, ruleset)
        problems += document.problems
    return sorted(problems)


class _Reader:
    """Reads one test. What depends on something that has mistakes itself is not looked at."""

    def __init__(self, document: Document, known: Known) -> None:
        self.document = document
        self.known = known

    def case(self, node: MappingNode) -> Case | None:
        """The test in `node`; None when it got problems."""
        before = len(self.document.problems)
        found = keys(self.document, node, KEYS)
        require(self.document, node, found, ("name", "given", "until"))
        name = text(self.document, found["name"], "a name") if "name" in found else None
        given = self.given(found["given"]) if "given" in found else None
        until = self.until(found["until"], given) if "until" in found else None
        customers = None if given is None else {event.customer for event in given if event.type != PRODUCT}
        expect = self.expect(found["expect"], customers) if "expect" in found else None
        never = self.never(found["never"], customers) if "never" in found else []
        self.in_time(expect or [], given, until)
        case = Case(
            path=self.document.path,
            line=line(node),
            name=name or "",
            given=tuple(given or ()),
            until=until or 0,
            expect=None if expect is None else tuple(one for _, one in expect),
            rules=read_rules(self.document, found["rules"], self.known) if "rules" in found else (),
            never=tuple(never),
            counters=read_counters(self.document, found["counters"]) if "counters" in found else (),
            holdout=read_holdout(self.document, found["holdout"]) if "holdout" in found else False,
            variants=read_variants(self.document, found["variants"], self.known) if "variants" in found else {},
            left_out=read_chance(self.document, found["chance"], self.known) if "chance" in found else (),
        )
        self.checks_something(node, found, case)
        return None if len(self.document.problems) > before else case

    # What happens, and until when.

    def given(self, node: Node) -> list[Event] | None:
        """The events in the order of (at, customer); None when one of them got problems."""
        before = len(self.document.problems)
        events: list[Event] = []
        lines: dict[tuple[str, str], int] = {}
        for number, one in enumerate(self.mappings(node, "{at: …, customer: …, purchase: {…}}"), 1):
            event = read_event(self.document, one, self.known, number)
            if event is None:
                continue
            identity = event.source, event.id
            if identity in lines:
                message = f"this has the id of line {lines[identity]}, of which it is no more than a repetition"
                self.tell(one, f"{message}; give it another", "duplicate-id")
            lines[identity] = line(one)
            events.append(event)
        return None if len(self.document.problems) > before else sorted(events, key=lambda one: (one.at, one.customer))

    def until(self, node: Node, given: list[Event] | None) -> int | None:
        """When the test is over; None when that got a problem."""
        span = read_span(self.document, node, self.known.shop.zone)
        if span is None or not given:
            return None
        if span.start < given[-1].at:
            self.document.report_node(node, "something is given later than this; change one of them", "after-until")
        elif span.start - given[0].at > LONGEST:
            self.document.report_node(node, "a test runs over ten years at most; come nearer", "too-long")
        else:
            return span.start
        return None

    # What is expected.

    def expect(self, node: Node, customers: Collection[str] | None) -> list[tuple[Node, Expected]]:
        """The lines of `expect` that have no problems."""
        lines = self.mappings(node, "{on: …, customer: …, rule: …, send: …}", may_be_empty=True)
        read = ((each, read_expected(self.document, each, self.known, customers)) for each in lines)
        return [(each, one) for each, one in read if one is not None]

    def never(self, node: Node, customers: Collection[str] | None) -> list[Never]:
        """The lines of `never` that have no problems."""
        lines = self.mappings(node, "{rule: …}")
        return [one for each in lines if (one := read_never(self.document, each, self.known, customers))]

    def in_time(self, expect: list[tuple[Node, Expected]], given: list[Event] | None, until: int | None) -> None:
        """What is expected lies between the first event and the end of the test, of each customer in order of time."""
        latest: dict[str, Expected] = {}
        for node, one in expect:
            if until is not None and one.on.after(until):
                self.tell(node, "this is later than the `until` of the test; change one of them", "after-until")
            elif given and one.on.end <= given[0].at:
                self.tell(node, "this is earlier than all that is given; change one of them", "too-early")
            before = latest.setdefault(one.customer, one)
            if one.on.end <= before.on.start:
                message = f"this is earlier than line {before.line}; lines of a customer stand in the order of time"
                self.tell(node, message, "out-of-order")
            latest[one.customer] = one

    def checks_something(self, node: MappingNode, found: Mapping[str, Node], case: Case) -> None:
        """A test that cannot fail is a slip."""
        if not {"expect", "never", "counters"} & found.keys():
            self.tell(node, "this checks nothing; add expect, never or counters", "nothing-checked")
        elif case.expect == () and "rules" not in found and not getattr(found["expect"], "value", True):
            message = "of which rules is nothing expected? Add `rules: [welcome]` with their ids"
            self.document.report_node(found["expect"], message, "nothing-checked")
        elif "rules" in found and "expect" not in found:
            message = "`rules` says of which rules `expect` tells everything; add `expect`, or remove this"
            self.document.report_node(found["rules"], message, "nothing-checked")

    # Places and lists.

    def tell(self, node: Node, message: str, code: str) -> None:
        """A problem where `node` begins: the whole of it would be too much to underline."""
        self.document.report(node.start_mark.index, node.start_mark.index + 1, message, code)

    def mappings(self, node: Node, example: str, may_be_empty: bool = False) -> list[MappingNode]:
        """The elements of a list of keys with values."""
        if not isinstance(node, SequenceNode):
            self.tell(node, f"a list belongs here: begin each line like `- {example}`", "wrong-type")
            return []
        if not node.value and not may_be_empty:
            self.document.report_node(node, f"nothing stands here; add a line like `- {example}`", "empty-value")
        for one in node.value:
            if not isinstance(one, MappingNode):
                self.document.report_node(one, f"a line is written like `- {example}`", "wrong-type")
        return [one for one in node.value if isinstance(one, MappingNode)]
