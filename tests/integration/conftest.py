"""Where a shop of these tests works: what one tries Regulars out with, and what shops run it on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.operation import Place
from tests.unit.storage.kit import store_of
from tests.unit.streams.rig import empty


@pytest.fixture(params=["tansu-sqlite", pytest.param("kafka-postgres", marks=pytest.mark.service)])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """A broker with our topics empty, and an empty store."""
    broker, store = request.param.split("-")
    with store_of(store, request, tmp_path) as made:
        address: str = request.getfixturevalue(f"{broker}_broker")
        yield Place(made, await empty(address, embedded=broker == "tansu"))
