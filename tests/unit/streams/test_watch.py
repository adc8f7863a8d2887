"""Liveness is progress: a partition that stands still with records waiting ends the process, nothing else does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from streams.broker import TopicPosition
from streams.errors import BrokerUnreachable, Stalled
from streams.watch import LIMIT, Watch


def at(committed: int | None, lag: int | None, partition: int = 0) -> TopicPosition:
    end = (committed or 0) + (lag or 0)
    return TopicPosition("events", partition, 0, end, committed, lag)


async def nothing() -> Sequence[TopicPosition]:
    return []


def watcher() -> Watch:
    return Watch(nothing, lambda: False, ["events"])


def test_a_partition_that_stands_still_too_long_with_a_lag_is_stalled() -> None:
    watched = watcher()
    watched.judge([at(10, 5)], 0)
    watched.judge([at(10, 6)], LIMIT - 1)
    with pytest.raises(Stalled, match="events/0 stands still at 10 with 7 records waiting"):
        watched.judge([at(10, 7)], LIMIT)


def test_a_partition_never_read_counts_from_when_it_was_first_seen() -> None:
    watched = watcher()
    watched.judge([at(None, 5)], 100)
    with pytest.raises(Stalled):
        watched.judge([at(None, 5)], 100 + LIMIT)


def test_progress_starts_the_time_anew() -> None:
    watched = watcher()
    watched.judge([at(10, 500)], 0)
    watched.judge([at(11, 499)], LIMIT - 1)
    watched.judge([at(11, 499)], 2 * LIMIT - 2)


def test_a_partition_with_nothing_waiting_may_stand_still_for_ever() -> None:
    watched = watcher()
    for now in range(0, 10 * int(LIMIT), int(LIMIT)):
        watched.judge([at(10, 0), at(None, None, partition=1)], now)


def test_one_partition_that_moves_does_not_excuse_another() -> None:
    watched = watcher()
    watched.judge([at(10, 5), at(10, 5, partition=1)], 0)
    with pytest.raises(Stalled, match="events/1"):
        watched.judge([at(12, 5), at(10, 5, partition=1)], LIMIT)


def test_what_is_excused_is_forgotten() -> None:
    watched = watcher()
    watched.judge([at(10, 5)], 0)
    watched.judge([], LIMIT / 2)
    watched.judge([at(10, 5)], LIMIT)


def test_what_another_process_reads_is_not_its_business() -> None:
    watched = Watch(nothing, lambda: False, ["purchases"])
    watched.judge([at(10, 5)], 0)
    watched.judge([at(10, 5)], LIMIT)


async def test_it_looks_again_and_again_outlives_a_broker_that_is_away_and_stops() -> None:
    looks = 0
    enough = asyncio.Event()

    async def look() -> Sequence[TopicPosition]:
        nonlocal looks
        looks += 1
        if looks % 2:
            raise BrokerUnreachable("away")
        if looks >= 10:
            enough.set()
        return [at(10, 5)]

    watched = Watch(look, lambda: looks % 4 == 0, ["events"], every=0.001)
    watching = asyncio.create_task(watched.run())
    await asyncio.wait_for(enough.wait(), 30)
    watched.stop()
    await asyncio.wait_for(watching, 30)
