"""`rules/segments.yaml` to the named conditions of the shop."""

from __future__ import annotations

import re

from ruamel.yaml.nodes import Node, ScalarNode

from retention.shop import Shop
from rules.document import Document
from rules.language.schema import NOTHING, Declared, customers
from rules.language.segments import resolve
from rules.language.typed import Test
from rules.reading import listed, scalar

MAX_SEGMENTS = 200
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def read_segments(document: Document, shop: Shop, declared: Declared = NOTHING) -> dict[str, Test | None] | None:
    """The segments in `document` by name; one is None when something is wrong with it, which the document tells.

    None for all of them when nobody can say which there are.
    """
    if document.root is None:
        return None
    read: dict[str, list[ScalarNode]] = {}
    for key, value in document.root.value:
        name = _name(document, key, read)
        conditions = _conditions(document, value)
        if name is not None:
            read[name] = conditions
    if len(read) > MAX_SEGMENTS:
        document.report_node(document.root, f"there are at most {MAX_SEGMENTS} segments", "too-long")
        return dict.fromkeys(read)
    texts = {name: [one.value for one in nodes] for name, nodes in read.items()}
    segments, wrong = resolve(texts, customers(shop, declared))
    for name, at, fault in wrong:
        document.report_inside(read[name][at], fault.offset, fault.length, fault.message, fault.code)
    return segments


def _name(document: Document, key: Node, read: dict[str, list[ScalarNode]]) -> str | None:
    name = str(key.value) if isinstance(key, ScalarNode) else ""
    if not _NAME.fullmatch(name):
        message = "the name of a segment has small letters, digits and hyphens, at most 63"
        document.report_node(key, message, "bad-name")
    elif name in read:
        document.report_node(key, f'"{name}" stands here twice; keep one of them', "duplicate-key")
    else:
        return name
    return None


def _conditions(document: Document, value: Node) -> list[ScalarNode]:
    found = [scalar(document, one, "a condition") for one in listed(document, value, "a condition")]
    return [one for one in found if one is not None]
