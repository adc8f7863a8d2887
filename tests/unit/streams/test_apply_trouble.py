"""Trouble of the database never buries a good record: it is waited for, and what the values are at fault for is not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event as hook
from sqlalchemy import text

from retention.events import Event
from retention.shop import Shop as Money
from retention.state import Customer
from rules.policy import Policy
from storage.errors import Busy, Full, Unreachable
from storage.store import Store
from tests.unit.storage.kit import store_of
from tests.unit.streams.kit import Shop, event, reachable, rule, ruled, shop_on

TROUBLE = {
    "08006": "connection_failure",
    "0A000": "a cached plan that does not fit the tables any more",
    "25006": "read_only_sql_transaction",
    "40001": "serialization_failure",
    "40P01": "deadlock_detected",
    "42501": "insufficient_privilege",
    "42703": "undefined_column",
    "42P01": "undefined_table",
    "53100": "disk_full",
    "53200": "out_of_memory",
    "53300": "too_many_connections",
    "53400": "configuration_limit_exceeded",
    "55000": "object_not_in_prerequisite_state",
    "55P03": "lock_not_available",
    "57014": "query_canceled",
    "57P01": "admin_shutdown",
    "58030": "io_error",
    "XX000": "internal_error",
    "XX001": "data_corrupted",
}
OF_THE_VALUES = {
    "22001": "string_data_right_truncation",
    "22003": "numeric_value_out_of_range",
    "22P05": "untranslatable_character",
    "23502": "not_null_violation",
    "23505": "unique_violation",
    "54000": "program_limit_exceeded: an index row too large",
}
THREE = [event("1", order_id="o-1"), event("2", order_id="o-2"), event("3", order_id="o-3")]
MANY = [event(str(number), f"c-{number}") for number in range(60)]
"""More than the pages at hand can hold."""


@pytest.fixture
def sqlite(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with store_of("sqlite", request, tmp_path) as made:
        yield made


@pytest.fixture
def postgres(request: pytest.FixtureRequest, tmp_path: Path, fresh_postgres: str) -> Iterator[Store]:
    with store_of("postgres", request, tmp_path) as made:
        yield made


def do(store: Store, *statements: str) -> None:
    with store.write() as connection:
        for statement in statements:
            connection.execute(text(statement))


def raises(store: Store, state: str, only: str) -> None:
    """The server raises this SQLSTATE when event `only` is logged; all of them when it is empty."""
    do(
        store,
        f"""CREATE OR REPLACE FUNCTION bad_day() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF NEW.id = '{only}' OR '{only}' = '' THEN RAISE EXCEPTION 'a bad day' USING ERRCODE = '{state}'; END IF;
            RETURN NEW; END $$""",
        'CREATE OR REPLACE TRIGGER bad_day BEFORE INSERT ON "event" FOR EACH ROW EXECUTE FUNCTION bad_day()',
    )


def is_waited_for(
    shop: Shop, kind: type[Unreachable] = Unreachable, match: str | None = None, values: Sequence[bytes] = THREE
) -> None:
    """The batch is refused as a whole and nothing of it is kept: no row, no dead letter."""
    offset = shop.offset
    with pytest.raises(kind, match=match) as caught:
        shop.take(*values)
    assert type(caught.value) is kind
    assert (shop.rows("event"), shop.rows("dead_letter"), shop.rows("inbox")) == ([], [], [])
    shop.offset = offset


def goes_on(shop: Shop, values: Sequence[bytes] = THREE) -> None:
    outcome = shop.take(*values)
    assert (outcome.applied, outcome.dead, outcome.duplicates) == (len(values), 0, 0)
    assert shop.count("placed") == len(values)


@pytest.mark.parametrize("state", TROUBLE)
def test_trouble_of_postgresql_is_waited_for_and_buries_nothing(postgres: Store, state: str) -> None:
    kinds: dict[str, type[Unreachable]] = {"53100": Full, "55P03": Busy}
    with shop_on(postgres) as shop:
        raises(postgres, state, "")
        is_waited_for(shop, kinds.get(state, Unreachable))
        do(postgres, 'DROP TRIGGER bad_day ON "event"')
        goes_on(shop)


@pytest.mark.parametrize("state", OF_THE_VALUES)
def test_what_postgresql_refuses_for_its_values_is_buried_alone(postgres: Store, state: str) -> None:
    with shop_on(postgres) as shop:
        raises(postgres, state, "2")
        outcome = shop.take(*THREE)
        assert (outcome.applied, outcome.dead) == (2, 1)
        assert shop.dead() == {1: ("failed", "")}


def test_what_sqlite_refuses_for_its_values_is_buried_alone(sqlite: Store) -> None:
    with shop_on(sqlite) as shop:
        do(
            sqlite,
            """CREATE TRIGGER bad_day BEFORE INSERT ON "event" WHEN NEW.id = '2'
               BEGIN SELECT RAISE(ABORT, 'a bad day'); END""",
        )
        outcome = shop.take(*THREE)
        assert (outcome.applied, outcome.dead) == (2, 1)
        assert shop.dead() == {1: ("failed", "")}


@contextmanager
def pragma(store: Store, line: str) -> Iterator[None]:
    """Every new connection says this."""

    def say(dbapi: Any, _record: Any) -> None:
        dbapi.execute(f"PRAGMA {line}")

    store.engine.dispose()
    hook.listen(store.engine, "connect", say)
    try:
        yield
    finally:
        hook.remove(store.engine, "connect", say)
        store.engine.dispose()


def test_a_full_sqlite_says_so_loses_nothing_and_goes_on(sqlite: Store) -> None:
    with shop_on(sqlite) as shop:
        shop.held[0] = shop.writer.take("events", 0)
        with sqlite.read() as connection:
            pages = connection.execute(text("PRAGMA page_count")).scalar_one()
        shop.close()
        with pragma(sqlite, f"max_page_count={pages + 2}"):
            do(sqlite, "CREATE TABLE ballast (page)")
            fill(sqlite)
            is_waited_for(shop, Full, "is full: database or disk is full; make room on the database's disk", MANY)
            shop.close()
        goes_on(shop, MANY)


def fill(store: Store) -> None:
    for size in (30_000, 3_000, 300):
        with suppress(Full):
            while True:
                do(store, f"INSERT INTO ballast VALUES (zeroblob({size}))")


def test_a_sqlite_that_only_reads_or_lacks_a_table_is_waited_for(sqlite: Store) -> None:
    with shop_on(sqlite) as shop:
        shop.held[0] = shop.writer.take("events", 0)
        shop.close()
        with pragma(sqlite, "query_only=1"):
            is_waited_for(shop, Unreachable, "attempt to write a readonly database; is REGULARS_STORE a standby")
            shop.close()
        do(sqlite, 'ALTER TABLE "decision" RENAME TO elsewhere', 'ALTER TABLE "order" RENAME TO another')
        with pytest.raises(Unreachable, match="no such table: order; look with `regulars doctor`"):
            shop.take(*THREE)
        do(sqlite, 'ALTER TABLE elsewhere RENAME TO "decision"', 'ALTER TABLE another RENAME TO "order"')
        assert shop.rows("dead_letter") == []
        shop.offset -= len(THREE)
        goes_on(shop)


def test_out_of_memory_is_nobodys_fault(store: Store) -> None:
    """The batch must not be halved: the next try may have the memory."""
    with shop_on(store, ruled(rule("hungry", condition=hungry))) as shop:
        shop.take(reachable())
        with pytest.raises(Unreachable, match="out of memory; give the database more memory, or start fewer workers"):
            shop.take(*THREE)
        assert shop.rows("dead_letter") == []


def test_out_of_memory_before_the_transaction_ends_the_worker(store: Store) -> None:
    rates: Any = Hungry()
    with shop_on(store, ruled(policy=Policy(Money(rates=rates)))) as shop:
        with pytest.raises(MemoryError):
            shop.take(event("1"), event("2", currency="USD"))
        assert shop.rows("dead_letter") == []


def hungry(seen: Event, customer: Customer) -> bool:
    raise MemoryError


class Hungry:
    """Rates that nobody has the memory to look up."""

    def get(self, _: str) -> Any:
        raise MemoryError

    __getitem__ = __contains__ = get
