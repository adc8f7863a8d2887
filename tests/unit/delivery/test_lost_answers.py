"""A store that commits and is away before it says so: nothing that we know is in doubt, and nothing is sent again."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection

from delivery.channels.base import Outgoing
from delivery.channels.memory import Memory
from delivery.dispatcher import Dispatcher
from delivery.editions import Unchanging
from storage.errors import Unreachable
from storage.store import Store
from tests.unit.delivery.queue import MINUTE, RULES, add_customer, add_message, results, statuses
from tests.unit.delivery.test_dispatcher import CONFIG, Clock, Made, Plain

PARKING = replace(CONFIG, ambiguous="park", mark_again=(0.0, 0.001))


class Forgetful(Store):
    """Commits, and loses the answer, so many times as `forgets` says."""

    forgets = 0

    @contextlib.contextmanager
    def write(self, connection: Connection | None = None) -> Iterator[Connection]:
        with super().write(connection) as opened:
            yield opened
        if self.forgets:
            self.forgets -= 1
            raise Unreachable("it does not answer")


class WhileRendering(Plain):
    """What is written next, that sending begins, loses its answer."""

    def __init__(self, store: Forgetful) -> None:
        super().__init__()
        self.store = store

    def render(self, name: str, channel: str, locale: str | None, context: Mapping[str, Any]) -> Made:
        self.store.forgets = 1
        return super().render(name, channel, locale, context)


class WhileSending(Memory):
    """What is written next, that it left, loses its answer."""

    def __init__(self, store: Forgetful) -> None:
        super().__init__()
        self.store = store

    async def send(self, outgoing: Outgoing) -> None:
        await super().send(outgoing)
        self.store.forgets = 1


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Forgetful]:
    store = Forgetful(f"sqlite:///{tmp_path / 'store.db'}")
    store.migrate()
    add_customer(store)
    add_message(store, "m-1")
    yield store
    store.close()


async def test_what_did_not_leave_is_tried_again_and_not_in_doubt(store: Forgetful) -> None:
    clock, channel = Clock(), Memory()
    working = Dispatcher(store, Unchanging(RULES, WhileRendering(store)), {"email": channel}, clock, PARKING)
    await working.run_once()
    assert (channel.sent, statuses(store), results(store)) == ([], {"m-1": "queued"}, [])
    clock.now += MINUTE
    await Dispatcher(store, Unchanging(RULES, Plain()), {"email": channel}, clock, PARKING).run_once()
    assert len(channel.sent) == 1
    assert results(store) == [("m-1:sent", "sent")]


async def test_what_left_is_marked_once(store: Forgetful) -> None:
    clock, channel = Clock(), WhileSending(store)
    working = Dispatcher(store, Unchanging(RULES, Plain()), {"email": channel}, clock, PARKING)
    await working.run_once()
    clock.now += MINUTE
    await working.run_once()
    assert len(channel.sent) == 1
    assert (statuses(store), results(store)) == ({"m-1": "sent"}, [("m-1:sent", "sent")])
