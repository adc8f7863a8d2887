"""YAML events to nodes, as ruamel's composer makes them; ours, so that a file is parsed once, not twice."""

from __future__ import annotations

from collections.abc import Iterable

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.tag import Tag

_RESOLVER = YAML(typ="safe", pure=True).resolver
MAPPING, SEQUENCE = (Tag(suffix=f"tag:yaml.org,2002:{kind}") for kind in ("map", "seq"))


def parsed(text: str) -> Iterable[Event]:
    """The events of a YAML text. Raises YAMLError, perhaps when some have been given already.

    ruamel's parser in C takes a tenth of the time of the one in Python. It speaks YAML 1.1 and has its own words for
    what is wrong, so it is believed only where the two cannot differ (`_alike`); a test holds them beside each other.
    """
    if "\t" not in text:
        try:
            events = list(YAML(typ="safe").parse(text))
            if all(map(_alike, events)):
                return events
        except YAMLError:
            pass
    slow: Iterable[Event] = YAML(typ="safe", pure=True).parse(text)
    return slow


def _alike(event: Event) -> bool:
    """Not an empty value, an anchor, an alias, a tag, nor a document's mark: of these the two say different things."""
    if isinstance(event, ScalarEvent) and not event.value and not event.style:
        return False
    if isinstance(event, DocumentStartEvent | DocumentEndEvent):
        return not event.explicit
    if isinstance(event, NodeEvent):
        return not (isinstance(event, AliasEvent) or event.anchor or getattr(event, "tag", None))
    return True


def compose(events: Iterable[Event]) -> Node | None:
    """The root node of one document without anchors, aliases and tags; None of an empty one."""
    root: Node | None = None
    opened: list[MappingNode | SequenceNode] = []
    keys: list[Node | None] = []
    """For each opened node the key whose value comes next, if it is a mapping and a key has come."""
    for event in events:
        if isinstance(event, MappingEndEvent | SequenceEndEvent):
            keys.pop()
            node: Node = opened.pop()
            node.end_mark = event.end_mark
        else:
            made = _node(event)
            if made is None:
                continue
            node = made
            if isinstance(node, MappingNode | SequenceNode):
                opened.append(node)
                keys.append(None)
                continue
        if not opened:
            root = node
        elif isinstance(opened[-1], SequenceNode):
            opened[-1].value.append(node)
        elif (key := keys[-1]) is None:
            keys[-1] = node
        else:
            opened[-1].value.append((key, node))
            keys[-1] = None
    return root


def _node(event: Event) -> Node | None:
    if isinstance(event, ScalarEvent):
        tag = _RESOLVER.resolve(ScalarNode, event.value, event.implicit)
        return ScalarNode(tag, event.value, event.start_mark, event.end_mark, style=event.style or None)
    if isinstance(event, MappingStartEvent):
        return MappingNode(MAPPING, [], event.start_mark, None, flow_style=event.flow_style)
    if isinstance(event, SequenceStartEvent):
        return SequenceNode(SEQUENCE, [], event.start_mark, None, flow_style=event.flow_style)
    return None
