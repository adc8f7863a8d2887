"""A store that an older version left: it is brought up to date on the way, nothing of it changes, and work goes on.

`tests/unit/storage/older/` holds one of each migration with rows in every table, as literal DDL and literal bytes.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from retention.recount import differences, recount
from retention.state import Customer, decode, version
from storage import queries
from storage.errors import Newer
from storage.pile import Pile
from storage.snapshots import let_go, look, snapshot
from storage.store import Store
from storage.tables import metadata
from storage.told import told
from streams.apply import DAY
from tests.unit.storage.kit import BOTH
from tests.unit.streams.kit import NOW, Shop, event, shop_on

ROOT = Path(__file__).resolve().parents[3]
OLDER = ROOT / "tests" / "unit" / "storage" / "older"
TABLES = [
    "meta",
    "alembic_version",
    "partition",
    "customer",
    "order",
    "inbox",
    "event",
    "counter",
    "decision",
    "message",
    "outbox",
    "dead_letter",
]


@pytest.fixture(params=["0001", "0002"])
def migration(request: pytest.FixtureRequest) -> str:
    """Which migration the store stands at."""
    return str(request.param)


@pytest.fixture(params=BOTH)
def older(request: pytest.FixtureRequest, migration: str, tmp_path: Path) -> Iterator[Store]:
    """A store of that migration, not yet opened by this version."""
    statements = (OLDER / f"store_{migration}.{request.param}.sql").read_text("utf-8")
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'older.db'}"
        with sqlite3.connect(tmp_path / "older.db") as database:
            database.executescript(statements)
        database.close()
    else:
        url = request.getfixturevalue("fresh_postgres")
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(statements.encode())
    store = Store(url)
    yield store
    store.close()


CHANGED = {("message", "lease_until"), ("decision", "n"), ("decision", "entry"), ("decision", "due")}
"""Columns that are gone, or have come, since one of the two."""
SINCE = {"0001": (), "0002": ("snapshot", "snapshot_order")}
"""Migration → tables that it has besides."""


def rows(store: Store, table: str) -> list[dict[str, object]]:
    """Every row of a table, sorted; of the columns that were and are there."""
    with store.read() as connection:
        found = connection.execute(text(f'SELECT * FROM "{table}"')).mappings().all()
    return sorted(({name: row[name] for name in row if (table, name) not in CHANGED} for row in found), key=repr)


def found_different(shop: Shop) -> list[tuple[str, str, str, int, int]]:
    """What `regulars retention verify` would say."""
    with shop.store.read() as connection:
        return differences(queries.sums(connection), recount(told(connection), shop.applier.zone, Pile))


def test_migrating_keeps_every_row_of_every_table(older: Store, migration: str) -> None:
    tables = [*TABLES, *SINCE[migration]]
    before = {table: rows(older, table) for table in tables}
    assert all(before.values())
    assert not older.current()
    older.migrate()
    assert older.current()
    after = {table: rows(older, table) for table in tables}
    assert after.pop("alembic_version") != before.pop("alembic_version")
    new = [row for row in after["meta"] if row not in before["meta"]]
    assert [row["name"] for row in new] == ["coupon-key"]
    after["meta"] = [row for row in after["meta"] if row not in new]
    assert after == before


def test_it_has_the_tables_and_indexes_of_this_version_then(older: Store) -> None:
    older.migrate()
    with older.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert inspect(connection).get_pk_constraint("decision")["constrained_columns"] == ["customer", "seq", "n"]


@pytest.mark.parametrize("migration", ["0002"])
def test_its_decisions_are_numbered_within_their_event(older: Store) -> None:
    older.migrate()
    with older.read() as connection:
        found = connection.execute(text("SELECT * FROM decision WHERE customer = 'anna' ORDER BY seq, n")).all()
    assert [(row.seq, row.n, row.rule, row.step, row.outcome) for row in found] == [
        (3, 1, "advice", 0, "queued"),
        (3, 2, "advice", 1, "queued"),
        (3, 3, "advice", 2, "suppressed"),
        (3, 4, "welcome", 0, "queued"),
        (4, 1, "advice", 0, "suppressed"),
        (4, 2, "thanks", 0, "suppressed"),
        (5, 1, "care", 0, "queued"),
        (6, 1, "care", 0, "queued"),
        (7, 1, "advice", 0, "queued"),
        (7, 2, "advice", 1, "queued"),
        (7, 3, "advice", 2, "suppressed"),
        (7, 4, "thanks", 0, "queued"),
    ]
    assert {(row.entry, row.due) for row in found} == {("", None)}
    assert all((row.message is not None) == (row.outcome == "queued") for row in found)


MIGRATE = "import sys; from storage.store import Store; sys.stdin.read(1); Store(sys.argv[1]).migrate()"


def test_several_processes_may_bring_it_up_to_date_at_once(older: Store) -> None:
    command = [sys.executable, "-c", MIGRATE, older.url.render_as_string(hide_password=False)]
    running = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)
    ]
    for process in running:
        assert process.stdin is not None
        process.stdin.write("!")
        process.stdin.flush()
    said = [process.communicate(timeout=60)[1] for process in running]
    assert [process.returncode for process in running] == [0] * 3, said
    assert older.current()
    with shop_on(older) as shop:
        assert found_different(shop) == []


def test_its_counters_are_what_its_log_says(older: Store) -> None:
    older.migrate()
    with shop_on(older) as shop:
        assert found_different(shop) == []
        assert shop.count("placed") == 6  # ploy is staff
        with older.write() as connection:
            connection.execute(text("UPDATE counter SET value = value + 1 WHERE measure = 'buyers'"))
        assert len(found_different(shop)) == 1


FIELDS = {
    "0001": {"anna": 20, "ben": 19, "ploy": 20, "till": 18},
    "0002": {"anna": 27, "ben": 27, "ploy": 27, "till": 27},
}
"""How many fields each customer's state had when it was written."""


