"""The log is all a replay needs: from its rows alone come the same decisions, and the same customer."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest
from sqlalchemy import text

from retention.decode import logged
from retention.events import POKE, Event
from retention.fold import backdate, fold
from retention.orders import Order, row_key
from retention.shop import Shop as Money
from retention.state import Customer
from rules.engine.decide import decide, elapse
from rules.language import compile_condition
from rules.language.schema import schema
from rules.policy import DAY, HOUR, MARKETING, Cap, Limits, Policy
from rules.ruleset import FanOut, Inactive, RuleSet
from rules.steps import Branch, Emit, Grant, Send, StopIf, Tag, Wait, WaitUntil
from storage.store import Store
from storage.writer import Held
from streams.apply import Applier, Intake
from tests.unit.streams.kit import Shop, event, poke, records, rule, ruled, shop_on

PEOPLE = ("anna", "ben", "cleo")


def _asked(condition: str) -> Any:
    return compile_condition(condition, schema("purchase", Money(), steps=True)).condition


def _rules() -> RuleSet:
    """Rules of every kind, which meet: waits, branches, exits, caps, a group, time's own."""
    send = {name: Send(name, ("email",)) for name in ("a", "b", "c")}
    policy = Policy(
        caps=(Cap(3, 2 * DAY),),
        quiet=(21 * 60, 9 * 60),
        limits={
            "marketing": MARKETING,
            "transactional": Limits(capped=True, counts=True, quiet="defer", expires_after=DAY),
        },
    )
    since = _asked("customer.orders_since_entry > 0")
    return ruled(
        rule("waits", do=(send["a"], Wait(3 * DAY), StopIf(since), send["b"], Grant("gift", "note")), priority=3),
        rule(
            "branches",
            do=(WaitUntil(600), Branch(since, 4), Tag("again"), send["c"], Emit("loyalty"), Wait(HOUR), send["a"]),
            stop_on=("return",),
            group="one",
        ),
        rule("grouped", do=(send["b"],), group="one", wait_if_capped=True),
        rule("quiet", on="inactive", trigger=Inactive("last_order", 5 * DAY), do=(send["c"], Wait(DAY), send["b"])),
        rule(
            "daily",
            on="",
            trigger=FanOut(lambda e, c: c.orders >= 2, "day"),
            condition=lambda e, c: c.orders % 2 == 0,
            do=(send["a"],),
        ),
        policy=policy,
    )


def _event(chance: random.Random, number: int, now: int) -> bytes:
    who = chance.choice(PEOPLE)
    time = now - chance.choice((0, 0, 0, HOUR, 30 * HOUR))
    match chance.choice(("purchase", "purchase", "poke", "poke", "poke", "return", "review", "support", "profile")):
        case "purchase":
            return event(f"e-{number}", who, time=time, order_id=f"o-{chance.randint(0, 9)}", total="9.00")
        case "poke":
            return poke(who, time=now)
        case "return":
            return event(f"e-{number}", who, "return", time, return_id=f"r-{number}", total="1.00", state="refunded")
        case "review":
            return event(f"e-{number}", who, "review", time, rating=4)
        case "support":
            return event(f"e-{number}", who, "support", time, ticket_id="t", state=chance.choice(("opened", "closed")))
    return event(f"e-{number}", who, "profile", time, email=chance.choice((f"{who}@example.com", None)))


def _lived(shop: Shop, past: Applier, chance: random.Random) -> None:
    """A few weeks of batches, with the results of messages among them, and now and then an import."""
    number = 0
    for person in PEOPLE:
        shop.take(event(f"p-{person}", person, "profile", email=f"{person}@example.com"))
    for _ in range(60):
        shop.now += chance.choice((0, HOUR, 7 * HOUR, DAY, -HOUR))
        values = [_event(chance, number + each, shop.now) for each in range(chance.randint(1, 6))]
        number += len(values)
        if chance.random() < 0.1:
            _imported(shop, past, [value for value in values if b'"poke"' not in value])
        else:
            shop.take(*values, *_results(shop, chance))


def _imported(shop: Shop, past: Applier, values: list[bytes]) -> None:
    held: Held = past.writer.take("events", 0)
    past.apply(held, records(*values) or records(None))
    shop.held.clear()


def _results(shop: Shop, chance: random.Random) -> list[bytes]:
    """What the relay would bring, and what delivery says of messages that are due."""
    rows = [row for row in shop.rows("outbox", "id") if row["topic"] == "events"]
    found = [bytes(row["value"]) for row in rows]
    for row in shop.rows("message"):
        if row["status"] == "queued" and row["due_at"] <= shop.now and chance.random() < 0.5:
            state = chance.choice(("sent", "sent", "failed", "expired"))
            said = json.loads(event(f"{row['key']}:{state}", row["customer"], "message", shop.now))
            data = {"message_id": row["key"], "state": state, "channel": "email"}
            found.append(json.dumps(said | {"source": "regulars:delivery", "data": data}).encode())
            with shop.store.write() as connection:
                done = text("UPDATE message SET status = :state, done_at = 1 WHERE key = :key")
                connection.execute(done, {"state": state, "key": row["key"]})
    with shop.store.write() as connection:
        connection.execute(text("DELETE FROM outbox"))
    return found


Row = tuple[int, int, str, int, str, int, str, str, int | None, str | None]


def _replayed(shop: Shop, rules: RuleSet, who: str) -> tuple[Customer, list[Row]]:
    """The customer and all decisions about them, from their log."""
    customer, orders, decided = Customer(), dict[str, Order](), list[Row]()
    log: dict[int, Event] = {}
    rulesets = {row["seq"]: row["ruleset"] for row in shop.rows("event") if row["customer"] == who}
    for row in shop.log(who):
        one = logged(row.source, row.id, row.type, who, row.time, row.data, row.amount)
        one.at, one.seq = row.at, row.seq
        log[one.seq] = one
        live, told = bool(rulesets[one.seq]), []
        if live:
            told += elapse(rules, who, customer, one.at, lambda seq: copy.copy(log.get(seq))).decisions
        customer.at, customer.seq = one.at, one.seq
        if one.type != POKE:
            key = row_key(one)
            order = None if key is None else orders.setdefault(key, Order())
            new = fold(customer, order, one, rules.policy.shop.zone, {}, orders.values)
            if live:
                told += decide(rules, one, customer, new).decisions
            else:
                backdate(customer, one, new)
        for n, each in enumerate(told, 1):
            key = each.message.key if each.message is not None else None
            due = each.due or None
            decided.append((one.seq, n, each.rule, each.step, each.entry, each.at, each.outcome, each.reason, due, key))
    return customer, decided


@pytest.mark.parametrize("seed", range(8))
def test_from_the_log_alone_come_the_same_decisions_and_the_same_customer(store: Store, seed: int) -> None:
    rules, chance = _rules(), random.Random(seed)
    columns = ("seq", "n", "rule", "step", "entry", "at", "outcome", "reason", "due", "message")
    with shop_on(store, rules) as shop:
        past = Applier(shop.writer, rules, Intake("import:1", history=True), lambda: shop.now)
        _lived(shop, past, chance)
        outcomes = set()
        for who in PEOPLE:
            rows = [row for row in shop.rows("decision", "seq, n") if row["customer"] == who]
            customer, decided = _replayed(shop, rules, who)
            assert [tuple(row[name] for name in columns) for row in rows] == decided
            assert customer == shop.customer(who)
            outcomes |= {(row["outcome"], row["reason"]) for row in rows}
        assert {"queued", "waiting", "suppressed", "stopped", "requested"} <= {outcome for outcome, _ in outcomes}
