"""The housekeeper forgets identities, and never one whose event could still come again and count."""

from __future__ import annotations

import asyncio

from storage.prune import SLICES
from streams.apply import DAY
from streams.housekeeper import Housekeeper
from tests.unit.streams.kit import NOW, Shop, event
from tests.unit.streams.rig import eventually


async def test_an_event_whose_identity_is_forgotten_is_refused_for_its_age(shop: Shop) -> None:
    latest = event("1", time=NOW + DAY)
    assert shop.take(latest).applied == 1
    housekeeper = Housekeeper(shop.store, 400, lambda: shop.now)
    shop.now = NOW + 401 * DAY
    assert sum([await housekeeper.turn() for _ in range(SLICES)]) == 0
    assert shop.take(latest).duplicates == 1
    shop.now += 1
    assert sum([await housekeeper.turn() for _ in range(SLICES)]) == 1
    assert shop.take(latest).dead == 1
    assert shop.count("placed") == 1


async def test_it_prunes_until_it_is_stopped(shop: Shop) -> None:
    assert shop.take(event("1")).applied == 1
    housekeeper = Housekeeper(shop.store, 1, lambda: NOW + 3 * DAY, pause=0.0001)
    running = asyncio.create_task(housekeeper.run())
    await eventually(lambda: shop.rows("inbox") == [])
    housekeeper.stop()
    await running
