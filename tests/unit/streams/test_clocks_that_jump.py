"""The clocks of the clock process and of the worker jump by two hours, forward and back: nothing twice, nothing lost.

A life is lived twice, once by clocks that are right; once they are right again, both have come to the same messages.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from rules.policy import DAY, HOUR
from rules.ruleset import FanOut, Inactive, Reentry
from rules.steps import Grant, Send, Wait, WaitUntil
from storage.messages import Context
from tests.unit.storage.kit import store_of
from tests.unit.streams.kit import BOTH, NOW, Shop, event, rule, ruled, shop_on
from tests.unit.streams.test_clock import Time, Waking

HELLO, BYE = Send("hello", ("email",)), Send("bye", ("email",))
RULES = ruled(
    rule("waits", do=(HELLO, Wait(HOUR), Grant("gift", "note"), Wait(DAY), BYE)),
    rule("morning", do=(WaitUntil(600), HELLO)),
    rule("quiet", on="inactive", trigger=Inactive("last_order", 36 * HOUR), do=(HELLO, Wait(2 * HOUR), BYE)),
    rule("birthday", on="birthday", do=(HELLO,), reentry=Reentry("never")),
    rule("daily", on="", trigger=FanOut(lambda event, customer: True, "day"), do=(HELLO,)),
)
NUMBERS = count()
Done = tuple[str, str, int]
"""Rule, entry, step."""


class Step(NamedTuple):
    """Time goes on by `hours`; then the clock and the worker are wrong by that many; whether the customer orders."""

    hours: int
    clock: int
    worker: int
    orders: bool


class Life:
    """One customer in a shop; its clocks are wrong as the steps say."""

    def __init__(self, shop: Shop, runner: asyncio.Runner) -> None:
        self.shop, self.runner = shop, runner
        self.who = f"c-{next(NUMBERS)}"
        self.now, self.time = NOW, Time()
        self.waking = Waking(shop.store, self.time)
        with shop.store.write() as connection:
            connection.execute(text("UPDATE customer SET next_due = NULL"))
        self.hear(0, event(f"{self.who}/p", self.who, "profile", NOW, email="a@example.com", birth_date="1980-03-03"))

    def hear(self, wrong: int, *values: bytes) -> None:
        self.shop.now = self.now + wrong
        self.shop.take(*values)

    def step(self, step: Step, number: int) -> None:
        """Pokes first, then what the customer does; by clocks that are wrong."""
        self.now += step.hours * HOUR
        self.time.now = self.now + step.clock * HOUR
        self.time.steady += step.hours * 3600
        sent = self.waking.producer.sent
        before = len(sent)
        self.runner.run(self.waking.look())
        for _, _, value, _ in sent[before:]:
            self.hear(step.worker * HOUR, value or b"")
        if step.orders:
            self.hear(step.worker * HOUR, event(f"{self.who}/{number}", self.who, time=self.now))

    def lived(self, steps: list[Step], right: bool) -> Counter[Done]:
        """All steps, then four days of clocks that are right; how often each message and gift was decided."""
        calm = [Step(8, 0, 0, False)] * 12
        for number, step in enumerate(steps + calm):
            self.step(step._replace(clock=0, worker=0) if right else step, number)
        return Counter(self.done())

    def done(self) -> Iterator[Done]:
        for row in self.shop.rows("message"):
            if row["customer"] == self.who:
                yield row["rule"], self.named(Context.decode(bytes(row["context"])).entry), row["step"]
        for row in self.shop.rows("request"):
            if row["customer"] == self.who:
                yield row["rule"], self.named(row["entry"]), row["step"]

    def named(self, entry: str) -> str:
        """Without whose it is."""
        return entry.replace(self.who, "")


@pytest.fixture(params=BOTH)
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    """One store for all lives."""
    with store_of(request.param, request, tmp_path) as store, shop_on(store, RULES) as made:
        yield made


jumps = st.sampled_from((0, 2, -2))
steps = st.lists(st.builds(Step, st.integers(0, 12), jumps, jumps, st.booleans()), max_size=12)
FORTH_AND_BACK = [
    Step(1, 0, 0, True),
    Step(1, 2, 0, False),
    Step(1, 0, 2, True),
    Step(1, -2, -2, True),
    Step(9, 0, 0, False),
]


def test_clocks_that_jump_by_two_hours_come_to_the_same_messages(shop: Shop) -> None:
    with asyncio.Runner() as runner:

        @example(FORTH_AND_BACK)
        @given(steps)
        @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
        def any_life(steps: list[Step]) -> None:
            right, wrong = (Life(shop, runner).lived(steps, right) for right in (True, False))
            assert wrong == right
            assert set(right.values()) == {1}

        any_life()
