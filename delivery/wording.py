"""What a message's wording may speak of: the customer, the event it answers, the rule, the offer."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Protocol

import msgspec
from msgspec import UNSET, Struct

from delivery.offers import Given
from retention import own
from retention.decode import decode_data, moment
from retention.errors import BadEvent
from retention.events import TYPES
from retention.money import Money, convert
from retention.shop import Shop
from retention.state import Customer
from retention.zones import zone_of
from storage.messages import Context
from templates.values import Amount, Percent

PROFILE = ("email", "phone", "first_name", "last_name", "locale", "time_zone", "country", "birth_date", "tags")


class Rendered(Protocol):
    """A finished message."""

    @property
    def subject(self) -> str: ...
    @property
    def html(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def locale(self) -> str: ...


class Renderer(Protocol):
    """What makes a message of a template and a context; called from several threads at once."""

    def render(self, name: str, channel: str, locale: str | None, context: Mapping[str, Any]) -> Rendered:
        """Raises templates.errors.RenderError."""
        ...


def context(answered: Context, customer: Customer, rule: str, shop: Shop, given: Given | None = None) -> dict[str, Any]:
    """The contract with the wording; what is unknown is None, not absent. Orders are counted as of the event."""
    return {
        "customer": _customer(answered, customer, shop),
        "event": {
            **_data(answered, shop),
            "type": answered.type,
            "time": moment(answered.time),
        },
        "rule": {"id": rule, "name": answered.rule_name},
        "offer": offered(given, shop) if given else None,
        "time_zone": zone_of(customer.profile, shop).key,
    }


def offered(given: Given, shop: Shop) -> dict[str, Any]:
    """An offer as the wording speaks of it; what it does not have is None, so that `{% if offer.minimum %}` works."""
    offer = given.offer
    return {
        "code": given.code,
        "name": offer.name,
        "percent": Percent(offer.percent) if offer.percent else None,
        "amount": _some(offer.amount, shop),
        "free_shipping": offer.free_shipping,
        "minimum": _some(offer.minimum, shop),
        "most": _some(offer.most, shop),
        "expires_at": None if given.expires_at is None else moment(given.expires_at),
    }


def _some(minor: int, shop: Shop) -> Amount | None:
    return Amount(minor, shop.currency) if minor else None


def _customer(answered: Context, customer: Customer, shop: Shop) -> dict[str, Any]:
    known = {name: customer.profile.get(name) for name in PROFILE}
    return known | {
        "orders": answered.orders,
        "orders_ever": answered.orders_ever,
        "net_revenue": Amount(customer.net_revenue, shop.currency),
        "first_order_at": moment(customer.first_order_at) if customer.first_order_at else None,
        "last_order_at": moment(customer.last_order_at) if customer.last_order_at else None,
    }


def _data(answered: Context, shop: Shop) -> dict[str, Any]:
    """The event's data by the fields of its type."""
    if answered.type not in TYPES:
        return _own(answered, shop.events.get(answered.type))
    data, _ = decode_data(answered.type, answered.data, shop)
    currency = getattr(data, "currency", None) or shop.currency
    plain: dict[str, Any] = _plain(data, currency)
    return plain | {"currency": currency} if "currency" in plain else plain


def _own(answered: Context, fields: own.Fields | None) -> dict[str, Any]:
    """The data of the shop's own events: every field that is declared, or, when none is any more, all that it says.

    What a declaration of today does not fit is None, never an error: the event was accepted. Numbers are Decimals.
    """
    try:
        said = own.remembered(answered.data) if fields is None else own.known(answered.data, fields)
    except BadEvent:  # there is no data: a timer's, say
        return dict.fromkeys(fields or ())
    number = {name for name, kind in (fields or {}).items() if kind.startswith("number")}
    return {
        name: Decimal(value) if isinstance(value, Money) or (name in number and value is not None) else value
        for name, value in said.items()
    }


def _plain(value: Any, currency: str) -> Any:
    """Structs as mappings, money as amounts of the order's currency; a unit price of too many decimals is rounded."""
    if isinstance(value, Money):
        return Amount(convert(value, Decimal(1), currency), currency)
    if isinstance(value, Struct):
        return {name: _plain(getattr(value, name), currency) for name in value.__struct_fields__}
    if isinstance(value, list):
        return [_plain(one, currency) for one in value]
    return None if value is UNSET else value


Unusable = (BadEvent, msgspec.DecodeError)
"""What `context` raises when the stored event is not one any more, say because a rate left policy.yaml."""
