"""Any life with two workers, each with its own customers, under rules that are published in between, with a clock that
pokes, or stands still for an hour: the log is all a replay needs."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from sqlalchemy import Connection, text

from rules.policy import HOUR
from rules.published import identity
from storage import story as kept
from storage.errors import Fenced
from storage.messages import Context
from storage.rulesets import publish
from storage.store import Store
from storage.writer import Held, Writer
from streams.apply import Applier, Intake
from streams.clock import BEHIND
from streams.replayed import compare, replayed
from tests.unit.storage.kit import store_of
from tests.unit.storage.publishing import ACT
from tests.unit.streams.kit import BOTH, NOW, Shop, records, shop_on, subject
from tests.unit.streams.life import (
    PEOPLE,
    Happening,
    Said,
    World,
    lives,
    rules_of_new,
    rules_of_old,
    rules_with_pauses,
)
from tests.unit.streams.test_clock import Time, Waking
from tests.unit.streams.test_replay import counted, tallied

FILES = {name: {"policy.yaml": name.encode()} for name in ("old", "new", "paused")}
"""They stand for the rules of that name."""
IDS = {name: identity(files) for name, files in FILES.items()}
MADE = (rules_of_old(), rules_of_new(), rules_with_pauses())
SETS = {name: replace(made, hash=IDS[name]) for name, made in zip(FILES, MADE, strict=True)}
LIBRARY = {made.hash: made for made in SETS.values()} | {"": SETS["old"]}
WORLDS = count()


def both(kind: str, late: int = 0, **data: Any) -> list[Said]:
    return [Said(who, kind, late, data) for who in PEOPLE]


def then(passed: int | None, said: list[Said], rules: str = "old", again: bool = False) -> Happening:
    return Happening(passed, said, 1, again, rules, False, [])


SCRIPT = [
    then(6 * HOUR, both("purchase", order_id="o-1", total="9.00"), again=True),
    then(37 * HOUR, both("review", 30 * HOUR, rating=5)),
    then(HOUR, both("review", rating=5), "new"),
    then(25 * HOUR, [], "new"),
]
"""What is in one of the lives at least."""


class Workers:
    """Two workers and a clock on one store; who has a partition, nobody else writes it."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.time = Time()
        self.clock = Waking(shop.store, self.time)
        live = Intake("log-1")
        self.appliers = [self._applier(Writer(shop.store), live) for _ in range(2)]
        self.past = self._applier(shop.writer, Intake("import:1", history=True))
        self.taken: dict[int, tuple[Applier, Held]] = {}

    def _applier(self, writer: Writer, intake: Intake) -> Applier:
        return Applier(writer, SETS["old"], intake, lambda: self.shop.now, LIBRARY.get)

    def owner(self, partition: int) -> tuple[Applier, Held]:
        """Whose it is; taken when it is nobody's."""
        if partition not in self.taken:
            applier = self.appliers[partition]
            self.taken[partition] = applier, applier.writer.take("events", partition)
        return self.taken[partition]

    def change_places(self) -> None:
        """Each takes what the other had, who finds that out with the next batch."""
        self.appliers.reverse()
        before, self.taken = self.taken, {}
        for partition, (applier, held) in before.items():
            self.owner(partition)
            with pytest.raises(Fenced):
                applier.apply(held, records(b"", partition=partition))

    def close(self) -> None:
        for applier in self.appliers:
            applier.writer.close()


