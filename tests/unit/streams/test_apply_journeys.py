"""Rules that go on over time, batch after batch: timers, pokes, exits, what is asked for; on both databases."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import text

from retention.events import CLOCK
from retention.shop import Shop as Money
from rules.engine.outcome import message_key
from rules.language import StepCondition, compile_condition
from rules.language.schema import schema
from rules.policy import DAY, HOUR, MARKETING, Cap, Limits, Policy
from rules.ruleset import Inactive
from rules.steps import Emit, Grant, Notify, Send, StopIf, Tag, Wait
from storage.messages import Context, Messages
from storage.store import Store
from streams.apply import Outcome
from tests.unit.streams.kit import NOW, SECOND, Shop, event, poke, reachable, records, rule, ruled, shop_on

HELLO, BYE = Send("hello", ("email",)), Send("bye", ("email",))
WEEK = 7 * DAY


def asked(condition: str) -> StepCondition:
    found = compile_condition(condition, schema("purchase", Money(), steps=True)).condition
    assert found is not None
    return found


def told(shop: Shop, customer: str = "anna") -> list[tuple[int, int, str, int, str, str, int]]:
    """(event, number, rule, step, outcome, reason, days since NOW) of every decision."""
    return [
        (row["seq"], row["n"], row["rule"], row["step"], row["outcome"], row["reason"], (row["at"] - NOW) // DAY)
        for row in shop.rows("decision", "customer, seq, n")
        if row["customer"] == customer
    ]


def version(shop: Shop, customer: str = "anna") -> tuple[int, int | None]:
    """(version, next_due) of a customer's row."""
    [row] = [row for row in shop.rows("customer") if row["id"] == customer]
    return row["version"], row["next_due"]


def everything(shop: Shop) -> dict[str, list[dict[str, Any]]]:
    """All that a batch may change, but for how far the partition was read, and when."""
    tables = (
        "customer",
        "order",
        "inbox",
        "event",
        "counter",
        "decision",
        "message",
        "request",
        "outbox",
        "dead_letter",
    )
    found = {table: shop.rows(table, "1, 2") for table in tables}
    found["partition"] = [{"seen": row["seen"], "bad": row["bad"]} for row in shop.rows("partition")]
    return found


def later(shop: Shop, days: float) -> None:
    shop.now = NOW + round(days * DAY)


TWO = rule("two", do=(HELLO, Wait(WEEK), BYE))


@pytest.fixture
def two(store: Store) -> Any:
    with shop_on(store, ruled(TWO)) as made:
        yield made


# Timers.


def test_a_rule_goes_on_when_its_time_has_come_and_answers_the_event_that_began_it(two: Shop) -> None:
    two.take(reachable(), event("1", total="8.90"))
    assert version(two) == (1, NOW + WEEK)
    later(two, 7)
    assert two.take(poke()) == Outcome(applied=1, messages=1)
    assert told(two) == [
        (2, 1, "two", 0, "queued", "", 0),
        (2, 2, "two", 1, "waiting", "wait", 0),
        (3, 1, "two", 2, "queued", "", 7),
    ]
    bye = next(row for row in two.rows("message") if row["template"] == "bye")
    assert (bye["created_at"], bye["due_at"], bye["step"]) == (NOW + WEEK, NOW + WEEK, 2)
    context = Context.decode(bytes(bye["context"]))
    assert (context.type, context.time, context.amount, context.entry) == ("purchase", NOW, 890, "/shop\x1f1")
    assert context.data == two.log()[1].data
    assert version(two) == (2, None)
    assert [(one.seq, one.type, one.source, one.at) for one in two.log()][2:] == [(3, "poke", CLOCK, NOW + WEEK)]


def test_a_decision_says_which_way_it_belongs_to_and_when_that_goes_on(two: Shop) -> None:
    two.take(reachable(), event("1"))
    found = [(row["entry"], row["due"], row["message"]) for row in two.rows("decision", "n")]
    key = message_key("two", "anna", "/shop\x1f1", 0)
    assert found == [("/shop\x1f1", NOW, key), ("/shop\x1f1", NOW + WEEK, None)]


def test_what_was_due_is_done_before_the_event_that_comes_later(store: Store) -> None:
    """The offer leaves as of the seventh day; that she buys on the ninth is not known then."""
    stops = StopIf(asked("customer.orders_since_entry > 0"))
    with shop_on(
        store, ruled(rule("two", condition=lambda e, c: c.orders_ever == 1, do=(Wait(WEEK), stops, BYE)))
    ) as shop:
        shop.take(reachable(), event("1"))
        later(shop, 7.5)
        shop.take(event("2", time=NOW + 7 * DAY))
        assert told(shop)[1:] == [(3, 1, "two", 2, "queued", "", 7)]
        shop.take(reachable("ben"), event("b1", "ben", time=shop.now))
        later(shop, 10)
        shop.take(event("b2", "ben", time=shop.now))
        later(shop, 14.6)
        shop.take(poke("ben", time=shop.now))
        assert told(shop, "ben")[1:] == [(4, 1, "two", 1, "stopped", "stop-if", 14)]


