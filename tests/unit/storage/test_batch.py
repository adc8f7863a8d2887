"""What a batch reads and writes, on both databases."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from retention.state import Customer
from storage import queries
from storage.batch import CHUNK, Batch, Loaded, Place
from storage.errors import Contended
from storage.store import Store
from tests.unit.storage.kit import (
    NOW,
    TABLES,
    batch,
    counts,
    customer,
    decision,
    digest,
    event,
    letter,
    message,
    order,
    partition,
    rows,
    write_everything,
)

ODD = "น้ำชา\u200dé\U0001f375 'quoted\" \\ %s :name"
"""Text that a statement put together by hand would trip over."""


class Boom(Exception):
    pass


def test_a_batch_that_ends_well_is_all_there(store: Store) -> None:
    with batch(store, position=7) as opened:
        write_everything(opened)
    assert counts(store) == dict.fromkeys(TABLES, 1)
    row = partition(store)
    assert (row["position"], row["at"], row["seen"], row["bad"]) == (7, NOW, 10, 1)


def test_a_batch_that_raises_leaves_nothing_at_all(store: Store) -> None:
    with batch(store, position=3):
        pass
    with contextlib.suppress(Boom), batch(store, position=7) as opened:
        write_everything(opened)
        raise Boom
    assert counts(store) == {}
    row = partition(store)
    assert (row["position"], row["seen"], row["bad"]) == (3, 0, 0)


def test_what_was_received_is_known_with_its_content(store: Store) -> None:
    first, second, third = digest(), digest(), digest()
    content = digest()
    with batch(store) as opened:
        opened.receive({first: content, second: digest()}, NOW)
    with batch(store) as opened:
        assert opened.received({first, third}) == {first: content}
        assert opened.received([]) == {}


def test_what_was_received_already_cannot_be_received_again(store: Store) -> None:
    known, new = digest(), digest()
    content = digest()
    with batch(store) as opened:
        opened.receive({known: content}, NOW)
    with pytest.raises(Contended), batch(store) as opened:
        opened.receive({known: digest(), new: digest()}, NOW)
    with batch(store) as opened:
        assert opened.received({known, new}) == {known: content}


def test_a_customer_nobody_knows_is_empty_and_has_version_0(store: Store) -> None:
    with batch(store) as opened:
        assert opened.customers(["anna"]) == {"anna": Loaded(0, Customer())}
        assert opened.customers([]) == {}


def test_a_customer_comes_back_as_saved_and_the_version_rises(store: Store) -> None:
    with batch(store) as opened:
        opened.save_customers({"anna": customer(2, gross=900, refunds=100, last_order_at=5), "ben": customer()})
    with batch(store) as opened:
        loaded = opened.customers(["anna"])["anna"]
        assert loaded.version == 1
        assert loaded.state == Customer(orders=2, gross=900, refunds=100, last_order_at=5)
        loaded.state.orders = 3
        opened.save_customers({"anna": loaded})
    [row] = [row for row in rows(store, "customer") if row["id"] == "anna"]
    assert (row["version"], row["orders"], row["net_minor"], row["last_order_at"]) == (2, 3, 800, 5)
    assert row["next_due"] is None


def test_a_customer_keeps_the_shard_of_the_partition_that_saved_them(store: Store) -> None:
    with batch(store, 3) as opened:
        opened.save_customers({"anna": customer()})
    assert rows(store, "customer")[0]["shard"] == 3


def test_a_customer_who_changed_since_is_not_overwritten(store: Store) -> None:
    with batch(store) as opened:
        opened.save_customers({"anna": customer(), "ben": customer()})
    with batch(store) as opened:
        stale = opened.customers(["anna", "ben"])
    with batch(store) as opened:
        opened.save_customers({"anna": opened.customers(["anna"])["anna"]})
    with pytest.raises(Contended), batch(store) as opened:
        opened.save_customers(stale)
    assert {row["id"]: row["version"] for row in rows(store, "customer")} == {"anna": 2, "ben": 1}


def test_a_customer_who_is_there_meanwhile_is_not_inserted_again(store: Store) -> None:
    with batch(store) as opened:
        opened.save_customers({"anna": customer(1)})
    with pytest.raises(Contended), batch(store) as opened:
        opened.save_customers({"anna": customer(9), "ben": customer()})
    with store.read() as connection:
        assert queries.customer(connection, "anna") == Customer(orders=1)
        assert queries.customer(connection, "ben") is None


@pytest.mark.parametrize("many", [0, 1, CHUNK, CHUNK + 1])
def test_orders_are_found_by_customer_and_key_however_many(store: Store, many: int) -> None:
    wanted = {(f"c-{number}", f"o-{number % 7}"): order(number) for number in range(many)}
    others = {(f"c-{number}", f"o-{number % 7}-x"): order() for number in range(3)}
    with batch(store) as opened:
        opened.save_orders(wanted | others)
        assert opened.orders(wanted.keys()) == wanted


def test_an_order_belongs_to_its_customer_alone(store: Store) -> None:
    with batch(store) as opened:
        opened.save_orders({("anna", "o-1"): order(1), ("ben", "o-1"): order(2), ("ben", "o-2"): order(3)})
        assert opened.orders([("anna", "o-2"), ("ben", "o-1")]) == {("ben", "o-1"): order(2)}
        assert list(opened.orders_of("ben")) == [("o-1", order(2)), ("o-2", order(3))]
        assert list(opened.orders_of("cleo")) == []


def test_more_orders_of_a_customer_than_a_page_holds_come_all_the_same_each_once(store: Store) -> None:
    wanted = {("anna", f"o-{number}"): order(number) for number in range(CHUNK + 3)} | {("anna", "\x1fr-1"): order(7)}
    with batch(store) as opened:
        opened.save_orders(wanted | {("ann", "o-1"): order(), ("anna!", "o-1"): order()})
        found = list(opened.orders_of("anna"))
        assert len(found) == len(wanted)
        assert {("anna", key): one for key, one in found} == wanted


def test_an_order_saved_again_is_replaced(store: Store) -> None:
    for total in (1, 2):
        with batch(store) as opened:
            opened.save_orders({("anna", "o-1"): order(total)})
    with batch(store) as opened:
        assert opened.orders([("anna", "o-1")]) == {("anna", "o-1"): order(2)}


@pytest.mark.parametrize("many", [CHUNK + 1])
def test_more_values_than_one_statement_takes_are_looked_up_all_the_same(store: Store, many: int) -> None:
    identities = {number.to_bytes(16): digest() for number in range(many)}
    people = {f"c-{number}": customer(number % 3) for number in range(many)}
    with batch(store) as opened:
        opened.receive(identities, NOW)
        opened.save_customers(people)
        assert opened.received(identities.keys()) == identities
        assert {id: (one.version, one.state) for id, one in opened.customers(people.keys()).items()} == {
            id: (1, one.state) for id, one in people.items()
        }


def test_counters_move_by_deltas_each_shard_its_own_row(store: Store) -> None:
    key = ("orders", "2026-03", "")
    for shard, delta in ((0, 5), (1, 7), (0, -2)):
        with batch(store, shard) as opened:
            opened.count({key: delta, ("cohort", "2026-03", "1"): 1, ("new", "2026-03", ""): 0})
    found = {(row["measure"], row["shard"]): row["value"] for row in rows(store, "counter")}
    assert found == {("orders", 0): 3, ("orders", 1): 7, ("cohort", 0): 2, ("cohort", 1): 1}
    with store.read() as connection:
        assert queries.sums(connection) == {key: 10, ("cohort", "2026-03", "1"): 3}
        assert queries.plain_sums(connection) == {("orders", "2026-03"): 10}


def test_the_log_keeps_what_a_replay_needs(store: Store) -> None:
    first = event("anna", 1, source="/shop/แอน", id=ODD, type="survey", raw=b'{"score": 9 }', time=NOW - 5)
    with batch(store) as opened:
        opened.log([event("ben", 1), event("anna", 2), first], "rules-1")
    with store.read() as connection:
        logged = list(queries.log(connection))
    assert [(one.customer, one.seq) for one in logged] == [("anna", 1), ("anna", 2), ("ben", 1)]
    one = logged[0]
    assert (one.source, one.id, one.type, one.time, one.at, one.data) == (
        first.source,
        first.id,
        first.type,
        first.time,
        first.at,
        first.raw,
    )
    assert {row["ruleset"] for row in rows(store, "event")} == {"rules-1"}


def test_a_message_is_queued_once_whatever_comes_again_under_its_key(store: Store) -> None:
    with batch(store) as opened:
        opened.queue([message("m-1", template="welcome"), message("m-1", template="other")])
    with batch(store) as opened:
        opened.queue([message("m-1", template="third"), message("m-2")])
    found = {row["key"]: row for row in rows(store, "message")}
    assert {key: row["template"] for key, row in found.items()} == {"m-1": "welcome", "m-2": "welcome"}
    row = found["m-1"]
    assert (row["status"], row["attempts"], row["token"], row["done_at"]) == ("queued", 0, None, None)
    assert (row["class"], bytes(row["context"]), row["expires_at"]) == ("marketing", b"context", None)


def test_decisions_are_kept_and_the_same_one_twice_is_an_error_of_ours(store: Store) -> None:
    with batch(store) as opened:
        late = decision(seq=1, n=2, step=1, outcome="suppressed", reason="late", due=None, message=None)
        again = decision(seq=1, n=3, entry="/shop\x1fe-2", message="m-2")
        opened.decide([decision(seq=1), late, again])
    found = [
        tuple(row[name] for name in ("n", "step", "entry", "outcome", "reason", "due", "message"))
        for row in rows(store, "decision")
    ]
    assert sorted(found) == [
        (1, 0, "/shop\x1fe-1", "queued", "", NOW, "m-1"),
        (2, 1, "/shop\x1fe-1", "suppressed", "late", None, None),
        (3, 0, "/shop\x1fe-2", "queued", "", NOW, "m-2"),
    ]
    with pytest.raises(Exception, match=r"(?i)unique|duplicate"), batch(store) as opened:
        opened.decide([decision(seq=1)])


def test_a_dead_letter_is_kept_once_a_place_with_its_bytes(store: Store) -> None:
    headers = [("ce_id", b"\x00\xff"), ("ce_id", b"twice")]
    with batch(store) as opened:
        opened.bury([letter(5, key=b"\xff\x00", value=b"\x00{", headers=headers)], NOW)
        opened.bury([letter(5, reason="tombstone", value=None)], NOW + 1)
    [row] = rows(store, "dead_letter")
    assert (row["reason"], bytes(row["key"]), bytes(row["value"]), row["at"]) == (
        "not-json",
        b"\xff\x00",
        b"\x00{",
        NOW,
    )
    kept = [(name, base64.b64decode(value)) for name, value in json.loads(row["headers"])]
    assert (kept, bool(row["relayed"])) == (headers, False)


def test_a_dead_letter_may_lack_key_value_and_a_headers_value(store: Store) -> None:
    headers: list[Any] = [("nothing", None), ("empty", b"")]
    with batch(store) as opened:
        opened.bury([letter(key=None, value=None, headers=headers)], NOW)
    [row] = rows(store, "dead_letter")
    assert (row["key"], row["value"], json.loads(row["headers"])) == (None, None, [["nothing", None], ["empty", ""]])


def test_dead_letters_of_another_log_or_partition_are_others(store: Store) -> None:
    places = [Place("log-1", "events", 0, 5), Place("log-2", "events", 0, 5), Place("log-1", "events", 1, 5)]
    with batch(store) as opened:
        opened.bury([letter(place=place) for place in places], NOW)
    assert counts(store) == {"dead_letter": 3}


@pytest.mark.parametrize(
    "write",
    [
        lambda opened: opened.save_customers({ODD: customer()}),
        lambda opened: opened.save_orders({(ODD, ODD): order()}),
        lambda opened: opened.count({("orders", ODD, ODD): 1}),
        lambda opened: opened.queue([message(ODD, ODD)]),
        lambda opened: opened.decide([decision(ODD, reason=ODD)]),
        lambda opened: opened.bury([letter(field=ODD, detail=ODD, headers=[("a\x00b" + ODD, b"v")])], NOW),
    ],
    ids=["customer", "order", "counter", "message", "decision", "dead letter"],
)
def test_odd_text_is_stored_as_it_is(store: Store, write: Callable[[Batch], None]) -> None:
    with batch(store) as opened:
        write(opened)
    [table] = counts(store)
    assert ODD in rows(store, table)[0].values()


def test_odd_names_are_looked_up_as_they_are(store: Store) -> None:
    with batch(store) as opened:
        opened.save_customers({ODD: customer(4)})
        opened.save_orders({(ODD, ODD): order(9)})
        assert opened.customers([ODD])[ODD].state.orders == 4
        assert opened.orders([(ODD, ODD)]) == {(ODD, ODD): order(9)}


def test_amounts_as_large_as_a_counter_may_grow_are_exact(store: Store) -> None:
    large = 2**62
    with batch(store) as opened:
        opened.count({("gross", "", ""): large - 1})
        opened.save_customers({"anna": customer(gross=large, last_order_at=large)})
    with store.read() as connection:
        assert connection.execute(text("SELECT value FROM counter")).scalar_one() == large - 1
        assert queries.sums(connection) == {("gross", "", ""): large - 1}
