"""A customer's state over the years: versions of its layout, and ids that are nobody's."""

from __future__ import annotations

import pytest

from retention import state
from retention.counters import Deltas
from retention.errors import NewerState
from retention.fold import fold
from retention.orders import Order
from retention.state import Customer, decode, encode
from tests.unit.retention.making import SHOP, at, bought


def test_a_blob_from_before_a_field_was_added_reads_as_its_default() -> None:
    whole = encode(Customer(seq=7, orders=2, gross=89_000, months={24_312: 2}, staff=True))
    count = int.from_bytes(whole[1:3], "big")
    older = whole[:1] + (count - 1).to_bytes(2, "big") + whole[3:-1]
    read = decode(older)
    assert (read.seq, read.orders, read.gross, read.months, read.staff, read.walk_in) == (
        7,
        2,
        89_000,
        {24_312: 2},
        True,
        False,
    )


def test_a_blob_of_an_older_version_is_migrated_step_by_step() -> None:
    def cents_to_satang(fields: list[object]) -> list[object]:
        gross = fields[5]
        assert isinstance(gross, int)
        return [*fields[:5], gross * 10, *fields[6:]]

    blob = encode(Customer(gross=5, orders=1))
    migrated = state._migrated(blob, state.VERSION + 2, {1: cents_to_satang, 2: cents_to_satang})
    assert (migrated.gross, migrated.orders, migrated.v) == (500, 1, state.VERSION + 2)


def test_a_blob_of_a_newer_version_is_refused_and_says_what_to_do() -> None:
    with pytest.raises(NewerState, match="version 9, which this Regulars does not know; run the newer one"):
        decode(encode(Customer(v=9)))


@pytest.mark.parametrize("version", [1, 2, 127])
def test_the_version_is_found_without_reading_the_blob(version: int) -> None:
    assert state.version(encode(Customer(v=version))) == version


def test_more_orders_in_a_day_than_a_person_makes_are_a_walk_ins() -> None:
    customer = Customer()
    deltas: Deltas = {}
    for number in range(101):
        assert not customer.walk_in
        fold(customer, Order(), bought(f"o-{number}", at("2026-03-01 10:00")), SHOP.zone, deltas, list)
    assert customer.walk_in
    assert (customer.orders, deltas["orders", "2026-03", ""]) == (101, 101)


def test_a_keen_customer_is_no_walk_in() -> None:
    customer = Customer()
    for number in range(300):
        when = at(f"2026-03-{number % 28 + 1:02d} 10:00")
        fold(customer, Order(), bought(f"o-{number}", when), SHOP.zone, {}, list)
    assert not customer.walk_in


def test_a_walk_in_id_with_many_orders_stays_small() -> None:
    customer = Customer()
    for number in range(20_000):
        when = at(f"20{20 + number % 6}-{number % 12 + 1:02d}-{number % 28 + 1:02d} 10:00")
        fold(customer, Order(), bought(f"o-{number}", when), SHOP.zone, {}, list)
    assert customer.orders == 20_000
    assert len(encode(customer)) < 16 * 1024
