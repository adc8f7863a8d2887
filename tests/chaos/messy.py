"""The shop's stream as untidy as a topic can be: out of order, and a fifth of it said again, at once or much later."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.chaos.load import Emit, Load
from tests.chaos.oracle import Told
from tests.chaos.rulebook import ZONE
from tests.chaos.setup import Setup
from tests.chaos.store import Store, held
from tests.chaos.sums import MEASURES, Sums, counters
from tests.chaos.topics import SOURCES
from tests.chaos.worker import ask

WINDOW = 300
"""Records among which the next one is drawn: a return comes before its purchase, an amendment before its order."""
AGAIN = 0.2
"""Share of exact repetitions."""
LONG_AGO, ELSEWHERE = 0.5, 0.3
"""Shares of the repetitions: of any record since the beginning, not of the last some hundred; by the other way in."""


class Messy(Load):
    """The stream, shuffled and repeated; the records themselves are those of the orderly one."""

    _waiting: list[Emit]
    _told: list[Emit]

    def __init__(self, seed: int, partitions: int) -> None:
        super().__init__(seed, partitions)
        self._waiting = []
        self._told = []

    def next(self, now: dt.datetime) -> Emit:
        """The next record, out of order; every fifth one again."""
        if self._told and self.chance.random() < AGAIN:
            return self._again()
        while len(self._waiting) < WINDOW:
            self._waiting.append(super().next(now))
        place = self.chance.randrange(WINDOW)
        self._waiting[place], emit = self._waiting[-1], self._waiting[place]
        self._waiting.pop()
        if emit in self.sent and not emit.again:
            self._told.append(emit)
        return emit

    def _again(self) -> Emit:
        known = self._told if self.chance.random() < LONG_AGO else self._told[-WINDOW:]
        emit = self.chance.choice(known)
        if emit.topic in SOURCES and self.chance.random() < ELSEWHERE:
            emit = on_events(emit)
        return replace(emit, again=True)


def on_events(emit: Emit) -> Emit:
    """A bare record with an id and a time as the CloudEvent that it stands for, byte by byte the same data."""
    assert emit.value is not None
    assert emit.key is not None
    data = json.loads(emit.value)
    head = {
        "specversion": "1.0",
        "id": data["id"],
        "source": f"/topics/{emit.topic}",
        "type": SOURCES[emit.topic],
        "subject": emit.key.decode(),
        "time": data["time"],
    }
    value = json.dumps(head).removesuffix("}").encode() + b', "data": ' + emit.value + b"}"
    return Emit("events", emit.key, value)


def order_matters(at: Setup, applied: Mapping[str, Sequence[Told]], chance: random.Random) -> list[str]:
    """Promise 2, counters come out the same in any order of events: what is wrong with it.

    The same events in another order give the oracle the same counters, and the product, in a store of its own.
    """
    other = {customer: chance.sample(events, len(events)) for customer, events in applied.items()}
    wanted = counters(applied, ZONE)
    problems = _differing("the oracle's counters depend on the order", wanted, counters(other, ZONE))
    return problems + _differing("in another order", wanted, _imported(at, other, chance))


def _differing(what: str, wanted: Sums, found: Sums) -> list[str]:
    keys = [key for key in sorted(wanted.keys() | found.keys()) if wanted.get(key, 0) != found.get(key, 0)]
    shown = [(key, wanted.get(key, 0), found.get(key, 0)) for key in keys[:3]]
    return [f"{what}: {len(keys)} counters differ, {shown}"] if keys else []


def _imported(at: Setup, events: Mapping[str, Sequence[Told]], chance: random.Random) -> Sums:
    """The product's counters of these events, customers mixed; each customer's in the order given."""
    turns = [customer for customer, told in events.items() for _ in told]
    chance.shuffle(turns)
    next_of = {customer: iter(told) for customer, told in events.items()}
    path = at.home / "other-order.jsonl"
    path.write_text("".join(_line(next(next_of[customer])) for customer in turns), "utf-8")
    store = f"sqlite:///{Path(at.home / 'other-order.db')}"
    code, _, said = ask(at, "import", str(path), REGULARS_STORE=store)
    if code:
        raise RuntimeError(f"regulars import of the other order: exit code {code}, {said}")
    sums = held(Store(store), at.incarnation).sums
    return {key: value for key, value in sums.items() if key[0] in MEASURES}


def _line(event: Told) -> str:
    head = {"specversion": "1.0", "id": event.id, "source": event.source, "type": event.type, "subject": event.customer}
    return json.dumps({**head, "time": event.time.isoformat(), "data": event.data}, default=_number) + "\n"


def _number(value: Any) -> int | float:
    """An exact decimal of at most two places, as JSON writes it."""
    assert isinstance(value, Decimal)
    return int(value) if value == value.to_integral_value() else float(value)
