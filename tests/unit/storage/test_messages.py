"""The queue of outgoing messages, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from retention.decode import decode
from storage import message_sql as sql
from storage.messages import Claimed, Context, InFlight, Messages, Recovered
from storage.store import Store
from tests.unit.delivery.queue import (
    CONTEXT,
    MINUTE,
    NOW,
    SECOND,
    SHOP,
    add_message,
    results,
    rows,
    statuses,
)

FILL = text("""
    INSERT INTO message (key, customer, rule, step, template, channel, class, status, created_at, due_at, attempts,
                         context, done_at)
    SELECT CAST(:status AS text) || n, 'c-' || n, 'r', 0, 't', 'email', 'marketing', :status, :now, :now, 0, :context,
           CAST(:done AS bigint)
    FROM generate_series(1, :many) AS n""")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.service)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    sqlite = request.param == "sqlite"
    made = Store(f"sqlite:///{tmp_path / 'store.db'}" if sqlite else request.getfixturevalue("fresh_postgres"))
    made.migrate()
    yield made
    made.close()


@pytest.fixture
def messages(store: Store) -> Messages:
    return Messages(store)


def claim_one(messages: Messages, now: int = NOW) -> Claimed:
    [claimed] = messages.claim(10, now)
    return claimed


def sending(messages: Messages, now: int = NOW) -> Claimed:
    claimed = claim_one(messages, now)
    assert messages.begin_sending(claimed)
    return claimed


def test_a_context_survives_the_store() -> None:
    assert Context.decode(CONTEXT.encode()) == CONTEXT


def test_a_claim_holds_what_sending_needs(store: Store, messages: Messages) -> None:
    add_message(store, "m-1", expires_at=NOW + MINUTE, attempts=2, step=3)
    claimed = claim_one(messages)
    assert (claimed.key, claimed.customer, claimed.rule, claimed.step) == ("m-1", "anna", "welcome", 3)
    assert (claimed.channel, claimed.class_, claimed.attempts) == ("email", "marketing", 2)
    assert (claimed.expires_at, Context.decode(claimed.context)) == (NOW + MINUTE, CONTEXT)
    row = rows(store)["m-1"]
    assert (row["status"], row["token"]) == ("claimed", claimed.token)


def test_only_the_oldest_due_message_of_a_customer_channel_and_class_is_claimable(
    store: Store, messages: Messages
) -> None:
    add_message(store, "deferred", created_at=NOW - MINUTE, due_at=NOW + MINUTE)
    add_message(store, "second", created_at=NOW, step=1)
    add_message(store, "first", created_at=NOW, step=0)
    add_message(store, "receipt", **{"class": "transactional"})
    add_message(store, "text", channel="sms")
    add_message(store, "of another", customer="ben")
    claimed = messages.claim(10, NOW)
    assert {one.key for one in claimed} == {"first", "receipt", "text", "of another"}


def test_a_deferred_message_goes_first_once_it_is_due(store: Store, messages: Messages) -> None:
    add_message(store, "younger", created_at=NOW)
    add_message(store, "older", created_at=NOW - MINUTE, due_at=NOW + MINUTE)
    assert claim_one(messages, NOW + MINUTE).key == "older"


@pytest.mark.parametrize("status", ["claimed", "sending"])
def test_nothing_is_claimed_behind_a_message_in_flight(store: Store, messages: Messages, status: str) -> None:
    add_message(store, "in flight", status=status, token="t", created_at=NOW + SECOND)
    add_message(store, "waiting")
    assert messages.claim(10, NOW) == []


@pytest.mark.parametrize("status", ["sent", "failed", "cancelled", "expired", "ambiguous"])
def test_a_finished_message_holds_up_nothing(store: Store, messages: Messages, status: str) -> None:
    add_message(store, "done", status=status, done_at=NOW, created_at=NOW - MINUTE)
    add_message(store, "waiting")
    assert claim_one(messages).key == "waiting"


def test_receipts_go_before_a_backlog_of_promotions(store: Store, messages: Messages) -> None:
    for number in range(5):
        add_message(store, f"promotion-{number}", customer=f"c-{number}", due_at=NOW - MINUTE)
    add_message(store, "receipt", customer="zoe", **{"class": "transactional"})
    taken = {one.key for one in messages.claim(2, NOW)}
    assert "receipt" in taken
    assert len(taken) == 2


def test_a_released_claim_can_be_claimed_again(store: Store, messages: Messages) -> None:
    add_message(store, "m-1")
    first = claim_one(messages)
    assert messages.release(first)
    second = claim_one(messages)
    assert second.token != first.token
    assert not messages.release(first)


def test_a_sent_message_reports_it_once(store: Store, messages: Messages) -> None:
    add_message(store, "m-1")
    claimed = sending(messages)
    assert messages.mark_sent(claimed, NOW)
    assert not messages.mark_sent(claimed, NOW)
    row = rows(store)["m-1"]
    assert (row["status"], row["attempts"], row["done_at"], row["token"]) == ("sent", 1, NOW, None)
    assert results(store) == [("m-1:sent", "sent")]


def test_the_result_is_an_event_of_the_customer(store: Store, messages: Messages) -> None:
    add_message(store, "m-1", customer="แอนนา")
    messages.mark_sent(sending(messages), NOW)
    with store.read() as connection:
        key, value = connection.execute(text("SELECT key, value FROM outbox")).one()
    event = decode(key, value, [], SHOP, NOW)
    assert (event.source, event.type, event.customer, event.time) == ("regulars:delivery", "message", "แอนนา", NOW)
    assert (event.data.message_id, event.data.state, event.data.channel) == ("m-1", "sent", "email")


def test_a_message_cannot_be_sent_before_sending_was_said(store: Store, messages: Messages) -> None:
    add_message(store, "m-1")
    claimed = claim_one(messages)
    assert not messages.mark_sent(claimed, NOW)
    assert results(store) == []


@pytest.mark.parametrize("status", ["failed", "cancelled", "expired", "ambiguous"])
def test_a_final_status_is_reported_in_the_same_transaction(store: Store, messages: Messages, status: Any) -> None:
    add_message(store, "m-1")
    assert messages.finish(claim_one(messages), status, "why", NOW)
    row = rows(store)["m-1"]
    assert (row["status"], row["error"], row["done_at"]) == (status, "why", NOW)
    assert results(store) == [(f"m-1:{status}", status)]


def test_a_retry_waits_and_reports_nothing(store: Store, messages: Messages) -> None:
    add_message(store, "m-1")
    assert messages.retry(sending(messages), NOW + MINUTE, "smtp-450")
    assert messages.claim(10, NOW) == []
    again = claim_one(messages, NOW + MINUTE)
    assert again.attempts == 1
    assert rows(store)["m-1"]["error"] == "smtp-450"
    assert results(store) == []


def test_what_did_not_even_begin_may_be_put_off_too(store: Store, messages: Messages) -> None:
    add_message(store, "m-1")
    assert messages.retry(claim_one(messages), NOW + MINUTE, "not-begun")
    assert claim_one(messages, NOW + MINUTE).attempts == 0


def test_an_abandoned_claim_is_queued_again_and_its_token_is_worth_nothing(store: Store, messages: Messages) -> None:
    add_message(store, "m-1")
    lost = claim_one(messages)
    assert messages.in_flight() == [InFlight("m-1", lost.token, "claimed")]
    assert messages.recover(messages.in_flight(), NOW, "resend", 6) == Recovered(returned=1)
    assert messages.in_flight() == []
    claim_one(messages)
    assert not messages.begin_sending(lost)
    assert not messages.finish(lost, "failed", "refused", NOW)
    assert not messages.release(lost)
    assert results(store) == []


def test_a_sending_of_unknown_fate_is_counted_and_sent_again(store: Store, messages: Messages) -> None:
    add_message(store, "m-1")
    lost = sending(messages)
    later = NOW + MINUTE
    assert messages.recover(messages.in_flight(), later, "resend", 6) == Recovered(resent=1)
    assert results(store) == [("m-1:ambiguous:1", "ambiguous")]
    assert not messages.mark_sent(lost, later)
    again = sending(messages, later)
    assert again.key == lost.key
    assert messages.mark_sent(again, later)
    assert results(store) == [("m-1:ambiguous:1", "ambiguous"), ("m-1:sent", "sent")]


def test_a_sending_of_unknown_fate_is_set_aside(store: Store, messages: Messages) -> None:
    add_message(store, "m-1")
    sending(messages)
    seen = messages.in_flight()
    assert messages.recover(seen, NOW + MINUTE, "park", 6) == Recovered(parked=1)
    assert messages.recover(seen, NOW + MINUTE, "park", 6) == Recovered()
    assert rows(store)["m-1"]["done_at"] == NOW + MINUTE
    assert results(store) == [("m-1:ambiguous", "ambiguous")]


def test_doubt_does_not_go_on_for_ever(store: Store, messages: Messages) -> None:
    add_message(store, "m-1", attempts=5)
    sending(messages)
    assert messages.recover(messages.in_flight(), NOW, "resend", 6) == Recovered(parked=1)
    assert statuses(store) == {"m-1": "ambiguous"}


def test_what_moved_since_it_was_seen_is_not_recovered(store: Store, messages: Messages) -> None:
    """Its sender is alive after all: it went on, or it is another's by now."""
    add_message(store, "going on")
    add_message(store, "another's", customer="ben")
    first = {one.key: one for one in messages.claim(10, NOW)}
    seen = messages.in_flight()
    assert messages.begin_sending(first["going on"])
    assert messages.release(first["another's"])
    [theirs] = messages.claim(10, NOW)
    assert messages.recover(seen, NOW, "resend", 6) == Recovered()
    assert messages.begin_sending(theirs)
    assert messages.recover(seen, NOW, "resend", 6) == Recovered()
    assert messages.mark_sent(first["going on"], NOW)
    assert messages.mark_sent(theirs, NOW)


