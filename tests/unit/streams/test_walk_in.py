"""A till's customer id with very many orders costs no more an event than anybody's, and fits into memory everywhere.

`REGULARS_TEST_WALK_IN=1000000` takes a million orders; without it, enough to see what grows.
"""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, text
from sqlalchemy import event as hook
from typer.testing import CliRunner

from console.cli.customer import MOST_ORDERS
from console.cli.main import app
from retention.orders import Order
from retention.orders import encode as encode_order
from retention.recount import IN_MEMORY, differences, recount
from retention.state import encode
from storage import queries
from storage.pile import Pile
from storage.snapshots import EVENTS_AT_ONCE, let_go, look, snapshot
from storage.told import told
from streams.apply import DAY
from tests.unit.streams.kit import NOW, Shop, event

ORDERS = int(os.environ.get("REGULARS_TEST_WALK_IN", "50000"))
TIME = NOW - 40 * DAY
MONTH = "2026-01"
SERIES = (
    "SELECT i, 'p-' || lpad(i::text, 7, '0') AS key FROM generate_series(1, :many) AS i",
    """SELECT i, printf('p-%07d', i) AS key FROM (
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :many) SELECT i FROM n)""",
)
"""PostgreSQL's way, and SQLite's, to count from 1 to `many`; with the id of that order."""
BYTES = ("convert_to({}, 'UTF8')", "CAST({} AS BLOB)")
MIB = 1024 * 1024


@pytest.fixture
def till(shop: Shop) -> Shop:
    """The shop with customer `till`: one order that was applied, and `ORDERS` more just as if they had been."""
    assert shop.take(event("first", "till", time=TIME)).applied == 1
    known = shop.customer("till")
    assert known is not None
    known.seq += ORDERS
    known.orders += ORDERS
    known.orders_ever += ORDERS
    known.gross += 100 * ORDERS
    for months in known.months:
        known.months[months] += ORDERS
    for bucket in known.days.values():
        bucket[0] += ORDERS
        bucket[1] += 100 * ORDERS
    known.walk_in = True
    with shop.store.write() as connection:
        fill(connection, shop.store.sqlite)
        connection.execute(
            text("UPDATE customer SET state = :state, orders = :orders WHERE id = 'till'"),
            {"state": encode(known), "orders": known.orders},
        )
        count = text("UPDATE counter SET value = value + :more WHERE measure = :measure AND period = :month")
        for measure, more in (("placed", ORDERS), ("orders", ORDERS), ("gross", 100 * ORDERS)):
            asked = {"measure": measure, "more": more, "month": MONTH}
            assert connection.execute(count, asked).rowcount == 1
        connection.execute(
            text("INSERT INTO counter (measure, period, dims, shard, value) VALUES ('repeaters', '', '', 0, 1)")
        )
    return shop


def fill(connection: Connection, sqlite: bool) -> None:
    """Rows of orders and of the log."""
    state = encode_order(Order(first=TIME, stamp=(TIME, "/till", "e"), total=100, units={"TEA": 1}))
    numbers, data = SERIES[sqlite], BYTES[sqlite].format("""'{"order_id":"' || key || '","total":"1.00"}'""")
    asked = {"many": ORDERS}
    connection.execute(
        text(f"""INSERT INTO "order" (customer, key, state) SELECT 'till', key, :state FROM ({numbers}) n"""),
        asked | {"state": state},
    )
    connection.execute(
        text(
            f"""INSERT INTO event (customer, seq, at, time, source, id, type, ruleset, amount, data)
                SELECT 'till', i + 1, :now, :time, '/till', key, 'purchase', '', 100, {data} FROM ({numbers}) n"""
        ),
        asked | {"now": NOW, "time": TIME},
    )


def found_different(shop: Shop) -> list[tuple[str, str, str, int, int]]:
    """What `regulars retention verify` would say."""
    with shop.store.read() as connection:
        return differences(queries.sums(connection), recount(told(connection), shop.applier.zone, Pile))


@contextmanager
def working(shop: Shop) -> Iterator[list[int]]:
    """How much each transaction inside works: rows PostgreSQL read and wrote, or steps of SQLite's machine by 10."""
    work: list[int] = []

    def begun(connection: Any) -> None:
        if shop.store.sqlite:
            work.append(0)
            connection.connection.dbapi_connection.set_progress_handler(stepped, 10)

    def stepped() -> int:
        work[-1] += 1
        return 0

    def ends(connection: Any) -> None:
        if shop.store.sqlite:
            connection.connection.dbapi_connection.set_progress_handler(None, 0)
        else:
            work.append(connection.exec_driver_sql(TOUCHED).scalar())

    hook.listen(shop.store.engine, "begin", begun)
    hook.listen(shop.store.engine, "commit", ends)
    try:
        yield work
    finally:
        hook.remove(shop.store.engine, "begin", begun)
        hook.remove(shop.store.engine, "commit", ends)


