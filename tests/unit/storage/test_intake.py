"""The recent past of a partition, and what the sources bury, on both databases."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.batch import Place
from storage.errors import Halted
from storage.intake import ENOUGH, RECENT, bury, next_health, resume, too_many_bad
from storage.store import Store
from tests.unit.storage.kit import NOW, batch, counts, letter, rows

SOURCE = "purchases"


def sourced(offset: int) -> Place:
    return Place("log-1", SOURCE, 0, offset)


def of(store: Store, topic: str = SOURCE) -> tuple[int, int, str | None]:
    [row] = [row for row in rows(store, "partition") if row["topic"] == topic]
    return row["seen"], row["bad"], row["halted"]


@given(st.integers(0, 10**7), st.floats(0, 1))
def test_the_past_stays_recent_and_its_share_about_the_same(seen: int, share: float) -> None:
    bad = int(seen * share)
    left, rotten = next_health(seen, bad)
    assert left <= RECENT
    assert 0 <= rotten <= left
    if seen > RECENT:
        assert left > RECENT // 2 - 1
        assert abs(rotten / left - bad / seen) < 0.01
    else:
        assert (left, rotten) == (seen, bad)


@pytest.mark.parametrize(
    ("seen", "bad", "halts"),
    [(ENOUGH - 1, ENOUGH - 1, False), (ENOUGH, ENOUGH // 2, False), (ENOUGH, ENOUGH // 2 + 1, True), (0, 0, False)],
)
def test_more_than_the_share_of_enough_records_halts(seen: int, bad: int, halts: bool) -> None:
    why = too_many_bad("events", 3, seen, bad, 0.5)
    assert (why is not None) == halts
    if why is not None:
        assert why.startswith(f"{bad} of the last {seen} records of events/3 are bad")
        assert "regulars resume --intake" in why


def test_a_share_of_one_never_halts() -> None:
    assert too_many_bad("events", 0, 1000, 1000, 1.0) is None


def test_what_sources_bury_is_kept_and_counted(store: Store) -> None:
    bury(store, [letter(place=sourced(4))], {(SOURCE, 0): [10, 1]}, 0.5, NOW)
    bury(store, [letter(place=sourced(4)), letter(place=sourced(11))], {(SOURCE, 0): [5, 1]}, 0.5, NOW)
    assert counts(store) == {"dead_letter": 2}
    assert of(store) == (15, 2, None)


def test_too_many_bad_ones_halt_the_source_and_bury_nothing(store: Store) -> None:
    bury(store, [letter(place=sourced(1))], {(SOURCE, 0): [60, 30]}, 0.5, NOW)
    letters = [letter(place=sourced(offset)) for offset in range(100, 140)]
    with pytest.raises(Halted, match="70 of the last 100"):
        bury(store, letters, {(SOURCE, 0): [40, 40]}, 0.5, NOW)
    assert counts(store) == {"dead_letter": 1}
    with pytest.raises(Halted, match="70 of the last 100"):
        bury(store, [], {(SOURCE, 0): [1, 0]}, 0.5, NOW)
    assert resume(store) == 1
    bury(store, letters, {(SOURCE, 0): [40, 40]}, 0.5, NOW)
    assert of(store) == (40 - RECENT, 0, None)


def test_a_resume_pardons_every_partition_of_the_topic_also_those_nobody_has_read(store: Store) -> None:
    bury(store, [], {(SOURCE, 1): [5, 0], ("returns", 0): [5, 0]}, 0.5, NOW)
    with pytest.raises(Halted):
        bury(store, [], {(SOURCE, 0): [ENOUGH, ENOUGH]}, 0.5, NOW)
    assert resume(store, partitions=3) == 1
    for partition in range(3):
        bury(store, [], {(SOURCE, partition): [ENOUGH, ENOUGH]}, 0.5, NOW)
    with pytest.raises(Halted):
        bury(store, [], {("returns", 0): [ENOUGH, ENOUGH]}, 0.5, NOW)


def test_after_a_resume_the_next_thousand_go_by_unjudged_and_no_more(store: Store) -> None:
    with pytest.raises(Halted):
        bury(store, [], {(SOURCE, 0): [ENOUGH, ENOUGH]}, 0.5, NOW)
    assert resume(store) == 1
    bury(store, [], {(SOURCE, 0): [RECENT, RECENT]}, 0.5, NOW)
    with pytest.raises(Halted, match=f"{ENOUGH} of the last {ENOUGH}"):
        bury(store, [], {(SOURCE, 0): [ENOUGH, ENOUGH]}, 0.5, NOW)


def test_one_bad_source_halts_neither_the_other_nor_the_reader(store: Store) -> None:
    with pytest.raises(Halted):
        bury(store, [letter(place=sourced(1))], {("returns", 0): [5, 0], (SOURCE, 0): [200, 200]}, 0.5, NOW)
    bury(store, [], {("returns", 0): [5, 0]}, 0.5, NOW)
    assert of(store, "returns") == (5, 0, None)
    with batch(store) as opened:
        assert (opened.seen, opened.bad) == (0, 0)


def test_a_source_is_no_partition_that_anybody_owns(store: Store) -> None:
    bury(store, [], {(SOURCE, 0): [1, 0]}, 0.5, NOW)
    [row] = rows(store, "partition")
    assert (row["epoch"], row["position"], row["backend"]) == (0, -1, None)
