"""When customers come due is put right for all of them when the rules change; on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from retention import state
from rules.policy import DAY, HOUR
from rules.ruleset import Inactive, RuleSet, rule_set
from rules.steps import Send, Wait
from storage.plan import Round, last_round, page, plan
from storage.store import Store
from streams.planner import PAGE, Planner
from tests.unit.storage.kit import batch, customer
from tests.unit.streams.kit import NOW, Shop, event, poke, reachable, rule, ruled, shop_on
from tests.unit.streams.rig import eventually

HELLO = Send("hello", ("email",))
BUYS = rule("buys", do=(HELLO, Wait(20 * DAY), HELLO))


def quiet(days: int, **more: Any) -> Any:
    return rule("quiet", on="inactive", trigger=Inactive("last_order", days * DAY), do=(HELLO,), **more)


def rules(*those: Any, name: str = "rules-2") -> RuleSet:
    found = ruled(*those)
    return rule_set(found.rules, found.policy, name)


def dues(store: Store) -> dict[str, int | None]:
    return {one.id: one.next_due for one in page(store, "", 10_000)}


def given(those: RuleSet) -> Callable[[], RuleSet]:
    return lambda: those


def finished(planner: Planner) -> int:
    """Turns until there is nothing to do."""
    turns = 1
    while planner.turn():
        turns += 1
    return turns


def test_a_new_rule_finds_those_who_are_to_wait_for_it_and_leaves_the_rest_of_them_alone(store: Store) -> None:
    with shop_on(store) as shop:
        shop.take(reachable(), event("1"), reachable("ben"), event("2", "ben", time=NOW - 90 * DAY))
        shop.take(event("3", "cleo", "lead"))
        assert dues(store) == {"anna": None, "ben": None, "cleo": None}
        before = {row["id"]: (row["version"], row["state"]) for row in shop.rows("customer")}
        planner = Planner(store, given(rules(quiet(60))), lambda: NOW + 10 * DAY)
        finished(planner)
        assert dues(store) == {"anna": NOW + 60 * DAY, "ben": None, "cleo": None}
        assert {row["id"]: (row["version"], row["state"]) for row in shop.rows("customer")} == before
    with shop_on(store, rules(quiet(60))) as shop:
        shop.now = NOW + 60 * DAY
        assert shop.take(poke()).messages == 1


def test_a_rule_that_is_gone_wakes_nobody_any_more_but_for_the_ways_that_are_to_end(store: Store) -> None:
    with shop_on(store, rules(quiet(60), BUYS)) as shop:
        shop.take(reachable(), event("1"), event("2", "ben"))
        assert dues(store) == {"anna": NOW + 20 * DAY, "ben": NOW + 60 * DAY}
        finished(Planner(store, given(rules(name="rules-3")), lambda: NOW + DAY))
        assert dues(store) == {"anna": NOW + 20 * DAY, "ben": None}


def test_what_has_been_due_for_longer_than_it_may_be_late_wakes_nobody(store: Store) -> None:
    with shop_on(store) as shop:
        shop.take(*(value for one in ("anna", "ben") for value in (reachable(one),)))
        shop.take(event("1"), event("2", "ben", time=NOW - 2 * HOUR))
        finished(Planner(store, given(rules(quiet(10))), lambda: NOW + 11 * DAY - HOUR))
        assert dues(store) == {"anna": NOW + 10 * DAY, "ben": None}


def test_a_round_is_done_once_a_day_and_at_once_when_the_rules_have_changed(store: Store) -> None:
    now = NOW
    with shop_on(store) as shop:
        shop.take(event("1"))
        first, second = (
            Planner(store, given(rules(quiet(60), name=name)), lambda: now) for name in ("rules-2", "rules-3")
        )
        finished(first)
        assert last_round(store) == Round("rules-2", NOW, None)

        def wrong() -> bool:
            with store.write() as connection:
                connection.exec_driver_sql("UPDATE customer SET next_due = 5")
            return True

        assert wrong()
        assert not first.turn()
        assert dues(store) == {"anna": 5}
        finished(second)
        assert dues(store) == {"anna": NOW + 60 * DAY}
        assert wrong()
        now = NOW + DAY
        finished(second)
        assert dues(store) == {"anna": NOW + 60 * DAY}
        assert last_round(store) == Round("rules-3", NOW + DAY, None)


def test_a_round_of_many_is_gone_through_page_by_page_and_goes_on_after_a_crash(store: Store) -> None:
    people = {f"c-{number:05}": customer(last_order_at=NOW, at=NOW) for number in range(2 * PAGE + 1)}
    with batch(store) as opened:
        opened.save_customers(people)
    first, second = (Planner(store, given(rules(quiet(60))), lambda: NOW + DAY) for _ in range(2))
    assert first.turn()
    assert sum(due is not None for due in dues(store).values()) == PAGE
    assert finished(second) == 2
    assert set(dues(store).values()) == {NOW + 60 * DAY}


def test_who_changed_meanwhile_is_left_to_the_one_who_changed_them(shop: Shop) -> None:
    shop.take(event("1"))
    [one] = page(shop.store, "", 5)
    shop.take(event("2"))
    plan(shop.store, [(5, one.id, one.version)])
    assert dues(shop.store) == {"anna": None}


def test_who_is_being_written_is_passed_over(fresh_postgres: str) -> None:
    store = Store(fresh_postgres)
    store.migrate()
    with batch(store) as opened:
        opened.save_customers({"anna": customer(), "ben": customer()})
    with batch(store) as opened:
        opened.save_customers({"anna": opened.customers(["anna"])["anna"]})
        plan(store, [(5, "anna", 1), (6, "ben", 1)])
    assert dues(store) == {"anna": None, "ben": 6}
    store.close()


async def test_it_plans_until_it_is_stopped(store: Store) -> None:
    with shop_on(store) as shop:
        shop.take(event("1"))
    planner = Planner(store, given(rules(quiet(60))), lambda: NOW)
    running = asyncio.create_task(planner.run())
    await eventually(lambda: dues(store) == {"anna": NOW + 60 * DAY})
    planner.stop()
    await asyncio.wait_for(running, 30)


def test_a_state_is_only_looked_at(store: Store) -> None:
    with shop_on(store, rules(BUYS)) as shop:
        shop.take(reachable(), event("1"))
        before = state.encode(shop.customer() or state.Customer())
        finished(Planner(store, given(rules(quiet(60), BUYS, name="rules-3")), lambda: NOW + DAY))
        assert state.encode(shop.customer() or state.Customer()) == before