def test_timers_of_several_rules_fire_in_their_order_and_are_numbered_with_the_event(store: Store) -> None:
    rules = ruled(
        rule("slow", do=(Wait(3 * DAY), HELLO), priority=9),
        rule("fast", do=(Wait(2 * DAY), HELLO, Wait(DAY), BYE)),
        rule("care", on="review", priority=5),
    )
    with shop_on(store, rules, horizon=400) as shop:
        shop.take(reachable(), event("1"))
        later(shop, 3)
        shop.take(event("2", kind="review", time=shop.now, rating=5))
        assert told(shop)[2:] == [
            (3, 1, "fast", 1, "queued", "", 2),
            (3, 2, "fast", 2, "waiting", "wait", 2),
            (3, 3, "slow", 1, "queued", "", 3),
            (3, 4, "fast", 3, "queued", "", 3),
            (3, 5, "care", 0, "queued", "", 3),
        ]


def test_the_counters_of_decisions_are_those_of_their_own_month(two: Shop) -> None:
    two.take(reachable(), event("1"))
    later(two, 7)
    two.take(poke())
    counted = {(row["dims"]): row["value"] for row in two.rows("counter") if row["measure"] == "decided"}
    assert counted == {"two/queued/": 2, "two/waiting/wait": 1}


def test_a_process_that_is_killed_between_two_batches_loses_and_doubles_nothing(store: Store) -> None:
    first, second = records(reachable(), event("1")), records(poke(), at=2)
    for again in range(2):
        with shop_on(store, ruled(TWO)) as shop:
            shop.apply(first)
        for _ in range(2):
            with shop_on(store, ruled(TWO)) as shop:
                later(shop, 7)
                shop.apply(second)
                assert [row["template"] for row in shop.rows("message", "step")] == ["hello", "bye"], again
                assert [one.type for one in shop.log()] == ["profile", "purchase", "poke"]


def test_a_batch_read_again_with_a_later_clock_finds_the_same_log(store: Store) -> None:
    """Redelivered duplicates bring no time: who is due waits for a poke or an event of their own."""
    with shop_on(store, ruled(TWO)) as shop:
        batch = records(reachable(), event("1"))
        shop.apply(batch)
        before = everything(shop)
        later(shop, 8)
        assert shop.apply(batch) == Outcome(duplicates=2)
        assert everything(shop) == before | {"partition": [{"seen": 4, "bad": 0}]}


def test_two_who_are_due_in_one_batch_are_read_with_one_question(store: Store) -> None:
    people = [f"c-{number}" for number in range(5)]
    with shop_on(store, ruled(TWO)) as shop:
        shop.take(*(value for one in people for value in (reachable(one), event(f"e-{one}", one))))
        later(shop, 7)
        shop.take(*(poke(one) for one in people))
        assert sorted(row["customer"] for row in shop.rows("message") if row["template"] == "bye") == people


def test_a_rule_whose_event_the_log_let_go_ends_and_says_so(two: Shop) -> None:
    two.take(reachable(), event("1"))
    with two.store.write() as connection:
        connection.execute(text("DELETE FROM event"))
    later(two, 7)
    two.take(poke())
    assert told(two)[2:] == [(3, 1, "two", 2, "suppressed", "event-gone", 7)]
    assert version(two) == (2, None)


def test_what_is_due_for_longer_than_the_lateness_does_nothing(two: Shop) -> None:
    two.take(reachable(), event("1"))
    later(two, 9)
    two.take(poke())
    assert told(two)[2:] == [(3, 1, "two", 2, "suppressed", "late", 7)]


# Pokes.


def test_a_poke_that_finds_nothing_due_leaves_no_trace(two: Shop) -> None:
    two.take(reachable(), event("1"), reachable("ben"))
    before = everything(two)
    later(two, 6.9)
    assert two.take(poke(), poke("ben"), poke(), poke("anna", time=NOW + DAY)) == Outcome()
    assert everything(two) == before


def test_a_poke_that_comes_again_finds_nothing_left_to_do(two: Shop) -> None:
    two.take(reachable(), event("1"))
    later(two, 7)
    assert two.take(poke(), poke(), poke()) == Outcome(applied=1, messages=1)
    before = everything(two)
    assert two.take(poke()) == Outcome()
    assert everything(two) == before


