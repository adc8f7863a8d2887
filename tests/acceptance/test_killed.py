"""A worker that is killed in the middle of its work, again and again, and started again: nothing lost, nothing twice.

`make chaos` does this at length and with every other fault; here is the promise, on every change.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterator

import pytest

from streams.broker import Broker, connect
from tests.acceptance.kit import ON_BOTH
from tests.chaos.load import Load
from tests.chaos.oracle import expect
from tests.chaos.producer import produce
from tests.chaos.setup import Setup, setup
from tests.chaos.store import Store, held
from tests.chaos.topics import SOURCES, read
from tests.chaos.trial import drained, relayed
from tests.chaos.verdict import judge
from tests.chaos.worker import Worker, ask
from tests.services import served

RECORDS = 6_000
KILLS = 2


@pytest.fixture
def at(request: pytest.FixtureRequest) -> Iterator[Setup]:
    yield from served(setup(*request.param))


def applied(at: Setup) -> int:
    [[count]] = Store(at.store).rows("SELECT COUNT(*) FROM event")
    return int(count)


async def killed_in_its_work(at: Setup, worker: Worker) -> int:
    """Wait until it has done something and has not done it all, then kill it; how much was done by then."""
    worker.start()
    worker.wait_ready()
    before = done = applied(at)
    while done == before:
        await asyncio.sleep(0.01)
        done = applied(at)
    worker.kill()
    return applied(at)


@pytest.mark.parametrize("at", ON_BOTH, indirect=True)
async def test_a_killed_worker_loses_nothing_and_does_nothing_twice(at: Setup) -> None:
    await connect(Broker(at.bootstrap, at.embedded, at.incarnation), at.partitions, 1, 7)
    load, now = Load(7, at.partitions), dt.datetime.now(dt.UTC)
    ledger = await produce(at, [load.next(now) for _ in range(RECORDS)])
    worker = Worker(at, REGULARS_BATCH_SIZE="50")
    done = [await killed_in_its_work(at, worker) for _ in range(KILLS)]
    worker.start()
    try:
        worker.wait_ready()
        assert await drained(at, Store(at.store))
    finally:
        assert worker.stop() == 0, worker.said()

    records = await read(at.bootstrap, ["events", *SOURCES])
    expected = expect(records, ledger.poison, at.incarnation, at.partitions, now)
    verdict = judge(expected, held(Store(at.store), at.incarnation), await relayed(at))
    assert verdict.wrong == {}, verdict.examples
    assert 0 < done[0] <= done[1] < verdict.applied, "it was killed before it was done"
    code, document, _ = ask(at, "retention", "verify", "--json")
    assert (code, document["differences"]) == (0, [])
