"""The clocks of the clock process and of the worker jump by two hours, forward and back: nothing twice, nothing lost.

A life is lived twice, once by clocks that are right; once they are right again, both have decided the same.
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
from tests.unit.storage.kit import store_of
from tests.unit.streams.kit import NOW, Shop, event, rule, ruled, shop_on
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
    """Time goes on by `hours`; whether the clock and the worker are wrong then; what the customer does, if anything."""

    hours: int
    clock: bool
    worker: bool
    says: str


class Jumps(NamedTuple):
    """By how many hours both are wrong when they are; 0: never."""

    clock: int
    worker: int


RIGHT = Jumps(0, 0)


class Life:
    """One customer in a shop whose clocks jump."""

    def __init__(self, shop: Shop, runner: asyncio.Runner, jumps: Jumps) -> None:
        self.shop, self.runner, self.jumps = shop, runner, jumps
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
        self.time.now = self.now + step.clock * self.jumps.clock * HOUR
        wrong = step.worker * self.jumps.worker * HOUR
        self.time.steady += step.hours * 3600
        sent = self.waking.producer.sent
        before = len(sent)
        self.runner.run(self.waking.look())
        for _, _, value, _ in sent[before:]:
            self.hear(wrong, value or b"")
        if step.says:
            data = {"rating": 4} if step.says == "review" else {}
            self.hear(wrong, event(f"{self.who}/{number}", self.who, step.says, self.now, **data))

    def lived(self, steps: list[Step]) -> Counter[Done]:
        """All steps, then four days of clocks that are right."""
        calm = [Step(8, False, False, "")] * 12
        for number, step in enumerate(steps + calm):
            self.step(step, number)
        return Counter(self.done())

    def done(self) -> Iterator[Done]:
        """Each message and gift, as often as it was decided."""
        for row in self.shop.rows("decision"):
            if row["customer"] == self.who and row["outcome"] in ("queued", "requested"):
                yield row["rule"], self.named(row["entry"]), row["step"]

    def named(self, entry: str) -> str:
        """Without whose it is."""
        return entry.replace(self.who, "")


@pytest.fixture
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    """One store for all lives."""
    with store_of("sqlite", request, tmp_path) as store, shop_on(store, RULES) as made:
        yield made


says = st.sampled_from(("", "purchase", "review"))
steps = st.lists(st.builds(Step, st.integers(0, 12), st.booleans(), st.booleans(), says), max_size=12)
hours = st.sampled_from((2, -2))
FORTH_AND_BACK = [
    Step(1, False, False, "purchase"),
    Step(1, True, False, ""),
    Step(1, False, True, ""),
    Step(12, True, True, "review"),
    Step(21, False, True, "review"),  # an hour before the customer has been quiet for long enough
    Step(0, False, False, "review"),
    Step(3, False, False, ""),
]


def test_clocks_that_jump_by_two_hours_come_to_the_same_decisions_once_each(shop: Shop) -> None:
    with asyncio.Runner() as runner:

        @example(FORTH_AND_BACK, Jumps(2, 2))
        @example(FORTH_AND_BACK, Jumps(-2, -2))
        @given(steps, st.builds(Jumps, hours, hours))
        @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
        def any_life(steps: list[Step], jumps: Jumps) -> None:
            right, wrong = (Life(shop, runner, each).lived(steps) for each in (RIGHT, jumps))
            assert wrong == right
            assert set(right.values()) == {1}

        any_life()
