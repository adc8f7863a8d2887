"""Faults to plant where rules go on by time, and where they are published; `tests.chaos.mutant` names them.

`loses_pokes` and `small_pages` are none of the product's.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from typing import Any

from aiokafka import AIOKafkaProducer
from msgspec.structs import replace
from sqlalchemy import text

from retention.events import Event
from retention.state import Customer
from rules.engine import decide as engine
from rules.engine import turn
from rules.engine.outcome import Decided
from rules.published import identity
from rules.ruleset import RuleSet
from storage import fan_outs, rulesets
from storage.due import Due
from storage.fan_outs import FanOut
from storage.rulesets import Act, Change, Files
from storage.store import Store
from streams import fan_out
from streams.apply import Applier
from streams.clock import Clock

FEW = 10
"""Customers on a page."""
LOST_FOR = 25.0
"""Seconds; those who are poked in vain are poked again within a minute from the start."""
OLD = 5.0
"""Seconds for which a worker goes by the rules it knows."""


def unstoppable() -> None:
    """Promise 2: a purchase stops nobody's way through a rule."""
    engine._exits = lambda *_: None


def stays() -> None:
    """Promise 2: what came of a wait's end is committed, and that it has ended is not, the first time."""
    apply, repeated = sys.modules[Applier.__module__], set[tuple[str, str, str]]()
    sound: Callable[..., Decided] = apply.elapse

    def elapse(rules: RuleSet, event: Event, customer: Customer, *others: Any) -> Decided:
        before = [replace(each, open=dict(each.open)) for each in customer.journeys]
        decided = sound(rules, event, customer, *others)
        ways = {(event.customer, each.rule, each.entry) for each in before}
        if decided.decisions and not ways <= repeated:
            repeated.update(ways)
            customer.journeys = before
        return decided

    apply.elapse = elapse  # type: ignore[attr-defined]


def todays_rules() -> None:
    """Promise 4: who is in a rule goes on by today's, not by the one they entered."""
    for module in (engine, turn):
        module.rule_of = lambda rules, journey, _library: rules.by_id.get(journey.rule)  # type: ignore[attr-defined]


def takes_first() -> None:
    """Promise 1: whom the clock means to poke is taken off the list before the broker has the poke."""
    page = Clock._page
    statement = text("UPDATE customer SET next_due = NULL WHERE id = :id")

    def taken(self: Clock, behind: Due, until: int) -> list[Due]:
        found = page(self, behind, until)
        if found:
            with self.store.write() as connection:
                connection.execute(statement, [{"id": one.id} for one in found])
        return found

    Clock._page = taken  # type: ignore[method-assign]


def never_again() -> None:
    """Promise 1: a poke is sent once, whatever becomes of it."""

    async def _round(*_: object) -> int:
        return 0

    Clock._round = _round  # type: ignore[assignment, method-assign]


def loses_pokes() -> None:
    """Every other page of pokes goes nowhere, and is acknowledged, in the first time of a process."""
    poke, pages, ends = Clock._poke, [0], time.monotonic() + LOST_FOR

    async def lost(self: Clock, producer: AIOKafkaProducer, behind: Due, until: int) -> int:
        if not await asyncio.to_thread(self._page, behind, until):
            return 0
        pages[0] += 1
        return await poke(self, _Nowhere() if pages[0] % 2 and time.monotonic() < ends else producer, behind, until)

    Clock._poke = lost  # type: ignore[method-assign]


class _Nowhere:
    async def send(self, *_arguments: object, **_named: object) -> asyncio.Future[None]:
        sent = asyncio.get_running_loop().create_future()
        sent.set_result(None)
        return sent


def moves_on() -> None:
    """Promise 1: how far a launch has come is written down before a page is told, and not whom it is for."""
    sound = fan_outs.choose

    def choose(store: Store, was: FanOut, now: FanOut) -> bool:
        return sound(store, was, replace(now, chosen=()))

    fan_outs.choose = choose


def small_pages() -> None:
    """A launch goes through few customers at a time: there are many places to die between them."""
    fan_out.PAGE = FEW


def halfway_publish() -> None:
    """Promise 5: a set goes live in a transaction of its own, before its files are there."""
    sound = rulesets.publish

    def publish(store: Store, files: Files, act: Act) -> Change:
        with store.write() as connection:
            connection.execute(rulesets._GO_LIVE, {"id": identity(files)})
        time.sleep(OLD)
        return sound(store, files, act)

    rulesets.publish = publish


def looks_now_and_then() -> None:
    """Promise 5: a worker looks every few seconds whether other rules are live, not with each batch."""
    sound, looked = Applier.is_other, [0.0]

    def is_other(self: Applier, live: str) -> bool:
        if time.monotonic() - looked[0] < OLD:
            return False
        looked[0] = time.monotonic()
        return sound(self, live)

    Applier.is_other = is_other  # type: ignore[method-assign]
