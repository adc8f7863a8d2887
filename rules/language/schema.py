"""What a condition may speak of: the fields of the customer and of the event its rule listens to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from zoneinfo import ZoneInfo

import msgspec
from msgspec import inspect

from retention.events import PRODUCT, TYPES
from retention.money import MAX_MINOR, decimals
from retention.shop import Shop
from rules.language.kinds import Kind
from rules.language.typed import Test

TRIGGERS = tuple(sorted(set(TYPES) - {PRODUCT}))
"""Event types of a customer's that a rule may listen to; the catalogue is nobody's doing."""
TIMED = ("inactive", "date", "every")
"""What fires rules without an event of the customer's: there is only its moment to speak of."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `access` is Python over `e` (Event), `c` (Customer) and in the steps of a rule `j` (Journey), written
    here and nowhere else.

    A field that `may_miss` is None when nothing is known. `choices` are all the texts it can hold, if they
    are fixed. `says` what it is. {0} in `access` is the constant `key`. `reach`: how far from 0 it can be; a field
    beyond it would still be answered exactly.
    """

    kind: Kind
    access: str
    may_miss: bool = False
    choices: tuple[str, ...] = ()
    says: str = ""
    key: str = ""
    reach: int = 2**63


@dataclass(frozen=True, slots=True)
class Declared:
    """The shop's own fields: attributes of the profile, and the fields of its own event types, by name.

    Kinds are those of `DECLARABLE`; names are one word: letters, digits, underscores.
    """

    attributes: Mapping[str, Kind] = field(default_factory=dict)
    events: Mapping[str, Mapping[str, Kind]] = field(default_factory=dict)


NOTHING = Declared()
_NONE: Mapping[str, Test | None] = MappingProxyType({})
DECLARABLE = MappingProxyType({Kind.TEXT: "text", Kind.COUNT: "count", Kind.NUMBER: "number", Kind.BOOL: "flag"})
"""Kind → what of `runtime` reads a value of it."""


@dataclass(frozen=True, slots=True)
class Schema:
    """Fields by path, and what literals need: the currency's minor units and the zone of the days.

    `segments` by name; one that is None exists, and what is wrong with it is told elsewhere; None for all of them:
    nobody can say which there are. `of_event` is False
    where there is no event to speak of.
    """

    fields: dict[str, Field]
    minor: int
    currency: str
    zone: ZoneInfo
    hints: dict[str, str] = field(default_factory=dict)
    """Path that exists but cannot be used → what to write instead."""
    segments: Mapping[str, Test | None] | None = field(default_factory=dict)
    of_event: bool = True


_PROFILE = ("email", "phone", "line_id", "first_name", "last_name", "locale", "time_zone", "country", "birth_date")

_COUNTED = 2**53
"""No customer orders that often."""
_SUMMED = 10**18
"""Minor units no customer's orders come to."""

CUSTOMER: dict[str, Field] = {
    "customer.orders": Field(
        Kind.COUNT, "c.orders", says="orders that count: those fully returned are not in it", reach=_COUNTED
    ),
    "customer.orders_ever": Field(
        Kind.COUNT, "c.orders_ever", says="all orders ever placed; on a first purchase it is 1", reach=_COUNTED
    ),
    "customer.gross": Field(Kind.MONEY, "c.gross", says="what all orders ever came to", reach=_SUMMED),
    "customer.refunds": Field(Kind.MONEY, "c.refunds", says="what was paid back", reach=_SUMMED),
    "customer.net_revenue": Field(Kind.MONEY, "(c.gross - c.refunds)", says="gross less refunds", reach=2 * _SUMMED),
    "customer.first_order_at": Field(
        Kind.INSTANT, "(c.first_order_at or None)", True, says="when the first order ever was placed"
    ),
    "customer.last_order_at": Field(
        Kind.INSTANT,
        "(c.last_order_at or None)",
        True,
        says="when the newest order was placed; on a purchase, this one",
    ),
    "customer.last_event_at": Field(
        Kind.INSTANT, "(c.last_event_at or None)", True, says="when they were last heard of; in a rule, just now"
    ),
    "customer.staff": Field(Kind.BOOL, "c.staff", says="one of the shop's own people"),
    "customer.tags": Field(Kind.LIST, "tags(c)", says="the tags of the profile, and those that rules put on"),
    "customer.categories": Field(Kind.LIST, "c.categories", says="categories ever bought, the 32 most"),
} | {f"customer.{name}": Field(Kind.TEXT, f"c.profile.get('{name}')", True, says="of the profile") for name in _PROFILE}
"""The customer as the event left them: on a first purchase `customer.orders_ever` is 1."""

_KINDS: dict[type[inspect.Type], Kind] = {
    inspect.StrType: Kind.TEXT,
    inspect.IntType: Kind.COUNT,
    inspect.BoolType: Kind.BOOL,
}
ENVELOPE = {
    "event.time": Field(Kind.INSTANT, "e.time", says="when it happened"),
    "event.at": Field(Kind.INSTANT, "e.at", says="when it was applied: the now of its rules"),
    "event.source": Field(Kind.TEXT, "e.source", says="who sent it"),
}
ENTRY = {
    "customer.orders_since_entry": Field(
        Kind.COUNT,
        "(c.orders_ever - j.orders)",
        says="orders placed since the customer entered the rule",
        reach=_COUNTED,
    ),
    "customer.entered_at": Field(Kind.INSTANT, "j.entered", says="when the customer entered the rule"),
}
"""In the steps of a rule only, once the customer has entered it."""
_LATER = {
    "customer.attributes": "name one of them: customer.attributes.shoe_size",
}
_TOO_EARLY = dict.fromkeys(ENTRY, "it is known in the steps of a rule only, once the customer has entered it")


