"""Segments, named conditions that may use each other: each to the condition that stands for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from rules.language.check import check
from rules.language.faults import Fault
from rules.language.parser import parse
from rules.language.schema import Schema
from rules.language.tree import Binary, Call, Junction, ListOf, Literal, Node, Unary
from rules.language.typed import Both, Test

Wrong = tuple[str, int, Fault]
"""The segment, which of its conditions, and what is wrong with that."""


def resolve(segments: Mapping[str, Sequence[str]], schema: Schema) -> tuple[dict[str, Test | None], list[Wrong]]:
    """Every segment by name, None when something is wrong with it or with one it uses; and what is wrong.

    `segments` holds the conditions that must all hold, by name; `schema` is that of customers.
    """
    resolver = _Resolver(segments, schema)
    for name in segments:
        resolver.visit(name)
    return {name: resolver.done.get(name) for name in segments}, resolver.wrong


class _Resolver:
    def __init__(self, segments: Mapping[str, Sequence[str]], schema: Schema) -> None:
        self.segments = segments
        self.schema = schema
        self.done: dict[str, Test | None] = {}
        self.wrong: list[Wrong] = []
        self.path: list[str] = []
        """The segments being resolved, each used by the one before."""
        self.circled: set[str] = set()
        self.trees: dict[str, list[Node | None]] = {}
        for name, texts in segments.items():
            parsed = [parse(text) for text in texts]
            self.trees[name] = [tree for tree, _ in parsed]
            self.wrong += [(name, at, fault) for at, (_, faults) in enumerate(parsed) for fault in faults]

    def visit(self, name: str) -> None:
        """Resolve what `name` uses, then `name` itself."""
        if name in self.done:
            return
        self.path.append(name)
        for at, tree in enumerate(self.trees[name]):
            for used, place in _used(tree):
                if used in self.path:
                    self.cycle(name, at, used, place)
                elif used in self.trees:
                    self.visit(used)
        self.path.pop()
        test = self.typed(name)
        self.done[name] = None if name in self.circled else test

    def cycle(self, name: str, at: int, used: str, place: Node) -> None:
        """`name` uses `used`, on the way to which it stands: none of those between has a meaning."""
        ring = self.path[self.path.index(used) :]
        told = " → ".join([*ring, used])
        fault = Fault(place.start, place.end - place.start, f"segments go round in a circle: {told}", "segment-cycle")
        self.wrong.append((name, at, fault))
        self.circled.update(ring)

    def typed(self, name: str) -> Test | None:
        known: dict[str, Test | None] = dict.fromkeys(self.trees)
        schema = replace(self.schema, segments=known | self.done)
        tests: list[Test | None] = []
        for at, (tree, text) in enumerate(zip(self.trees[name], self.segments[name], strict=True)):
            test, faults = check(tree, schema, text) if tree is not None else (None, [])
            self.wrong += [(name, at, fault) for fault in faults]
            tests.append(test)
        sound = [test for test in tests if test is not None]
        if len(sound) < len(tests) or not sound:
            return None
        return sound[0] if len(sound) == 1 else Both("and", tuple(sound))


def _used(tree: Node | None) -> Iterator[tuple[str, Node]]:
    """The segments a condition names, each with its place."""
    if isinstance(tree, Call):
        if tree.name == "segment" and len(tree.args) == 1 and isinstance(tree.args[0], Literal):
            yield str(tree.args[0].value), tree.args[0]
        parts: Sequence[Node] = tree.args
    elif isinstance(tree, Junction):
        parts = tree.parts
    elif isinstance(tree, ListOf):
        parts = tree.items
    elif isinstance(tree, Binary):
        parts = (tree.left, tree.right)
    else:
        parts = (tree.operand,) if isinstance(tree, Unary) else ()
    for part in parts:
        yield from _used(part)
