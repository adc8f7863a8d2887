"""More faults to plant into the product, one for each promise; `tests.chaos.mutant` names them."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, cast

from msgspec.structs import replace
from sqlalchemy import Connection, text

from console import publishing
from console.settings import Settings
from retention import fold
from retention.events import Event, Purchase
from retention.orders import Order
from retention.state import Customer
from rules.engine.older import Library
from rules.engine.outcome import Decided
from rules.ruleset import RuleSet
from storage import batch, intake
from storage.batch import DeadLetter
from storage.clock import StoreClock
from storage.outbox import Letter, Outgoing
from storage.rulesets import Act, publish
from storage.store import Store
from streams.apply import Applier
from streams.clock import Clock
from streams.relay import Relay

CLOCK = "CLOCK"
"""The variable that names the file with the seconds by which the worker's clock is wrong."""
WIDTH = 100
"""Characters of a text."""
LOOKED = 0.02
"""Seconds for which a clock's error is believed."""


def last_wins() -> None:
    """Promise 2: the amendment that comes last wins, not the one that was said last."""

    def merge(order: Order, event: Event) -> None:
        if type(event.data) is Purchase:
            order.stamp = (0, "", "")
        sound(order, event)

    sound = _replace(fold, "merge", merge)


def moody() -> None:
    """Promise 4: a rule does nothing the first time in the life of a process; no log tells of that."""
    seen = set[str]()

    def decide(rules: RuleSet, event: Event, customer: Customer, new: bool, library: Library) -> Decided:
        decided = cast(Decided, sound(rules, event, customer, new, library))
        fired = {each.rule for each in decided.decisions}
        decided.decisions[:] = [each for each in decided.decisions if each.rule in seen]
        seen.update(fired)
        return decided

    sound = _replace(sys.modules[Applier.__module__], "decide", decide)


def deaf() -> None:
    """Promise 4: nobody is poked; who hears of nothing else never goes on."""

    async def _poke(*_: object) -> int:
        return 0

    _replace(Clock, "_poke", _poke)


def clock_blind() -> None:
    """Promise 4: an event is stamped with what the clock says, though it stepped back."""
    _replace(sys.modules[Applier.__module__], "stamp", lambda now, last: now)


def lenient() -> None:
    """Promise 5: a rule file with a mistake is left out, and the rest goes live."""

    def publish_the_rest(settings: Settings, store: Store) -> None:
        sound(settings, store)
        found = publishing.examine(settings)
        bad = {f"rules/{Path(one.path).relative_to(settings.rules).as_posix()}" for one in found.problems}
        rest = {name: content for name, content in found.files.items() if name not in bad}
        publish(store, rest, Act("mutant", 0))

    sound = _replace(publishing, "say_when_files_differ", publish_the_rest)


def forgetful_relay() -> None:
    """Promise 1: what is to be relayed is taken out of the store before the broker has it."""
    waiting = Relay._waiting

    def taken(self: Relay) -> tuple[list[Outgoing], list[Letter]]:
        rows, letters = waiting(self)
        self._sent(rows)
        self._relayed(letters)
        return rows, letters

    Relay._waiting = taken  # type: ignore[method-assign]


def leaky_dead_letters() -> None:
    """Promise 1: a record that is buried a second time takes its grave away."""
    _bury(_dug_up)


def smudged_dead_letters() -> None:
    """Promise 1: a dead letter is kept as text of limited length."""
    _bury(lambda _, letter: replace(letter, value=letter.value and _text(letter.value)))


def _text(value: bytes) -> bytes:
    return value.decode("utf-8", "replace")[:WIDTH].encode()


def _bury(changed: Callable[[Connection, DeadLetter], DeadLetter | None]) -> None:
    sound = batch.bury_rows

    def bury_rows(connection: Connection, letters: Iterable[DeadLetter], now: int) -> None:
        kept = [changed(connection, letter) for letter in letters]
        sound(connection, [letter for letter in kept if letter is not None], now)

    for module in (batch, intake):
        _replace(module, "bury_rows", bury_rows)


def _dug_up(connection: Connection, letter: DeadLetter) -> DeadLetter | None:
    statement = 'DELETE FROM dead_letter WHERE topic = :topic AND partition = :partition AND "offset" = :offset'
    place = letter.place
    found = connection.execute(
        text(statement), {"topic": place.topic, "partition": place.partition, "offset": place.offset}
    )
    return None if found.rowcount else letter


def wrong_clock() -> None:
    """No fault of the product: its wall clock is wrong by what the harness says, and jumps when that changes.

    All of the process, the clients of the broker too: as if somebody had set the host's clock.
    """
    file, sound, sound_ns = Path(os.environ[CLOCK]), time.time, time.time_ns
    known = [-1.0, 0.0]
    """When we looked, and by how many seconds the clock is wrong."""

    def error() -> float:
        now = time.monotonic()
        if not 0 <= now - known[0] < LOOKED:
            try:
                known[:] = [now, float(file.read_text("utf-8"))]
            except (FileNotFoundError, ValueError):  # not told yet, or being told
                known[0] = now
        return known[1]

    _replace(time, "time", lambda: sound() + error())
    _replace(time, "time_ns", lambda: sound_ns() + round(error() * 1_000_000_000))
    _replace(StoreClock.__init__, "__defaults__", (time.time_ns, time.monotonic_ns))


def _replace(module: Any, name: str, mutant: Any) -> Callable[..., Any]:
    """Put the mutant in a module's place; what was there."""
    sound: Callable[..., Any] = getattr(module, name)
    setattr(module, name, mutant)
    return sound
