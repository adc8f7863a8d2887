"""One partition's records into the store: what is applied, in which order, and what fires."""

from __future__ import annotations

import pytest

from retention.decode import decode
from retention.shop import Shop as Money
from retention.state import Customer
from rules.engine.decide import decide
from rules.engine.shares import pick
from rules.policy import HOUR
from rules.ruleset import MessageClass, Status
from rules.steps import Send
from storage.errors import Fenced
from storage.messages import Context
from storage.store import Store
from streams.apply import Outcome
from streams.broker import EVENTS
from streams.partitions import partition_of
from tests.unit.streams.kit import NOW, RULES, SECOND, Shop, event, reachable, records, rule, ruled, shop_on


def test_a_batch_moves_everything_it_is_about(shop: Shop) -> None:
    outcome = shop.take(reachable(), event("1", total="8.90"), event("2", "ben"))
    assert outcome == Outcome(applied=3, messages=1)
    anna = shop.customer()
    assert anna is not None
    assert (anna.orders, anna.gross, anna.profile["email"], anna.seq) == (1, 890, "anna@example.com", 2)
    assert (shop.count("placed"), shop.count("gross")) == (2, 990)
    assert [(one.type, one.id, one.seq) for one in shop.log()] == [("profile", "profile-anna", 1), ("purchase", "1", 2)]
    assert {row["key"] for row in shop.rows("order")} == {"o-1", "o-2"}
    [row] = shop.rows("partition")
    assert (row["position"], row["at"], row["seen"], row["bad"]) == (3, NOW, 3, 0)
    assert len(shop.rows("inbox")) == 3


def test_duplicates_change_nothing_within_a_batch_and_across(shop: Shop) -> None:
    assert shop.take(event("1"), event("1"), event("1")) == Outcome(applied=1, duplicates=2)
    assert shop.take(event("2"), event("1")) == Outcome(applied=1, duplicates=1)
    assert shop.count("placed") == 2
    assert [one.id for one in shop.log()] == ["1", "2"]
    assert shop.dead() == {}


def test_a_batch_read_again_after_a_crash_is_all_duplicates(store: Store) -> None:
    batch = records(event("1"), event("2", "ben"), b"{")
    with shop_on(store) as shop:
        shop.apply(batch)
        before = shop.counters(), shop.rows("event"), shop.rows("message"), shop.rows("dead_letter")
    with shop_on(store) as shop:
        assert shop.apply(batch) == Outcome(duplicates=2, dead=1)
        assert (shop.counters(), shop.rows("event"), shop.rows("message"), shop.rows("dead_letter")) == before


def test_the_same_id_of_another_source_is_another_event(shop: Shop) -> None:
    other = event("1", order_id="o-2").replace(b"/shop", b"/till")
    assert shop.take(event("1"), other).applied == 2


def test_the_same_id_with_other_content_is_refused_within_a_batch_and_across(shop: Shop) -> None:
    assert shop.take(event("1"), event("1", total="2.00")) == Outcome(applied=1, dead=1)
    assert shop.take(event("1", total="3.00"), event("1")) == Outcome(duplicates=1, dead=1)
    assert shop.take(event("1", "ben")) == Outcome(dead=1)
    assert shop.dead() == dict.fromkeys((1, 2, 4), ("id-reused", "id"))
    assert shop.count("gross") == 100


def test_a_retry_with_a_new_time_is_a_duplicate_and_the_first_time_counts(shop: Shop) -> None:
    assert shop.take(event("1", time=NOW), event("1", time=NOW + 1)) == Outcome(applied=1, duplicates=1)
    assert [one.time for one in shop.log()] == [NOW]


def test_a_customers_events_are_numbered_without_a_gap_whatever_is_between_them(shop: Shop) -> None:
    shop.take(event("1"), b"{", event("2", "ben"), event("1"), event("3"))
    shop.take(event("4", total="x"), event("5"))
    assert [(one.id, one.seq) for one in shop.log()] == [("1", 1), ("3", 2), ("5", 3)]
    assert [(one.id, one.seq) for one in shop.log("ben")] == [("2", 1)]


