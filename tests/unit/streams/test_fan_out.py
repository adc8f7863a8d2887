"""Going through all customers: whoever is killed, and however many go, each is told once; on both databases."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from retention.shop import Shop as Money
from rules.language import Condition
from rules.policy import DAY, HOUR, Policy
from rules.ruleset import CatchUp, FanOut, Inactive, RuleSet, Status, rule_set
from rules.steps import Send
from storage import fan_outs
from storage.catalogue import keep, launched
from storage.lock import importing
from storage.store import Store
from streams.broker import PRODUCTS, Broker
from streams.fan_out import PAGE, FanOuts
from streams.history import import_file
from streams.record import Record
from streams.sources.article import article
from tests.unit.streams.kit import NOW, Shop, event, reachable, rule, ruled, shop_on, told

HELLO = Send("hello", ("email",))
MIDNIGHT = NOW + 7 * HOUR
"""In Bangkok, after `NOW`."""
YES: Condition = lambda _event, _customer: True  # noqa: E731
BOUGHT: Condition = lambda _event, customer: customer.orders > 0  # noqa: E731


def new_article(id: str = "new", audience: Condition = YES, **more: Any) -> Any:
    return rule(id, on="product", trigger=FanOut(audience), **{"do": (HELLO,), **more})


def quiet(most: int, days: int = 60, **more: Any) -> Any:
    return rule("quiet", on="inactive", trigger=Inactive("last_order", days * DAY), catch_up=CatchUp(most), **more)


class Sent:
    """In place of a broker: what was produced; the next `failures` are lost."""

    def __init__(self) -> None:
        self.records: list[tuple[str, bytes]] = []
        self.killed_after: int | None = None

    async def send(self, topic: str, key: bytes, value: bytes) -> asyncio.Future[None]:
        if self.killed_after is not None and len(self.records) >= self.killed_after:
            raise KeyboardInterrupt
        self.records.append((key.decode(), value))
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    def whom(self) -> list[str]:
        return [key for key, _ in self.records]


def going(store: Store, rules: RuleSet, now: Callable[[], int]) -> FanOuts:
    return FanOuts(store, Broker(""), lambda: rules, now)


async def finish(goes: FanOuts, sent: Any) -> None:
    while await goes.turn(sent) is not None:
        pass


def told_of(store: Store, day: str = "2026-03-01", at: int = NOW, place: int = 0, price: str = "520.00") -> None:
    sku = "TEA-9"
    data = {"sku": sku, "name": "Doi White", "category": "tea", "price": price, "launched": day}
    record = Record(PRODUCTS, 0, place, at // 1_000, sku.encode(), msgspec.json.encode(data))
    keep(store, [article(record, Money(), at)])


def people(shop: Shop, *names: str, days_ago: int = 0) -> None:
    for name in names:
        then = NOW - days_ago * DAY
        shop.take(reachable(name), event(f"e-{name}", name, time=then))


def messages(shop: Shop) -> list[str]:
    return sorted(row["customer"] for row in shop.rows("message"))


def row(store: Store) -> fan_outs.FanOut:
    with store.read() as connection:
        [found] = fan_outs.latest(connection, 10)
    return found


async def test_everybody_in_the_audience_is_told_of_a_launch_and_gets_one_message(store: Store) -> None:
    with shop_on(store, ruled(new_article(audience=BOUGHT))) as shop:
        people(shop, "anna", "ben")
        shop.take(reachable("cleo"))
        told_of(store)
        sent = Sent()
        goes = going(store, shop.applier.rules, lambda: NOW)
        await finish(goes, sent)
        assert sent.whom() == ["anna", "ben"]
        shop.take(*[value for _, value in sent.records])
        assert messages(shop) == ["anna", "ben"]
        assert (row(store).reached, row(store).ended_at) == (2, NOW)
        await finish(goes, sent)
        assert len(sent.records) == 2
        [told] = [one for one in shop.log() if one.type == "product"]
        assert (told.source, told.time) == ("regulars:catalogue", NOW - 8 * HOUR)
        assert b"Doi White" in told.data


@pytest.mark.parametrize("killed_after", [0, 1, 2])
async def test_whoever_goes_on_after_a_kill_tells_the_same_ones_and_they_get_one_message(
    store: Store, killed_after: int
) -> None:
    with shop_on(store, ruled(new_article())) as shop:
        people(shop, "anna", "ben", "cleo")
        told_of(store)
        sent = Sent()
        sent.killed_after = killed_after
        with pytest.raises(KeyboardInterrupt):
            await finish(going(store, shop.applier.rules, lambda: NOW), sent)
        assert row(store).chosen == ("anna", "ben", "cleo")
        sent.killed_after = None
        people(shop, "bea")  # meanwhile: behind where it is, whatever comes
        await finish(going(store, shop.applier.rules, lambda: NOW), sent)
        assert sent.whom() == [*["anna", "ben", "cleo"][:killed_after], "anna", "ben", "cleo"]
        shop.take(*[value for _, value in sent.records])
        assert messages(shop) == ["anna", "ben", "cleo"]


async def test_two_that_go_at_once_choose_a_page_between_them(store: Store) -> None:
    names = [f"c{number:04}" for number in range(PAGE + 20)]
    with shop_on(store, ruled(new_article())) as shop:
        shop.take(*[reachable(name) for name in names])
        told_of(store)
        sent = Sent()
        first, second = (going(store, shop.applier.rules, lambda: NOW) for _ in range(2))
        for _ in range(4):
            await asyncio.gather(first.turn(sent), second.turn(sent))
        assert sorted(set(sent.whom())) == names
        assert row(store).reached == len(names)


async def test_a_rule_that_catches_up_takes_so_many_a_day_whoever_is_killed(store: Store) -> None:
    clock = [NOW]
    with shop_on(store, ruled(quiet(2))) as shop:
        people(shop, "anna", "ben", "cleo", "dan", "eve", days_ago=90)
        people(shop, "finn", days_ago=10)
        sent = Sent()
        sent.killed_after = 1
        with pytest.raises(KeyboardInterrupt):
            await finish(going(store, shop.applier.rules, lambda: clock[0]), sent)
        sent.killed_after = None
        goes = [going(store, shop.applier.rules, lambda: clock[0]) for _ in range(2)]
        days = [NOW, MIDNIGHT, MIDNIGHT + DAY, MIDNIGHT + 2 * DAY]
        for now, expected in zip(days, ["anna ben", "anna ben cleo dan"] + ["anna ben cleo dan eve"] * 2, strict=True):
            clock[0] = shop.now = now
            for _ in range(3):
                await asyncio.gather(*(finish(one, sent) for one in goes))
            shop.take(*[value for _, value in sent.records])
            assert messages(shop) == expected.split()
        assert row(store).reached == 5


async def test_catching_up_is_for_those_who_would_enter(store: Store) -> None:
    those = ruled(quiet(10, condition=lambda _event, customer: customer.orders > 1))
    with shop_on(store, those) as shop:
        people(shop, "anna", days_ago=90)
        people(shop, "ben", days_ago=90)
        shop.take(event("e-2", "ben", time=NOW - 80 * DAY))
        sent = Sent()
        await finish(going(store, those, lambda: NOW), sent)
        assert sent.whom() == ["ben"]
        shop.take(*[value for _, value in sent.records])
        assert messages(shop) == ["ben"]
        assert [one.type for one in shop.log("ben")][-1] == "poke"


async def test_a_rule_that_is_switched_off_and_on_begins_anew_and_one_that_waits_longer_too(store: Store) -> None:
    paused = ruled(quiet(10, status=Status.PAUSED))
    with shop_on(store, ruled(quiet(10))) as shop:
        people(shop, "anna", days_ago=90)
        sent = Sent()
        await finish(going(store, shop.applier.rules, lambda: NOW), sent)
        assert row(store).began_at == NOW
        await finish(going(store, paused, lambda: NOW + HOUR), sent)
        with store.read() as connection:
            assert fan_outs.latest(connection, 10) == []
        shop.now = NOW + 2 * HOUR
        people(shop, "ben", days_ago=89)
        await finish(going(store, shop.applier.rules, lambda: NOW + 2 * HOUR), sent)
        assert row(store).began_at == NOW + 2 * HOUR
        assert sent.whom() == ["anna", "anna", "ben"], "anna's first poke was not applied yet"
        await finish(going(store, ruled(quiet(10, days=30)), lambda: NOW + 3 * HOUR), sent)
        assert row(store).began_at == NOW + 3 * HOUR


async def test_a_launch_waits_while_its_rules_stand_still_and_ends_when_it_is_too_late(store: Store) -> None:
    clock = [NOW]
    live, still = ruled(new_article()), ruled(new_article(status=Status.PAUSED))
    rules = [live]
    with shop_on(store, live) as shop:
        shop.take(*[reachable(f"c{number:04}") for number in range(PAGE + 1)])
        told_of(store)
        sent = Sent()
        goes = FanOuts(store, Broker(""), lambda: rules[0], lambda: clock[0])
        assert await goes.turn(sent) == PAGE
        rules[0] = still
        assert await goes.turn(sent) is None
        rules[0] = live
        clock[0] = NOW + Policy().lateness - 8 * HOUR + 1
        assert await goes.turn(sent) is None
        assert (len(sent.records), row(store).ended_at) == (PAGE, clock[0])


async def test_an_article_whose_price_is_none_in_a_new_currency_stops_nothing_else(store: Store) -> None:
    yen = ruled(new_article(), quiet(5), policy=Policy(shop=Money(currency="JPY")))
    with shop_on(store, yen) as shop:
        people(shop, "anna", days_ago=90)
        told_of(store, price="520.50")
        sent = Sent()
        assert await going(store, yen, lambda: NOW).turn(sent) == 1
        [(whom, value)] = sent.records
        assert (whom, b'"rule":"quiet"' in value) == ("anna", True)
        with store.read() as connection:
            assert {one.kind: one.ended_at for one in fan_outs.latest(connection, 10)}["launch"] == NOW


async def test_nobody_is_told_while_an_import_runs(store: Store) -> None:
    with shop_on(store, ruled(new_article())) as shop:
        people(shop, "anna")
        told_of(store)
        sent = Sent()
        goes = going(store, shop.applier.rules, lambda: NOW)
        with importing(store):
            assert await goes.turn(sent) is None
        assert await goes.turn(sent) == 1


async def test_a_rule_that_catches_up_begins_anew_when_history_is_brought_in(store: Store, tmp_path: Path) -> None:
    rules, now = ruled(quiet(10)), time.time_ns() // 1_000
    path = told([reachable(), event("1", time=now - 90 * DAY)], tmp_path / "past.jsonl")
    sent = Sent()
    for came, whom in ((None, []), (path, ["anna"]), (path, ["anna"])):
        if came is not None:
            import_file(store, rules, came, 2, lambda _position, _outcome: None)
        await finish(going(store, rules, lambda: now), sent)
        assert sent.whom() == whom
        assert row(store).ended_at == now


@pytest.mark.parametrize(
    ("day", "now", "begins"),
    [
        ("2026-03-02", NOW, False),
        ("2026-03-02", NOW + 16 * HOUR, True),
        ("2026-02-28", NOW, False),
        ("2026-03-01", NOW - 8 * HOUR - 1, False),
    ],
)
async def test_a_launch_has_its_time(store: Store, day: str, now: int, begins: bool) -> None:
    with shop_on(store, ruled(new_article())) as shop:
        people(shop, "anna")
        told_of(store, day=day, at=NOW - 2 * DAY)
        sent = Sent()
        await finish(going(store, shop.applier.rules, lambda: now), sent)
        assert bool(sent.records) is begins


async def test_without_rules_on_launches_none_begins_and_one_that_is_published_in_time_finds_it(store: Store) -> None:
    with shop_on(store, ruled()) as shop:
        people(shop, "anna")
        told_of(store)
        sent = Sent()
        await finish(going(store, ruled(), lambda: NOW), sent)
        await finish(going(store, rule_set(ruled(new_article()).rules, Policy(), "2"), lambda: NOW + HOUR), sent)
        assert sent.whom() == ["anna"]


def test_of_what_is_told_of_an_article_the_latest_holds_in_any_order(store: Store) -> None:
    told_of(store, at=NOW, place=5)
    told_of(store, at=NOW - HOUR, place=9, day="2026-04-01")
    with store.read() as connection:
        assert [one.launched for one in launched(connection, "0001-01-01", "9999-12-31")] == ["2026-03-01"]
    told_of(store, at=NOW + HOUR, place=6)
    with store.read() as connection:
        [one] = launched(connection, "0001-01-01", "9999-12-31")
    assert (one.known, one.at, one.place) == (NOW, NOW + HOUR, 6)
    told_of(store, at=NOW + 2 * HOUR, place=7, day="2026-05-01")
    with store.read() as connection:
        [one] = launched(connection, "0001-01-01", "9999-12-31")
    assert (one.known, one.launched) == (NOW + 2 * HOUR, "2026-05-01")


def test_an_article_is_taken_out_of_the_catalogue_by_a_record_without_a_value(store: Store) -> None:
    told_of(store, at=NOW, place=1)
    gone = Record(PRODUCTS, 0, 2, (NOW + HOUR) // 1_000, b"TEA-9", None)
    keep(store, [article(gone, Money(), NOW)])
    told_of(store, at=NOW + HOUR, place=0)
    with store.read() as connection:
        assert len(launched(connection, "0001-01-01", "9999-12-31")) == 1
    keep(store, [article(gone, Money(), NOW)])
    with store.read() as connection:
        assert launched(connection, "0001-01-01", "9999-12-31") == []
