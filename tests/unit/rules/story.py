"""One customer's log, event after event, as the worker applies it; and small rules to tell stories about."""

from __future__ import annotations

import datetime as dt
from typing import Any

from msgspec.structs import replace

from retention.events import CLOCK, POKE, Event, Message, Poke, Purchase
from retention.fold import fold
from retention.money import Money
from retention.orders import Order
from retention.shop import Shop
from retention.state import Customer
from rules.engine.decide import decide, elapse
from rules.engine.outcome import Decided, message_key
from rules.language import StepCondition, compile_condition
from rules.language.schema import schema
from rules.policy import Policy
from rules.ruleset import Reentry, Rule, Status, rule_set
from rules.steps import Send

ALWAYS = Reentry("always")
BANGKOK = dt.timezone(dt.timedelta(hours=7))
ZONE = Shop().zone


def at(text: str) -> int:
    """`2026-03-10 10:00` in Bangkok."""
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=BANGKOK).timestamp()) * 1_000_000


NOW = at("2026-03-10 10:00")
HELLO, BYE = Send("hello", ("email",)), Send("bye", ("email",))


def asked(text: str) -> StepCondition:
    condition = compile_condition(text, schema("purchase", Shop(), steps=True)).condition
    assert condition is not None
    return condition


def rule(*do: Any, id_: str = "r", on: str = "purchase", **fields: Any) -> Rule:
    known: dict[str, Any] = {"status": Status.LIVE, "reentry": ALWAYS, "condition": None, "do": do}
    return Rule(id=id_, name=id_, on=on, **(known | fields))


class Story:
    """One customer's log, event after event, as the worker applies it."""

    def __init__(self, *rules: Rule, policy: Policy | None = None, **profile: Any) -> None:
        self.rules = rule_set(rules, policy or Policy(), "0" * 16)
        self.customer = Customer(profile={"email": "a@example.com", **profile}, consents={"email": [True, 1]})
        self.log: list[Event] = []
        self.orders: dict[str, Order] = {}
        self.told: list[tuple[str, str, str, str]] = []
        self.cancelled: list[str] = []
        self.decided = Decided()

    def _take(self, decided: Decided) -> None:
        self.decided = decided
        self.told += [
            (when(one.at), one.rule, one.outcome, one.reason or (when(one.due) if one.due > one.at else ""))
            for one in decided.decisions
        ]
        self.cancelled += decided.cancelled

    def until(self, moment: int) -> None:
        self.poke(Poke(), moment)

    def poke(self, data: Poke, moment: int, said: int | None = None) -> None:
        """The clock wakes her, as it `said` before."""
        event = Event(CLOCK, "poke", POKE, "anna", moment if said is None else said, data, b"{}", at=moment)
        self._take(elapse(self.rules, event, self.customer, lambda seq: replace(self.log[seq - 1])))

    def hear(self, kind: str, data: Any, time: int, at_: int | None = None) -> None:
        moment = time if at_ is None else at_
        self.until(moment)
        self.customer.seq += 1
        event = Event("shop", f"e{self.customer.seq}", kind, "anna", time, data, b"", 89_000, moment, self.customer.seq)
        self.log.append(event)
        order = (
            self.orders.setdefault(getattr(data, "order_id", "-"), Order()) if kind in ("purchase", "return") else None
        )
        new = fold(self.customer, order, event, ZONE, {}, lambda: ())
        self._take(decide(self.rules, event, self.customer, new))

    def buy(self, time: int = NOW, order: str = "") -> None:
        self.hear("purchase", Purchase(order or f"o{len(self.log)}", Money(890)), time)

    def message(self, rule_: str, step: int, state: str, time: int, entry: int = 1) -> None:
        self.hear("message", Message(message_key(rule_, "anna", f"shop\x1fe{entry}", step), state), time)  # type: ignore[arg-type]


def when(moment: int) -> str:
    return dt.datetime.fromtimestamp(moment / 1e6, BANGKOK).strftime("%m-%d %H:%M") if moment else ""
