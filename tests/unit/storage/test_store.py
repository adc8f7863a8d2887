"""The store's address: what is refused, what is told, and that no password is."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from storage.errors import Busy, StoreError, Unreachable
from storage.store import Store
from tests import services
from tests.unit.storage.kit import store_of

SECRET = "gehe1m"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "regulars.db",
        f"postgresql//u:{SECRET}@host/db",
        f"postgresql+psycopg://u:{SECRET}@host:port/db",
        f"postgresql+psycopg://u:x:{SECRET}/y@host/db",
        f"postgresql+psycopg://{SECRET}:{SECRET}/y/db",
        f"postgres://u:{SECRET}@host/db",
        f"postgresql+asyncpg://u:{SECRET}@host/db",
        f"mysql://u:{SECRET}@host/db",
        f"sqlite+pysqlcipher://:{SECRET}@/db",
    ],
)
def test_an_address_we_cannot_use_says_what_is_expected_and_no_password(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        Store(url).connect()
    assert SECRET not in str(caught.value)
    assert type(caught.value) is Unreachable or "expected sqlite:///file or postgresql+psycopg://" in str(caught.value)


@pytest.mark.parametrize("driver", ["postgresql", "postgresql+psycopg"])
def test_a_port_where_nothing_listens_is_told_without_the_password(driver: str) -> None:
    port = services.free_port()
    store = Store(f"{driver}://anna:{SECRET}@127.0.0.1:{port}/shop?password={SECRET}&application_name=x")
    assert store.name == f"postgresql+psycopg://anna:***@127.0.0.1:{port}/shop"
    for use in (store.connect, store.migrate, store.current, store.digest_key):
        with pytest.raises(Unreachable) as caught:
            use()
        assert str(caught.value).startswith(f"the store {store.name} does not answer: ")
        assert "refused" in str(caught.value)
        assert SECRET not in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_wrong_password_is_not_repeated(fresh_postgres: str) -> None:
    store = Store(fresh_postgres.replace("@", f"{SECRET}@"))
    with pytest.raises(Unreachable, match="password authentication failed") as caught:
        store.connect()
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("path", ["file/store.db", "file", ""])
def test_a_file_that_cannot_be_a_database_is_a_sentence(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").write_text("no database, but something else entirely " * 99)
    with pytest.raises(Unreachable, match="does not answer"):
        Store(f"sqlite:///{tmp_path / path}").migrate()


def test_folders_for_the_file_are_made(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/a/b/store.db")
    store.migrate()
    store.close()
    assert (tmp_path / "a" / "b" / "store.db").exists()


def test_sqlite_survives_a_power_cut_and_reads_while_it_writes(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    with store_of("sqlite", request, tmp_path) as store, store.read() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 2


def test_a_transaction_that_raises_is_rolled_back_and_the_next_one_works(store: Store) -> None:
    class Boom(Exception):
        pass

    def fail() -> None:
        with store.write() as connection:
            connection.execute(text("INSERT INTO meta (name, value) VALUES ('x', 'y')"))
            raise Boom

    with pytest.raises(Boom):
        fail()
    with store.write() as connection:
        assert connection.execute(text("SELECT count(*) FROM meta WHERE name = 'x'")).scalar_one() == 0


def test_a_reader_sees_what_was_committed_and_does_not_wait(store: Store) -> None:
    with store.write() as writing, store.read() as reading:
        writing.execute(text("INSERT INTO meta (name, value) VALUES ('x', 'y')"))
        seen = reading.execute(text("SELECT count(*) FROM meta WHERE name = 'x'")).scalar_one()
    assert seen == 0
    with store.read() as reading:
        assert reading.execute(text("SELECT count(*) FROM meta WHERE name = 'x'")).scalar_one() == 1


def test_writers_of_one_process_wait_for_each_other(store: Store) -> None:
    """Each reads the number and writes the next: on PostgreSQL under the row's lock, on SQLite under the file's."""
    with store.write() as connection:
        connection.execute(text("INSERT INTO meta (name, value) VALUES ('n', '0')"))
    times, threads = 25, 4

    def work() -> None:
        for _ in range(times):
            with store.write() as connection:
                lock = "" if store.sqlite else " FOR UPDATE"
                value = connection.execute(text(f"SELECT value FROM meta WHERE name = 'n'{lock}")).scalar_one()
                connection.execute(text("UPDATE meta SET value = :v WHERE name = 'n'"), {"v": str(int(value) + 1)})

    running = [threading.Thread(target=work) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(60)
    with store.read() as connection:
        assert connection.execute(text("SELECT value FROM meta WHERE name = 'n'")).scalar_one() == str(times * threads)


def test_a_standby_that_only_reads_is_a_matter_of_reaching_the_store(fresh_postgres: str) -> None:
    store = Store(fresh_postgres)
    store.migrate()
    with store.write() as connection:
        connection.execute(
            text(
                "DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database()"
                " || ' SET default_transaction_read_only = on'; END $$"
            )
        )
    store.close()
    with pytest.raises(Unreachable, match="read-only"), store.write() as connection:
        connection.execute(text("UPDATE meta SET value = value"))
    store.close()


def test_the_stores_secrets_are_made_once_and_differ(store: Store) -> None:
    keys = store.digest_key(), store.coupon_key()
    store.migrate()
    assert (store.digest_key(), store.coupon_key()) == keys
    assert len(set(keys)) == 2
    assert all(len(key) == 32 for key in keys)


def test_a_store_of_the_time_before_coupons_gets_their_secret_when_it_is_migrated(store: Store) -> None:
    with store.write() as connection:
        connection.execute(text("DELETE FROM meta WHERE name = 'coupon-key'"))
    digests = store.digest_key()
    store.migrate()
    assert len(store.coupon_key()) == 32
    assert store.digest_key() == digests


def test_a_lock_that_does_not_come_in_time_is_busy_and_the_store_goes_on(fresh_postgres: str) -> None:
    store = Store(fresh_postgres)
    store.migrate()

    def impatient() -> None:
        with store.write() as connection:
            connection.execute(text("SET LOCAL lock_timeout = 100"))
            connection.execute(text("UPDATE meta SET value = value"))

    with store.write() as holder:
        holder.execute(text("UPDATE meta SET value = value"))
        with pytest.raises(Busy):
            impatient()
    impatient()
    store.close()


def test_a_connection_that_the_server_ended_is_a_matter_of_reaching_it(fresh_postgres: str) -> None:
    store, other = Store(fresh_postgres), Store(fresh_postgres)
    store.migrate()

    def ended() -> None:
        with store.write() as connection:
            pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
            with other.read() as executioner:
                executioner.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
            connection.execute(text("UPDATE meta SET value = value"))

    with pytest.raises(Unreachable):
        ended()
    assert store.current()
    store.close()
    other.close()
