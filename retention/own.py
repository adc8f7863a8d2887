"""The shop's own events: data of the types that `rules/events.yaml` declares, read by what it says of their fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Raw, Struct

from retention.envelope import explain, join
from retention.errors import BadEvent
from retention.money import number

MAX_FIELDS = 100
"""Fields that the data of such an event may have, those that nobody declared too."""
MAX_TEXT = 10_000
WHOLE = 2**63
"""A count is at least minus this, and less than this."""
MAX_NUMBER = 10**15
OPTIONAL = "?"
"""Behind a kind: the field may be left out."""

Fields = Mapping[str, str]
"""Field → its kind, one of `KINDS`, with `OPTIONAL` behind it when the field may be left out."""


class _Kind(Struct, frozen=True):
    fits: Callable[[Any], bool]
    says: str


def _text(value: Any) -> bool:
    return type(value) is str and len(value) <= MAX_TEXT


def _count(value: Any) -> bool:
    return type(value) is int and -WHOLE <= value < WHOLE


def _number(value: Any) -> bool:
    return isinstance(value, Decimal) or (type(value) is int and abs(value) < MAX_NUMBER)


def _flag(value: Any) -> bool:
    return type(value) is bool


KINDS = {
    "text": _Kind(_text, f"text of at most {MAX_TEXT:,} characters, in quotes"),
    "count": _Kind(_count, "a whole number of at most 64 bits, without quotes"),
    "number": _Kind(_number, "a plain decimal number: 15 digits before the point and 6 behind it at most, no quotes"),
    "flag": _Kind(_flag, "true or false, without quotes"),
}
"""What a field can be declared as."""

_BY_KIND = KINDS | {kind + OPTIONAL: what for kind, what in KINDS.items()}
_object = msgspec.json.Decoder(dict[str, Raw]).decode
_scalar = msgspec.json.Decoder(float_hook=number).decode
_NOTHING = object()
"""Stands for a value that fits no kind: an object, a list, a number with an exponent."""


def checked(raw: bytes, fields: Fields, at: str) -> dict[str, Any]:
    """The declared fields of the data `raw`, at path `at` of the event: text, int, `Money`, bool. Raises BadEvent.

    What may be left out and is, or is null, is not in it; neither is what nobody declared.
    """
    found = _read(raw, at)
    data: dict[str, Any] = {}
    for name, kind in fields.items():
        value = _value(found[name]) if name in found else None
        if value is not None:
            if not _BY_KIND[kind].fits(value):
                raise BadEvent("bad-data", join(at, name), f"Send {_BY_KIND[kind].says}.")
            data[name] = value
        elif not kind.endswith(OPTIONAL):
            raise BadEvent("bad-data", join(at, name), "The field is required and missing.")
    return data


def remembered(raw: bytes) -> dict[str, Any]:
    """All that the data of a logged event says in texts, numbers, true and false, whatever is declared today.

    A condition that reads it by kind finds what it found then. Raises BadEvent when it is no JSON object.
    """
    values = {name: _value(one) for name, one in _read(raw, "data").items()}
    return {name: value for name, value in values.items() if value is not None and value is not _NOTHING}


def known(raw: bytes, fields: Fields) -> dict[str, Any]:
    """Every declared field of a logged event; None where it says nothing of it, or says another kind than today's.

    Raises BadEvent when it is no JSON object.
    """
    said = remembered(raw)
    return {
        name: said[name] if name in said and _BY_KIND[kind].fits(said[name]) else None for name, kind in fields.items()
    }


def _read(raw: bytes, at: str) -> dict[str, Raw]:
    try:
        found: dict[str, Raw] = _object(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        raise explain(error, "bad-data", at) from None
    if len(found) > MAX_FIELDS:
        raise BadEvent("bad-data", at, f"An event of the shop's own has at most {MAX_FIELDS} fields.")
    return found


def _value(raw: Raw) -> Any:
    text = bytes(raw)
    if text[:1] in b"[{":
        return _NOTHING
    try:
        return _scalar(text)
    except msgspec.DecodeError:  # a number out of bounds, or with an exponent
        return _NOTHING
