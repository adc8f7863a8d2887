"""Cancelling what waits, beside those who claim and send it; on both databases."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from storage.cancel import TOGETHER
from storage.messages import Claimed, InFlight, Messages
from storage.store import Store
from tests.unit.storage.kit import NOW, batch, message, request, rows

LATER = NOW + 60_000_000


def queue(store: Store, *keys: str, **fields: Any) -> None:
    """Messages of customers of their own, so that each may be claimed."""
    with batch(store) as opened:
        opened.queue([message(key, f"c-{key}", **fields) for key in keys])


def cancel(store: Store, *keys: str, now: int = NOW) -> None:
    with batch(store) as opened:
        opened.cancel(keys, now)


def statuses(store: Store) -> dict[str, str]:
    return {row["key"]: row["status"] for row in rows(store, "message")}


def results(store: Store) -> list[dict[str, Any]]:
    """The events of the outbox."""
    return [json.loads(bytes(row["value"])) for row in rows(store, "outbox")]


def claim(store: Store, now: int = NOW) -> Claimed:
    [one] = Messages(store).claim(10, now)
    return one


def test_a_queued_message_is_cancelled_and_its_result_told_once(store: Store) -> None:
    queue(store, "m-1", "m-2")
    cancel(store, "m-1", "nobody's", "m-1")
    cancel(store, "m-1", now=LATER)
    assert statuses(store) == {"m-1": "cancelled", "m-2": "queued"}
    [row] = [row for row in rows(store, "message") if row["key"] == "m-1"]
    assert (row["error"], row["done_at"], row["token"]) == ("stopped", NOW, None)
    [event] = results(store)
    assert (event["id"], event["source"], event["type"]) == ("m-1:cancelled", "regulars:delivery", "message")
    assert event["data"] == {"message_id": "m-1", "state": "cancelled", "channel": "email"}
    assert (event["subject"], bytes(rows(store, "outbox")[0]["key"])) == ("c-m-1", b"c-m-1")
    assert [one.key for one in Messages(store).claim(10, NOW)] == ["m-2"]


def test_a_message_queued_in_the_same_batch_is_cancelled_in_it(store: Store) -> None:
    with batch(store) as opened:
        opened.queue([message("m-1")])
        opened.cancel(["m-1"], NOW)
    assert statuses(store) == {"m-1": "cancelled"}
    assert [event["id"] for event in results(store)] == ["m-1:cancelled"]


def test_a_claimed_message_is_cancelled_and_who_claimed_it_does_not_send_it(store: Store) -> None:
    queue(store, "m-1")
    claimed = claim(store)
    cancel(store, "m-1")
    messages = Messages(store)
    assert not messages.begin_sending(claimed)
    assert not messages.release(claimed)
    assert not messages.finish(claimed, "expired", "expired", NOW)
    assert statuses(store) == {"m-1": "cancelled"}
    assert [event["id"] for event in results(store)] == ["m-1:cancelled"]


def test_a_message_in_sending_that_left_is_sent(store: Store) -> None:
    queue(store, "m-1")
    claimed = claim(store)
    messages = Messages(store)
    assert messages.begin_sending(claimed)
    cancel(store, "m-1")
    assert messages.mark_sent(claimed, NOW + 1)
    assert [event["id"] for event in results(store)] == ["m-1:sent"]


@pytest.mark.parametrize("expires_at", [None, NOW - 1, NOW + 10**15])
@pytest.mark.parametrize("doubtful", [False, True])
def test_a_message_in_sending_that_did_not_leave_gets_no_second_try(
    store: Store, expires_at: int | None, doubtful: bool
) -> None:
    """It is queued again, but expired: the dispatcher's last check says so (delivery.check)."""
    queue(store, "m-1", expires_at=expires_at)
    claimed = claim(store)
    messages = Messages(store)
    assert messages.begin_sending(claimed)
    cancel(store, "m-1")
    if doubtful:
        assert messages.doubt(claimed, NOW, "resend", 6, LATER)
    else:
        assert messages.retry(claimed, LATER, "timeout")
    again = claim(store, LATER)
    assert again.expires_at == (NOW if expires_at is None else min(NOW, expires_at))


@pytest.mark.parametrize("status", ["sent", "failed", "cancelled", "expired", "ambiguous"])
def test_what_is_done_stays_as_it_is(store: Store, status: str) -> None:
    queue(store, "m-1")
    with store.write() as connection:
        connection.execute(text("UPDATE message SET status = :status, done_at = 5"), {"status": status})
    before = rows(store, "message")
    cancel(store, "m-1")
    assert (rows(store, "message"), results(store)) == (before, [])


