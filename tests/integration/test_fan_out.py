"""A launch, from the topic of articles to the messages of customers: real brokers, Faust, workers, the clock's part."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from retention.periods import local
from retention.shop import Shop as Money
from rules.language import compile_condition
from rules.language.schema import customers, schema
from rules.policy import Policy
from rules.ruleset import FanOut, RuleSet
from rules.steps import Send
from storage.store import Store
from streams.broker import PRODUCTS, Broker
from streams.fan_out import FanOuts
from streams.sources.forward import Forwarder
from tests.unit.storage.kit import rows
from tests.unit.streams.kit import event, reachable, rule, ruled
from tests.unit.streams.rig import committed, eventually, produce, reading, sources

PEOPLE = [f"c{number:03}" for number in range(120)]
LIKES_TEA = PEOPLE[::2]


def clock() -> int:
    return time.time_ns() // 1_000


def rules() -> RuleSet:
    """Live at any hour of the day: what is launched today was launched at midnight."""
    policy = Policy(birthday_hour=0)
    audience = compile_condition("customer.orders > 0", customers(policy.shop)).condition
    condition = compile_condition("event.category in customer.categories", schema("product", policy.shop)).condition
    assert audience is not None
    new = rule("new", "product", condition, trigger=FanOut(audience), do=(Send("hello", ("email",)),))
    return ruled(new, policy=policy)


def article(**more: Any) -> bytes:
    today = local(clock(), Policy().shop.zone).date()
    data = {"sku": "TEA-9", "name": "Doi White", "category": "tea", "price": "520.00", "launched": today.isoformat()}
    return json.dumps(data | more, default=str).encode()


@asynccontextmanager
async def going(store: Store, broker: Broker, those: RuleSet) -> AsyncIterator[None]:
    made = FanOuts(store, broker, lambda: those, clock)
    running = asyncio.create_task(made.run())
    try:
        yield
    finally:
        made.stop()
        await asyncio.wait_for(running, 30)


@asynccontextmanager
async def taking_in(store: Store, broker: Broker) -> AsyncIterator[None]:
    """Faust's agents."""
    producer = broker.producer()
    await producer.start()
    try:
        async with sources(broker, Forwarder(producer, store, Money, broker.incarnation, 0.5, clock)):
            yield
    finally:
        await producer.stop()


def bought(who: str) -> bytes:
    category = "tea" if who in LIKES_TEA else "cups"
    items = [{"sku": "X-1", "qty": 1, "price": "1.00", "category": category}]
    return event(f"e-{who}", who, time=clock(), items=items)


async def test_an_article_that_is_launched_reaches_those_it_is_for_once_with_two_clocks(
    shop: Broker, store: Store
) -> None:
    those = rules()
    async with reading(shop, store, those):
        await produce(shop, *[reachable(who) for who in PEOPLE], *[bought(who) for who in PEOPLE])
        await eventually(lambda: len(rows(store, "event")) == 2 * len(PEOPLE))
        async with taking_in(store, shop):
            await produce(shop, article(name="Doi"), article(), topic=PRODUCTS, key=b"TEA-9", partition=0)
            await produce(shop, article(sku="OLD-1", launched=dt.date(2020, 1, 1)), topic=PRODUCTS, key=b"OLD-1")
            await produce(shop, article(sku="BAD-1", launched="soon"), topic=PRODUCTS, key=b"BAD-1")

            async def taken() -> bool:
                return sum((await committed(shop, PRODUCTS)).values()) == 4

            await eventually(taken)
        async with going(store, shop, those), going(store, shop, those):
            await eventually(lambda: len(rows(store, "message")) == len(LIKES_TEA))
            await eventually(lambda: sum(row["type"] == "product" for row in rows(store, "event")) == len(PEOPLE))
    assert Counter(row["customer"] for row in rows(store, "message")) == Counter(LIKES_TEA)
    assert {row["sku"]: row["data"] for row in rows(store, "product")} == {
        "TEA-9": article(),
        "OLD-1": article(sku="OLD-1", launched=dt.date(2020, 1, 1)),
    }
    [launch] = rows(store, "fan_out")
    assert (launch["what"], launch["reached"], launch["chosen"]) == ("TEA-9", len(PEOPLE), "")
    [letter] = rows(store, "dead_letter")
    assert (letter["topic"], letter["reason"], letter["field"]) == (PRODUCTS, "bad-data", "launched")