def schema(
    trigger: str,
    shop: Shop,
    declared: Declared = NOTHING,
    segments: Mapping[str, Test | None] | None = _NONE,
    steps: bool = False,
) -> Schema:
    """What conditions of rules on `trigger` (of `TRIGGERS` or `TIMED`, a product, or a declared event) may use.

    `steps`: those behind `do`, which also know of the customer's entry into the rule.
    """
    fields, hints = _of_event(trigger, declared)
    if steps:
        return _made(shop, declared, ENVELOPE | fields | ENTRY, hints, segments, True)
    return _made(shop, declared, ENVELOPE | fields, hints | _TOO_EARLY, segments, True)


def customers(shop: Shop, declared: Declared = NOTHING, segments: Mapping[str, Test | None] | None = _NONE) -> Schema:
    """What the conditions of segments may use: the customer alone, whatever the event."""
    return _made(shop, declared, {}, _TOO_EARLY, segments, False)


def _made(
    shop: Shop,
    declared: Declared,
    of_event: dict[str, Field],
    hints: dict[str, str],
    segments: Mapping[str, Test | None] | None,
    event: bool,
) -> Schema:
    fields = CUSTOMER | _own("customer.attributes", "attributes(c, {0})", declared.attributes) | of_event
    return Schema(fields, 10 ** decimals(shop.currency), shop.currency, shop.zone, _LATER | hints, segments, event)


def _own(prefix: str, holder: str, kinds: Mapping[str, Kind]) -> dict[str, Field]:
    """The shop's own fields, in the mapping `holder`, Python where {0} is the field's name."""
    return {
        f"{prefix}.{name}": Field(kind, f"{DECLARABLE[kind]}({holder}, {{0}})", True, says="the shop's own", key=name)
        for name, kind in kinds.items()
    }


def _of_event(trigger: str, declared: Declared) -> tuple[dict[str, Field], dict[str, str]]:
    """The fields of the data of one event type, and hints for those that cannot be used."""
    if trigger in TIMED:
        return {}, {}
    if trigger in declared.events:
        return _own("event", "e.data", declared.events[trigger]), {}
    return _of_contract(trigger)


@cache
def _of_contract(trigger: str) -> tuple[dict[str, Field], dict[str, str]]:
    """The same of an event of the contract; asked for by every rule, and never changed."""
    fields: dict[str, Field] = {}
    hints: dict[str, str] = {}
    unset = {one.name for one in msgspec.structs.fields(TYPES[trigger]) if one.default is msgspec.UNSET}
    for found in _struct(TYPES[trigger]).fields:
        path = f"event.{found.name}"
        made = _field(found, found.name in unset)
        if made is not None:
            fields[path] = made
        else:
            hints[path] = _hint(found)
    if trigger in ("purchase", "return"):
        fields["event.total"] = Field(Kind.MONEY, "e.amount", says="in the shop's currency", reach=MAX_MINOR)
        del hints["event.total"]
    if trigger == PRODUCT:
        price = "(None if e.data.price is None else e.amount)"
        fields["event.price"] = Field(Kind.MONEY, price, True, says="in the shop's currency", reach=MAX_MINOR)
        del hints["event.price"]
    return fields, hints


def states(trigger: str) -> tuple[str, ...]:
    """The states an event of the contract can be in; none when it has no state, or is the shop's own."""
    state = _of_contract(trigger)[0].get("event.state") if trigger in TRIGGERS else None
    return state.choices if state else ()


def carriers(path: str) -> list[str]:
    """The events of the contract that have a field of this path."""
    return [trigger for trigger in TRIGGERS if path in _of_contract(trigger)[0]] if path.startswith("event.") else []


def _struct(type_: type[msgspec.Struct]) -> inspect.StructType:
    info = inspect.type_info(type_)
    assert isinstance(info, inspect.StructType)
    return info


def _parts(type_: inspect.Type) -> tuple[inspect.Type, ...]:
    """The alternatives of a union, without what only adds documentation."""
    types = type_.types if isinstance(type_, inspect.UnionType) else (type_,)
    return tuple(part.type if isinstance(part, inspect.Metadata) else part for part in types)


def _field(found: inspect.Field, unset: bool) -> Field | None:
    """A field of the event's data; None for what conditions cannot use yet: lists, money in other currencies."""
    parts = _parts(found.type)
    real = [part for part in parts if not isinstance(part, inspect.NoneType)]
    access = f"known(e.data.{found.name})" if unset else f"e.data.{found.name}"
    may_miss = unset or len(real) < len(parts)
    if isinstance(real[0], inspect.LiteralType):
        return Field(Kind.TEXT, access, may_miss, tuple(str(value) for value in real[0].values))
    kind = _KINDS.get(type(real[0])) if len(real) == 1 else None
    return None if kind is None else Field(kind, access, may_miss, reach=_COUNTED)


_INSTEAD = {
    "items": 'use bought("sku-or-category")',
    "tags": 'use has_tag("vip")',
    "attributes": "use customer.attributes, which this event has set already",
}


def _hint(found: inspect.Field) -> str:
    if found.name in _INSTEAD:
        return _INSTEAD[found.name]
    if any(isinstance(part, inspect.CustomType) for part in _parts(found.type)):
        return "it is in the order's own currency; use event.total"
    return "conditions cannot look into it"