@pytest.mark.parametrize("many", [0, 1, TOGETHER + 1])
def test_any_number_is_cancelled_at_once(store: Store, many: int) -> None:
    keys = [f"m-{number:05}" for number in range(many)]
    queue(store, *keys)
    cancel(store, *keys)
    assert statuses(store) == dict.fromkeys(keys, "cancelled")
    assert len({event["id"] for event in results(store)}) == len(results(store)) == many


def test_a_request_that_waits_is_cancelled_and_one_that_was_granted_is_not(store: Store) -> None:
    with batch(store) as opened:
        opened.request([request("r-1"), request("r-2"), request("r-3")])
        opened.request([request("r-1", what="another")])
    with store.write() as connection:
        connection.execute(text("UPDATE request SET status = 'granted' WHERE id = 'r-2'"))
    cancel(store, "r-1", "r-2")
    found = {row["id"]: (row["what"], row["status"]) for row in rows(store, "request")}
    assert found == {"r-1": ("note", "cancelled"), "r-2": ("note", "granted"), "r-3": ("note", "waiting")}
    assert results(store) == []


# Several at once, on PostgreSQL: on SQLite a writer waits for the other from the start.


@pytest.fixture
def shared(fresh_postgres: str) -> Store:
    made = Store(fresh_postgres)
    made.migrate()
    return made


def test_a_claim_passes_over_what_a_batch_is_cancelling(shared: Store) -> None:
    queue(shared, "m-1", "m-2")
    with batch(shared) as opened:
        opened.cancel(["m-1"], NOW)
        assert [one.key for one in Messages(shared).claim(10, NOW)] == ["m-2"]
    assert statuses(shared) == {"m-1": "cancelled", "m-2": "claimed"}
    shared.close()


@pytest.mark.parametrize("began", [True, False])
def test_who_wants_to_send_what_a_batch_is_cancelling_waits_and_then_does_not(shared: Store, began: bool) -> None:
    """And the other way round: a batch waits for who begins to send, and then lets it be."""
    queue(shared, "m-1")
    claimed = claim(shared)
    with ThreadPoolExecutor(1) as thread:
        if began:
            with shared.write() as connection:
                connection.execute(text("UPDATE message SET status = 'sending' WHERE status = 'claimed'"))
                cancelling = thread.submit(cancel, shared, "m-1")
                with pytest.raises(TimeoutError):
                    cancelling.result(0.3)
            cancelling.result(30)
        else:
            with batch(shared) as opened:
                opened.cancel(["m-1"], NOW)
                sending = thread.submit(Messages(shared).begin_sending, claimed)
                with pytest.raises(TimeoutError):
                    sending.result(0.3)
            assert not sending.result(30)
    assert statuses(shared) == {"m-1": "sending" if began else "cancelled"}
    assert [event["id"] for event in results(shared)] == ([] if began else ["m-1:cancelled"])
    shared.close()


def test_batches_that_cancel_and_dispatchers_that_recover_never_wait_in_a_circle(shared: Store) -> None:
    """Both take the same two hundred messages, claimed and in sending, in one transaction each."""
    keys = [f"m-{number:03}" for number in range(200)]
    queue(shared, *keys)
    messages = Messages(shared)
    for number in range(8):
        with shared.write() as connection:
            connection.execute(
                text(
                    """UPDATE message SET done_at = NULL, expires_at = NULL, token = 't',
                         status = CASE WHEN key < 'm-100' THEN 'sending' ELSE 'claimed' END"""
                )
            )
        flying = [InFlight(row.key, row.token, row.status) for row in messages.in_flight()]
        meeting = threading.Barrier(2)

        def recover(meeting: threading.Barrier = meeting, flying: list[InFlight] = flying) -> None:
            meeting.wait(30)
            messages.recover(flying, NOW, "resend", 6)

        def stop(meeting: threading.Barrier = meeting, shift: int = number) -> None:
            with batch(shared) as opened:
                meeting.wait(30)
                opened.cancel([*keys[shift:], *keys[:shift]], NOW)

        with ThreadPoolExecutor(2) as threads:
            for one in [threads.submit(recover), threads.submit(stop)]:
                one.result(60)
    shared.close()