def test_pokes_of_many_customers_for_the_same_time_are_not_taken_for_one(two: Shop) -> None:
    two.take(reachable(), event("1"), reachable("ben"), event("2", "ben"))
    later(two, 7)
    assert two.take(poke("anna"), poke("ben")) == Outcome(applied=2, messages=2)
    assert two.dead() == {}


def test_a_poke_for_a_customer_who_is_gone_makes_nobody(two: Shop) -> None:
    assert two.take(poke("nobody")) == Outcome()
    assert everything(two)["customer"] == []


def test_only_the_clock_pokes(two: Shop) -> None:
    two.take(reachable(), event("1"))
    later(two, 7)
    assert two.take(poke(source="/shop"), poke(source="regulars:delivery")) == Outcome(dead=2)
    assert two.dead() == dict.fromkeys((2, 3), ("internal-type", "type"))
    assert len(told(two)) == 2


def test_who_plays_the_clock_can_do_no_more_than_it(two: Shop) -> None:
    """Whatever a forged poke says, the time is the worker's."""
    two.take(reachable(), event("1"))
    before = everything(two)
    forged = poke(time=NOW + 23 * HOUR, data={"at": NOW + WEEK, "due": "now", "order_id": "o-9", "total": 5})
    assert two.take(forged) == Outcome()
    assert everything(two) == before
    later(two, 7)
    two.take(forged)
    assert (two.log()[-1].data, two.log()[-1].source) == (b"{}", CLOCK)
    anna = two.customer()
    assert anna is not None
    assert (anna.last_event_at, anna.orders) == (NOW, 1)


def test_pokes_do_not_count_among_the_records_whose_share_of_bad_ones_halts_the_intake(two: Shop) -> None:
    two.take(reachable(), event("1"), *[poke()] * 50, b"{")
    [row] = two.rows("partition")
    assert (row["seen"], row["bad"], row["position"]) == (3, 1, 53)


def test_a_poke_in_a_file_of_history_is_refused(store: Store) -> None:
    with shop_on(store, ruled(TWO), history=True) as shop:
        assert shop.take(poke()) == Outcome(dead=1)
        assert shop.dead() == {0: ("internal-type", "type")}


# Rules that time alone fires.

QUIET = rule("quiet", on="inactive", trigger=Inactive("last_order", 60 * DAY), do=(HELLO,))


def test_who_was_quiet_for_long_enough_is_written_to_and_looked_at_then(store: Store) -> None:
    with shop_on(store, ruled(QUIET)) as shop:
        shop.take(reachable(), event("1"))
        assert version(shop) == (1, NOW + 60 * DAY)
        later(shop, 60)
        assert shop.take(poke()) == Outcome(applied=1, messages=1)
        assert told(shop) == [(3, 1, "quiet", 0, "queued", "", 60)]
        assert version(shop) == (2, None)


def test_a_rule_that_is_due_in_vain_is_looked_at_later_and_leaves_nothing_else(store: Store) -> None:
    """The condition does not hold: the log does not know of the poke, and the next event finds the same."""
    poor = rule("poor", on="inactive", trigger=Inactive("last_order", 3 * DAY), condition=lambda e, c: c.gross > 10**6)
    with shop_on(store, ruled(poor, QUIET)) as shop:
        shop.take(reachable(), event("1"))
        assert version(shop) == (1, NOW + 3 * DAY)
        before = everything(shop)
        later(shop, 3)
        assert shop.take(poke(), poke()) == Outcome()
        assert version(shop) == (1, NOW + 60 * DAY)
        after = everything(shop)
        assert {**after, "customer": [{**row, "next_due": NOW + 3 * DAY} for row in after["customer"]]} == before
        later(shop, 5)
        shop.take(event("2", kind="lead", time=shop.now))
        counted = {row["dims"]: row["value"] for row in shop.rows("counter") if row["measure"] == "not_fired"}
        assert counted == {"poor/condition": 1}


def test_an_imported_customer_is_written_to_when_their_time_comes(store: Store) -> None:
    with shop_on(store, ruled(QUIET), history=True) as past:
        past.take(reachable(), event("1", time=NOW - 40 * DAY), event("b", "ben", time=NOW - 90 * DAY))
        assert version(past) == (1, NOW + 20 * DAY)
        assert version(past, "ben") == (1, None)
    with shop_on(store, ruled(QUIET)) as shop:
        later(shop, 20)
        shop.take(poke(), poke("ben"))
        assert told(shop) == [(3, 1, "quiet", 0, "queued", "", 20)]
        assert told(shop, "ben") == []


