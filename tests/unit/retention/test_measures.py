"""From sums of counters to the numbers that are printed."""

from __future__ import annotations

import pytest

from retention.measures import report
from retention.periods import parse
from tests.unit.retention.making import Desk, at, bought, cancelled, returned


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.fold(
        bought("o-1", at("2026-01-10 09:00"), 1000),
        bought("o-2", at("2026-01-11 09:00"), 600),
        bought("o-3", at("2026-04-01 09:00"), 400),
        returned("o-1", at("2026-02-03 09:00"), 250),
        cancelled("o-2", at("2026-04-02 09:00")),
    )
    return desk


def test_a_month_shows_both_views_of_money(desk) -> None:
    january, february, *_ = report(desk.sums(), "THB", "month").periods
    assert (january.placed, january.orders, january.returns) == (2, 1, 0)
    assert (january.gross_minor, january.refunds_minor, january.net_minor) == (1600, 0, 1600)
    assert january.aov_minor == (1600 - 250 - 600) / 2
    assert january.return_rate == 0.5
    assert (february.returns, february.refunds_minor, february.net_minor) == (1, 250, -250)


def test_months_without_orders_are_listed_with_zeros(desk) -> None:
    periods = report(desk.sums(), "THB", "month").periods
    assert [period.period for period in periods] == ["2026-01", "2026-02", "2026-03", "2026-04"]
    march, april = periods[2:]
    assert (march.start, march.end, march.orders, march.aov_minor, march.return_rate) == (0, 0, 0, None, None)
    assert (march.crr, march.true_retention, march.churn) == (None, None, None)
    assert (april.end, april.new, april.retained, april.reactivated) == (1, 0, 0, 1)


def test_a_month_after_one_with_buyers_and_none_of_its_own_keeps_nobody(desk) -> None:
    february = report(desk.sums(), "THB", "month").periods[1]
    assert (february.start, february.end) == (1, 0)
    assert (february.crr, february.true_retention, february.churn) == (0.0, 0.0, 100.0)


def test_quarters_and_years_add_months_and_count_customers_once(desk) -> None:
    first, second = report(desk.sums(), "THB", "quarter").periods
    assert (first.period, first.end, first.orders, first.gross_minor, first.refunds_minor) == (
        "2026Q1",
        1,
        1,
        1600,
        250,
    )
    assert (second.start, second.end, second.retained, second.crr) == (1, 1, 1, 100.0)
    (year,) = report(desk.sums(), "THB", "year").periods
    assert (year.end, year.new, year.orders, year.placed, year.refunds_minor) == (1, 1, 2, 3, 850)


def test_a_span_may_be_asked_for(desk) -> None:
    months = report(desk.sums(), "THB", "month", parse("2025-12", "month"), parse("2026-01", "month")).periods
    assert [(period.period, period.end) for period in months] == [("2025-12", 0), ("2026-01", 1)]


def test_overall_adds_everything(desk) -> None:
    overall = report(desk.sums(), "THB", "month").overall
    assert (overall.buyers, overall.purchases, overall.orders, overall.returns) == (1, 3, 2, 2)
    assert (overall.gross_minor, overall.refunds_minor, overall.net_minor) == (2000, 850, 1150)
    assert (overall.repeat_purchase_rate, overall.purchase_frequency) == (1.0, 2.0)
    assert overall.average_order_minor == round(1150 / 3, 4)


def test_a_shop_without_orders_has_no_periods_and_no_rates() -> None:
    nothing = report({}, "THB", "month")
    assert nothing.periods == []
    assert (nothing.overall.buyers, nothing.overall.repeat_purchase_rate) == (0, None)


def test_refunds_without_an_order_are_listed_in_their_month() -> None:
    desk = Desk()
    desk.fold(returned(None, at("2026-02-03 09:00"), 250))
    (february,) = report(desk.sums(), "THB", "month").periods
    assert (february.refunds_minor, february.net_minor, february.orders) == (250, -250, 0)


def test_a_month_whose_counters_all_came_back_to_zero_is_not_listed_at_the_ends(desk) -> None:
    sums = desk.sums() | {("placed", "2031-07"): 0, ("gross", "2031-07"): 0}
    assert report(sums, "THB", "month").periods[-1].period == "2026-04"
