"""One clock for all workers, whatever their machines' clocks say."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.clock import StoreClock, Unhurried
from storage.errors import Unreachable
from storage.store import Store
from tests.unit.storage.kit import NOW, batch

SECOND = 1_000_000
HOUR = 3_600 * SECOND


@pytest.fixture
def postgres(fresh_postgres: str) -> Iterator[Store]:
    store = Store(fresh_postgres)
    yield store
    store.close()


class Machine:
    """A machine whose wall clock is off by `off` microseconds, and whose steady clock the test may move on."""

    def __init__(self, off: int = 0) -> None:
        self.off = off
        self.passed = 0

    def wall(self) -> int:
        return time.time_ns() + self.off * 1_000

    def steady(self) -> int:
        return time.monotonic_ns() + self.passed * 1_000


def true() -> int:
    return time.time_ns() // 1_000


def test_workers_on_machines_hours_apart_agree(postgres: Store) -> None:
    clocks = [StoreClock(postgres, wall=Machine(off).wall) for off in (-HOUR, 0, 24 * 365 * HOUR)]
    told = [clock() for clock in clocks]
    assert max(told) - min(told) < 5 * SECOND
    assert abs(told[0] - true()) < 5 * SECOND


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_a_jump_of_the_machines_clock_changes_nothing(postgres: Store, jump: int) -> None:
    machine = Machine()
    clock = StoreClock(postgres, machine.wall, machine.steady)
    machine.off = jump
    assert abs(clock() - true()) < 5 * SECOND
    clock.look()
    assert abs(clock() - true()) < 5 * SECOND


def test_a_steady_clock_that_stood_still_is_put_right_at_the_next_look(postgres: Store) -> None:
    """A virtual machine that was suspended."""
    machine = Machine()
    clock = StoreClock(postgres, machine.wall, machine.steady)
    machine.passed = -HOUR
    clock.look()
    assert abs(clock() - true()) < 5 * SECOND


def test_the_operator_hears_of_a_wrong_clock_once(postgres: Store, caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine(HOUR)
    with caplog.at_level(logging.WARNING):
        clock = StoreClock(postgres, machine.wall, machine.steady)
        clock.look()
        machine.off = 0
        clock.look()
        machine.off = -HOUR
        clock.look()
    ahead, behind = [record.getMessage() for record in caplog.records]
    assert "ahead of the store's" in ahead
    assert "behind the store's" in behind


def test_the_embedded_stores_clock_is_the_machines(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'store.db'}")
    machine = Machine(HOUR)
    clock = StoreClock(store, machine.wall, machine.steady)
    assert abs(clock() - true() - HOUR) < 5 * SECOND
    store.close()


def test_a_clock_needs_its_store_once() -> None:
    store = Store("postgresql://nobody:secret@127.0.0.1:1/none")
    with pytest.raises(Unreachable):
        StoreClock(store)
    store.close()


async def test_it_stops_when_asked(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'store.db'}")
    clock = StoreClock(store)
    running = asyncio.create_task(clock.run())
    await asyncio.sleep(0)
    clock.stop()
    await asyncio.wait_for(running, 5)
    store.close()


YEARS = 3 * 365 * 24 * HOUR


def test_who_forgets_is_in_no_hurry_when_the_clock_jumps_years_ahead(store: Store) -> None:
    with batch(store):
        pass
    told, machine = [NOW], Machine()
    clock = Unhurried(store, lambda: told[0], machine.steady)
    told[0] += YEARS
    assert NOW <= clock() < NOW + 5 * SECOND
    machine.passed = HOUR
    assert NOW + HOUR <= clock() < NOW + HOUR + 5 * SECOND
    told[0] = NOW + 60 * SECOND
    assert clock() == NOW + 60 * SECOND


def test_nor_when_a_worker_starts_while_the_clock_is_years_ahead(store: Store) -> None:
    with batch(store):
        pass
    assert Unhurried(store, lambda: NOW + YEARS)() < NOW + 5 * SECOND


def test_in_a_store_that_saw_nothing_nothing_is_old(store: Store) -> None:
    assert Unhurried(store, lambda: NOW)() < 5 * SECOND