# Imports beside rules that go on.


def test_an_import_fires_no_timer_and_the_next_poke_does(store: Store) -> None:
    with shop_on(store, ruled(TWO)) as shop:
        shop.take(reachable(), event("1"))
    with shop_on(store, ruled(TWO), history=True) as past:
        later(past, 7.2)
        past.take(event("old", time=NOW - 90 * DAY))
        assert len(told(past)) == 2
        assert version(past) == (2, NOW + WEEK)
    with shop_on(store, ruled(TWO)) as shop:
        later(shop, 7.4)
        shop.take(poke())
        assert told(shop)[2:] == [(4, 1, "two", 2, "queued", "", 7)]


def test_imported_orders_from_before_the_entry_are_none_since_then(store: Store) -> None:
    buys = ruled(rule("buys", do=(Wait(DAY), StopIf(asked("customer.orders_since_entry > 0")), BYE)))
    with shop_on(store, buys) as shop:
        shop.take(reachable(), event("1"), reachable("ben"), event("2", "ben"))
    with shop_on(store, buys, history=True) as past:
        later(past, 0.5)
        past.take(event("old", time=NOW - 90 * DAY), event("new", "ben", time=NOW + HOUR))
    with shop_on(store, buys) as shop:
        later(shop, 1)
        shop.take(poke(), poke("ben"))
        assert [one[4] for one in told(shop)] == ["waiting", "queued"]
        assert [one[4:6] for one in told(shop, "ben")] == [("waiting", "wait"), ("stopped", "stop-if")]


# Exits.

STOPS = rule(
    "stops",
    condition=lambda e, c: c.orders_ever == 1,
    do=(Send("morning", ("email",), at=9 * 60), Wait(WEEK), BYE),
    stop_on=("purchase",),
)


def results(shop: Shop) -> list[tuple[str, str]]:
    """(message, state) of every result that waits for the relay."""
    data = [json.loads(bytes(row["value"]))["data"] for row in shop.rows("outbox") if row["topic"] == "events"]
    return [(one["message_id"], one["state"]) for one in data]


KEY = message_key("stops", "anna", "/shop\x1f1", 0)


@pytest.mark.parametrize("together", [True, False])
def test_who_buys_while_the_message_waits_for_the_morning_does_not_get_it(store: Store, together: bool) -> None:
    with shop_on(store, ruled(STOPS)) as shop:
        if together:
            shop.take(reachable(), event("1"), event("2"))
        else:
            shop.take(reachable(), event("1"))
            shop.take(event("2"))
        [row] = shop.rows("message")
        assert (row["key"], row["status"], row["error"], row["done_at"]) == (KEY, "cancelled", "stopped", NOW)
        assert results(shop) == [(KEY, "cancelled")]
        assert [one[4:6] for one in told(shop)] == [("queued", ""), ("stopped", "stop-on")]
        assert version(shop)[1] is None


def test_the_result_of_a_cancelled_message_frees_the_place_it_had_under_the_caps(store: Store) -> None:
    limits = {
        "marketing": MARKETING,
        "transactional": Limits(capped=True, counts=True, quiet="ignore", expires_after=None),
    }
    with shop_on(store, ruled(STOPS, policy=Policy(caps=(Cap(1, WEEK),), limits=limits))) as shop:
        shop.take(reachable(), event("1"), event("2"))
        anna = shop.customer()
        assert anna is not None
        assert [key for _, _, key in anna.reserved] == [KEY]
        [row] = shop.rows("outbox")
        assert shop.take(bytes(row["value"]), key=bytes(row["key"])) == Outcome(applied=1)
        anna = shop.customer()
        assert anna is not None
        assert anna.reserved == []


def test_a_message_that_was_claimed_is_not_sent_and_one_that_is_being_sent_gets_no_second_try(store: Store) -> None:
    with shop_on(store, ruled(STOPS)) as shop:
        shop.take(reachable(), event("1"), reachable("ben"), event("b", "ben"))
        messages = Messages(store)
        claimed = {one.customer: one for one in messages.claim(9, NOW + DAY)}
        assert messages.begin_sending(claimed["ben"])
        shop.take(event("2"), event("b2", "ben"))
        assert not messages.begin_sending(claimed["anna"])
        assert messages.retry(claimed["ben"], NOW + DAY, "timeout")
        [again] = messages.claim(9, NOW + DAY)
        assert (again.customer, again.expires_at) == ("ben", NOW)
        assert results(shop) == [(KEY, "cancelled")]


