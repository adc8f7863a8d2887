"""Whatever is said, in whatever order: counters and customer come out as the definitions say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention import counters
from retention.decode import moment
from retention.events import Event, Fulfilment
from retention.periods import day_of, month_of
from retention.recount import recount
from retention.state import DAYS_KEPT
from tests.unit.retention import oracle
from tests.unit.retention.making import Desk, bought, cancelled, event, nonzero, returned, staff

ZONES = [ZoneInfo(name) for name in ("Asia/Bangkok", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia")]
HOUR = 3_600_000_000
START = 1_640_995_200_000_000  # 2022-01-01 in UTC

instants = st.builds(
    lambda month, hours: START + (month * 30 * 24 + hours) * HOUR,
    st.sampled_from([0, 1, 2, 3, 6, 12, 13, 18]),
    st.sampled_from([-20, -6, 0, 1, 18]),
)
ids = st.sampled_from(["o-1", "o-2", "o-3"])
amounts = st.sampled_from([0, 0, 100, 250, 999])
units = st.dictionaries(st.sampled_from(["tea", "cup"]), st.integers(1, 3), max_size=2)

events = st.one_of(
    st.builds(bought, ids, instants, amounts, units),
    st.builds(bought, ids, instants, amounts, units),
    st.builds(
        returned,
        ids | st.none(),
        instants,
        amounts,
        st.sampled_from(["r-1", "r-2"]),
        units,
        st.sampled_from(["refunded", "refunded", "refunded", "received", "requested"]),
    ),
    st.builds(cancelled, ids, instants),
    st.builds(lambda order, time: event(Fulfilment(order, "delivered"), time), ids, instants),
    st.builds(staff, st.booleans(), instants),
)
streams = st.lists(events, max_size=10)


def folded(stream: Sequence[Event], zone: ZoneInfo) -> Desk:
    """A desk that has seen the stream."""
    desk = Desk(zone)
    desk.fold(*stream)
    return desk


@settings(max_examples=400, deadline=None)
@given(streams, st.sampled_from(ZONES))
def test_the_running_counters_are_what_the_definitions_count(stream, zone) -> None:
    assert folded(stream, zone).counters() == oracle.counters(stream, zone)


@settings(max_examples=200, deadline=None)
@given(streams, st.sampled_from(ZONES))
def test_counting_cold_comes_to_the_same(stream, zone) -> None:
    desk = folded(stream, zone)
    cold: Counter[counters.Key] = Counter()
    for name, orders in desk.orders.items():
        if not desk.customers[name].staff:
            cold.update(counters.cold(orders.values(), zone))
    assert desk.counters() == nonzero(cold)


@settings(max_examples=200, deadline=None)
@given(streams, st.sampled_from(ZONES))
def test_the_log_alone_comes_to_the_same(stream, zone) -> None:
    assert recount(stream, zone) == oracle.counters(stream, zone)


@settings(max_examples=300, deadline=None)
@given(st.data(), streams, st.sampled_from(ZONES))
def test_every_order_of_the_events_comes_to_the_same(data, stream, zone) -> None:
    shuffled = data.draw(st.permutations(stream))
    one, other = folded(stream, zone), folded(shuffled, zone)
    assert one.counters() == other.counters()
    assert one.orders == other.orders
    for name, customer in one.customers.items():
        twin = other.customers[name]
        for field in ("orders", "orders_ever", "gross", "refunds", "months", "days", "staff", "first_order_at"):
            assert getattr(customer, field) == getattr(twin, field), field
        assert customer.last_event_at == twin.last_event_at


@settings(max_examples=200, deadline=None)
@given(streams, st.sampled_from(ZONES))
def test_every_event_twice_comes_to_the_same(stream, zone) -> None:
    twice = [again for said in stream for again in (said, said)]
    assert folded(twice, zone).counters() == folded(stream, zone).counters()


@settings(max_examples=300, deadline=None)
@given(st.lists(events, min_size=1, max_size=10), st.sampled_from(ZONES))
def test_the_customer_agrees_with_the_orders(stream, zone) -> None:
    customer = folded(stream, zone).anna
    orders = oracle.told(stream)
    placed = [order for order in orders.values() if order.purchases]
    months, days = Counter[int](), dict[int, list[int]]()
    for order in (order for order in placed if order.counts()):
        day = moment(min(stamp[0] for stamp, _, _ in order.purchases)).astimezone(zone)
        months[month_of(day)] += 1
        bucket = days.setdefault(day_of(day), [0, 0])
        bucket[0] += 1
        bucket[1] += order.total
    assert customer.orders == sum(months.values())
    assert customer.orders_ever == len(placed)
    assert customer.gross == sum(order.total for order in placed)
    assert customer.refunds == sum(amount for order in orders.values() for _, amount in order.given_back())
    assert customer.months == months
    assert customer.days == days
    assert customer.staff == oracle.staff(stream)


many = st.lists(st.tuples(st.integers(0, 900), st.integers(1, 5), st.booleans()), min_size=110, max_size=160)


@settings(max_examples=15, deadline=None)
@given(many, st.randoms())
def test_the_day_buckets_are_exact_as_far_back_as_they_are_kept(plan, random) -> None:
    stream = [bought(f"o-{n}", START + day * 24 * HOUR, amount) for n, (day, amount, _) in enumerate(plan)]
    stream += [cancelled(f"o-{n}", START + day * 24 * HOUR + 1) for n, (day, _, gone) in enumerate(plan) if gone]
    random.shuffle(stream)
    utc = ZoneInfo("UTC")
    customer = folded(stream, utc).anna
    newest = max(day for day, _, _ in plan) + START // (24 * HOUR)
    days: dict[int, list[int]] = {}
    for day, amount, gone in plan:
        if not gone:
            bucket = days.setdefault(day + START // (24 * HOUR), [0, 0])
            bucket[0] += 1
            bucket[1] += amount
    kept = newest - DAYS_KEPT
    assert {day: held for day, held in customer.days.items() if day > kept} == {
        day: held for day, held in days.items() if day > kept
    }
    assert len(customer.days) <= DAYS_KEPT + 100


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_several_customers_add_up(zone) -> None:
    stream = [
        bought("o-1", START + 5 * HOUR, 100),
        bought("o-1", START + 40 * 24 * HOUR, 300),
        returned("o-1", START + 70 * 24 * HOUR, 120),
    ]
    for said, name in zip(stream, ("anna", "ben", "ben"), strict=True):
        said.customer = name
    assert folded(stream, zone).counters() == oracle.counters(stream, zone)
    assert folded(stream, zone).counters()["buyers", "", ""] == 2