def test_a_clock_that_goes_back_never_takes_a_customer_back(shop: Shop) -> None:
    for number, ahead in enumerate((0, 5 * SECOND, -HOUR, 3 * SECOND, 6 * SECOND)):
        shop.now = NOW + ahead
        shop.take(event(f"a-{number}", time=NOW - SECOND))
    assert [one.at - NOW for one in shop.log()] == [0, 5 * SECOND, 5 * SECOND, 5 * SECOND, 6 * SECOND]
    shop.now = NOW - HOUR
    shop.take(event("b", "ben", time=NOW - 2 * HOUR))
    assert [one.at for one in shop.log("ben")] == [NOW - HOUR]


def test_the_log_keeps_the_events_data_byte_for_byte(shop: Shop) -> None:
    value = event("1").replace(b'"total": "1.00"', '"total" :  1.00, "note": "ชา\\u00e9"'.encode())
    assert shop.take(value).applied == 1
    [one] = shop.log()
    assert one.data in value
    assert one.data.endswith('"note": "ชา\\u00e9"}'.encode())
    assert (one.time, one.source) == (NOW, "/shop")


# Deciding


def test_decisions_messages_and_keys_are_those_of_the_engine(shop: Shop) -> None:
    values = [
        reachable(),
        event("1"),
        event("2"),
        event("3", kind="return", return_id="r", total="1.00"),
        event("4", "ben"),
    ]
    shop.take(*values)
    expected, customers = [], {"anna": Customer(), "ben": Customer()}
    with shop_on(shop.store) as other:
        for one in other.log() + other.log("ben"):
            raw = next(value for value in values if f'"{one.id}"'.encode() in value)
            seen = decode(one.customer.encode(), raw, (), Money(), NOW)
            seen.at, seen.seq = one.at, one.seq
            customer = customers[one.customer]
            customer.orders_ever += one.type == "purchase"
            customer.profile = {"email": "x"} if one.customer == "anna" else {}
            for decision in decide(RULES, seen, customer, True).decisions:
                key = decision.message.key if decision.message else None
                expected.append((one.customer, one.seq, decision.rule, decision.outcome, decision.reason, key))
    found = shop.rows("decision", "customer, seq")
    kept = [tuple(row[name] for name in ("customer", "seq", "rule", "outcome", "reason", "message")) for row in found]
    assert kept == expected
    assert [(row[2], row[3], row[4]) for row in kept] == [
        ("welcome", "queued", ""),
        ("thanks", "queued", ""),
        ("care", "queued", ""),
        ("welcome", "suppressed", "unreachable"),
    ]
    assert {row["key"] for row in shop.rows("message")} == {row[5] for row in kept if row[5]}


def test_a_message_carries_what_its_wording_needs(shop: Shop) -> None:
    shop.take(reachable(), event("1", total="8.90"))
    [row] = shop.rows("message")
    assert (row["customer"], row["rule"], row["template"], row["channel"], row["class"]) == (
        "anna",
        "welcome",
        "welcome",
        "email",
        "transactional",
    )
    assert (row["status"], row["created_at"], row["due_at"]) == ("queued", NOW, NOW)
    context = Context.decode(bytes(row["context"]))
    assert (context.type, context.time, context.amount) == ("purchase", NOW, 890)
    assert (context.orders, context.orders_ever, context.rule_name) == (1, 1, "Welcome")
    assert context.data == shop.log()[1].data


def test_the_log_names_the_rules_that_decided(shop: Shop) -> None:
    shop.take(event("1"))
    assert [row["ruleset"] for row in shop.rows("event")] == ["rules-1"]


def test_an_amendment_fires_nothing_and_corrects_the_amount(shop: Shop) -> None:
    shop.take(reachable(), event("1", order_id="o", total="1.00"))
    later = event("2", order_id="o", total="5.00", time=NOW + SECOND)
    earlier = event("3", order_id="o", total="9.00", time=NOW - SECOND)
    assert shop.take(later, earlier) == Outcome(applied=2)
    assert (shop.count("placed"), shop.count("gross")) == (1, 500)
    assert len(shop.rows("message")) == 1
    assert len(shop.rows("decision")) == 1
    assert [one.id for one in shop.log()] == ["profile-anna", "1", "2", "3"]


def test_what_decided_and_what_did_not_is_counted_by_month(shop: Shop) -> None:
    shop.take(reachable(), event("1"), event("2"))
    counted = {
        (row["measure"], row["dims"]): row["value"]
        for row in shop.rows("counter")
        if row["dims"] and "/" in row["dims"]
    }
    assert counted == {
        ("decided", "welcome/queued/"): 1,
        ("decided", "thanks/queued/"): 1,
        ("not_fired", "welcome/condition"): 1,
        ("not_fired", "thanks/condition"): 1,
    }