def test_two_who_recover_at_once_take_up_each_message_once(store: Store) -> None:
    for number in range(20):
        add_message(store, f"m-{number}", customer=f"c-{number}", status="sending", attempts=1, token=f"t-{number}")
    seen = Messages(store).in_flight()

    def recover(found: list[InFlight]) -> Recovered:
        return Messages(store).recover(found, NOW, "resend", 6)

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(recover, (seen, seen[::-1]))
    assert first.resent + second.resent == 20
    assert len(results(store)) == 20


def test_who_is_in_doubt_says_so_at_once(store: Store, messages: Messages) -> None:
    add_message(store, "m-1")
    claimed = sending(messages)
    assert messages.doubt(claimed, NOW, "resend", 6, NOW + MINUTE)
    assert not messages.doubt(claimed, NOW, "resend", 6, NOW + MINUTE)
    assert messages.claim(10, NOW) == []
    assert claim_one(messages, NOW + MINUTE).attempts == 1
    assert results(store) == [("m-1:ambiguous:1", "ambiguous")]


def test_an_erased_message_takes_no_mark(store: Store, messages: Messages) -> None:
    add_message(store, "m-1")
    claimed = sending(messages)
    with store.write() as connection:
        connection.execute(text("DELETE FROM message"))
    assert not messages.mark_sent(claimed, NOW)
    assert not messages.doubt(claimed, NOW, "park", 6, NOW)
    assert results(store) == []


