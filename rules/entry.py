"""A mapping of a file, read key by key."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Hashable, Mapping
from typing import TypeVar

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from rules.amounts import money
from rules.document import Document
from rules.language.faults import closest, did_you_mean
from rules.read_trial import ID, percent
from rules.reading import keys, scalar, text, whole
from rules.times import clock, span

Meaning = TypeVar("Meaning")
Name = TypeVar("Name", bound=Hashable)
TRUTH = {"true": True, "false": False}
_SAYS = {"yes": "true", "on": "true", "1": "true", "no": "false", "off": "false", "0": "false"}


class Entry:
    """The values of a mapping by key; a key that is not there, or that a problem was told of, reads as its default.

    Amounts are of `currency`. Keys that are not `known`, or stand there twice, are problems.
    """

    def __init__(self, document: Document, node: MappingNode, known: Collection[str], currency: str = "") -> None:
        self.document = document
        self.currency = currency
        self.node = node
        self._before = len(document.problems)
        self.found = keys(document, node, known)

    def __contains__(self, key: str) -> bool:
        return key in self.found

    def __getitem__(self, key: str) -> Node:
        return self.found[key]

    @property
    def sound(self) -> bool:
        """Whether no problem was told since the entry was opened."""
        return len(self.document.problems) == self._before

    def report(self, key: str, message: str, code: str) -> None:
        """A problem with the value of `key`, or with the whole where it is not there."""
        if key in self.found:
            self.document.report_node(self.found[key], message, code)
        else:
            start = self.node.start_mark.index
            self.document.report(start, start + 1, message, code)

    def text(self, key: str, what: str) -> str:
        """Text, empty by default."""
        return (text(self.document, self.found[key], what) or "") if key in self.found else ""

    def money(self, key: str, what: str, least: int = 1) -> int:
        """Minor units, 0 by default."""
        return (money(self.document, self.found[key], what, self.currency, least) or 0) if key in self.found else 0

    def share(self, key: str, what: str, default: int) -> int:
        """Basis points."""
        share = percent(self.document, self.found[key], what) if key in self.found else None
        return default if share is None else share

    def span(self, key: str, default: int, usual: str, example: str) -> int:
        """Microseconds."""
        micros = span(self.document, self.found[key], usual, example) if key in self.found else None
        return default if micros is None else micros

    def clock(self, key: str, default: int) -> int:
        """Minutes after midnight."""
        minute = clock(self.document, self.found[key]) if key in self.found else None
        return default if minute is None else minute

    def whole(self, key: str, what: str, high: int) -> int | None:
        """A whole number from 0 to `high`, None by default."""
        return whole(self.document, self.found[key], what, 0, high) if key in self.found else None

    def choice(self, key: str, known: Mapping[str, Meaning], default: Meaning) -> Meaning:
        """What one of the `known` words means."""
        if key not in self.found:
            return default
        *most, last = known
        words = f"{', '.join(most)} or {last}"
        found = scalar(self.document, self.found[key], words)
        if found is None:
            return default
        if found.value not in known:
            meant = _SAYS.get(found.value.lower(), "")
            hint = f'; did you mean "{meant}"?' if meant in known else did_you_mean(found.value, known)
            self.report(key, f'{key} is {words}, not "{found.value}"{hint}', "unknown-value")
        return known.get(found.value, default)

    def truth(self, key: str, default: bool = False) -> bool:
        """True or false."""
        return self.choice(key, TRUTH, default)


def entry_of(document: Document, node: Node, known: Collection[str], example: str, currency: str = "") -> Entry | None:
    """`node` as an entry; None when it is no mapping, which is told with an `example`."""
    if isinstance(node, MappingNode):
        return Entry(document, node, known, currency)
    document.report_node(node, f"keys with values belong here, such as {example}", "wrong-type")
    return None


def sections(document: Document, root: MappingNode, known: Collection[str], advice: str) -> dict[str, Node]:
    """The sections of a file by name; `advice` to who began with what belongs into one of them."""
    written = [str(key.value) for key, _ in root.value if isinstance(key, ScalarNode)]
    if not written or any(closest(name, known) for name in written):
        return keys(document, root, known)
    document.report_node(root.value[0][0], advice, "unknown-key")
    return {}


def named(
    document: Document, node: Node, what: str, name_of: Callable[[Document, Node], Name | None], most: int
) -> list[tuple[Name | None, Node]]:
    """The values of a mapping, each with what its key names; None for a key that a problem was told of.

    `what` says how the mapping is written; `name_of` reads a key. More than `most` of them are a problem.
    """
    if not isinstance(node, MappingNode):
        document.report_node(node, what, "wrong-type")
        return []
    found: list[tuple[Name | None, Node]] = []
    seen: set[Name] = set()
    for key, value in node.value:
        name = name_of(document, key)
        if name is not None and name in seen:
            document.report_node(key, f'"{key.value}" stands here twice; keep one of them', "duplicate-key")
            name = None
        elif name is not None:
            seen.add(name)
        found.append((name, value))
    if len(found) > most:
        document.report_node(node, f"there are {len(found)} of these, and {most} are allowed at most", "too-long")
    return found


def id_of(document: Document, key: Node) -> str | None:
    """A key as an id; None when it is none."""
    value = str(key.value) if isinstance(key, ScalarNode) else ""
    if ID.fullmatch(value):
        return value
    meant = re.sub("[^a-z0-9]+", "-", value.lower()).strip("-")
    hint = f'; did you mean "{meant}"?' if ID.fullmatch(meant) else ""
    document.report_node(key, f"a name here has small letters, digits and hyphens, at most 63{hint}", "bad-id")
    return None
