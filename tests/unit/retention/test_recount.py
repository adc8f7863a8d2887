"""What `regulars retention verify` finds, and what it does not mind."""

from __future__ import annotations

import pytest

from retention.decode import logged
from retention.errors import BadEvent
from retention.recount import differences, recount
from tests.unit.retention.making import SHOP, Desk, at, bought, returned


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