def test_dispatchers_at_once_share_the_work_and_never_a_customer(store: Store) -> None:
    """Each customer has three due messages: whoever claims, one at a time and in order, each exactly once."""
    customers, each = 12, 3
    for customer in range(customers):
        for number in range(each):
            add_message(store, f"{customer}-{number}", customer=f"c-{customer}", created_at=NOW + number)
    later = NOW + MINUTE
    log: list[tuple[str, int]] = []

    def work() -> None:
        messages = Messages(store)
        while messages.queued_count():
            taken = messages.claim(4, later)
            assert len({one.customer for one in taken}) == len(taken)
            for one in taken:
                assert messages.begin_sending(one)
                log.append((one.customer, int(one.key.partition("-")[2])))
                assert messages.mark_sent(one, later)

    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(work) for _ in range(3)]:
            done.result(timeout=60)
    assert len(log) == customers * each
    for customer in range(customers):
        assert [number for name, number in log if name == f"c-{customer}"] == list(range(each))
    assert set(statuses(store).values()) == {"sent"}


def test_a_group_that_another_is_claiming_from_is_left_alone(fresh_postgres: str) -> None:
    """Its claim is not committed, so this snapshot still shows the message that it takes as merely queued."""
    store = Store(fresh_postgres)
    store.migrate()
    messages = Messages(store)
    add_message(store, "old", created_at=NOW - 1, due_at=NOW + SECOND)  # due only by the other's clock
    add_message(store, "young")
    add_message(store, "of another", customer="ben")
    with store.write() as other:
        assert other.execute(sql.LOCK_GROUPS, {"keys": ["old"]}).scalars().all() == ["old"]
        assert claim_one(messages).key == "of another"
    assert claim_one(messages).key == "young"
    store.close()


def test_a_burst_is_claimed_before_postgresql_has_counted_it(fresh_postgres: str) -> None:
    """Statistics say that nearly every message is done: a plan that trusts them compares all with all."""
    store, many = Store(fresh_postgres), 20_000
    store.migrate()
    with store.write() as connection:
        connection.execute(text("ALTER TABLE message SET (autovacuum_enabled = false)"))
        connection.execute(FILL, {"status": "sent", "done": 1, "many": many, "now": NOW, "context": b""})
        connection.execute(text("ANALYZE message"))
        connection.execute(FILL, {"status": "queued", "done": None, "many": many, "now": NOW, "context": b""})
        name = connection.engine.url.database
        connection.execute(text(f'ALTER DATABASE "{name}" SET statement_timeout = 10000'))
    store.close()
    store = Store(fresh_postgres)
    assert len(Messages(store).claim(8, NOW)) == 8
    store.close()


def test_the_operator_sees_how_many_stand_where(store: Store, messages: Messages) -> None:
    add_message(store, "due", due_at=NOW - MINUTE)
    add_message(store, "deferred", due_at=NOW + MINUTE)
    add_message(store, "sent", status="sent", done_at=NOW)
    stats = messages.stats(NOW)
    assert stats.by_status == {"queued": 2, "sent": 1}
    assert (stats.due, stats.oldest_due_at) == (1, NOW - MINUTE)
    assert (messages.queued_count(), messages.queued_count(due_by=NOW)) == (2, 1)


def test_a_customers_messages_are_listed_newest_first(store: Store, messages: Messages) -> None:
    add_message(store, "old", created_at=NOW - MINUTE)
    add_message(store, "new")
    add_message(store, "of another", customer="ben")
    assert [one.key for one in messages.for_customer("anna")] == ["new", "old"]
