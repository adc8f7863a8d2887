"""What `regulars retention verify` finds, and what it does not mind."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention.decode import logged
from retention.errors import BadEvent
from retention.recount import IN_MEMORY, Settled, Tally, differences, recount
from tests.unit.retention.making import SHOP, Desk, at, bought, returned, staff
from tests.unit.retention.test_fold_properties import START, streams


def test_a_counter_that_is_off_by_one_is_found() -> None:
    stream = [bought("o-1", at("2026-01-10 09:00"), 500), returned("o-1", at("2026-02-10 09:00"), 100)]
    desk = Desk()
    desk.fold(*stream)
    counted = recount(stream, SHOP.zone)
    assert differences(desk.deltas, counted) == []
    kept = desk.deltas | {("gross", "2026-01", ""): 501, ("new", "2026-03", ""): 1}
    assert differences(kept, counted) == [("gross", "2026-01", "", 501, 500), ("new", "2026-03", "", 1, 0)]


def test_a_counter_that_the_store_lacks_is_found_and_one_of_the_rules_is_not_its_business() -> None:
    counted = recount([bought("o-1", at("2026-01-10 09:00"))], SHOP.zone)
    kept = {key: value for key, value in counted.items() if key[0] != "buyers"}
    assert differences(kept | {("decided", "2026-01", "welcome"): 3}, counted) == [("buyers", "", "", 0, 1)]


def test_a_row_of_the_log_is_an_event_again() -> None:
    raw = b'{"order_id":"o","total":1.55,"currency":"USD"}'
    event = logged("/shop", "e-1", "purchase", "anna", 5, raw, 5286)
    assert (event.customer, event.amount, event.data.order_id) == ("anna", 5286, "o")
    with pytest.raises(BadEvent, match="not-json"):
        logged("/shop", "e-1", "purchase", "anna", 5, b"{", 5286)


@settings(max_examples=150, deadline=None)
@given(streams, st.sets(st.integers(0, 9)), st.booleans())
def test_events_let_go_and_events_kept_come_to_what_all_come_to(stream, gone, twice) -> None:
    """Any of them may be let go; `twice`: some are still there as well."""
    whole, away = Tally(), Tally()
    for event in copy.deepcopy(stream):
        whole.take(event)
    for number in gone & set(range(len(stream))):
        away.take(stream[number])
    said = [Settled("anna", key, order) for key, order in away.orders.items()] + [Settled("anna", staff=away.staff)]
    kept = [event for number, event in enumerate(stream) if twice or number not in gone]
    tally = Tally()
    for each in (*said, *kept):
        tally.take(each)
    assert (tally.orders, tally.staff) == (whole.orders, whole.staff)
    assert recount([*kept, *said], SHOP.zone) == recount(stream, SHOP.zone)


class Heap:
    """A pile in memory."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, bytes]] = []
        self.closed = False

    def put(self, rows: Iterable[tuple[str, bytes]]) -> None:
        self.rows += rows

    def sorted(self) -> Iterator[tuple[str, bytes]]:
        return iter(sorted(self.rows))

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("is_staff", [False, True])
def test_more_orders_than_fit_into_memory_are_laid_aside_and_come_to_the_same(is_staff: bool) -> None:
    """Returns come long after their orders, when those are on the pile; another customer follows."""
    many = IN_MEMORY + 10
    stream = [bought(f"o-{number}", START + number) for number in range(many)]
    stream += [returned(f"o-{number}", START + 1, 40, f"r-{number}") for number in range(5)]
    stream += [staff(is_staff, START)]
    ben = bought("o-1", START)
    ben.customer = "ben"
    piles: list[Heap] = []

    def pile() -> Heap:
        piles.append(Heap())
        return piles[-1]

    assert recount([*stream, ben], SHOP.zone, pile) == recount([*stream, ben], SHOP.zone)
    [used] = piles
    assert used.closed
    assert len(used.rows) >= IN_MEMORY
