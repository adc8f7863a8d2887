"""Counters come out the same in any order of events, in batches of any size, with any duplicates."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import Any

import pytest

from retention.counters import Deltas
from retention.decode import decode, logged
from retention.recount import recount
from retention.shop import Shop as Money
from storage import queries
from storage.store import Store
from streams.apply import DAY, Outcome
from tests.unit.retention.making import Desk
from tests.unit.streams.kit import NOW, batches, event, records, shop_on, subject

CUSTOMERS = [f"c-{number}" for number in range(12)]


def history(chance: random.Random, many: int) -> list[bytes]:
    """Everything that moves counters: orders, amendments, returns, cancellations, staff; some for orders unheard of."""
    values = []
    for number in range(many):
        customer = chance.choice(CUSTOMERS)
        order = f"o-{customer}-{chance.randrange(5)}"
        time = NOW - chance.randrange(200) * DAY - chance.randrange(3)
        kind = chance.choice(["purchase"] * 5 + ["return"] * 3 + ["fulfilment", "profile", "survey"])
        choices: dict[str, dict[str, Any]] = {
            "purchase": {"order_id": order, "total": f"{chance.randrange(900)}.50"},
            "return": {"return_id": f"r-{order}-{chance.randrange(2)}", "total": f"{chance.randrange(300)}.25"},
            "fulfilment": {"order_id": order, "state": chance.choice(["shipped", "cancelled"])},
            "profile": {"staff": chance.random() < 0.5},
            "survey": {"score": chance.randrange(11)},
        }
        data = choices[kind]
        if kind == "return" and chance.random() < 0.7:
            data["order_id"] = order
        values.append(event(f"e-{number}", customer, kind, time, **data))
    return values


def folded(values: list[bytes]) -> Deltas:
    """The same without any store, in order of time."""
    desk = Desk()
    desk.fold(*sorted((decode(subject(value), value, (), Money(), NOW) for value in values), key=lambda one: one.time))
    return desk.counters()


@pytest.mark.parametrize("seed", range(3))
def test_shuffled_and_repeated_events_in_random_batches_count_the_same(store: Store, seed: int) -> None:
    chance = random.Random(seed)
    values = history(chance, 250)
    repeated = values + chance.sample(values, 120)
    chance.shuffle(repeated)
    with shop_on(store) as shop:
        total = Outcome()
        for batch in batches(chance, repeated, 3, 60):
            total += shop.apply(batch)
        assert (total.applied, total.duplicates, total.dead) == (250, 120, 0)
        assert shop.counters() == folded(values)
        with store.read() as connection:
            log = [
                logged(one.source, one.id, one.type, one.customer, one.time, one.data, one.amount)
                for one in queries.log(connection)
            ]
            numbers = [(one.customer, one.seq) for one in queries.log(connection)]
        assert recount(log, shop.applier.zone) == shop.counters()
        for customer, mine in groupby(numbers, key=lambda each: each[0]):
            assert list(mine) == [(customer, seq + 1) for seq in range(sum(one[0] == customer for one in numbers))]


def test_two_workers_on_the_same_customers_count_everything_once(store: Store) -> None:
    """A topic that was resized: some customers' events come by two partitions, some events by both."""
    chance = random.Random(7)
    values = history(chance, 120)
    ways = [[*values[:80]], [*values[40:]]]

    def work(partition: int) -> Outcome:
        total = Outcome()
        other = Store(store.url.render_as_string(hide_password=False))
        with shop_on(other) as shop:
            for start in range(0, 80, 5):
                total += shop.apply(records(*ways[partition][start : start + 5], at=start, partition=partition))
        other.close()
        return total

    with ThreadPoolExecutor(2) as threads:
        done = list(threads.map(work, range(2)))
    assert sum(one.applied for one in done) == 120
    assert sum(one.duplicates for one in done) == 40
    with shop_on(store) as shop:
        assert shop.counters() == folded(values)
        assert len(shop.rows("event")) == 120


def test_each_partition_counts_in_its_own_shard(store: Store) -> None:
    with shop_on(store) as shop:
        shop.take(event("1"), partition=0)
        shop.take(event("2"), partition=2)
        found = {row["shard"]: row["value"] for row in shop.rows("counter") if row["measure"] == "placed"}
    assert found == {0: 1, 2: 1}
