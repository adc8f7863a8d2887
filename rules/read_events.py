"""`rules/events.yaml` to what the shop declares of its own: event types with their fields, attributes of customers."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

from msgspec import Struct, field
from ruamel.yaml.nodes import Node, ScalarNode

from retention.events import INTERNAL, TYPES
from retention.own import KINDS, OPTIONAL
from rules.document import Document
from rules.entry import named, sections
from rules.language.faults import closest
from rules.language.kinds import Kind
from rules.language.schema import DECLARABLE, NOTHING, TIMED, Declared
from rules.reading import scalar

KEYS = ("attributes", "events")
MAX_ATTRIBUTES = 100
MAX_EVENTS = 50
MAX_FIELDS = 50
ENVELOPE = ("time", "at", "source", "type")
"""What conditions and wording know of every event."""

_SECTIONS = "events stand below a line `events:`, attributes of customers below `attributes:`, two spaces further in"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_KINDS = {name: kind for kind, name in DECLARABLE.items()}
_WORDS = {
    "text": "string str varchar char date datetime time timestamp day url email id enum",
    "count": "int integer whole long bigint counter",
    "number": "float decimal double numeric real money amount price percent",
    "flag": "bool boolean yes true",
}
_MEANT = {word: kind for kind, words in _WORDS.items() for word in words.split()}
"""What other programs call the kinds."""


class Own(Struct, frozen=True):
    """What the shop declares: for conditions, and for the events as they arrive (`retention.shop.Shop.events`)."""

    declared: Declared = NOTHING
    events: dict[str, dict[str, str]] = field(default_factory=dict)


def read_events(document: Document) -> Own | None:
    """What `document` declares; None when nobody can say what it does.

    What is wrong with a part of it the document tells; the rest of it holds meanwhile, so that rules can be checked.
    """
    if document.root is None:
        return None
    found = sections(document, document.root, KEYS, _SECTIONS)
    attributes = _attributes(document, found["attributes"]) if "attributes" in found else {}
    events = _events(document, found["events"]) if "events" in found else {}
    return Own(Declared(_kinds(attributes), {name: _kinds(fields) for name, fields in events.items()}), events)


def _kinds(fields: Mapping[str, str]) -> dict[str, Kind]:
    return {name: _KINDS[kind.removesuffix(OPTIONAL)] for name, kind in fields.items()}


def _attributes(document: Document, node: Node) -> dict[str, str]:
    what = "attributes are lines such as `shoe_size: count`"
    found: dict[str, str] = {}
    for name, value in named(document, node, what, _name("an attribute"), MAX_ATTRIBUTES):
        kind = _read_kind(document, value)
        if kind.endswith(OPTIONAL):
            plain = kind.removesuffix(OPTIONAL)
            message = f'of a customer anything may be unknown: write {plain}, without the "{OPTIONAL}"'
            document.report_node(value, message, "bad-kind")
        if name is not None and kind:
            found[name] = kind
    return found


def _events(document: Document, node: Node) -> dict[str, dict[str, str]]:
    what = "events are lines such as `social_share: {network: text, url: text?}`"
    read = _name("an event", taken=(*TYPES, *INTERNAL, *TIMED))
    found = [(name, _fields(document, value)) for name, value in named(document, node, what, read, MAX_EVENTS)]
    return {name: fields for name, fields in found if name is not None}


def _fields(document: Document, node: Node) -> dict[str, str]:
    what = "the fields of an event are written like {network: text, url: text?}"
    if isinstance(node, ScalarNode) and not node.value:
        what = "fields belong here, such as {network: text}; write {} when the event has none"
    read = _name("a field", known=ENVELOPE)
    found = [(name, _read_kind(document, value)) for name, value in named(document, node, what, read, MAX_FIELDS)]
    return {name: kind for name, kind in found if name is not None and kind}


def _name(one: str, taken: Collection[str] = (), known: Collection[str] = ()) -> Callable[[Document, Node], str | None]:
    """Reads a key that names `one` of the shop's own: not what is `taken`, nor what is `known` of every event."""

    def read(document: Document, key: Node) -> str | None:
        name = str(key.value) if isinstance(key, ScalarNode) else ""
        if not _NAME.fullmatch(name):
            document.report_node(key, f"{_bad_name(one)}{_name_meant(name)}", "bad-name")
        elif name in taken and name in TYPES:
            message = f'"{name}" needs no declaration: rules listen to it as it is. For another event take another name'
            document.report_node(key, message, "name-taken")
        elif name in taken:
            message = f'"{name}" is a name that Regulars uses itself; call it otherwise, such as "our_{name}"'
            document.report_node(key, message, "name-taken")
        elif name in known:
            message = f'every event has a "{name}" already: remove this line, or call it otherwise'
            document.report_node(key, message, "name-taken")
        else:
            return name
        return None

    return read


def _bad_name(one: str) -> str:
    return f"the name of {one} begins with a small letter and has small letters, digits and underscores, at most 63"


def _name_meant(name: str) -> str:
    """socialShare, social-share, Social Share → social_share."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    meant = re.sub(r"[^a-z0-9]+", "_", parted.lower()).strip("_")
    return f'; did you mean "{meant}"?' if _NAME.fullmatch(meant) else ""


def _read_kind(document: Document, node: Node) -> str:
    """The kind in `node`, as the shop is told it; what was meant when it cannot be read, empty when nobody knows."""
    found = scalar(document, node, "text, count, number or flag")
    if found is None:
        return ""
    written = str(found.value)
    if written.removesuffix(OPTIONAL) in KINDS:
        return written
    meant = _kind_meant(written)
    hint = f'; did you mean "{meant}"?' if meant else ""
    message = f'"{written}" is no kind of value: there are text, count (whole), number (decimal) and flag (true, false)'
    document.report_node(node, message + hint, "bad-kind")
    return meant


def _kind_meant(written: str) -> str:
    """String? → text?; empty when nothing is close."""
    word = written.strip("? ").lower()
    kind = _MEANT.get(word) or closest(word, KINDS)
    return kind + OPTIONAL if kind and OPTIONAL in written else kind
