"""Rules that go on over time, with real brokers and a real clock: nobody sends anything, and they go on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rules.ruleset import Inactive
from rules.steps import Send, Wait
from storage.store import Store
from streams.broker import EVENTS, Broker
from streams.clock import Clock
from streams.planner import Planner
from tests.unit.storage.kit import rows
from tests.unit.streams.kit import event, reachable, rule, ruled
from tests.unit.streams.rig import eventually, produce, read, reading

SECOND = 1_000_000
HELLO, BYE = Send("hello", ("email",)), Send("bye", ("email",))
WAITS = ruled(rule("waits", do=(HELLO, Wait(2 * SECOND), BYE)))


def clock() -> int:
    return time.time_ns() // 1_000


@asynccontextmanager
async def ticking(store: Store, broker: Broker) -> AsyncIterator[Clock]:
    """A clock that runs until the end of the block."""
    made = Clock(store, broker, clock)
    running = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        made.stop()
        await asyncio.wait_for(running, 30)


def templates(store: Store) -> list[str]:
    return sorted(row["template"] for row in rows(store, "message"))


async def test_a_rule_goes_on_by_itself_with_any_number_of_clocks(shop: Broker, store: Store) -> None:
    async with ticking(store, shop), ticking(store, shop), reading(shop, store, WAITS):
        await produce(shop, reachable(), event("1", time=clock()))
        await eventually(lambda: templates(store) == ["bye", "hello"])
        first, second = sorted(rows(store, "message"), key=lambda row: row["step"])
        assert second["created_at"] - first["created_at"] == 2 * SECOND
        [anna] = rows(store, "customer")
        assert anna["next_due"] is None
        pokes = [row for row in rows(store, "event") if row["type"] == "poke"]
        assert len(pokes) == 1
        assert pokes[0]["at"] >= second["created_at"]


async def test_who_comes_due_while_nobody_reads_is_not_forgotten(shop: Broker, store: Store) -> None:
    async with reading(shop, store, WAITS):
        await produce(shop, reachable(), event("1", time=clock()))
        await eventually(lambda: templates(store) == ["hello"])
    async with ticking(store, shop):
        [poke] = [one for one in await read(shop, EVENTS, 3) if b'"poke"' in one.value]
        assert poke.key == b"anna"
    async with reading(shop, store, WAITS):
        await eventually(lambda: templates(store) == ["bye", "hello"])


async def test_a_rule_that_is_new_finds_those_who_are_quiet_already(shop: Broker, store: Store) -> None:
    """Nothing is heard of them any more: the planner and the clock do it."""
    async with reading(shop, store, ruled()):
        await produce(shop, reachable(), event("1", time=clock()))
        await eventually(lambda: len(rows(store, "event")) == 2)
    quiet = ruled(rule("quiet", on="inactive", trigger=Inactive("last_order", 4 * SECOND), do=(HELLO,)))
    planner = Planner(store, lambda: quiet, clock)
    running = asyncio.create_task(planner.run())
    async with ticking(store, shop), reading(shop, store, quiet):
        await eventually(lambda: templates(store) == ["hello"])
    planner.stop()
    await asyncio.wait_for(running, 30)
