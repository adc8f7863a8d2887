"""The brokers and stores of these tests: what one tries Regulars out with, and what shops run it on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from storage.store import Store
from streams.broker import Broker
from tests.integration.operation import Place
from tests.unit.storage.kit import store_of
from tests.unit.streams.rig import empty


@pytest.fixture
async def shop(broker: str, request: pytest.FixtureRequest) -> Broker:
    """Either broker with our topics empty."""
    return await empty(broker, embedded="tansu" in request.node.callspec.id)


@pytest.fixture
def store(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Store]:
    """An empty store; files of tests that need another have their own."""
    with store_of("sqlite", request, tmp_path) as made:
        yield made


@pytest.fixture(params=["tansu-sqlite", pytest.param("kafka-postgres", marks=pytest.mark.service)])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """A broker with our topics empty, and an empty store."""
    broker, store = request.param.split("-")
    with store_of(store, request, tmp_path) as made:
        address: str = request.getfixturevalue(f"{broker}_broker")
        yield Place(made, await empty(address, embedded=broker == "tansu"))
