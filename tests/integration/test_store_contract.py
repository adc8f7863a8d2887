"""The store between processes, on both databases: migrations, fences, the import lock, contention."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from storage import queries
from storage.errors import Contended, Fenced, Halted, Importing, StoreError, Unreachable
from storage.intake import RECENT, resume
from storage.lock import Holder, ImportRunning, importing
from storage.store import Store
from storage.tables import metadata
from storage.writer import Held, Writer
from tests.unit.storage.kit import (
    BOTH,
    NOW,
    TOPIC,
    counts,
    customer,
    digest,
    partition,
    store_of,
    write_everything,
    writing,
)

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(params=BOTH)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with store_of(request.param, request, tmp_path) as made:
        yield made


@pytest.fixture(params=BOTH)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store without tables."""
    postgres = request.param == "postgres"
    made = Store(request.getfixturevalue("fresh_postgres") if postgres else f"sqlite:///{tmp_path / 'empty.db'}")
    yield made
    made.close()


@pytest.fixture
def writers(store: Store) -> Iterator[tuple[Writer, Writer]]:
    """Two processes' writers: engines and connections of their own."""
    with another(store) as first, another(store) as second:
        yield first, second


@contextmanager
def another(store: Store) -> Iterator[Writer]:
    """The writer of another process on the same store."""
    own = Store(address(store))
    try:
        with writing(own) as writer:
            yield writer
    finally:
        own.close()


def address(store: Store) -> str:
    return store.url.render_as_string(hide_password=False)


def commit(by: Writer, held: Held, position: int = 1) -> None:
    with by.batch(held, position, NOW):
        pass


# Migrations


def test_the_migrations_make_exactly_the_tables_of_the_code(empty: Store) -> None:
    assert not empty.current()
    empty.migrate()
    assert empty.current()
    with empty.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert set(inspect(connection).get_table_names()) == {*metadata.tables, "alembic_version"}


def test_the_page_about_the_store_names_every_table_and_column_and_no_other() -> None:
    told: dict[str, set[str]] = {}
    columns: set[str] = set()
    for line in (ROOT / "docs/reference/store.md").read_text("utf-8").splitlines():
        if line.startswith("## "):
            columns = told[line[3:].partition(":")[0]] = set()
        elif line.startswith("| ") and not line.startswith("| column "):
            columns.update(line.split("|")[1].strip().split(", "))
    assert told == {name: {column.name for column in table.columns} for name, table in metadata.tables.items()}


def test_migrating_again_changes_nothing(store: Store) -> None:
    with writing(store) as writer, writer.batch(writer.take(TOPIC, 0), 1, NOW) as opened:
        write_everything(opened)
    before, key = counts(store), store.digest_key()
    store.migrate()
    assert (counts(store), store.digest_key()) == (before, key)


MIGRATE = """
import pathlib, sys, time
from storage.store import Store
url, me, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
(folder / me).touch()
deadline = time.monotonic() + 30
while len(list(folder.iterdir())) < 4 and time.monotonic() < deadline:
    time.sleep(0.001)
store = Store(url)
store.migrate()
assert store.current()
print(store.digest_key().hex())
store.close()
"""


