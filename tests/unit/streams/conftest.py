"""The applier works on both databases: who asks for `store` or `shop` runs once on each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.store import Store
from tests.unit.storage.kit import store_of
from tests.unit.streams.kit import BOTH, Shop, shop_on


@pytest.fixture(params=BOTH)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with store_of(request.param, request, tmp_path) as made:
        yield made


@pytest.fixture
def shop(store: Store) -> Iterator[Shop]:
    with shop_on(store) as made:
        yield made
