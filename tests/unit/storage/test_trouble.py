"""What an operator is told when PostgreSQL itself refuses a user: what is wrong, and what to do about it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import TimeoutError as PoolTimeout

from storage.errors import Unreachable
from storage.store import Store
from storage.trouble import trouble


@pytest.fixture
def guest(fresh_postgres: str) -> Iterator[str]:
    """The address of a store with its tables, for a user who owns nothing; its name is in it."""
    owner, name, password = Store(fresh_postgres), f"guest_{secrets.token_hex(4)}", secrets.token_hex(8)
    owner.migrate()
    with owner.write() as connection:
        connection.execute(text(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'"))
    try:
        yield make_url(fresh_postgres).set(username=name, password=password).render_as_string(hide_password=False)
    finally:
        with owner.write() as connection:
            connection.execute(text(f"DROP ROLE {name}"))
        owner.close()


def test_a_user_without_rights_is_told_to_be_given_them(guest: str) -> None:
    store = Store(guest)
    with pytest.raises(Unreachable, match="permission denied for table meta; give the user of REGULARS_STORE all rig"):
        store.digest_key()
    store.close()


def test_too_many_connections_are_told_with_what_to_do(fresh_postgres: str, guest: str) -> None:
    owner, user = Store(fresh_postgres), make_url(guest).username
    with owner.write() as connection:
        connection.execute(text(f"ALTER ROLE {user} CONNECTION LIMIT 0"))
    owner.close()
    store = Store(guest)
    with pytest.raises(Unreachable, match=r"too many connections for role .*; raise max_connections, or start fewer"):
        store.connect()
    store.close()


def test_a_pool_whose_connections_are_all_in_use_is_waited_for(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'x.db'}", pool_size=1, max_overflow=0, pool_timeout=0.01)
    with engine.connect(), pytest.raises(PoolTimeout) as caught:
        engine.connect()
    engine.dispose()
    told = trouble("shop", caught.value)
    assert type(told) is Unreachable
    assert str(told) == "the store shop does not answer: every connection of this process is in use"