def test_several_processes_may_migrate_at_once(empty: Store, tmp_path: Path) -> None:
    meeting = tmp_path / "meeting"
    meeting.mkdir()
    command = [sys.executable, "-c", MIGRATE, address(empty)]
    running = [
        subprocess.Popen(
            [*command, str(number), str(meeting)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    said = [process.communicate(timeout=60) for process in running]
    assert [process.returncode for process in running] == [0] * 4, said
    assert len({out for out, _ in said}) == 1
    with empty.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


# The fence


def test_every_taking_raises_the_epoch_of_that_partition_only(writers: tuple[Writer, Writer]) -> None:
    first, second = writers
    assert [first.take(TOPIC, 0).epoch, second.take(TOPIC, 0).epoch, first.take(TOPIC, 0).epoch] == [1, 2, 3]
    assert second.take(TOPIC, 1).epoch == 1


def test_who_lost_the_partition_writes_nothing_any_more(store: Store, writers: tuple[Writer, Writer]) -> None:
    old, new = writers
    zombie = old.take(TOPIC, 0)
    commit(old, zombie, 5)
    held = new.take(TOPIC, 0)
    with pytest.raises(Fenced), old.batch(zombie, 99, NOW) as opened:
        write_everything(opened)
    assert counts(store) == {}
    assert partition(store)["position"] == 5
    commit(new, held, 7)
    assert partition(store)["position"] == 7
    with pytest.raises(Fenced):
        commit(old, zombie, 8)
    commit(old, old.take(TOPIC, 0), 9)
    with pytest.raises(Fenced):
        commit(new, held, 10)


def test_a_partition_nobody_took_cannot_be_written(store: Store) -> None:
    with writing(store) as writer, pytest.raises(Fenced):
        commit(writer, Held(TOPIC, 3, 1))


def test_a_position_of_none_leaves_the_one_that_is_known(store: Store) -> None:
    with writing(store) as writer:
        held = writer.take(TOPIC, 0)
        commit(writer, held, 12)
        with writer.batch(held, None, NOW + 1):
            pass
    assert (partition(store)["position"], partition(store)["at"]) == (12, NOW + 1)


def test_the_new_owner_waits_for_a_batch_under_way_and_then_sees_it(
    store: Store, writers: tuple[Writer, Writer]
) -> None:
    old, new = writers
    held = old.take(TOPIC, 0)
    with ThreadPoolExecutor(1) as thread:
        with old.batch(held, 5, NOW) as opened:
            write_everything(opened)
            taking = thread.submit(new.take, TOPIC, 0)
            with pytest.raises(TimeoutError):
                taking.result(0.3)
        assert taking.result(30).epoch == 2
    assert counts(store)["customer"] == 1
    with pytest.raises(Fenced):
        commit(old, held, 6)


def test_a_frozen_owner_is_ended_and_leaves_nothing(fresh_postgres: str) -> None:
    """It holds its row's lock in the middle of a transaction; the taker waits five seconds for it."""
    store = Store(fresh_postgres)
    store.migrate()
    with another(store) as frozen, another(store) as taker:
        held = frozen.take(TOPIC, 0)
        other = frozen.take(TOPIC, 1)

        def freeze() -> None:
            with frozen.batch(held, 5, NOW) as opened:
                write_everything(opened)
                assert taker.take(TOPIC, 0).epoch == 2
                opened.health(1, 1)

        with pytest.raises(Unreachable):
            freeze()
        assert counts(store) == {}
        with pytest.raises(Fenced):
            commit(frozen, held)
        commit(frozen, other)  # the connection is another now, the epoch still the one it took
    store.close()


def test_a_slow_owner_of_another_partition_is_left_in_peace(fresh_postgres: str) -> None:
    store = Store(fresh_postgres)
    store.migrate()
    with another(store) as slow, another(store) as taker:
        mine, theirs = slow.take(TOPIC, 0), taker.take(TOPIC, 1)
        with slow.batch(mine, 5, NOW) as opened:
            write_everything(opened)
            assert taker.take(TOPIC, 1).epoch == theirs.epoch + 1
        assert counts(store)["customer"] == 1
    store.close()


def test_a_stranger_who_holds_a_table_is_waited_for_and_only_the_old_owner_is_ended(fresh_postgres: str) -> None:
    store = Store(fresh_postgres)
    store.migrate()

    def work(writer: Writer, held: Held) -> None:
        with writer.batch(held, 5, NOW) as opened:
            write_everything(opened)

    def waits() -> bool:
        with store.read() as connection:
            waiting = text("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
            return bool(connection.execute(waiting).scalar_one())

    with another(store) as old, another(store) as new, ThreadPoolExecutor(2) as threads:
        held = old.take(TOPIC, 0)
        with store.engine.connect() as stranger:
            stranger.execute(text("LOCK TABLE customer IN ACCESS EXCLUSIVE MODE"))
            owner = threads.submit(work, old, held)
            deadline = time.monotonic() + 30
            while not waits() and time.monotonic() < deadline:
                time.sleep(0.02)
            successor = threads.submit(work, new, new.take(TOPIC, 0))
            with pytest.raises(Unreachable):
                owner.result(30)
            with pytest.raises(TimeoutError):
                successor.result(1)
            assert stranger.execute(text("SELECT 1")).scalar_one() == 1
            stranger.rollback()
        successor.result(30)
    assert counts(store)["customer"] == 1
    store.close()


# Contention


def test_the_same_identity_in_two_batches_at_once_counts_in_one(fresh_postgres: str) -> None:
    """The second waits until the first commits, then must look again."""
    store = Store(fresh_postgres)
    store.migrate()
    identity, content = digest(), digest()
    with another(store) as first, another(store) as second, ThreadPoolExecutor(1) as thread:

        def late() -> None:
            with second.batch(second.take(TOPIC, 1), 1, NOW) as opened:
                assert opened.received([identity]) == {}
                looked.set()
                written.wait(30)
                opened.receive({identity: content}, NOW)

        looked, written = threading.Event(), threading.Event()
        with first.batch(first.take(TOPIC, 0), 1, NOW) as opened:
            slow = thread.submit(late)
            assert looked.wait(30)
            opened.receive({identity: content}, NOW)
            written.set()
        with pytest.raises(Contended):
            slow.result(30)
        with second.batch(second.take(TOPIC, 1), 1, NOW) as opened:
            assert opened.received([identity]) == {identity: content}
    store.close()


@pytest.mark.parametrize("known", [True, False])
def test_a_customer_changed_in_two_batches_at_once_is_changed_by_one(fresh_postgres: str, known: bool) -> None:
    store = Store(fresh_postgres)
    store.migrate()
    with another(store) as first, another(store) as second, ThreadPoolExecutor(1) as thread:
        if known:
            with first.batch(first.take(TOPIC, 0), 1, NOW) as opened:
                opened.save_customers({"anna": customer(1)})

        def late() -> None:
            with second.batch(second.take(TOPIC, 1), 1, NOW) as opened:
                loaded = opened.customers(["anna"])
                looked.set()
                written.wait(30)
                loaded["anna"].state.orders = 99
                opened.save_customers(loaded)

        looked, written = threading.Event(), threading.Event()
        with first.batch(first.take(TOPIC, 0), 2, NOW) as opened:
            slow = thread.submit(late)
            assert looked.wait(30)
            loaded = opened.customers(["anna"])
            loaded["anna"].state.orders = 7
            opened.save_customers(loaded)
            written.set()
        with pytest.raises(Contended):
            slow.result(30)
        with store.read() as connection:
            found = queries.customer(connection, "anna")
        assert found is not None
        assert found.orders == 7
    store.close()


# Halting


def test_a_halted_partition_takes_nothing_in_until_it_is_resumed(store: Store, writers: tuple[Writer, Writer]) -> None:
    first, second = writers
    held = first.take(TOPIC, 0)
    with first.batch(held, 1, NOW) as opened:
        opened.health(200, 150)
    first.halt(held, "150 of 200 are bad")
    with pytest.raises(Halted, match="150 of 200"), first.batch(held, 2, NOW) as opened:
        write_everything(opened)
    held = second.take(TOPIC, 0)  # a restart changes nothing
    with pytest.raises(Halted, match="150 of 200"):
        commit(second, held)
    assert counts(store) == {}
    commit(second, second.take(TOPIC, 1))
    assert resume(store) == 1
    assert resume(store) == 0
    commit(second, held)
    row = partition(store)
    assert (row["seen"], row["bad"], row["halted"]) == (-RECENT, 0, None)


# The import lock


def hold(store: Store, holder: Holder) -> None:
    with store.write() as connection:
        connection.execute(
            text("INSERT INTO meta (name, value) VALUES ('import', :who)"),
            {"who": msgspec.json.encode(holder).decode()},
        )


def dead_process() -> int:
    """The pid of a process that was here and is gone."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_while_an_import_runs_only_it_takes_partitions(store: Store, writers: tuple[Writer, Writer]) -> None:
    worker, importer = writers
    held = worker.take(TOPIC, 0)
    with importing(importer.store):
        with pytest.raises(Importing):
            worker.take(TOPIC, 0)
        commit(importer, importer.take(TOPIC, 0, importing=True))
        with pytest.raises(Fenced):
            commit(worker, held)
        with pytest.raises(Importing):
            worker.take(TOPIC, 0)
    commit(worker, worker.take(TOPIC, 0))


def test_an_import_that_fails_lets_go(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), importing(store):
        raise ZeroDivisionError
    with writing(store) as writer:
        assert writer.take(TOPIC, 0).epoch == 1


def test_a_second_import_is_refused_and_the_first_goes_on(store: Store) -> None:
    with importing(store):
        with pytest.raises(ImportRunning, match=f"process {os.getpid()} on "), importing(store):
            pass
        with writing(store) as writer, pytest.raises(Importing):
            writer.take(TOPIC, 0)


def test_the_lock_of_an_import_that_died_stands_until_the_next_import_takes_it_over(store: Store) -> None:
    hold(store, Holder(socket.gethostname(), dead_process()))
    with writing(store) as writer:
        with pytest.raises(Importing):
            writer.take(TOPIC, 0)
        with importing(store):
            writer.take(TOPIC, 0, importing=True)
        assert writer.take(TOPIC, 0).epoch == 2


@pytest.mark.parametrize("where", ["here", "elsewhere"])
def test_a_lock_whose_holder_may_live_is_never_taken_over(store: Store, where: str) -> None:
    alive = Holder(socket.gethostname(), os.getppid()) if where == "here" else Holder("elsewhere", dead_process())
    hold(store, alive)
    with pytest.raises(ImportRunning, match="delete row `import` of table meta"), importing(store):
        pass
    assert issubclass(ImportRunning, StoreError)
    with writing(store) as writer, pytest.raises(Importing):
        writer.take(TOPIC, 0)
