"""What may happen to the customers of a shop, as batches of records; and two sets of rules that meet all of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st
from msgspec import Struct
from sqlalchemy import text

from retention.events import CATALOGUE
from retention.shop import Shop as Money
from rules.language import compile_condition
from rules.language.kinds import Kind
from rules.language.schema import Declared, schema
from rules.policy import DAY, HOUR, MARKETING, Cap, Limits, Policy
from rules.ruleset import (
    ALL_MARKETING,
    CatchUp,
    FanOut,
    Inactive,
    MessageClass,
    OnDate,
    Reentry,
    RuleSet,
    Status,
    paused,
    rule_set,
)
from rules.steps import Assign, Branch, Emit, Grant, Jump, Notify, Send, StopIf, Tag, Wait, WaitUntil
from storage.writer import Held
from streams.apply import Applier
from tests.unit.streams.kit import NOW, Shop, event, poke, records, rule

PEOPLE = ("anna", "ben")
OWN = {"share": {"network": "text", "followers": "count?"}}
MONEY = Money(events=OWN, walk_in=6)
DECLARED = Declared({"renews": Kind.TEXT}, {"share": {"network": Kind.TEXT, "followers": Kind.COUNT}})
MAIL, BOTH_WAYS = ("email",), ("sms", "email")


def asked(condition: str, on: str = "purchase", steps: bool = False) -> Any:
    """A condition as a rule file has it."""
    made = compile_condition(condition, schema(on, MONEY, declared=DECLARED, steps=steps))
    assert made.condition is not None, made.faults
    return made.condition


def policy(**more: Any) -> Policy:
    """Quiet hours, caps of every kind; what is transactional obeys them too, else rules would seldom meet."""
    known: dict[str, Any] = {
        "shop": MONEY,
        "caps": (Cap(3, 2 * DAY), Cap(2, 0, "email")),
        "quiet": (21 * 60, 9 * 60),
        "limits": {
            "marketing": MARKETING,
            "transactional": Limits(capped=True, counts=True, quiet="defer", expires_after=DAY),
        },
    }
    return Policy(**(known | more))


def rules_of_old() -> RuleSet:
    """Rules of every kind: waits, branches, exits, caps, a group, shares, all that listens to time."""
    send = {name: Send(name, MAIL) for name in ("a", "b", "c")}
    since = asked("customer.orders_since_entry > 0", steps=True)
    marketing: dict[str, Any] = {"class_": MessageClass.MARKETING}
    return rule_set(
        [
            rule(
                "waits",
                condition=asked("customer.orders_ever >= 2 and event.total > 5"),
                do=(send["a"], Wait(HOUR), StopIf(since), send["b"], Grant("gift", "note")),
                priority=3,
                reentry=Reentry("after", 5 * DAY),
            ),
            rule(
                "branches",
                do=(
                    WaitUntil(600),
                    Branch(since, 4),
                    Tag("again"),
                    Jump(5),
                    Assign((("renews", "2026-04-01"),)),
                    Emit("loyalty"),
                    Wait(HOUR),
                    Send("a", MAIL, at=11 * 60, stop=False),
                    Tag("again", False),
                    Notify("look"),
                ),
                stop_on=("return", "message.unsubscribed"),
                group="one",
                priority=1,
            ),
            rule("grouped", do=(send["b"], Grant("points", amount=2, per=100)), group="one", wait_if_capped=True),
            rule("shadowed", do=(send["c"], Tag("nobody")), group="one", status=Status.SHADOW, priority=2),
            rule(
                "shares",
                do=(Send("v-{variant}", BOTH_WAYS, offer="tea"), Wait(DAY), send["a"]),
                holdout=3_000,
                chance=7_000,
                variants=(("x", 5_000), ("y", 5_000)),
                stop_on=("support.closed",),
                **marketing,
            ),
            rule("tagged", condition=asked('has_tag("again")'), do=(send["c"],), quiet="drop", **marketing),
            rule(
                "shared",
                on="share",
                condition=asked('event.network == "x" and event.followers > 2', "share"),
                do=(
                    Grant("points", amount=5),
                    Wait(HOUR),
                    Branch(asked("event.followers > 5", "share", True), 4),
                    Notify("many"),
                    Tag("sharer"),
                ),
            ),
            rule(
                "quiet",
                on="inactive",
                trigger=Inactive("last_order", 36 * HOUR),
                do=(send["c"], Wait(DAY), send["b"]),
                expires_after=HOUR,
                catch_up=CatchUp(9),
            ),
            rule(
                "launched",
                on="product",
                trigger=FanOut(lambda e, c: c.orders > 0),
                condition=asked("event.price > 100", "product"),
                do=(send["a"], Wait(HOUR), StopIf(asked('event.category == "cups"', "product", True)), send["c"]),
            ),
            rule("rhythm", on="inactive", trigger=Inactive("last_event", rhythm=150), do=(Grant("offer", "tea"),)),
            rule(
                "dated",
                on="date",
                trigger=OnDate("customer.attributes.renews", -1),
                do=(send["a"],),
                catch_up=CatchUp(9),
            ),
            rule("birthday", on="birthday", do=(send["b"],), reentry=Reentry("never"), **marketing),
            rule(
                "daily",
                on="",
                trigger=FanOut(lambda e, c: c.orders >= 2, "day"),
                condition=lambda e, c: c.orders % 2 == 0,
                do=(send["a"],),
            ),
            rule("seasonal", on="review", active=(None, 20_518), do=(send["b"],)),
            rule("heard", on="message", condition=asked('event.state == "opened"', "message"), do=(Tag("reads"),)),
        ],
        policy(),
        "old",
    )


def rules_of_new() -> RuleSet:
    """The same a while later: one is gone, one paused, others have other steps, priorities and limits."""
    old = rules_of_old().by_id
    kept = [old[id] for id in ("grouped", "shares", "tagged", "shared", "birthday", "heard", "shadowed")]
    return rule_set(
        [
            *kept,
            rule("waits", do=(Send("a", MAIL), Wait(DAY), Tag("new"), Send("c", BOTH_WAYS, at=20 * 60)), priority=-1),
            rule("branches", do=(Wait(DAY),), status=Status.PAUSED),
            rule("weekly", on="", trigger=FanOut(lambda e, c: True, "week"), do=(Send("a", MAIL),)),
        ],
        policy(caps=(Cap(2, DAY),), lateness=40 * HOUR, recheck=HOUR, give_up=2 * DAY),
        "new",
    )


def rules_with_pauses() -> RuleSet:
    """The old ones while the shop has paused all marketing, and a rule more."""
    return paused(rules_of_old(), "paused", ("waits", ALL_MARKETING))


class Said(Struct, frozen=True):
    """Something said of a customer `late` microseconds ago."""

    who: str
    kind: str
    late: int
    data: dict[str, Any]


class Happening(Struct, frozen=True):
    """The clock moves by `passed` (None: to when the first of them is due, and it pokes them); then one batch, cut
    at `cut`, some of it `again`, under these `rules`. `results`: (which, state) of messages on their way.
    """

    passed: int | None
    said: list[Said]
    cut: int
    again: bool
    rules: str
    imported: bool
    results: list[tuple[int, str]]


def _said() -> st.SearchStrategy[Said]:
    orders, tickets = st.sampled_from(("o-1", "o-2", "o-3", "o-4", "o-5")), st.sampled_from(("t-1", "t-2"))
    sums = st.sampled_from(("9.00", "1.00", "120.50", "0"))
    kinds: dict[str, st.SearchStrategy[dict[str, Any]]] = {
        "purchase": st.fixed_dictionaries({"order_id": orders | st.uuids().map(str), "total": sums}),
        "return": st.fixed_dictionaries(
            {
                "return_id": tickets,
                "order_id": orders,
                "total": sums,
                "state": st.sampled_from(("requested", "received", "refunded")),
            }
        ),
        "fulfilment": st.fixed_dictionaries(
            {"order_id": orders, "state": st.sampled_from(("shipped", "delivered", "cancelled"))}
        ),
        "profile": st.fixed_dictionaries(
            {},
            optional={
                "email": st.sampled_from(("a@example.com", None)),
                "phone": st.sampled_from(("+66 1", None)),
                "birth_date": st.sampled_from(("1990-03-04", "--02-29", None)),
                "time_zone": st.sampled_from(("Europe/Berlin", "Asia/Bangkok", None)),
                "attributes": st.sampled_from(({"renews": "2026-03-09"}, {"renews": 3}, {})),
                "tags": st.sampled_from((["again"], [])),
                "staff": st.sampled_from((False, False, True)),
            },
        ),
        "consent": st.fixed_dictionaries(
            {
                "channel": st.sampled_from(("email", "sms")),
                "state": st.sampled_from(("granted", "granted", "denied")),
            }
        ),
        "support": st.fixed_dictionaries({"ticket_id": tickets, "state": st.sampled_from(("opened", "closed"))}),
        "review": st.fixed_dictionaries({"rating": st.integers(1, 5)}),
        "survey": st.fixed_dictionaries({"score": st.integers(0, 10)}),
        "referral": st.just({"code": "friend"}),
        "lead": st.just({}),
        "birthday": st.sampled_from(({}, {"date": "1990-03-04"})),
        "share": st.fixed_dictionaries(
            {"network": st.sampled_from(("x", "y"))}, optional={"followers": st.integers(0, 9), "odd": st.just(1.5)}
        ),
        "product": st.fixed_dictionaries(
            {
                "sku": st.sampled_from(("TEA-9", "CUP-1")),
                "name": st.just("New"),
                "category": st.sampled_from(("tea", "cups")),
                "price": sums,
            }
        ),
        "poke": st.just({}),
        "catch-up": st.fixed_dictionaries(
            {"rule": st.sampled_from(("quiet", "dated", "waits", "gone")), "before": st.sampled_from((0, 1, 30))}
        ),
    }
    often = [*kinds, "catch-up", "purchase", "purchase", "purchase", "poke", "poke", "poke", "return"]
    late = st.sampled_from((0, 0, 0, 1, HOUR, 30 * HOUR, 9 * DAY))

    def of(kind: str) -> st.SearchStrategy[Said]:
        return st.builds(Said, st.sampled_from(PEOPLE), st.just(kind), late, kinds[kind])

    return st.sampled_from(often).flatmap(of)


def lives(most: int = 25) -> st.SearchStrategy[list[Happening]]:
    """A few weeks of batches: the clock stands still, goes on, pauses, steps back; rules change, and back."""
    moves = (0, 0, 1, HOUR, 7 * HOUR, DAY, 3 * DAY, 15 * DAY, -HOUR, -3 * HOUR)
    passed = st.sampled_from((*moves, None, None, None, None, None))
    state = st.sampled_from(
        ("sent", "sent", "failed", "expired", "cancelled", "ambiguous", "opened", "bounced", "unsubscribed")
    )
    seldom = st.sampled_from((False, False, False, False, True))
    happening = st.builds(
        Happening,
        passed,
        st.lists(_said(), min_size=1, max_size=6),
        st.integers(0, 6),
        seldom,
        st.sampled_from(("old", "old", "new", "paused")),
        seldom,
        st.lists(st.tuples(st.integers(0, 9), state), max_size=3),
    )
    return st.lists(happening, min_size=3, max_size=most)


class World:
    """Customers of this life alone, named by `number`, in a shop whose clock is ours."""

    def __init__(self, shop: Shop, by: Mapping[str, Applier], past: Applier, number: int) -> None:
        """`by`: who applies by which rules; `past` imports."""
        self.shop, self.by, self.past, self.number = shop, by, past, number
        self.people = [self.name(who) for who in PEOPLE]
        shop.now = NOW
        self.counted = 0
        for person in self.people:
            self.take([self.made(Said(person, "profile", 0, {"email": f"{person}@example.com"}))])
            self.take([self.made(Said(person, "consent", 0, {"channel": "email", "state": "granted"}))])

    def name(self, who: str) -> str:
        return f"{self.number}-{who}"

    def made(self, said: Said) -> bytes:
        """The record of it."""
        self.counted += 1
        who = said.who if said.who in self.people else self.name(said.who)
        if said.kind == "poke":
            return poke(who, time=self.shop.now)
        if said.kind == "catch-up":
            before = NOW + said.data["before"] * DAY
            return poke(who, time=self.shop.now - said.late, data=said.data | {"before": before})
        id = f"{self.number}-{self.counted}"
        if said.kind == "product":
            told = json.loads(event(id, who, said.kind, self.shop.now - said.late, **said.data))
            return json.dumps(told | {"source": CATALOGUE}).encode()
        return event(id, who, said.kind, self.shop.now - said.late, **said.data)

    def live(self, happenings: list[Happening]) -> None:
        for each in happenings:
            values = self.come(each.passed)
            values += [self.made(one) for one in each.said]
            if each.imported:
                self.take([one for one in values if b'"poke"' not in one], self.past)
                continue
            applier = self.by[each.rules]
            values += self.results(each.results)
            parts = [values[: each.cut], values[each.cut :]]
            for part in parts + (parts if each.again else []):
                self.take(part, applier)

    def come(self, passed: int | None) -> list[bytes]:
        """Time goes on; the pokes of the clock, if it is awake."""
        if passed is not None:
            self.shop.now += passed
            return []
        dues = [row["next_due"] for row in self.shop.rows("customer") if row["id"] in self.people and row["next_due"]]
        self.shop.now = max([self.shop.now, *([min(dues)] if dues else [])])
        return [self.made(Said(person, "poke", 0, {})) for person in self.people]

    def take(self, values: list[bytes], applier: Applier | None = None) -> None:
        """One batch."""
        applier = applier or self.by["old"]
        if values:
            held: Held = applier.writer.take("events", 0)
            applier.apply(held, records(*values))

    def results(self, wanted: list[tuple[int, str]]) -> list[bytes]:
        """What the relay brings, and what is said of messages that are on their way."""
        mine = [row for row in self.shop.rows("outbox", "id") if bytes(row["key"]).decode() in self.people]
        found = [bytes(row["value"]) for row in mine if row["topic"] == "events"]
        queued = [row for row in self.shop.rows("message", "key") if row["customer"] in self.people]
        for which, state in wanted:
            if queued:
                found.append(self.said_of(queued[which % len(queued)], state))
        with self.shop.store.write() as connection:
            connection.execute(text("DELETE FROM outbox WHERE topic = 'events'"))
        return found

    def said_of(self, row: dict[str, Any], state: str) -> bytes:
        said = json.loads(event(f"{row['key']}:{state}", row["customer"], "message", self.shop.now))
        data = {"message_id": row["key"], "state": state, "channel": row["channel"]}
        return json.dumps(said | {"source": "regulars:delivery", "data": data}).encode()
