"""Random customers and events, each also as the data CEL sees. What is missing is a key that is not there."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass
from typing import Any

from retention.events import Event, Item, Purchase
from retention.money import Money
from retention.state import Customer
from rules.language.kinds import Kind
from rules.language.schema import Declared
from tests.unit.rules.cel_conditions import WINDOWS, WORDS

DAY = 86_400
START = int(dt.datetime(2026, 3, 1, tzinfo=dt.UTC).timestamp())
AHEAD = 7 * 3_600
"""Seconds Bangkok is ahead of UTC, all year."""
EDGES = (2**63 - 1, -(2**63), 2**62, -(2**62), 2**31, 4_294_967_296, 3_037_000_500, 999_999_999_999_999, -1, 0)
DECLARED = Declared(
    attributes={
        "n1": Kind.COUNT,
        "n2": Kind.COUNT,
        "n3": Kind.COUNT,
        "d1": Kind.NUMBER,
        "d2": Kind.NUMBER,
        "b1": Kind.BOOL,
        "b2": Kind.BOOL,
        "t1": Kind.TEXT,
    }
)


@dataclass(frozen=True, slots=True)
class Context:
    """An event, the customer it left, and both for CEL."""

    event: Event
    customer: Customer
    cel: dict[str, Any]


def make(dice: random.Random) -> Context:
    """One context; a third of what can be missing is."""
    orders = dice.randint(0, 5)
    at = START + dice.randint(-20 * DAY, 20 * DAY)
    times = [0 if dice.random() < 1 / 3 else at - dice.randint(0, 200) * DAY // 2 for _ in range(2)]
    attributes, told = _attributes(dice)
    event = _event(dice, at)
    customer = Customer(
        orders=orders,
        orders_ever=orders + dice.randint(0, 2),
        gross=dice.choice((0, 50_000, 100_000, 250_050, 89_000, 10**18, -(10**18), 9 * 10**17)),
        refunds=dice.choice((0, 0, 5_000, 12_345)),
        first_order_at=times[0] * 1_000_000,
        last_order_at=times[1] * 1_000_000,
        profile=_some(dice, country=dice.choice(WORDS), tags=dice.sample(WORDS, 2)) | attributes,
        categories=dict.fromkeys(dice.sample(WORDS, dice.randint(0, 3)), 1),
        days={
            _day(at) - back: [dice.randint(0, 2), 5_000 * dice.randint(0, 9)] for back in (0, 1, 6, 7, 29, 30, 89, 90)
        },
        consents={key: [dice.random() < 0.5, 1] for key in ("email", "sms") if dice.random() < 0.6},
        staff=dice.random() < 0.3,
    )
    cel = {"customer": _customer(customer, told, _day(at)), "event": _told_event(event)}
    return Context(event, customer, cel)


def _some(dice: random.Random, **values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if dice.random() < 2 / 3}


def _day(seconds: int) -> int:
    return (seconds + AHEAD) // DAY


def _letters(dice: random.Random) -> str:
    """Some of the letters that the escapes of `ESCAPES` stand for, and others."""
    return "".join(dice.sample("\n\t\"'\\?`\a\b\f\r\vA~\xffก🎁vnabx", 8))


def _text(dice: random.Random) -> str:
    plain = dice.choice(WORDS)
    return plain if dice.random() < 0.8 else plain + dice.choice(('\n"', "\\", "A", "\t", "ก🎁", "\xff", "?`"))


def _attributes(dice: random.Random) -> tuple[dict[str, Any], dict[str, Any]]:
    """The attributes as the profile holds them, and those CEL may see: of the kind they were declared to be."""
    eighths = {name: dice.randint(-16, 40) for name in ("d1", "d2")}
    told = _some(
        dice,
        n1=dice.randint(-2, 6),
        n2=dice.choice(EDGES) if dice.random() < 0.5 else dice.randint(-2, 6),
        n3=dice.choice(EDGES) if dice.random() < 0.5 else dice.randint(-2, 6),
        d1=eighths["d1"] / 8,
        d2=eighths["d2"] / 8,
        b1=dice.random() < 0.5,
        b2=dice.random() < 0.5,
        t1=_letters(dice) if dice.random() < 0.6 else _text(dice),
    )
    held = {name: Money(str(value)) if isinstance(value, float) else value for name, value in told.items()}
    wrong = {"n1": "3", "n2": 2**63, "d1": True, "b1": 1, "t1": 5}
    held |= {name: value for name, value in wrong.items() if name not in told and dice.random() < 0.3}
    return ({"attributes": held} if held else {}), told


def _event(dice: random.Random, at: int) -> Event:
    texts = _some(dice, coupon=_text(dice), channel=_text(dice))
    items = [
        Item(dice.choice(WORDS) or "x", 1, Money(1), category=dice.choice((None, *WORDS)))
        for _ in range(dice.randint(0, 2))
    ]
    total = dice.choice((0, 5_000, 12_345, 50_000, 89_000, 100_000))
    micros = at * 1_000_000
    before = dice.randint(0, 2 * DAY) * 1_000_000
    data = Purchase("o", Money(1), items=items, **texts)
    return Event(
        dice.choice(("Web", "TH")), "e", "purchase", "anna", micros - before, data, b"", amount=total, at=micros
    )


def _iso(micros: int) -> str:
    return dt.datetime.fromtimestamp(micros // 1_000_000, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _customer(customer: Customer, attributes: dict[str, Any], today: int) -> dict[str, Any]:
    windows = {}
    for days in WINDOWS:
        inside = [bucket for day, bucket in customer.days.items() if 0 <= today - day < days]
        windows[f"w{days}"] = {"orders": sum(n for n, _ in inside), "spent": sum(amount for _, amount in inside)}
    told = {
        "orders": customer.orders,
        "orders_ever": customer.orders_ever,
        "gross": customer.gross,
        "refunds": customer.refunds,
        "net_revenue": customer.gross - customer.refunds,
        "staff": customer.staff,
        "tags": customer.profile.get("tags", []),
        "categories": list(customer.categories),
        "attributes": attributes,
        "windows": windows,
        "consents": {key: "granted" if said[0] else "denied" for key, said in customer.consents.items()},
    }
    if "country" in customer.profile:
        told["country"] = customer.profile["country"]
    for name in ("first_order_at", "last_order_at"):
        if micros := getattr(customer, name):
            told[name] = _iso(micros)
    return told


def _told_event(event: Event) -> dict[str, Any]:
    told: dict[str, Any] = {
        "total": event.amount,
        "at": _iso(event.at),
        "time": _iso(event.time),
        "source": event.source,
        "items": [_told_item(item) for item in event.data.items],
    }
    return told | {
        name: getattr(event.data, name) for name in ("coupon", "channel") if getattr(event.data, name) is not None
    }


def _told_item(item: Item) -> dict[str, str]:
    told = {"sku": item.sku}
    return told if item.category is None else told | {"category": item.category}
