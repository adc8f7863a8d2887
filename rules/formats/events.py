"""`rules/events.yaml`."""

from __future__ import annotations

from retention.events import INTERNAL, TYPES
from rules.formats.describe import Format, Key, Shape, mapping, named
from rules.formats.shapes import NAME
from rules.language.schema import DECLARABLE, TIMED
from rules.read_events import ENVELOPE, MAX_ATTRIBUTES, MAX_EVENTS, MAX_FIELDS

_KINDS = list(DECLARABLE.values())
_KIND = Shape("`text`, `count`, `number` or `flag`", {"enum": _KINDS})
_FIELD = Shape("a kind", {"enum": [*_KINDS, *(f"{kind}?" for kind in _KINDS)]})
_FIELDS = named(NAME, _FIELD, "fields with their kinds", MAX_FIELDS)
_TAKEN = sorted({*TYPES, *INTERNAL, *TIMED})

_EXAMPLE = """\
# yaml-language-server: $schema=schema.events.json
attributes: {shoe_size: count, favourite: text}
events:
  social_share: {network: text, url: text?, followers: count?}
  event_rsvp: {event: text, seats: count, coming: flag}
"""


def _but(shape: Shape, names: list[str] | tuple[str, ...]) -> Shape:
    """Any name but these."""
    pattern = shape.schema["propertyNames"]["pattern"]
    return Shape(shape.told, shape.schema | {"propertyNames": {"pattern": pattern, "not": {"enum": list(names)}}})


EVENTS = Format(
    kind="events",
    file="rules/events.yaml",
    title="Events and attributes of your own",
    says=(
        "What the shop knows beyond the contract with storefronts. Names begin with a small letter and have small"
        " letters, digits and underscores. A kind is `text`, `count` (a whole number), `number` (with decimals) or"
        " `flag` (true or false)."
    ),
    shape=mapping(
        Key(
            "attributes",
            named(NAME, _KIND, "names with their kinds", MAX_ATTRIBUTES),
            "What is known of a customer; conditions ask for `customer.attributes.shoe_size`. A date is a `text` such"
            " as 2026-03-01.",
            "{shoe_size: count, favourite: text}",
        ),
        Key(
            "events",
            _but(named(NAME, _but(_FIELDS, ENVELOPE), "types, each with its fields", MAX_EVENTS), _TAKEN),
            "Types of events that storefronts may send, with the fields of their data. A kind with a `?` behind it may"
            " be left out. Rules listen to them, and conditions ask for `event.network`.",
            "{social_share: {network: text, url: text?}}",
        ),
        told="",
    ),
    example=_EXAMPLE,
)
