"""What a condition may speak of: the fields of the customer and of the event its rule listens to."""

from __future__ import annotations

from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import msgspec
from msgspec import inspect

from retention.events import TYPES
from retention.money import decimals
from retention.shop import Shop
from rules.language.kinds import Kind

TRIGGERS = tuple(sorted(set(TYPES) - {"product"}))
"""Event types a rule may listen to; the catalogue is no customer's doing."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `access` is Python over `e` (Event) and `c` (Customer), written here and nowhere else.

    A field that `may_miss` is None when nothing is known. `choices` are all the texts it can hold, if they
    are fixed.
    """

    kind: Kind
    access: str
    may_miss: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Schema:
    """Fields by path, and what literals need: the currency's minor units and the zone of the days."""

    fields: dict[str, Field]
    minor: int
    currency: str
    zone: ZoneInfo
    hints: dict[str, str] = field(default_factory=dict)
    """Path that exists but cannot be used → what to write instead."""


_PROFILE = ("email", "phone", "line_id", "first_name", "last_name", "locale", "time_zone", "country", "birth_date")

CUSTOMER: dict[str, Field] = {
    "customer.orders": Field(Kind.COUNT, "c.orders"),
    "customer.orders_ever": Field(Kind.COUNT, "c.orders_ever"),
    "customer.gross": Field(Kind.MONEY, "c.gross"),
    "customer.refunds": Field(Kind.MONEY, "c.refunds"),
    "customer.net_revenue": Field(Kind.MONEY, "(c.gross - c.refunds)"),
    "customer.first_order_at": Field(Kind.INSTANT, "(c.first_order_at or None)", may_miss=True),
    "customer.last_order_at": Field(Kind.INSTANT, "(c.last_order_at or None)", may_miss=True),
    "customer.last_event_at": Field(Kind.INSTANT, "(c.last_event_at or None)", may_miss=True),
    "customer.staff": Field(Kind.BOOL, "c.staff"),
    "customer.tags": Field(Kind.LIST, "(c.profile.get('tags') or ())"),
    "customer.categories": Field(Kind.LIST, "c.categories"),
} | {f"customer.{name}": Field(Kind.TEXT, f"c.profile.get('{name}')", may_miss=True) for name in _PROFILE}
"""The customer as the event left them: on a first purchase `customer.orders_ever` is 1."""

_KINDS: dict[type[inspect.Type], Kind] = {
    inspect.StrType: Kind.TEXT,
    inspect.IntType: Kind.COUNT,
    inspect.BoolType: Kind.BOOL,
}
_ENVELOPE = {
    "event.time": Field(Kind.INSTANT, "e.time"),
    "event.at": Field(Kind.INSTANT, "e.at"),
    "event.source": Field(Kind.TEXT, "e.source"),
}


def schema(trigger: str, shop: Shop) -> Schema:
    """What conditions of rules on `trigger` (one of `TRIGGERS`) may use."""
    fields, hints = CUSTOMER | _ENVELOPE, {}
    unset = {one.name for one in msgspec.structs.fields(TYPES[trigger]) if one.default is msgspec.UNSET}
    for found in _struct(TYPES[trigger]).fields:
        path = f"event.{found.name}"
        made = _field(found, found.name in unset)
        if made is not None:
            fields[path] = made
        else:
            hints[path] = _hint(found)
    if trigger in ("purchase", "return"):
        fields["event.total"] = Field(Kind.MONEY, "e.amount")
        del hints["event.total"]
    return Schema(fields, 10 ** decimals(shop.currency), shop.currency, shop.zone, hints)


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
    return None if kind is None else Field(kind, access, may_miss)


def _hint(found: inspect.Field) -> str:
    if found.name == "items":
        return 'use bought("sku-or-category")'
    if any(isinstance(part, inspect.CustomType) for part in _parts(found.type)):
        return "it is in the order's own currency; use event.total"
    return "conditions cannot look into it"