def test_its_customers_read_as_they_were_and_what_was_not_there_yet_as_its_default(
    older: Store, migration: str
) -> None:
    fields = {name: len(msgspec.msgpack.decode(state)) for name, state in states(older)}
    assert fields == FIELDS[migration]
    assert len(Customer.__struct_fields__) >= max(fields.values())
    people = {name: decode(state) for name, state in states(older)}
    assert [people[name].seq for name in fields] == [8, 3, 2, 2]
    assert [people[name].gross for name in fields] == [2_750, 100, 7_000, 400]
    assert [people[name].staff for name in fields] == [False, False, True, False]
    assert people["ploy"].profile["attributes"]["shoe"] == msgspec.json.decode("37.5")
    assert not people["till"].walk_in


def states(store: Store) -> list[tuple[str, bytes]]:
    """(customer, blob), by customer."""
    with store.read() as connection:
        found = connection.execute(text("SELECT id, state FROM customer ORDER BY id"))
        return [(row.id, bytes(row.state)) for row in found]


def test_a_worker_goes_on_with_its_customers(older: Store) -> None:
    older.migrate()
    with shop_on(older) as shop:
        shop.now = NOW + DAY
        assert shop.take(event("1", items=TEA)).duplicates == 1  # as applied by the older one
        assert shop.take(event("b1", "ben", total="9.00")).dead == 1  # its id, with other content
        outcome = shop.take(
            event("5", "anna", "fulfilment", order_id="o-2", state="cancelled"),
            event("6", "ben", order_id="o-b1", total="2.00"),
            event("7", "ploy", "profile", time=shop.now, staff=False),
            *(event(f"t-{number}", "till") for number in range(3)),
        )
        assert outcome.applied == 6
        assert found_different(shop) == []
        assert shop.count("placed") == 10
        till = shop.customer("till")
        assert till is not None
        assert (till.seq, till.orders_ever) == (5, 5)


TEA = [{"sku": "TEA-1", "name": "ชา", "category": "tea", "qty": 2, "price": "0.50"}]


def test_its_log_may_be_let_go(older: Store) -> None:
    older.migrate()
    events = len(rows(older, "event"))
    with shop_on(older) as shop:
        for now in (NOW + DAY, NOW + 31 * DAY):
            ids, _ = look(older, "", now - 30 * DAY, 100)
            snapshot(older, ids, now, now - 30 * DAY)
            gone, ids = let_go(older, ids)
        assert (gone, ids, rows(older, "event")) == (events, [], [])
        assert found_different(shop) == []


def test_tables_of_a_newer_version_are_left_alone_and_the_error_says_what_to_do(older: Store) -> None:
    older.migrate()
    with older.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    before = {table: rows(older, table) for table in TABLES}
    with pytest.raises(Newer, match=r"has tables of a newer Regulars \(9999\); run that one"):
        older.migrate()
    assert {table: rows(older, table) for table in TABLES} == before


def test_a_worker_that_meets_a_newer_customer_stops_and_buries_nothing(older: Store) -> None:
    """A rolling upgrade: the newer worker has saved ben, the older one is given an event of his."""
    older.migrate()
    newer = encoded_by_a_newer(dict(states(older))["ben"])
    assert version(newer) == 9
    with older.write() as connection:
        connection.execute(text("UPDATE customer SET state = :state WHERE id = 'ben'"), {"state": newer})
    before = {table: rows(older, table) for table in ("customer", "event", "inbox", "dead_letter", "counter")}
    with shop_on(older) as shop:
        with pytest.raises(Newer, match="version 9, which this Regulars does not know; run the newer one"):
            shop.take(event("8", "anna"), event("9", "ben"))
        assert {table: rows(older, table) for table in before} == before
        assert shop.take(event("8", "anna")).applied == 1
    with pytest.raises(Newer), older.read() as connection:
        queries.customer(connection, "ben")


def encoded_by_a_newer(blob: bytes) -> bytes:
    """The state as a version would write it that moved its fields around."""
    return msgspec.msgpack.encode([9, {"gross": 1}, *msgspec.msgpack.decode(blob)[1:]])
