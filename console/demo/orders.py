"""What is in an order and what comes back: the `data` of purchases and returns, in whole baht."""

from __future__ import annotations

from random import Random
from typing import Any

from console.demo.catalogue import EXTRAS, REASONS
from console.demo.people import Person

SHIPPING = 50
FREE_SHIPPING_FROM = 800
DISCOUNT_FROM = 2500
"""Orders from this many baht get a tenth off, every order from `FREE_SHIPPING_FROM` is sent for nothing."""


def make_purchase(rng: Random, person: Person, order_id: str) -> dict[str, Any]:
    """An order of `person`; total = Σ qty × price − discount + shipping."""
    items = _items(rng, person)
    subtotal: int = sum(item["qty"] * item["price"] for item in items)
    discount = subtotal // 10 if subtotal >= DISCOUNT_FROM else 0
    shipping = SHIPPING if subtotal - discount < FREE_SHIPPING_FROM else 0
    data: dict[str, Any] = {
        "order_id": order_id,
        "total": subtotal - discount + shipping,
        "currency": "THB",
        "items": items,
        "channel": rng.choices(("web", "app", "line", "store"), (45, 25, 20, 10))[0],
    }
    extras = {"discount": discount, "shipping": shipping}
    return data | {name: amount for name, amount in extras.items() if amount}


def _items(rng: Random, person: Person) -> list[dict[str, Any]]:
    """Mostly what this customer always drinks, at times a cup, a pot or a gift."""
    chosen = list(person.favourites)
    rng.shuffle(chosen)
    chosen = chosen[: rng.randint(*person.lines)]
    if rng.random() < (0.35 if person.kind == "heavy" else 0.15):
        chosen.append(rng.choice(EXTRAS))
    most = 4 if person.kind == "heavy" else 2
    return [
        {
            "sku": article.sku,
            "name": article.name(person.locale),
            "category": article.category,
            "qty": rng.choices(range(1, most + 1), range(most * 2, 0, -2))[0],
            "price": article.price,
        }
        for article in chosen
    ]


def make_return(rng: Random, person: Person, order: dict[str, Any], return_id: str) -> dict[str, Any]:
    """A refund of `order`: everything, or one line of it at what was really paid for that line."""
    items = order["items"]
    partial = len(items) > 1 and rng.random() < 0.65
    back = [rng.choice(items)] if partial else items
    return {
        "return_id": return_id,
        "order_id": order["order_id"],
        "total": _paid_for(order, back[0]) if partial else order["total"],
        "currency": "THB",
        "items": [{"sku": item["sku"], "qty": item["qty"]} for item in back],
        "reason": rng.choice(REASONS[person.locale]),
    }


def _paid_for(order: dict[str, Any], item: dict[str, Any]) -> int:
    """Baht paid for one line after its share of the discount, rounded down: refunds never exceed the order."""
    subtotal: int = sum(line["qty"] * line["price"] for line in order["items"])
    amount: int = item["qty"] * item["price"]
    discount: int = order.get("discount", 0)
    return amount - -(-amount * discount // subtotal)