TOUCHED = """SELECT coalesce(sum(seq_tup_read + idx_tup_fetch + n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint
             FROM pg_stat_xact_user_tables WHERE relname <> 'counter'"""
"""Few rows of counters lie on few pages, which PostgreSQL likes to read whole, whoever the customer is."""


def everything(who: str, number: int, order: str) -> list[bytes]:
    """An event of each kind that looks at an order or a profile; `order` is one that is known."""
    tag = f"{who}-{number}"
    return [
        event(f"new-{tag}", who),
        event(f"amend-{tag}", who, time=NOW, order_id=order, total="2.00"),
        event(f"ret-{tag}", who, "return", return_id=f"r-{tag}", order_id=order, total="0.50", currency="THB"),
        event(f"loose-{tag}", who, "return", return_id=f"l-{tag}", total="0.50", currency="THB"),
        event(f"gone-{tag}", who, "fulfilment", order_id=order, state="cancelled"),
        event(f"profile-{tag}", who, "profile", first_name="Till", staff=False),
        event(f"review-{tag}", who, "review", rating=4),
    ]


@pytest.mark.parametrize("analyzed", [False, True])
def test_an_event_of_a_till_costs_what_an_event_of_anybody_costs(till: Shop, analyzed: bool) -> None:
    if analyzed:
        with till.store.write() as connection:
            connection.execute(text("ANALYZE"))
    till.take(event("0", "anna"), event("1", "anna"))
    till.take(*everything("anna", 0, "o-0"))
    with working(till) as work:
        assert till.take(*everything("anna", 1, "o-1")).applied == 7
        assert till.take(*everything("till", 1, "p-0000777")).applied == 7
    somebody, tills = work
    assert 0 < tills < 1.5 * somebody + 20
    known = till.customer("till")
    assert known is not None
    assert known.orders_ever == ORDERS + 2
    assert len(encode(known)) <= 16 * 1024
    assert found_different(till) == []


def test_a_till_that_is_flagged_as_staff_leaves_the_counters_and_comes_back(till: Shop) -> None:
    till.take(event("0", "anna"))
    for flag in (True, False):
        tracemalloc.start()
        now = till.now = till.now + 1_000_000
        till.take(event(f"n-{flag}", "till"), event(f"s-{flag}", "till", "profile", time=now, staff=flag))
        peak = tracemalloc.get_traced_memory()[1] / MIB
        tracemalloc.stop()
        assert peak < 10, f"{peak} MiB"
        assert found_different(till) == []
        assert (till.count("placed") == 1) is flag
    assert till.count("placed") == ORDERS + 4


def test_counting_again_takes_no_more_memory_with_more_orders(till: Shop) -> None:
    assert ORDERS > 2 * IN_MEMORY
    tracemalloc.start()
    assert found_different(till) == []
    peak = tracemalloc.get_traced_memory()[1] / MIB
    tracemalloc.stop()
    assert peak < 20, f"{peak} MiB"


def test_the_log_of_a_till_is_let_go_a_little_at_a_time(till: Shop) -> None:
    for now in (NOW, NOW + 30 * DAY):
        ids, _ = look(till.store, "", now - 30 * DAY, 100)
        snapshot(till.store, ids, now, now - 30 * DAY)
    steps = []
    while ids:
        gone, ids = let_go(till.store, ids)
        steps.append(gone)
    assert max(steps) <= EVENTS_AT_ONCE
    assert sum(steps) == ORDERS + 1
    assert till.log("till") == []
    assert found_different(till) == []


def test_a_till_is_shown_with_some_of_its_orders(till: Shop) -> None:
    store = till.store.url.render_as_string(hide_password=False)
    shown = CliRunner().invoke(app, ["customers", "show", "till", "--json"], env={"REGULARS_STORE": store})
    assert shown.exit_code == 0, shown.output
    document = msgspec.json.decode(shown.output)
    assert (document["orders"], len(document["order_ids"])) == (ORDERS + 1, MOST_ORDERS)
    shown = CliRunner().invoke(app, ["customers", "show", "till"], env={"REGULARS_STORE": store})
    assert "1,000 or more: " in shown.output
    assert len(shown.output) < 2_000
