"""The plain part of YAML, which nearly every rule file is, read in a tenth of the time that ruamel takes.

One key or list entry a line, its value on the same line: as it stands, in quotes without escapes, or in brackets. What
is not surely that is not read here, right or wrong: the answer is None, and ruamel reads the file. The nodes are those
that ruamel makes, each at its place; a test compares them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from rules.nodes import MAPPING, SEQUENCE, resolved
from rules.plain_lines import KEY, QUOTED, VALUES, Entry, Mark, NotPlain, entries

_STRANGE = re.compile("[^\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
"""Tabs, the other breaks and what no file may hold: ruamel knows about them."""
_FLOW = re.compile(
    rf"""
    [ ]*+
    (?:(?P<sign>[\[\]{{}},])
       |(?P<key>{KEY}):[ ]
       |{QUOTED}
       |(?P<plain>(?:[^\n\ \-?:,\[\]{{}}\#&*!|>'"%@`]|-(?=\w))
                  (?:[^\n\ :,\[\]{{}}\#]|:(?=\w))*
                  (?:[ ]++(?:[^\n\ :,\[\]{{}}\#?\-]|:(?=\w)|-(?=\w))+)*))
    """,
    re.VERBOSE,
)
"""What follows inside brackets."""
_REST = re.compile(r"(?:[ ]++\#[^\n]*+|[ ]*+)(?=\n|\Z)")
"""What may stand behind the last bracket."""


def read_plain(text: str, depth: int) -> MappingNode | SequenceNode | None:
    """The root of `text`; None when it is not plain, or nests more than `depth` deep."""
    if _STRANGE.search(text):
        return None
    try:
        return _Reader(text, depth).root()
    except NotPlain:
        return None


class _Reader:
    def __init__(self, text: str, depth: int) -> None:
        self.text = text
        self.depth = depth
        self.entries = entries(text)
        self.at = 0
        self.entry = self.entries[0]
        """The next one to be read."""

    def root(self) -> MappingNode | SequenceNode:
        if self.entry.column or not self.entry.kind:
            raise NotPlain
        return self.mapping(1) if self.entry.kind == "key" else self.sequence(1, indented=True)

    def take(self) -> tuple[Entry, re.Match[str]]:
        entry = self.entry
        self.at += 1
        self.entry = self.entries[self.at]
        assert entry.line is not None
        return entry, entry.line

    # What fills lines. `depth`: how deep the thing itself is nested.

    def mapping(self, depth: int) -> MappingNode:
        first = self.opened(depth)
        pairs: list[tuple[Node, Node]] = []
        while self.entry.kind == "key" and self.entry.column == first.column:
            pairs.append(self.pair(depth))
        if self.entry.column >= first.column:
            raise NotPlain
        return MappingNode(MAPPING, pairs, first.place, self.entry.place, flow_style=False)

    def pair(self, depth: int) -> tuple[Node, Node]:
        entry, line = self.take()
        key = _key(line, entry.place)
        if line.lastgroup in VALUES:
            return key, self.value(line, entry.place, depth + 1)
        return key, self.below(entry.column, depth + 1)

    def below(self, column: int, depth: int) -> Node:
        """What stands in the lines under a key of this column; nothing: an empty value where the next entry begins."""
        if self.entry.kind == "dash" and self.entry.column >= column:
            return self.sequence(depth, indented=self.entry.column > column)
        if self.entry.kind == "key" and self.entry.column > column:
            return self.mapping(depth)
        return ScalarNode(_tag(""), "", self.entry.place, self.entry.place)

    def sequence(self, depth: int, indented: bool) -> SequenceNode:
        first = self.opened(depth)
        nodes: list[Node] = []
        while self.entry.kind == "dash" and self.entry.column == first.column:
            self.take()
            nodes.append(self.item(depth + 1))
        if self.entry.column > first.column - indented:
            raise NotPlain
        return SequenceNode(SEQUENCE, nodes, first.place, self.entry.place, flow_style=False)

    def item(self, depth: int) -> Node:
        if self.entry.kind == "key":
            return self.mapping(depth)
        entry, line = self.take()
        return self.value(line, entry.place, depth)

    def opened(self, depth: int) -> Entry:
        if depth > self.depth:
            raise NotPlain
        return self.entry

    # What stands on one line, of which `place` is known.

    def value(self, line: re.Match[str], place: Mark, depth: int) -> Node:
        if line.lastgroup != "flow":
            return _scalar(line, place)
        node, end = self.flow(_FLOW.match(self.text, line.start("flow")), place, depth)
        if _REST.match(self.text, end) is None:
            raise NotPlain
        return node

    def flow(self, found: re.Match[str] | None, place: Mark, depth: int) -> tuple[Node, int]:
        """The value that `found` begins, and the index behind it."""
        if found is None or found.lastgroup == "key":
            raise NotPlain
        sign = found["sign"]
        if sign is None:
            return _scalar(found, place), found.end()
        if sign not in ("[", "{") or depth > self.depth:
            raise NotPlain
        keyed = sign == "{"
        nodes, end = self.inside(keyed, found.end(), place, depth + 1)
        start, behind = place.to(found.start("sign")), place.to(end)
        if keyed:
            return MappingNode(MAPPING, nodes, start, behind, flow_style=True), end
        return SequenceNode(SEQUENCE, nodes, start, behind, flow_style=True), end

    def inside(self, keyed: bool, at: int, place: Mark, depth: int) -> tuple[list[Any], int]:
        """What stands between two brackets, and the index behind the second."""
        nodes: list[Any] = []
        close = "}" if keyed else "]"
        found = _FLOW.match(self.text, at)
        if found is not None and found["sign"] == close:
            return nodes, found.end()
        while found is not None:
            key = _key(found, place) if keyed else None
            node, at = self.flow(_FLOW.match(self.text, found.end()) if keyed else found, place, depth)
            nodes.append((key, node) if keyed else node)
            found = _FLOW.match(self.text, at)
            if found is not None and found["sign"] == close:
                return nodes, found.end()
            if found is None or found["sign"] != ",":
                break
            found = _FLOW.match(self.text, found.end())
        raise NotPlain


def _key(found: re.Match[str], place: Mark) -> ScalarNode:
    key = found["key"]
    if key is None:
        raise NotPlain
    return ScalarNode(_tag(key), key, place.to(found.start("key")), place.to(found.end("key")))


def _scalar(found: re.Match[str], place: Mark) -> ScalarNode:
    kind = found.lastgroup or ""
    written = found[kind]
    start, end = place.to(found.start(kind)), place.to(found.end(kind))
    if kind == "plain":
        return ScalarNode(_tag(written), written, start, end)
    value = written[1:-1].replace("''", "'") if kind == "single" else written[1:-1]
    return ScalarNode(_QUOTED_TAG, value, start, end, style=written[0])


@lru_cache(maxsize=4096)
def _tag(value: str) -> Any:
    return resolved(value, plain=True)


_QUOTED_TAG = resolved("", plain=False)