def test_a_message_that_has_left_is_left_alone(store: Store) -> None:
    with shop_on(store, ruled(STOPS)) as shop:
        shop.take(reachable(), event("1"))
        messages = Messages(store)
        [claimed] = messages.claim(9, NOW + DAY)
        assert messages.begin_sending(claimed)
        assert messages.mark_sent(claimed, NOW + DAY)
        shop.take(event("2"))
        assert [row["status"] for row in shop.rows("message")] == ["sent"]
        assert results(shop) == [(KEY, "sent")]


# Expiry, offers, variants.


def test_a_message_carries_when_it_expires_its_offer_and_the_customers_variant(store: Store) -> None:
    sends = rule(
        "sends",
        do=(Send("hi-{variant}", ("email",), offer="tea-15"),),
        variants=(("warm", 10_000),),
        expires_after=2 * HOUR,
    )
    with shop_on(store, ruled(sends)) as shop:
        shop.take(reachable(), event("1"))
        [row] = shop.rows("message")
        assert (row["template"], row["expires_at"]) == ("hi-warm", NOW + 2 * HOUR)
        context = Context.decode(bytes(row["context"]))
        assert (context.offer, context.offered_at, context.variant, context.entry, context.rule_name) == (
            "tea-15",
            NOW,
            "warm",
            "/shop\x1f1",
            "Sends",
        )


def test_a_message_that_waits_for_its_hour_is_due_then_whatever_the_events_own_time(store: Store) -> None:
    with shop_on(store, ruled(rule("morning", do=(Send("morning", ("email",), at=18 * 60),)))) as shop:
        shop.take(reachable(), event("1", time=NOW - HOUR))
        [row] = shop.rows("message")
        assert (row["created_at"], row["due_at"]) == (NOW, NOW + HOUR)  # 10:00 UTC is 17:00 in Bangkok


# Requests.

ASKS = rule(
    "asks",
    do=(
        Grant("gift", "note"),
        Grant("offer", "tea-15"),
        Grant("points", amount=2, per=100),
        Notify("Call them"),
        Emit("loyalty"),
        Tag("seen"),
    ),
)


def test_what_customers_share_is_asked_for_and_waits(store: Store) -> None:
    with shop_on(store, ruled(ASKS)) as shop:
        assert shop.take(event("1", total="9.99")) == Outcome(applied=1)
        found = [
            (row["kind"], row["what"], row["amount"], row["step"], row["status"])
            for row in shop.rows("request", "step")
        ]
        assert found == [
            ("gift", "note", 1, 0, "waiting"),
            ("offer", "tea-15", 1, 1, "waiting"),
            ("points", "", 18, 2, "waiting"),
        ]
        first = shop.rows("request", "step")[0]
        assert first["id"] == message_key("asks", "anna", "/shop\x1f1", 0)
        assert (first["customer"], first["rule"], first["entry"], first["seq"], first["at"]) == (
            "anna",
            "asks",
            "/shop\x1f1",
            1,
            NOW,
        )
        assert [one[4] for one in told(shop)] == ["requested"] * 5 + ["done"]


def test_words_to_the_staff_and_events_of_the_shops_own_go_to_their_topics_without_personal_data(store: Store) -> None:
    with shop_on(store, ruled(ASKS)) as shop:
        shop.take(reachable(), event("1", time=NOW - SECOND))
        rows = [(row["topic"], bytes(row["key"]), json.loads(bytes(row["value"]))) for row in shop.rows("outbox", "id")]
        began = {"type": "purchase", "source": "/shop", "id": "1", "time": "2026-03-01T09:59:59+00:00"}
        head = {
            "specversion": "1.0",
            "source": "regulars:rules",
            "subject": "anna",
            "time": "2026-03-01T10:00:00+00:00",
        }
        entry = "/shop\x1f1"
        assert rows == [
            (
                "notifications",
                b"anna",
                head
                | {"id": message_key("asks", "anna", entry, 3), "type": "notification"}
                | {"data": {"customer": "anna", "rule": "asks", "text": "Call them", "event": began}},
            ),
            (
                "loyalty",
                b"anna",
                head
                | {"id": message_key("asks", "anna", entry, 4), "type": "asks"}
                | {"data": {"customer": "anna", "rule": "asks", "event": began}},
            ),
        ]


def test_what_was_asked_for_is_asked_once_whatever_is_read_again(store: Store) -> None:
    with shop_on(store, ruled(ASKS)) as shop:
        batch = records(event("1"))
        shop.apply(batch)
        before = everything(shop)
        shop.apply(batch)
        assert everything(shop) == before | {"partition": [{"seen": 2, "bad": 0}]}
