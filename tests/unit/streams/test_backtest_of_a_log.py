"""A log that was made live, played again with the rules that were live: the same messages, at the same time."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import text

from console.backtest.events import Taken, of_store
from retention.shop import Shop as Money
from rules.backtest.play import Backtest, Played
from rules.language import compile_condition
from rules.language.schema import schema
from rules.policy import DAY, HOUR, MARKETING, Cap, Limits, Policy
from rules.ruleset import FanOut, Inactive, RuleSet
from rules.simulation.entries import SENT, Entry
from rules.simulation.simulation import Simulation
from rules.steps import Branch, Send, StopIf, Tag, Wait, WaitUntil
from storage.history import history, reach
from storage.store import Store
from tests.unit.streams.kit import NOW, Shop, event, poke, rule, ruled, shop_on

PEOPLE = ("anna", "ben", "cleo")


def asked(condition: str) -> Any:
    return compile_condition(condition, schema("purchase", Money(), steps=True)).condition


def rules() -> RuleSet:
    """Waits, a branch, exits, caps, a group, quiet hours, time's own."""
    send = {name: Send(name, ("email",)) for name in ("a", "b", "c")}
    again = asked("customer.orders_since_entry > 0")
    policy = Policy(
        caps=(Cap(4, 2 * DAY),),
        quiet=(21 * 60, 9 * 60),
        limits={"marketing": MARKETING, "transactional": Limits(True, True, "defer", 3 * DAY)},
    )
    return ruled(
        rule("waits", do=(send["a"], Wait(3 * DAY), StopIf(again), send["b"]), priority=3),
        rule(
            "branches", do=(WaitUntil(600), Branch(again, 3), Tag("again"), send["c"]), stop_on=("return",), group="one"
        ),
        rule("grouped", do=(send["b"],), group="one", wait_if_capped=True),
        rule("quiet", on="inactive", trigger=Inactive("last_order", 5 * DAY), do=(send["c"], Wait(DAY), send["b"])),
        rule("daily", on="", trigger=FanOut(lambda e, c: c.orders >= 2, "day"), do=(send["a"],)),
        policy=policy,
    )


class Live:
    """The worker, the clock and a delivery that never fails, on one clock."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def until(self, moment: int) -> None:
        """Everything that is due by then, each at its own time."""
        while (due := self._next()) is not None and due[0] <= moment:
            at, customer, _, key = due
            self.shop.now = max(self.shop.now, at)
            if key:
                self._leave(customer, key)
            else:
                self.shop.take(poke(customer, time=self.shop.now))
            self._relay()
        self.shop.now = moment

    def hear(self, value: bytes) -> None:
        self.shop.take(value)
        self._relay()

    def _next(self) -> tuple[int, str, int, str] | None:
        mail = [
            (row["due_at"], row["customer"], 1, row["key"])
            for row in self.shop.rows("message")
            if row["status"] == "queued"
        ]
        timers = [(row["next_due"], row["id"], 2, "") for row in self.shop.rows("customer") if row["next_due"]]
        return min(mail + timers, default=None)

    def _leave(self, customer: str, key: str) -> None:
        self._mark("message", "status = 'sent', done_at = 1", f"key = '{key}'")
        said = json.loads(event(f"{key}:sent", customer, "message", self.shop.now))
        data = {"message_id": key, "state": "sent", "channel": "email"}
        self.shop.take(json.dumps(said | {"source": "regulars:delivery", "data": data}).encode())

    def _relay(self) -> None:
        """What became of messages that were called back, told to the customer's log."""
        rows = [bytes(row["value"]) for row in self.shop.rows("outbox", "id") if row["topic"] == "events"]
        with self.shop.store.write() as connection:
            connection.execute(text("DELETE FROM outbox"))
        if rows:
            self.shop.take(*rows)

    def _mark(self, table: str, change: str, where: str) -> None:
        with self.shop.store.write() as connection:
            connection.execute(text(f"UPDATE {table} SET {change} WHERE {where}"))


def lived(store: Store, seed: int) -> Counter[tuple[str, int, str, int]]:
    """Some weeks of a shop; its messages that left: (key, when it was due, rule, step)."""
    chance = random.Random(seed)
    with shop_on(store, rules()) as shop:
        live = Live(shop)
        now = NOW
        for person in PEOPLE:
            live.until(now)
            live.hear(event(f"p-{person}", person, "profile", now, email=f"{person}@example.com"))
        for number in range(40):
            now += chance.choice((HOUR, 7 * HOUR, 11 * HOUR, DAY)) + 1
            live.until(now)
            live.hear(_event(chance, number, now))
        live.until(now + 20 * DAY)
        live.hear(event("last", "anna", "review", shop.now, rating=5))
        return Counter(
            (row["key"], row["due_at"], row["rule"], row["step"])
            for row in shop.rows("message")
            if row["status"] == "sent"
        )


def _event(chance: random.Random, number: int, now: int) -> bytes:
    who = chance.choice(PEOPLE)
    match chance.choice(("purchase", "purchase", "purchase", "return", "review")):
        case "purchase":
            return event(f"e-{number}", who, time=now, order_id=f"o-{number}", total="9.00")
        case "return":
            return event(f"e-{number}", who, "return", now, return_id=f"r-{number}", total="1.00", state="refunded")
    return event(f"e-{number}", who, "review", now, rating=4)


def simulated(store: Store) -> list[Entry]:
    entries: list[Entry] = []
    simulation = Simulation(rules(), tell=entries.append)
    with store.read() as connection:
        for one in of_store(connection, reach(connection), Money(), Taken()):
            simulation.take(one)
    return [one for one in entries if one.what == SENT]


def backtested(store: Store) -> Played:
    backtest = Backtest(rules())
    with store.read() as connection:
        found = reach(connection)
        for one in of_store(connection, found, Money(), Taken()):
            backtest.take(one)
    return backtest.end(found.newest)


@pytest.mark.parametrize("seed", range(2))
def test_the_rules_that_were_live_send_in_a_backtest_what_they_sent(store: Store, seed: int) -> None:
    sent = lived(store, seed)
    assert len({rule for _, _, rule, _ in sent}) == len(rules().rules), "every rule has its part"
    assert Counter((one.key, one.at, one.rule, one.step) for one in simulated(store)) == sent
    played = backtested(store)
    counted = {rule: figures.sent for rule, figures in played.today.each.items()}
    assert counted == Counter(rule for _, _, rule, _ in sent)
    assert played.today.all.under_way == 0


def test_the_log_comes_by_the_time_of_events_without_what_regulars_told_it(store: Store) -> None:
    lived(store, seed=4)
    taken = Taken()
    with store.read() as connection:
        times = [row.time for row in history(connection)]
        played = list(of_store(connection, reach(connection), Money(), taken))
    assert times == sorted(times)
    assert {one.type for one in played} == {"purchase", "profile", "return", "review"}
    assert taken.left_out > 0
    assert (taken.events, taken.newest) == (len(played), times[-1])
