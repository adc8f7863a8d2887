"""Every way a producer can spoil a record, each with the reason it must be buried for."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

DATA: dict[str, dict[str, Any]] = {
    "purchases": {"order_id": "o-poison", "total": 12.5},
    "returns": {"return_id": "r-poison", "total": 12.5},
    "birthdays": {"date": "--05-01"},
}
"""A good bare record of every topic."""
OLD = "2020-01-01T00:00:00Z"
AHEAD = "2999-01-01T00:00:00Z"
NOW = "2026-01-01T00:00:00Z"
Spoil = Callable[[dict[str, Any]], bytes | None]


@dataclass(frozen=True)
class Poison:
    """A record to be buried for `reason`; `late`: not where it is produced, but on `events`, by who applies it."""

    kind: str
    reason: str
    topic: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = field(default=())
    late: bool = False


def on_events(customer: str, number: int, time: str) -> list[Poison]:
    """Every poison for topic `events`. `time` is that of the good parts; `number` keeps their identities apart."""
    made = []
    for index, (kind, (reason, spoil)) in enumerate(_EVENTS.items()):
        event = {
            "specversion": "1.0",
            "id": f"poison-{number}-{index}",
            "source": "/shop",
            "type": "purchase",
            "subject": customer,
            "time": time,
            "data": {"order_id": f"o-poison-{number}-{index}", "total": 12.5},
        }
        key = _KEYS.get(kind, customer.encode())
        headers = _HEADERS.get(kind, ())
        made.append(Poison(kind, reason, "events", key, spoil(event), headers))
    return made


def on_topic(topic: str, customer: str) -> list[Poison]:
    """Every poison for one of the bare topics."""
    made = []
    for kind, (reason, spoil) in _BARE.items():
        if kind in _WITH_MONEY and topic == "birthdays":
            continue
        key = _KEYS.get(kind, customer.encode())
        made.append(Poison(kind, reason, topic, key, spoil(dict(DATA[topic])), late=kind in _LATE))
    return made


def any_poison(chance: random.Random, customer: str, number: int, time: str) -> Poison:
    """One of them all; a quarter on the bare topics, and the heavy ones seldom."""
    topic = chance.choice(list(DATA))
    every = on_topic(topic, customer) if chance.random() < 0.25 else on_events(customer, number, time)
    poison = chance.choice(every)
    return poison if poison.reason != "too-large" or chance.random() < 0.2 else every[0]


def _json(event: dict[str, Any]) -> bytes:
    return json.dumps(event).encode()


def _with(**attributes: Any) -> Spoil:
    return lambda event: _json(event | attributes)


def _without(name: str) -> Spoil:
    return lambda event: _json({key: value for key, value in event.items() if key != name})


def _data(**fields: Any) -> Spoil:
    return lambda event: _json(event | {"data": event["data"] | fields})


def _total(text: str) -> Spoil:
    """A total that Python's JSON would not write."""
    return lambda event: _json(event).replace(b"12.5", text.encode())


def _items(count: int) -> list[dict[str, Any]]:
    return [{"sku": f"s{index}", "qty": 1, "price": 1} for index in range(count)]


_DEEP = b'{"deep": ' + b"[" * 50_000 + b"]" * 50_000 + b"}"

_EVENTS: dict[str, tuple[str, Spoil]] = {
    "tombstone": ("tombstone", lambda _: None),
    "no key": ("no-key", _json),
    "empty key": ("no-key", _json),
    "key not UTF-8": ("bad-key", _json),
    "key too long": ("bad-key", _json),
    "key of another customer": ("key-mismatch", _json),
    "too large": ("too-large", _with(extra="x" * 262_145)),
    "not UTF-8": ("not-utf8", lambda event: _json(event).replace(b"12.5", b"\xff")),
    "empty": ("not-json", lambda _: b""),
    "cut off": ("not-json", lambda event: _json(event)[:-3]),
    "NaN": ("not-json", _total("NaN")),
    "too deep": (
        "too-deep",
        lambda event: _json(event).replace(b'{"order_id"', b'{"deep": ' + _DEEP + b', "order_id"'),
    ),
    "no id": ("bad-envelope", _without("id")),
    "no data": ("bad-envelope", _without("data")),
    "version 0.3": ("bad-envelope", _with(specversion="0.3")),
    "id with a control character": ("bad-envelope", _with(id="a\tb")),
    "a list": ("bad-envelope", lambda event: _json(event).join((b"[", b"]"))),
    "batch mode": ("bad-envelope", _json),
    "unknown type": ("unknown-type", _with(type="purchased")),
    "internal type": ("internal-type", _with(type="poke")),
    "no order id": ("bad-data", _with(data={"total": 1})),
    "quantity 0": ("bad-data", _data(items=[{"sku": "a", "qty": 0, "price": 1}])),
    "U+0000": ("bad-data", _data(channel="a\0b")),
    "no such day": ("bad-data", _with(type="birthday", data={"date": "2026-02-30"})),
    "total with an exponent": ("bad-money", _total("1e9999999")),
    "total in words": ("bad-money", _data(total="twelve")),
    "total of a tenth of a cent": ("bad-money", _data(total="1.005")),
    "negative total": ("bad-money", _data(total=-5)),
    "time without offset": ("bad-time", _with(time="2026-01-01T00:00:00")),
    "time before 1970": ("bad-time", _with(time="1960-01-01T00:00:00Z")),
    "time ahead": ("time-ahead", _with(time=AHEAD)),
    "before the horizon": ("before-horizon", _with(time=OLD)),
    "1001 items": ("too-many-items", _data(items=_items(1001))),
    "a currency without a rate": ("no-rate", _data(currency="EUR")),
}
_BARE: dict[str, tuple[str, Spoil]] = {
    "tombstone": ("tombstone", lambda _: None),
    "no key": ("no-key", _json),
    "key not UTF-8": ("bad-key", _json),
    "too large": ("too-large", _with(extra="x" * 262_145)),
    "not UTF-8": ("not-utf8", lambda _: b'{"\xff": 1}'),
    "cut off": ("not-json", lambda event: _json(event)[:-1]),
    "too deep": ("too-deep", lambda _: _DEEP),
    "empty id": ("bad-envelope", _with(id="")),
    "id is a number": ("bad-data", _with(id=5)),
    "a list": ("bad-data", lambda event: _json(event).join((b"[", b"]"))),
    "no required field": ("bad-data", lambda _: b'{"date": 1}'),
    "total in words": ("bad-money", _with(total="twelve")),
    "time without offset": ("bad-time", _with(time="2026-01-01T00:00:00")),
    "time ahead": ("time-ahead", _with(time=AHEAD)),
    "before the horizon": ("before-horizon", _with(time=OLD)),
    "1001 items": ("too-many-items", _with(items=_items(1001))),
    "a currency without a rate": ("no-rate", _with(currency="EUR")),
}
_WITH_MONEY = {"total in words", "1001 items", "a currency without a rate"}
_LATE = {"before the horizon"}
_KEYS: dict[str, bytes | None] = {
    "no key": None,
    "empty key": b"",
    "key not UTF-8": b"\xff\xfe",
    "key too long": b"k" * 201,
    "key of another customer": b"somebody-else",
}
_HEADERS: dict[str, Sequence[tuple[str, bytes]]] = {
    "batch mode": (("content-type", b"application/cloudevents-batch+json"),),
}
