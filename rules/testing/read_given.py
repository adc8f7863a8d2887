"""One line of `given`: what happened, as an event that the worker would have taken in."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

import msgspec
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from retention.decode import decode, moment
from retention.errors import BadEvent
from retention.events import INTERNAL, PRODUCT, Event, Item, ReturnedItem
from rules.document import Document
from rules.language.faults import did_you_mean
from rules.reading import keys, require, scalar
from rules.testing.as_json import as_json
from rules.testing.cases import Span
from rules.testing.instants import read_span
from rules.testing.known import Known, hint
from rules.testing.refusals import refused

ABOUT = ("at", "customer", "id", "source", "time")
"""Keys of a line beside the type of its event."""
SOURCE = "test"
"""Where an event comes from that does not say it."""

_WHAT = {"customer": "the id of a customer", "id": "the id of the event", "source": "the source of the event"}
_INSIDE: dict[str, dict[str, type[msgspec.Struct]]] = {"purchase": {"items": Item}, "return": {"items": ReturnedItem}}
"""Type → field of its data that is a list → what each element is."""


def read_event(document: Document, node: MappingNode, known: Known, number: int) -> Event | None:
    """The event in `node`, line `number` of its test, stamped with its `at`; None when it got problems."""
    before = len(document.problems)
    written = [key.value for key, _ in node.value if isinstance(key, ScalarNode) and key.value]
    found = keys(document, node, [*ABOUT, *written])
    kind = _kind(document, node, found, known)
    require(document, node, found, ("at",) if kind == PRODUCT else ("at", "customer"))
    if kind == PRODUCT and "customer" in found:
        message = "an article of the catalogue is no customer's; remove `customer`"
        document.report_node(found["customer"], message, "nobodys-event")
    if kind is not None:
        _fields(document, found[kind], known.fields(kind), _INSIDE.get(kind, {}))
    zone = known.shop.zone
    times = {key: read_span(document, found[key], zone) for key in ("at", "time") if key in found}
    texts = {key: scalar(document, found[key], _WHAT[key]) for key in _WHAT if key in found}
    data = as_json(document, found[kind]) if kind is not None else ""
    if len(document.problems) > before or kind is None:
        return None
    names = {key: str(one.value) for key, one in texts.items() if one is not None}
    spans = {str(key): one for key, one in times.items() if one is not None}
    try:
        return _decoded(_envelope(kind, names, spans, number, data), data, spans["at"].start, known)
    except BadEvent as error:
        refused(document, error, node, found, kind, known.shop)
    return None


def _envelope(kind: str, names: Mapping[str, str], spans: Mapping[str, Span], number: int, data: str) -> dict[str, str]:
    return {
        "specversion": "1.0",
        "id": names.get("id", f"given-{number}"),
        "source": names.get("source", SOURCE),
        "type": kind,
        "subject": names["customer"] if "customer" in names else _sku(data),
        "time": moment(spans.get("time", spans["at"]).start).isoformat(),
    }


def _sku(data: str) -> str:
    """What the event of an article is about; that it is missing is told with the data."""
    return str(json.loads(data).get("sku") or "-")


def _decoded(envelope: dict[str, str], data: str, at: int, known: Known) -> Event:
    """Raises BadEvent."""
    text = f'{json.dumps(envelope)[:-1]}, "data": {data}}}'
    event = decode(envelope["subject"].encode(errors="replace"), text.encode(), (), known.shop, at, articles=True)
    event.at = at
    return event


def _kind(document: Document, node: MappingNode, found: Mapping[str, Node], known: Known) -> str | None:
    """The type of the event: the one key that is nothing else."""
    kinds = [name for name in found if name not in ABOUT]
    start = node.start_mark.index
    if not kinds:
        message = "what happened is missing; add an event such as `purchase: {order_id: o-1, total: 900}`"
        document.report(start, start + 1, message, "missing-event")
    elif len(kinds) > 1 and all(kind in known.events for kind in kinds):
        message = f"one event a line: give {' and '.join(kinds)} a line each"
        document.report(start, start + 1, message, "several-events")
    elif wrong := [kind for kind in kinds if kind not in known.events]:
        for key, _ in node.value:
            if key.value in wrong:
                document.report_node(key, _unknown(key.value, known), "unknown-event")
    else:
        return kinds[0]
    return None


def _unknown(word: str, known: Known) -> str:
    if word in INTERNAL:
        return f'an event "{word}" comes from Regulars itself, when its time has come; remove this line'
    close = did_you_mean(word, [*known.events, *ABOUT])
    return f'unknown event "{word}"{close or "; there are " + ", ".join(known.events)}'


def _fields(document: Document, data: Node, there: Collection[str], inside: Mapping[str, type[msgspec.Struct]]) -> None:
    """A storefront may send fields that nobody knows of; in a test they are slips."""
    for key, value in data.value if isinstance(data, MappingNode) else ():
        name = key.value if isinstance(key, ScalarNode) else ""
        if name and name not in there:
            message = f'unknown field "{name}"{hint(name, there)}'
            document.report_node(key, message, "unknown-field")
        if name in inside and isinstance(value, SequenceNode):
            for one in value.value:
                _fields(document, one, inside[name].__struct_fields__, {})
