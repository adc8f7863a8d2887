"""Live and replayed from the log: the same decisions, messages and requests, byte for byte.

Four weeks of a shop with the rules that Regulars comes with, on real brokers: workers that leave, a rule set
published between events, a clock that stood still for an hour and others that jump, events heard of days later.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from itertools import takewhile
from pathlib import Path
from typing import Any

from rules.policy import DAY, HOUR
from rules.ruleset import RuleSet
from storage.messages import Context
from tests.integration.operation import Operation, Place, Time, Wrong, copied, operation, replaced
from tests.integration.people import Heard, lives
from tests.unit.storage.kit import NOW
from tests.unit.streams.kit import event
from tests.unit.streams.rig import Work, eventually

PEOPLE, DAYS = 40, 27
MINUTE = HOUR // 60
MORNING = NOW + 17 * HOUR + 5 * MINUTE
"""Five past ten on the second of March, in Bangkok."""
Row = dict[str, Any]


def quicker(folder: Path) -> Path:
    """The rules as they come, but that somebody is missed sooner."""
    replaced(folder / "campaigns/win-back.yaml", "for: 60d", "for: 12d")
    replaced(folder / "campaigns/win-back.yaml", "wait: 60d", "wait: 10d")
    return folder


def changed(folder: Path) -> Path:
    """The rules another day: one is gone, steps, conditions and limits of others differ."""
    (folder / "campaigns/close-the-loop.yaml").unlink()
    replaced(folder / "campaigns/cheaper-together.yaml", "wait: 11d", "wait: 6d")
    replaced(folder / "campaigns/get-the-most-out.yaml", "wait: 1d", "wait: 2d")
    replaced(folder / "campaigns/thank-returning.yaml", "orders_ever >= 2", "orders_ever >= 3")
    replaced(folder / "policy.yaml", "any: 3 per 7d", "any: 2 per 7d")
    replaced(folder / "policy.yaml", 'from: "21:00"', 'from: "20:00"')
    return folder


class Weeks:
    """What happens, and how far it has come."""

    def __init__(self, shop: Operation) -> None:
        self.shop = shop
        self.plan = lives(PEOPLE, NOW, DAYS)
        self.said = 0

    async def until(self, at: int) -> None:
        """Time goes on to `at`, a turn after each eighteen hours: in the morning, at night, in the evening."""
        while self.shop.time.now < at:
            self.shop.time.now = min(self.shop.time.now + 18 * HOUR, at)
            await self.shop.turn(*self.heard())

    def heard(self) -> list[bytes]:
        """What is heard of by now for the first time."""
        now = self.shop.time.now
        found: list[Heard] = list(takewhile(lambda one: one.at <= now, self.plan))
        del self.plan[: len(found)]
        return [one.value for one in found]

    def all_say(self) -> list[bytes]:
        """Something that each of them says now."""
        self.said += 1
        people = [f"c-{number:03}" for number in range(PEOPLE)]
        return [event(f"{one}+{self.said}", one, "review", self.shop.time.now, rating=4) for one in people]


async def published_in_the_middle(weeks: Weeks, folder: Path, *workers: Work) -> RuleSet:
    """While the workers have much to do; the rules that decide from there on."""
    shop = weeks.shop
    publishing = asyncio.create_task(asyncio.to_thread(shop.publish, folder))
    while not publishing.done():
        await shop.say(*weeks.all_say())
    await shop.say(*weeks.all_say())
    await shop.caught_up()
    rules = await publishing
    assert {work.applier.rules.hash for work in workers} == {rules.hash}
    return rules


async def stands_still_for_an_hour(weeks: Weeks) -> list[Row]:
    """The clock does, around ten in the morning, while half of the customers go on; what was decided for that hour."""
    shop = weeks.shop
    clocks, shop.clocks = shop.clocks, []
    began, pokes = shop.time.now, shop.producer.pokes
    for ten in range(6):
        shop.time.now += 10 * MINUTE
        await shop.turn(*weeks.heard(), *weeks.all_say()[ten::12])
    assert shop.producer.pokes == pokes
    shop.clocks = clocks
    shop.time.now += MINUTE
    await shop.turn()
    assert shop.producer.pokes > pokes
    return [one for one in shop.rows("decision") if began < one["at"] <= began + HOUR]


async def jumps(weeks: Weeks, clock: Wrong, until: int) -> None:
    """A clock goes forward by two hours, back to two hours behind, and is right again."""
    now = weeks.shop.time.now
    for part, hours in enumerate((2, -2, 0), 1):
        clock.off = hours * HOUR
        await weeks.until(now + (until - now) * part // 3)


async def leaves(weeks: Weeks, one: Work, *others: Work) -> None:
    """A worker, with much to do; the others take over."""
    shop, its = weeks.shop, one.reader.partitions
    await shop.say(*weeks.all_say(), *weeks.all_say())
    await one.stop()
    await shop.say(*weeks.all_say())
    await shop.caught_up()
    await eventually(lambda: its <= others[0].reader.partitions | others[1].reader.partitions)


async def test_what_was_decided_live_is_what_the_log_comes_to(place: Place, tmp_path: Path) -> None:
    folder = quicker(copied(tmp_path / "rules"))
    async with AsyncExitStack() as parts:
        shop = await parts.enter_async_context(operation(place, folder, Time(NOW)))
        weeks, first = Weeks(shop), shop.live.rules
        shop.clock()
        clock, wrong = Wrong(shop.time), Wrong(shop.time)
        workers = [await parts.enter_async_context(shop.worker(each)) for each in (None, wrong, None)]
        await eventually(lambda: all(work.reader.partitions for work in workers))
        await weeks.until(MORNING)
        await weeks.until(MORNING + 7 * DAY - 20 * MINUTE)
        meanwhile = await stands_still_for_an_hour(weeks)
        await weeks.until(MORNING + 12 * DAY)
        second = await published_in_the_middle(weeks, changed(folder), *workers)
        switched = shop.time.now
        await jumps(weeks, wrong, MORNING + 18 * DAY)
        await leaves(weeks, *workers)
        await weeks.until(MORNING + 22 * DAY)
        shop.clock(clock)
        await jumps(weeks, clock, NOW + DAYS * DAY)

        found = shop.verified()
        assert (found.customers, found.differences, found.not_compared) == (PEOPLE, [], {})
        assert shop.counted() == shop.counted_again()
        log = {(row["customer"], row["seq"]): row for row in shop.rows("event")}
        assert all(work.total.applied > PEOPLE for work in workers)
        assert sum(work.total.duplicates for work in workers) > 5
        assert any(row["epoch"] > 1 for row in shop.rows("partition"))
        for work in workers:  # together: each waits for the others else
            work.reader.stop()
    assert {row["ruleset"] for row in log.values()} == {first.hash, second.hash}
    assert {log[row["customer"], row["seq"]]["type"] for row in meanwhile} >= {"poke", "review"}
    were_decided(shop.rows("decision"))
    were_sent(shop.rows("message"), first, switched)
    pokes = sum(row["type"] == "poke" for row in log.values())
    assert 100 < pokes < shop.producer.pokes, "some came to nothing"
    keys = [mail.key for mail in shop.mail.sent]
    assert len(set(keys)) == len(keys) > 100


def were_decided(decisions: list[Row]) -> None:
    """Decisions of every kind."""
    found = Counter((row["outcome"], row["reason"]) for row in decisions)
    for reason in ("late", "cap", "re-entry", "no-consent", "group"):
        assert found["suppressed", reason] > 2
    for kind in (("held-out", "holdout"), ("requested", ""), ("done", ""), ("stopped", "stop-on")):
        assert found[kind] > 2
    assert found["waiting", "open-ticket"]


def were_sent(messages: list[Row], first: RuleSet, switched: int) -> None:
    """Messages of later steps; after the switch too, of rules that were entered before it."""
    assert len({row["rule"] for row in messages if row["step"]}) >= 10
    after = [row for row in messages if row["created_at"] > switched]
    of_before = [row for row in after if Context.decode(bytes(row["context"])).ruleset == first.hash]
    assert 5 < len(of_before) < len(after)
    assert {row["status"] for row in messages} >= {"sent", "cancelled"}
