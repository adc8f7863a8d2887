"""What people ask of the store, and what the relay takes out of it, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from storage import outbox, queries
from storage.batch import Place
from storage.store import Store
from tests.unit.storage.kit import (
    NOW,
    TOPIC,
    batch,
    customer,
    decision,
    event,
    letter,
    message,
    order,
    request,
    rows,
    write_everything,
)


def put(store: Store, *values: bytes) -> None:
    with store.write() as connection:
        for value in values:
            connection.execute(
                text("INSERT INTO outbox (topic, key, value) VALUES ('events', :key, :value)"),
                {"key": b"k\x00\xff", "value": value},
            )


def test_an_empty_store_answers_everything(store: Store) -> None:
    with store.read() as connection:
        assert queries.sums(connection) == {}
        assert queries.plain_sums(connection) == {}
        assert list(queries.log(connection)) == []
        assert queries.customer(connection, "anna") is None
        assert queries.order_ids(connection, "anna", 5) == []
        assert queries.decisions_of(connection, "anna", 5) == []
        assert queries.dead_letters(connection, 5) == []
        assert queries.dead_letter(connection, "log-1/events/0/1") is None
        assert queries.dead_letter_reasons(connection) == {}
        assert queries.partitions(connection) == []
        assert queries.totals(connection) == queries.Totals(0, 0, 0, {})
        assert queries.happened(connection, 0, 5) == []
        assert queries.identities(connection) == set()
        assert queries.places(connection) == set()
        assert queries.applied_from_outside(connection) == 0
        assert not queries.unfinished(connection, NOW)
        assert queries.requests_of(connection, "anna", 5) == []


def test_totals_count_rows_and_statuses(store: Store) -> None:
    with batch(store) as opened:
        write_everything(opened)
        opened.queue([message("m-2")])
        opened.log([event(seq=2)], "rules")
    with store.read() as connection:
        assert queries.totals(connection) == queries.Totals(2, 1, 1, {"queued": 2})


def test_a_partition_is_reported_as_it_stands(store: Store) -> None:
    with batch(store, 2, position=9) as opened:
        opened.health(30, 4)
    with store.read() as connection:
        assert queries.partitions(connection) == [queries.PartitionState(TOPIC, 2, 1, 9, NOW, 30, 4, None)]


def test_a_customers_orders_leave_returns_without_an_order_out(store: Store) -> None:
    with batch(store) as opened:
        opened.save_orders({("anna", "o-2"): order(2), ("anna", "o-1"): order(1), ("anna", "\x1fr-1"): order(3)})
        opened.save_orders({("ben", "o-9"): order(9)})
    with store.read() as connection:
        assert queries.order_ids(connection, "anna", 5) == ["o-1", "o-2"]
        assert queries.order_ids(connection, "anna", 1) == ["o-2"]


def test_decisions_come_newest_first_with_the_status_of_their_message(store: Store) -> None:
    with batch(store) as opened:
        opened.queue([message("m-1")])
        opened.decide([decision(seq=1), decision(seq=1, n=2, step=1, outcome="waiting", reason="wait", message=None)])
        opened.decide([decision(seq=2, outcome="suppressed", reason="late", due=None, message=None)])
        opened.decide([decision("ben", seq=3)])
    with store.read() as connection:
        found = queries.decisions_of(connection, "anna", 5)
        assert [(one.step, one.reason, one.due, one.message, one.status) for one in found] == [
            (0, "late", None, None, None),
            (1, "wait", NOW, None, None),
            (0, "", NOW, "m-1", "queued"),
        ]
        assert len(queries.decisions_of(connection, "anna", 1)) == 1


def test_what_was_asked_for_is_told_while_nobody_has_granted_it(store: Store) -> None:
    with batch(store) as opened:
        later = request("r-2", seq=2, at=NOW + 1, kind="points", what="", amount=50)
        opened.request([request("r-1"), later, request("r-3", "ben")])
    with store.read() as connection:
        found = queries.requests_of(connection, "anna", 5)
        assert [(one.kind, one.what, one.amount, one.at) for one in found] == [
            ("points", "", 50, NOW + 1),
            ("gift", "note", 1, NOW),
        ]
        assert len(queries.requests_of(connection, "anna", 1)) == 1
    with store.write() as connection:
        connection.execute(text("UPDATE request SET status = 'granted'"))
    with store.read() as connection:
        assert queries.requests_of(connection, "anna", 5) == []


def test_dead_letters_are_listed_newest_first_and_shown_by_their_place(store: Store) -> None:
    deep = Place("import:ab", "past.jsonl", 0, 3)
    with batch(store) as opened:
        opened.bury([letter(1), letter(2, reason="tombstone", value=None)], NOW)
        opened.bury([letter(place=deep, value=b"12345", headers=[("h", b"v")])], NOW + 1)
    with store.read() as connection:
        listed = queries.dead_letters(connection, 5)
        assert [one.place for one in listed] == [
            "import:ab/past.jsonl/0/3",
            "log-1/events/0/2",
            "log-1/events/0/1",
        ]
        assert [one.size for one in listed] == [5, 0, 1]
        assert len(queries.dead_letters(connection, 2)) == 2
        assert queries.dead_letter_reasons(connection) == {"not-json": 2, "tombstone": 1}
        assert queries.places(connection) == {(TOPIC, 0, 1), (TOPIC, 0, 2), ("past.jsonl", 0, 3)}
        shown = queries.dead_letter(connection, "import:ab/past.jsonl/0/3")
        assert shown is not None
        assert (shown.row.reason, shown.key, shown.value, shown.headers) == (
            "not-json",
            b"anna",
            b"12345",
            '[["h","dg=="]]',
        )


@pytest.mark.parametrize(
    "place", ["", "events/0/1", "log-1/events/0/x", "log-1/events/-1/1", "log-1/events/0/99", "a" * 99]
)
def test_a_place_where_nothing_lies_is_none(store: Store, place: str) -> None:
    with batch(store) as opened:
        opened.bury([letter(1)], NOW)
    with store.read() as connection:
        assert queries.dead_letter(connection, place) is None


def test_what_happened_comes_oldest_first_without_history_and_without_our_own_feedback(store: Store) -> None:
    with batch(store) as opened:
        opened.log([event(seq=1, at=NOW + 2), event(seq=2, at=NOW + 3, type="message")], "rules")
        opened.log([event("ben", seq=1, at=NOW + 4)], "")
        opened.decide([decision(seq=1, at=NOW + 2)])
        opened.bury([letter(1)], NOW + 1)
    with store.read() as connection:
        found = queries.happened(connection, NOW, 9)
        assert [(one.at - NOW, one.kind) for one in found] in (
            [(1, "dead-letter"), (2, "event"), (2, "decision")],
            [(1, "dead-letter"), (2, "decision"), (2, "event")],
        )
        assert [one.kind for one in queries.happened(connection, NOW, 1)] == ["dead-letter"]
        assert queries.happened(connection, NOW + 2, 9) == []


def test_of_what_is_about_many_only_the_messages_are_told_one_by_one(store: Store) -> None:
    with batch(store) as opened:
        opened.log([event(seq=1, type="product"), event(seq=2, type="poke"), event(seq=3, type="lead")], "rules")
        opened.decide([decision(seq=seq, outcome="waiting", reason="wait", message=None) for seq in (1, 2, 3)])
        opened.decide([decision(seq=1, n=2, rule="news")])
    with store.read() as connection:
        found = queries.happened(connection, NOW - 1, 9)
    assert sorted((one.kind, one.what, one.detail) for one in found) == [
        ("decision", "news", "queued "),
        ("decision", "welcome", "waiting wait"),
        ("event", "lead", ""),
    ]


def test_who_waits_since_a_launch_is_counted(store: Store) -> None:
    def waiting() -> tuple[int, int]:
        with store.read() as connection:
            return queries.wait_since_launches(connection)

    assert waiting() == (0, 0)
    with batch(store) as opened:
        opened.log([event(who, type="product") for who in ("anna", "ben", "cleo")] + [event("dora")], "rules")
        for who, outcome, due in [("anna", "waiting", 9), ("ben", "waiting", 7), ("cleo", "held-out", 0)]:
            opened.decide([decision(who, outcome=outcome, due=due, message=None)])
        opened.decide([decision("dora", outcome="waiting", due=3, message=None)])
    assert waiting() == (2, 7)


def test_events_from_outside_are_neither_history_nor_feedback(store: Store) -> None:
    with batch(store) as opened:
        opened.log([event(seq=1), event(seq=2, source="regulars:delivery")], "rules")
        opened.log([event("ben", seq=1)], "")
    with store.read() as connection:
        assert queries.applied_from_outside(connection) == 1
        assert queries.identities(connection) == {
            ("/shop", "anna-1"),
            ("regulars:delivery", "anna-2"),
            ("/shop", "ben-1"),
        }


def test_a_message_to_be_sent_now_or_a_row_for_the_broker_is_unfinished(store: Store) -> None:
    def unfinished(now: int = NOW) -> bool:
        with store.read() as connection:
            return queries.unfinished(connection, now)

    with batch(store) as opened:
        opened.queue([message("m-1")])
    assert unfinished()
    assert not unfinished(NOW - 1)
    with store.write() as connection:
        connection.execute(text("UPDATE message SET status = 'sent', done_at = 1"))
    assert not unfinished()
    put(store, b"x")
    assert unfinished()


def test_the_outbox_gives_the_oldest_first_and_forgets_only_what_was_sent(store: Store) -> None:
    put(store, *(str(number).encode() for number in range(5)))
    with store.read() as connection:
        first = outbox.waiting(connection, 3)
    assert [row.value for row in first] == [b"0", b"1", b"2"]
    assert {(row.topic, row.key) for row in first} == {("events", b"k\x00\xff")}
    with store.write() as connection:
        outbox.sent(connection, [first[0], first[2]])
        outbox.sent(connection, [])
        assert [row.value for row in outbox.waiting(connection, 9)] == [b"1", b"3", b"4"]


def test_a_row_written_meanwhile_stays_in_the_outbox(store: Store) -> None:
    put(store, b"0")
    with store.read() as connection:
        known = outbox.waiting(connection, 9)
    put(store, b"1")
    with store.write() as connection:
        outbox.sent(connection, known)
        outbox.sent(connection, known)
    assert [bytes(row["value"]) for row in rows(store, "outbox")] == [b"1"]


def test_a_slow_second_relay_deletes_no_row_that_it_did_not_send(store: Store) -> None:
    """SQLite gives the number of a deleted last row again."""
    put(store, b"first")
    with store.read() as connection:
        slow = outbox.waiting(connection, 9)
    with store.write() as connection:
        outbox.sent(connection, slow)
    with store.write() as connection:
        connection.execute(
            text("INSERT INTO outbox (id, topic, key, value) VALUES (:id, 'events', :key, :value)"),
            {"id": slow[0].id, "key": slow[0].key, "value": b"second"},
        )
        outbox.sent(connection, slow)
    assert [bytes(row["value"]) for row in rows(store, "outbox")] == [b"second"]


def test_dead_letters_wait_for_the_relay_oldest_first_until_marked(store: Store) -> None:
    with batch(store) as opened:
        opened.bury([letter(2)], NOW + 1)
        opened.bury([letter(1, key=None, value=None)], NOW)
        opened.save_customers({"anna": customer()})
    with store.read() as connection:
        found = outbox.letters(connection, 9)
        assert len(outbox.letters(connection, 1)) == 1
    assert [(one.offset, one.key, one.value, one.reason) for one in found] == [
        (1, None, None, "not-json"),
        (2, b"anna", b"{", "not-json"),
    ]
    with store.write() as connection:
        outbox.relayed(connection, found[:1])
        outbox.relayed(connection, [])
        assert [one.offset for one in outbox.letters(connection, 9)] == [2]
    assert len(rows(store, "dead_letter")) == 2