class Life(World):
    """Of two customers, each in a partition of their own."""

    def __init__(self, workers: Workers, number: int, runner: asyncio.Runner) -> None:
        self.workers, self.runner = workers, runner
        self.stood_still = 0
        with workers.shop.store.write() as connection:
            connection.execute(text("UPDATE customer SET next_due = NULL"))
        publish(workers.shop.store, FILES["old"], ACT)
        super().__init__(workers.shop, {"old": workers.appliers[0]}, workers.past, number)

    def live(self, happenings: list[Happening]) -> None:
        for each in happenings:
            publish(self.shop.store, FILES[each.rules], ACT)
            values = [*self.come(each.passed), *(self.made(one) for one in each.said)]
            if each.imported:
                self.take([one for one in values if b'"poke"' not in one], self.past)
                continue
            values += self.results(each.results)
            parts = [values[: each.cut], values[each.cut :]]
            for part in parts:
                self.take(part)
            if each.again:
                self.workers.change_places()
                for part in parts:
                    self.take(part)

    def come(self, passed: int | None) -> list[bytes]:
        """Time goes on, or on to when somebody is due; whom the clock pokes, unless it stands still for that hour."""
        if passed is None:
            rows = self.shop.rows("customer")
            dues = [row["next_due"] for row in rows if row["id"] in self.people and row["next_due"]]
            passed = max(0, min(dues) + BEHIND - self.shop.now) if dues else 0
        self.shop.now += passed
        self.workers.time.now = self.shop.now
        self.workers.time.steady += abs(passed) / 1_000_000
        if passed == HOUR:
            self.stood_still += 1
            return []
        sent = self.workers.clock.producer.sent
        before = len(sent)
        self.runner.run(self.workers.clock.look())
        return [value for _, _, value, _ in sent[before:] if value is not None]

    def take(self, values: list[bytes], applier: Applier | None = None) -> None:
        """One batch of each partition; an import takes them away."""
        for partition, person in enumerate(self.people):
            mine = [value for value in values if subject(value).decode() == person]
            if applier is not None:
                self.workers.taken.clear()
                applier.apply(applier.writer.take("events", partition), records(*mine, partition=partition))
            elif mine:
                owner, held = self.workers.owner(partition)
                owner.apply(held, records(*mine, partition=partition))


@contextmanager
def workers_on(store: Store) -> Iterator[Workers]:
    with shop_on(store, SETS["old"]) as shop:
        made = Workers(shop)
        try:
            yield made
        finally:
            made.close()


@pytest.fixture(params=BOTH)
def workers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workers]:
    """One store for all the lives of a test: each has customers of its own."""
    with store_of(request.param, request, tmp_path) as store, workers_on(store) as made:
        yield made


def story_of(connection: Connection, id: str) -> kept.Story:
    """A replay uses it up."""
    found = kept.story(connection, id)
    assert found is not None
    return found


def of_note(connection: Connection, story: kept.Story) -> Iterator[str]:
    """What was in a customer's life, and should be in some."""
    log = {one.event.seq: one for one in kept.rows(connection, story)}
    yield from (one.event.type for one in log.values())
    worded = {one.message.key: Context.decode(one.message.context) for one in kept.messages(connection, story.id)}
    for one in kept.decisions(connection, story.id):
        yield one.reason
        if one.message and one.step:
            yield "later step"
            if (log[one.seq].ruleset, worded[one.message].ruleset) == (IDS["new"], IDS["old"]):
                yield "went on under the set it was entered with"


def lived(life: Life, happenings: list[Happening]) -> Counter[str]:
    """A life is lived, and its replay comes to the same; what there was in it."""
    before, replays = Counter(counted(life.shop)), []
    life.live(happenings)
    seen = Counter({"stood still": life.stood_still})
    for person in life.people:
        with life.shop.store.read() as connection:
            assert compare(connection, story_of(connection, person), LIBRARY.get) == []
            story = story_of(connection, person)
            replays.append(replayed(connection, story, LIBRARY.get))
            seen.update(of_note(connection, story))
    assert Counter(counted(life.shop)) - before == tallied(replays)
    return seen


def test_what_two_workers_decided_is_what_the_log_comes_to(workers: Workers) -> None:
    seen = Counter[str]()

    with asyncio.Runner() as runner:

        @example(SCRIPT)
        @given(lives(20))
        @settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
        def any_life(happenings: list[Happening]) -> None:
            workers.shop.now = workers.time.now = NOW
            seen.update(lived(Life(workers, next(WORLDS), runner), happenings))

        any_life()
    for wanted in ("stood still", "poke", "late", "later step", "went on under the set it was entered with"):
        assert seen[wanted]
