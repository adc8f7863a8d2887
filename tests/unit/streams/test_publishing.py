"""Rules published while events come: each is decided by the set it is stamped with; on both databases."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from retention.decode import logged
from retention.events import POKE, Event
from retention.fold import fold
from retention.orders import Order, row_key
from retention.state import Customer
from rules.engine.decide import decide, elapse
from rules.ruleset import ALL_MARKETING
from storage.errors import Fenced
from storage.library import Library
from storage.messages import Context
from storage.rulesets import pause, publish, resume
from storage.store import Store
from tests.unit.storage.publishing import ACT, files, live, rule
from tests.unit.streams.kit import NOW, Shop, event, poke, reachable

HOUR = 3_600_000_000
A, B = rule("hello"), rule("bye")
WAITS = rule("waits", "send: one", "wait: 2h", "send: two")
CHANGED = rule("waits", "send: three", "wait: 2h", "send: four")


class Worker(Shop):
    """A worker that follows what is published, as of now."""

    def __init__(self, store: Store) -> None:
        library = Library(store)
        rules = library.live()
        assert rules is not None
        super().__init__(store, rules)
        self.library = library
        self.applier._library = library


@pytest.fixture
def worker(store: Store) -> Iterator[Worker]:
    """Under rule `hello`."""
    live(store, A)
    made = Worker(store)
    yield made
    made.close()


def stamped(shop: Shop) -> list[str]:
    return [row["ruleset"] for row in shop.rows("event", "at, customer, seq")]


def messages(shop: Shop) -> list[tuple[str, str]]:
    """(rule, template) in the order they were decided."""
    return [(row["rule"], row["template"]) for row in shop.rows("message", "created_at, step, key")]


def test_a_worker_decides_by_a_set_from_the_batch_on_that_comes_after_it_was_published(worker: Worker) -> None:
    first = worker.applier.rules.hash
    worker.take(reachable(), event("1"))
    second = live(worker.store, B).hash
    worker.now += 1
    worker.take(event("2"))
    assert stamped(worker) == [first, first, second]
    assert messages(worker) == [("hello", "hello"), ("bye", "hello")]


def test_a_set_that_is_published_as_a_batch_begins_decides_about_all_of_it(worker: Worker) -> None:
    """After the worker looked which rules it has, before the transaction: then that is given up and done again."""
    worker.take(reachable())
    now = worker.applier._clock

    def clock() -> int:
        live(worker.store, B)
        return now()

    worker.applier._clock = clock
    assert worker.take(event("1"), event("2"), event("3", "ben")).applied == 3
    assert set(stamped(worker)[1:]) == {worker.applier.rules.hash}
    assert messages(worker) == [("bye", "hello")] * 2


def test_of_two_workers_each_event_is_decided_by_the_set_it_is_stamped_with(store: Store) -> None:
    """Two partitions, a stream of events, and sets published all the while by a third."""
    sets = {live(store, A).hash: "hello", live(store, B).hash: "bye"}
    workers = [Worker(store), Worker(store)]
    people = [f"c{number}" for number in range(6)]
    over = threading.Event()

    def work(partition: int) -> None:
        mine = people[partition::2]
        workers[partition].take(*map(reachable, mine), partition=partition)
        for number in range(25):
            workers[partition].take(*(event(f"{number}-{who}", who) for who in mine), partition=partition)

    def keep_publishing() -> None:
        turn = 0
        while not over.wait(0.01):
            publish(store, files(A if turn % 2 else B), ACT)
            turn += 1

    threads = [threading.Thread(target=work, args=(partition,)) for partition in (0, 1)]
    publisher = threading.Thread(target=keep_publishing)
    publisher.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    over.set()
    publisher.join()
    decided = {(row["customer"], row["seq"]): row["rule"] for row in workers[0].rows("decision")}
    bought = [row for row in workers[0].rows("event") if row["type"] == "purchase"]
    assert len(bought) == 150
    assert {row["ruleset"] for row in bought} == set(sets)
    assert all(decided[row["customer"], row["seq"]] == sets[row["ruleset"]] for row in bought)
    for worker in workers:
        worker.close()


def test_a_worker_that_ends_between_a_publication_and_the_next_batch_leaves_nothing_behind(worker: Worker) -> None:
    worker.take(reachable(), event("1"))
    second = live(worker.store, B).hash
    worker.held[0] = worker.held[0].__class__(worker.held[0].topic, 0, worker.held[0].epoch - 1)  # somebody took over
    with pytest.raises(Fenced):
        worker.take(event("2"))
    worker.close()
    other = Worker(worker.store)
    other.take(event("2"))
    assert stamped(other)[-1] == second
    assert sorted(messages(other)) == [("bye", "hello"), ("hello", "hello")]
    other.close()


def test_a_set_that_cannot_be_read_leaves_the_worker_with_the_one_it_has(
    worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    first = worker.applier.rules.hash
    worker.take(reachable())
    bad = publish(worker.store, files(A.replace(b"do:", b"moon: full\ndo:")), ACT).after.id
    for number in range(3):
        worker.take(event(f"{number}"))
    assert set(stamped(worker)) == {first}
    assert len(messages(worker)) == 3
    assert [one for one in caplog.messages if "goes on deciding" in one] == [
        f"rule set {bad} cannot be read here; {first} goes on deciding"
    ]
    good = live(worker.store, B).hash
    worker.now += 1
    worker.take(event("4"))
    assert stamped(worker)[-1] == good


def test_an_event_whose_type_is_declared_with_the_new_set_is_not_buried_by_the_old_one(worker: Worker) -> None:
    own = {**files(B), "rules/events.yaml": b"events:\n  hug: {warm: flag}\n"}
    publish(worker.store, own, ACT)
    outcome = worker.take(event("1", kind="hug", warm=True))
    assert (outcome.applied, outcome.dead) == (1, 0)


# Journeys.


def _going(store: Store, *rules: bytes) -> Worker:
    """Anna is on her way through these rules, entered now."""
    live(store, *rules)
    worker = Worker(store)
    worker.take(reachable(), event("1"))
    return worker


def _later(worker: Worker, hours: int = 3) -> None:
    worker.now = NOW + hours * HOUR
    worker.take(poke(time=worker.now))


def test_a_journey_goes_on_under_the_set_it_was_entered_under(store: Store) -> None:
    worker = _going(store, WAITS)
    entered = worker.applier.rules.hash
    new = live(store, CHANGED).hash
    worker.now += HOUR
    worker.take(event("2", "ben", "lead"))
    _later(worker)
    assert messages(worker) == [("waits", "one"), ("waits", "two")]
    assert {row["template"]: Context.decode(row["context"]).ruleset for row in worker.rows("message")} == {
        "one": entered,
        "two": entered,
    }
    assert stamped(worker)[-1] == new
    worker.close()


def test_a_rule_that_is_deleted_lets_those_go_on_who_are_in_it(store: Store) -> None:
    worker = _going(store, WAITS)
    live(store, A)
    _later(worker)
    assert messages(worker) == [("waits", "one"), ("waits", "two")]
    names = {Context.decode(row["context"]).rule_name for row in worker.rows("message")}
    assert names == {"Waits"}
    worker.close()


def test_a_worker_that_starts_later_finds_the_older_set_in_the_store(store: Store) -> None:
    _going(store, WAITS).close()
    live(store, A)
    other = Worker(store)
    other.offset = 10
    _later(other)
    assert messages(other) == [("waits", "one"), ("waits", "two")]
    other.close()


@pytest.mark.parametrize(
    ("new", "expected"), [(CHANGED, ("queued", "")), (A, ("stopped", "rule-gone"))], ids=["changed", "deleted"]
)
def test_without_its_set_a_journey_goes_on_by_the_rule_as_it_is_now_and_ends_where_there_is_none(
    store: Store, new: bytes, expected: tuple[str, str]
) -> None:
    _going(store, WAITS).close()
    live(store, new)
    with store.write() as connection:
        connection.exec_driver_sql("DELETE FROM ruleset WHERE id <> (SELECT value FROM meta WHERE name = 'live-rules')")
    other = Worker(store)
    other.offset = 10
    _later(other)
    row = other.rows("decision", "seq, n")[-1]
    assert (row["rule"], row["outcome"], row["reason"]) == ("waits", *expected)
    other.close()


@pytest.mark.parametrize("what", ["waits", ALL_MARKETING])
@pytest.mark.parametrize("deleted", [False, True])
def test_a_pause_holds_for_journeys_of_older_sets_and_for_rules_that_are_gone(
    store: Store, what: str, deleted: bool
) -> None:
    marketing = rule("waits", "tag: a", "wait: 2h", "tag: b", more="class: marketing\n")
    worker = _going(store, marketing)
    if deleted:
        live(store, A)
    pause(store, what, ACT)
    _later(worker)
    held = worker.rows("decision", "at, n")[-1]
    assert (held["rule"], held["outcome"], held["reason"]) == ("waits", "waiting", "paused")
    assert worker.customer().own_tags == ["a"]  # type: ignore[union-attr]
    resume(store, what, ACT)
    _later(worker, 12)
    assert worker.customer().own_tags == ["a", "b"]  # type: ignore[union-attr]
    worker.close()


def test_a_paused_rule_is_entered_by_nobody(worker: Worker) -> None:
    worker.take(reachable())
    pause(worker.store, "hello", ACT)
    worker.take(event("1"))
    resume(worker.store, "hello", ACT)
    worker.take(event("2"))
    assert len(messages(worker)) == 1


# Replay.


def _replayed(worker: Worker, who: str) -> list[tuple[Any, ...]]:
    """Every decision about a customer, made again from the log: each event by the set it is stamped with."""
    library = Library(worker.store)
    customer, orders, log = Customer(), dict[str, Order](), dict[int, Event]()
    made = []
    for row in worker.rows("event", "seq"):
        if row["customer"] != who:
            continue
        one = logged(row["source"], row["id"], row["type"], who, row["time"], bytes(row["data"]), row["amount"])
        one.at, one.seq = row["at"], row["seq"]
        rules = library(row["ruleset"])
        assert rules is not None
        told = elapse(rules, one, customer, lambda seq: copy.copy(log.get(seq)), library).decisions
        customer.at, customer.seq = one.at, one.seq
        log[one.seq] = copy.copy(one)
        if one.type != POKE:
            key = row_key(one)
            order = orders.setdefault(key, Order()) if key is not None else None
            new = fold(customer, order, one, rules.policy.shop.zone, {}, orders.values)
            told += decide(rules, one, customer, new, library).decisions
        made += [(one.seq, n, each.rule, each.step, each.outcome, each.reason) for n, each in enumerate(told, 1)]
    return made


def test_from_the_stamps_come_the_same_decisions_again(store: Store) -> None:
    live(store, A, WAITS)
    worker = Worker(store)
    worker.take(reachable(), event("1"))
    steps: list[Callable[[], object]] = [
        lambda: live(store, B, CHANGED),
        lambda: pause(store, "waits", ACT),
        lambda: live(store, B),
        lambda: resume(store, "waits", ACT),
    ]
    for number, step in enumerate(steps, 2):
        step()
        worker.now += 50 * 60 * 1_000_000
        worker.take(event(f"{number}", time=worker.now))
    _later(worker, 8)
    _later(worker, 12)
    columns = ("seq", "n", "rule", "step", "outcome", "reason")
    kept = [tuple(row[name] for name in columns) for row in worker.rows("decision", "seq, n")]
    assert _replayed(worker, "anna") == kept
    assert len({row["ruleset"] for row in worker.rows("event")}) == 5
    assert {"queued", "waiting"} <= {row[4] for row in kept}
    worker.close()