def test_a_late_event_counts_and_sends_nothing(shop: Shop) -> None:
    shop.take(reachable(), event("1", time=NOW - 25 * HOUR))
    assert shop.count("placed") == 1
    assert [(row["outcome"], row["reason"]) for row in shop.rows("decision")] == [("suppressed", "late")]
    assert shop.rows("message") == []


def test_a_rule_in_shadow_decides_and_queues_nothing(store: Store) -> None:
    with shop_on(store, ruled(rule("try", status=Status.SHADOW), rule("old", status=Status.PAUSED))) as shop:
        shop.take(reachable(), event("1"))
        assert [(row["rule"], row["outcome"]) for row in shop.rows("decision")] == [("try", "shadow")]
        assert shop.rows("message") == []


def test_a_customer_who_is_held_out_is_recorded_and_gets_nothing(store: Store) -> None:
    with shop_on(store, ruled(rule("welcome", holdout=10_000, class_=MessageClass.MARKETING))) as shop:
        assert shop.take(reachable(), event("1")) == Outcome(applied=2)
        assert [(row["step"], row["outcome"], row["reason"], row["message"]) for row in shop.rows("decision")] == [
            (0, "held-out", "holdout", None)
        ]
        anna = shop.customer()
        assert anna is not None
        assert anna.entries["welcome"][0] == 1


def test_a_variant_is_kept_from_one_batch_to_the_next_and_across_changed_shares(store: Store) -> None:
    send = (Send("hello-{variant}", ("email",)),)
    for number, shares in enumerate(([("warm", 5_000), ("short", 5_000)], [("short", 9_999), ("warm", 1)])):
        with shop_on(store, ruled(rule("hello", variants=tuple(shares), do=send))) as shop:
            people = [f"customer-{one}" for one in range(12)]
            shop.take(*(value for one in people for value in (reachable(one), event(f"{one}-{number}", one))))
    first = {one: f"hello-{pick([('warm', 5_000), ('short', 5_000)], 'variant:hello', one)}" for one in people}
    with shop_on(store) as shop:
        assert {(row["customer"], row["template"]) for row in shop.rows("message")} == set(first.items())
        assert len(shop.rows("message")) == 24
    assert len(set(first.values())) == 2


def test_a_message_decided_again_is_not_queued_again(shop: Shop) -> None:
    """Keys are stable: were the decision made twice, the message would still be one."""
    shop.take(reachable(), event("1"))
    [before] = shop.rows("message")
    with shop.store.write() as connection:
        for table in ("inbox", "decision", "event", "customer", '"order"'):
            connection.exec_driver_sql(f"DELETE FROM {table}")
    shop.take(reachable(), event("1"))
    assert shop.rows("message") == [before]


# Partitions


def test_a_record_in_the_wrong_partition_is_handed_back_and_not_applied(shop: Shop) -> None:
    shop.applier.partitions = 4
    home = partition_of(b"anna", 4)
    stray = next(name for name in ("ben", "cleo", "dan", "eve") if partition_of(name.encode(), 4) != home)
    outcome = shop.take(event("1"), event("2", stray), b"{", partition=home)
    assert (outcome.applied, outcome.dead) == (1, 1)
    assert [record.offset for record in outcome.misrouted] == [1]
    assert shop.applier.home_of(outcome.misrouted[0]) == partition_of(stray.encode(), 4)
    assert shop.customer(stray) is None
    [row] = shop.rows("partition")
    assert (row["id"], row["position"], row["seen"], row["bad"]) == (home, 3, 2, 1)


def test_a_bad_record_in_the_wrong_partition_is_a_dead_letter_where_it_stands(shop: Shop) -> None:
    shop.applier.partitions = 4
    home = partition_of(b"anna", 4)
    assert shop.take(b"{", partition=(home + 1) % 4) == Outcome(dead=1)
    assert shop.dead() == {0: ("not-json", "")}


def test_a_zombie_applies_nothing(shop: Shop) -> None:
    shop.take(event("1"))
    with shop_on(shop.store) as new:
        new.take(event("2"))
        with pytest.raises(Fenced):
            shop.take(event("3"), b"{")
        assert [one.id for one in new.log()] == ["1", "2"]
        assert shop.dead() == {}
    assert shop.rows("partition")[0]["topic"] == EVENTS
