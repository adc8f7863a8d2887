"""A shop that was down for three days, one that brings its history in, one that switches a rule on late: nobody gets
what they would have got before, and everybody what comes due from then on, once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from retention.decode import moment
from rules.policy import DAY, HOUR
from streams.history import import_file
from tests.integration.operation import Operation, Place, Time, copied, operation, replaced
from tests.services import tansu
from tests.unit.storage.kit import NOW
from tests.unit.streams.kit import event, told
from tests.unit.streams.rig import PARTITIONS, empty, today

MINUTE = HOUR // 60
STOPS = NOW + 10 * DAY + 17 * HOUR + 5 * MINUTE
"""Five past ten in Bangkok."""
GOES_ON = STOPS + 3 * DAY
LATENESS = DAY
EACH = 6
"""People of a kind, so that some of each are not held out."""
TEA = [{"sku": "TEA-1", "name": "Oolong", "category": "tea", "qty": 1, "price": "700.00"}]


def people(kind: str) -> list[str]:
    return [f"{kind}-{number}" for number in range(EACH)]


def comes(who: str, at: int, **profile: Any) -> list[bytes]:
    """Somebody who may be written to."""
    said = {"email": f"{who}@example.com", "time_zone": "Asia/Bangkok"} | profile
    return [
        event(f"{who}/profile", who, "profile", at, **said),
        event(f"{who}/consent", who, "consent", at, channel="email", state="granted"),
    ]


def buys(who: str, at: int) -> bytes:
    """Tea; but who is to be missed buys what no other rule asks for."""
    items = [] if who.startswith("missed") else TEA
    return event(f"{who}/{at}", who, time=at, order_id=f"{who}-{at}", total="700.00", items=items)


def born(at: int) -> str:
    """On that day of the shop."""
    return f"1980-{moment(at + 7 * HOUR):%m-%d}"


# Three days.

BOUGHT = {
    "missed-late": STOPS - 6 * DAY + 2 * HOUR,
    "missed": GOES_ON - 6 * DAY - 3 * HOUR,
    "second-late": STOPS - 8 * DAY + 4 * HOUR,
    "second": GOES_ON - 8 * DAY - 20 * HOUR,
}
"""Whom something waits for: kind → when they ordered."""
BORN = {"birthday-late": STOPS + DAY, "birthday": GOES_ON}
RULES = {"missed": "win-back", "second": "the-second-order", "birthday": "birthday"}


def in_ten_days(folder: Path) -> Path:
    """The rules as they come, but for what waits for weeks."""
    replaced(folder / "campaigns/win-back.yaml", "for: 60d", "for: 6d")
    replaced(folder / "campaigns/the-second-order.yaml", "wait: 21d", "wait: 8d")
    replaced(folder / "campaigns/goes-well-with.yaml", "wait: 10d", "wait: 30d")
    return folder


def before() -> list[tuple[int, bytes]]:
    """What is heard until shortly before the shop stops, and when."""
    found = []
    for kind, at in BOUGHT.items():
        found += [(at, one) for who in people(kind) for one in (*comes(who, at), buys(who, at))]
    for kind, day in BORN.items():
        found += [(NOW, one) for who in people(kind) for one in comes(who, NOW, birth_date=born(day))]
    for who in (*people("fresh"), *people("back"), *people("old-news"), *people("news")):
        found += [(NOW, one) for one in comes(who, NOW)]
    return sorted(found)


def at_last() -> list[bytes]:
    """What is decided in the last ten minutes, and never reaches delivery."""
    at = STOPS - 10 * MINUTE
    back = {"return_id": "r", "total": "1.00", "state": "refunded"}
    return [
        *(buys(who, at) for who in people("fresh")),
        *(event(f"{who}/return", who, "return", at, **back) for who in people("back")),
    ]


def meanwhile() -> list[bytes]:
    """What the storefront sends while nobody reads."""
    return [
        *(buys(who, STOPS + DAY) for who in people("old-news")),
        *(buys(who, GOES_ON - 3 * HOUR) for who in people("news")),
    ]


async def lives_until_it_stops(shop: Operation) -> None:
    """Day by day, with a worker and a clock; at the end without delivery."""
    shop.clock()
    heard = before()
    async with shop.worker():
        for at in sorted({at for at, _ in heard} | set(range(STOPS - 10 * DAY, STOPS, DAY))):
            shop.time.now = at
            now, heard = [one for one in heard if one[0] <= at], [one for one in heard if one[0] > at]
            await shop.turn(*(value for _, value in now))
        shop.time.now = STOPS - 10 * MINUTE
        await shop.say(*at_last())
        await shop.caught_up()
    shop.clocks = []
    assert heard == []


def overdue() -> list[str]:
    """Who had something due while the shop was down."""
    return [who for kind in RULES for who in people(f"{kind}-late")]


def decided(shop: Operation, kind: str, rule: str) -> Counter[tuple[str, str]]:
    """(outcome, reason) of what a rule decided for people of a kind since the shop stopped, but for waits."""
    mine = [row for row in shop.rows("decision") if row["customer"] in people(kind) and row["rule"] == rule]
    return Counter((row["outcome"], row["reason"]) for row in mine if row["at"] > STOPS and row["outcome"] != "waiting")


def sent(shop: Operation) -> Counter[str]:
    """Rule → messages that left."""
    keys = Counter(mail.key for mail in shop.mail.sent)
    assert set(keys.values()) <= {1}
    return Counter(row["rule"] for row in shop.rows("message") if row["key"] in keys)


@pytest.fixture
async def later(place: Place) -> AsyncIterator[Place]:
    """Where a shop goes on that was down: the embedded broker has forgotten everything."""
    if not place.broker.embedded:
        yield place
        return
    with tansu() as address:
        yield Place(place.store, await empty(address, embedded=True))


async def test_after_three_days_what_is_late_is_said_to_be_and_nobody_is_flooded(
    place: Place, later: Place, tmp_path: Path
) -> None:
    folder = in_ten_days(copied(tmp_path / "rules"))
    async with operation(place, folder, Time(NOW)) as shop:
        await lives_until_it_stops(shop)
        waiting = Counter(row["rule"] for row in shop.rows("message") if row["status"] == "queued")
        assert waiting == {"welcome": EACH, "return-care": EACH}
    async with operation(later, folder, Time(GOES_ON)) as shop:
        await shop.say(*meanwhile())
        shop.clock()
        shop.clock()
        shop.plan()  # before the clocks look: who is only overdue is woken by nobody, and told of with the next event
        async with shop.worker():
            await shop.turn()
            at_once = sent(shop)
            for _ in range(4):
                shop.time.now += 12 * HOUR
                await shop.turn()
            await shop.turn(*(event(f"{who}/at last", who, "review", shop.time.now, rating=5) for who in overdue()))
        found = shop.verified()
        assert (found.differences, found.not_compared) == ([], {})
    done = {kind: decided(shop, kind, rule) for kind, rule in RULES.items()}
    for kind, rule in RULES.items():
        queued = done[kind]["queued", ""]
        assert done[kind].keys() <= {("queued", ""), ("held-out", "holdout")}
        assert 3 < queued == at_once[rule]
        assert decided(shop, f"{kind}-late", rule) == {("suppressed", "late"): under_way(shop, f"{kind}-late", rule)}
    assert decided(shop, "old-news", "welcome") == {("suppressed", "late"): EACH}
    assert decided(shop, "news", "welcome") == {("queued", ""): EACH}
    assert at_once.keys() == {*RULES.values(), "welcome", "return-care"}
    assert at_once["welcome"] == at_once["return-care"] == EACH
    expired = Counter((row["rule"], row["status"]) for row in shop.rows("message") if row["status"] != "sent")
    assert expired == {("welcome", "expired"): EACH}
    assert sent(shop) - at_once == {"after-the-return": EACH}, "its time came two days later"


def under_way(shop: Operation, kind: str, rule: str) -> int:
    """How many of a kind wait for something: all but who was held out before the shop stopped."""
    out = {row["customer"] for row in shop.rows("decision") if row["rule"] == rule and row["outcome"] == "held-out"}
    return len(set(people(kind)) - out)


# History, and a rule switched on late.

BOUGHT_AGO = {"long-gone": 300, "gone": 61, "going": 59, "here": 20}
"""When the history has them buy: kind → days ago. Who has not bought for sixty days is missed."""


def past(now: int) -> list[bytes]:
    """The file of history: who bought when; the birthday of some was yesterday."""
    found = []
    for kind, days in BOUGHT_AGO.items():
        at = now - days * DAY + HOUR
        for who in people(kind):
            found += [*comes(who, at, birth_date=born(now - DAY)), buys(who, at), buys(who, at + MINUTE)]
    return found


async def some_days(shop: Operation, days: int) -> None:
    """Time goes on, and somebody has something to say."""
    for _ in range(2 * days):
        shop.time.now += 12 * HOUR
        await shop.turn(event(f"{shop.time.now}", "somebody", "lead", shop.time.now))


@pytest.mark.parametrize("place", ["tansu-sqlite"], indirect=True)
async def test_history_and_a_rule_switched_on_late_tell_nobody_what_is_past(place: Place, tmp_path: Path) -> None:
    """The history comes in by the real clock, so all of it is told from today on."""
    folder = copied(tmp_path / "rules")
    (folder / "campaigns/what-we-stand-for.yaml").unlink()  # it depends on what day today is
    replaced(folder / "campaigns/win-back.yaml", "status: live", "status: draft")
    async with operation(place, folder, Time(today())) as shop:
        shop.clock()
        file = told(past(shop.time.now), tmp_path / "past.jsonl")
        async with shop.worker():
            await shop.turn(event("1", "somebody", "lead", shop.time.now))
            bring = partial(import_file, place.store, shop.live.rules, file, PARTITIONS, lambda *_: None)
            outcome = await asyncio.to_thread(bring)
            assert outcome.applied == len(BOUGHT_AGO) * EACH * 4
            shop.time.now = today()
            await shop.turn(event("2", "somebody", "lead", shop.time.now))
            assert shop.rows("decision") == []
            replaced(folder / "campaigns/win-back.yaml", "status: draft", "status: live")
            shop.publish(folder)
            await some_days(shop, 3)
    assert {row["customer"] for row in shop.rows("decision")} == {*people("going")}
    assert sent(shop) == {"win-back": EACH}
    assert {row["customer"] for row in shop.rows("message")} == {*people("going")}
