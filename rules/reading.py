"""Values out of a document's nodes; what is not as it should be becomes a problem, and None."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import TypeVar

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from rules.document import Document
from rules.language.faults import closest, did_you_mean
from rules.language.tokens import UNITS
from rules.language.tree import MICROS

_DURATION = re.compile(r"([1-9][0-9]{0,5})([smhdw])")
_MEANT = re.compile(r"([1-9][0-9]{0,5})\s*([A-Za-z]*)")
_KINDS = {"int": "a number", "float": "a number", "bool": "true or false", "null": "nothing", "timestamp": "a date"}
_LISTABLE = 20
_NOTHING: Mapping[str, str] = MappingProxyType({})

_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212"), "-")

Word = TypeVar("Word", bound=str)


def keys(
    document: Document, node: MappingNode, known: Collection[str], meant: Mapping[str, str] = _NOTHING
) -> dict[str, Node]:
    """The node's values by key; unknown and repeated keys are problems. `meant`: advice to keys that are not known."""
    found: dict[str, Node] = {}
    lines: dict[str, int] = {}
    for key, value in node.value:
        name = key.value if isinstance(key, ScalarNode) else ""
        if not name:
            document.report_node(key, f"a key is one word: {', '.join(known)}", "unknown-key")
            continue
        if name in found:
            twice = f'"{name}" stands here twice, first in line {lines[name]}; keep one of them'
            document.report_node(key, twice, "duplicate-key")
        elif name not in known:
            advice = f"; {meant[name]}" if name in meant else _instead(name, known)
            document.report_node(key, f'unknown key "{name}"{advice}', "unknown-key")
        else:
            found[name] = value
            lines[name] = key.start_mark.line + 1
    return found


def _instead(name: str, known: Collection[str]) -> str:
    if name.startswith("-") and name[1:] in known:
        return '; a space belongs behind the "-" that begins a step'
    if name == "<<":
        return "; write the keys out, nothing is taken over from elsewhere"
    return did_you_mean(name, known) or f"; there are {', '.join(known)}"


def key_of(node: MappingNode, name: str) -> Node:
    """The key `name` of a mapping that has it, as it stands in the file."""
    return next(key for key, _ in node.value if isinstance(key, ScalarNode) and key.value == name)


def require(
    document: Document,
    node: MappingNode,
    found: Mapping[str, Node],
    names: Collection[str],
    example: str = "…",
    why: str = "",
) -> None:
    """A problem for each of `names` that is not there; a misspelt one is, and has been told.

    `example` is a value it could have; `why` it is needed, as a clause.
    """
    written = [key.value for key, _ in node.value if isinstance(key, ScalarNode)]
    present = {*written, *(close for key in written if key not in found and (close := closest(key, names)))}
    start = node.start_mark.index
    for name in names:
        if name not in found and name not in present:
            message = f'the key "{name}" is missing{why}; add a line `{name}: {example}`'
            document.report(start, start + 1, message, "missing-key")


def scalar(document: Document, node: Node, what: str) -> ScalarNode | None:
    """`node` as a scalar that holds something; `what` says what belongs there."""
    if not isinstance(node, ScalarNode):
        kind = "a list" if isinstance(node, SequenceNode) else "keys with values"
        document.report_node(node, f"{what} belongs here, not {kind}", "wrong-type")
        return None
    if not node.value.strip():
        document.report_node(node, f"{what} belongs here, nothing stands here", "empty-value")
        return None
    return node


def text(document: Document, node: Node, what: str) -> str | None:
    """`node` as text: what YAML reads as a number or as true is refused."""
    found = scalar(document, node, what)
    if found is None:
        return None
    kind = str(found.tag).rpartition(":")[2]
    if kind != "str":
        read = _KINDS.get(kind, kind)
        document.report_node(
            node, f"{what} belongs here; {found.value} reads as {read}: put quotes round it", "wrong-type"
        )
        return None
    value: str = found.value
    return value


def one_of(document: Document, node: Node, what: str, known: Collection[Word], code: str) -> Word | None:
    """`node` as one of the `known` words."""
    found = scalar(document, node, what)
    if found is None or found.value in known:
        return None if found is None else next(word for word in known if word == found.value)
    value = str(found.value)
    parts = [part.strip() for part in value.split(",")]
    several = len(parts) > 1 and all(part in known for part in parts)
    hint = f"; several stand in brackets: [{', '.join(parts)}]" if several else did_you_mean(value, known)
    if not hint and len(known) <= _LISTABLE:
        hint = f"; it is one of {', '.join(known)}"
    document.report_node(node, f'unknown {what.partition(" ")[2]} "{value}"{hint}', code)
    return None


def whole(document: Document, node: Node, what: str, low: int, high: int) -> int | None:
    """`node` as a whole number from `low` to `high`."""
    found = scalar(document, node, what)
    if found is None:
        return None
    if not re.fullmatch(r"-?[0-9]{1,9}", found.value) or not low <= int(found.value) <= high:
        hint = _whole_meant(found.value, low, high)
        document.report_node(
            node, f"{what} is a whole number from {low} to {high}, not {found.value}{hint}", "bad-value"
        )
        return None
    return int(found.value)


def _whole_meant(value: str, low: int, high: int) -> str:
    """Other digits than 0 to 9 and signs between thousands: what was meant."""
    try:
        meant = int(value.replace(",", "").replace(" ", ""))
    except ValueError:
        return ""
    return f'; did you mean "{meant}"?' if low <= meant <= high else ""


def duration_meant(value: str, usual: str) -> str:
    """30 days, 30 D → 30d; a number alone is in the `usual` unit; nothing when the unit is not known."""
    found = _MEANT.fullmatch(plain(value).strip())
    unit = found and UNITS.get(found[2].lower().rstrip("s") or usual)
    return f"{found[1]}{unit}" if found and unit else ""


def duration(value: str) -> int | None:
    """30d, 12h, 90m in microseconds; None when it is not one."""
    found = _DURATION.fullmatch(value)
    return int(found[1]) * MICROS[found[2]] if found else None


def plain(value: str) -> str:
    """`value` with signs and digits of other scripts as the English keyboard has them: ๗ → 7, ： → :, − → -."""
    letters = "".join(unicodedata.normalize("NFKC", one) for one in value)
    return "".join(str(unicodedata.decimal(one, one)) for one in letters).translate(_DASHES)


def listed(document: Document, node: Node, what: str) -> list[Node]:
    """The elements of a list, or the one value alone."""
    if not isinstance(node, SequenceNode):
        return [node]
    if not node.value:
        document.report_node(node, f"{what} belongs here, the list is empty", "empty-value")
    return list(node.value)
