"""The whole CDNOW history (69,659 purchases of 1997 and 1998) against pandas, written from the definitions."""

from __future__ import annotations

import datetime as dt
import importlib.util
import random
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from retention.counters import Deltas
from retention.decode import micros
from retention.events import Event, Purchase
from retention.measures import Report, report
from retention.money import Money, to_minor
from retention.periods import GRAINS, Grain
from tests.unit.retention.making import Desk

UTC = ZoneInfo("UTC")
LETTER: dict[Grain, str] = {"month": "M", "quarter": "Q", "year": "Y"}


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """customer, date, dollars (text); one line an order. `lifetimes` is not imported: the file alone is wanted."""
    spec = importlib.util.find_spec("lifetimes")
    assert spec is not None
    assert spec.origin is not None
    path = Path(spec.origin).parent / "datasets" / "CDNOW_master.txt"
    table = pd.read_csv(path, sep=r"\s+", dtype={"customer_id": str, "dollar_value": str, "date": str})
    table["cents"] = [round(float(text) * 100) for text in table["dollar_value"]]
    table["date"] = pd.to_datetime(table["date"], format="%Y%m%d")
    return table


@pytest.fixture(scope="module")
def purchases(table: pd.DataFrame) -> list[Event]:
    """One event a line; the order id is the line's number."""
    events = []
    for line, (customer, date, text) in enumerate(
        zip(table["customer_id"], table["date"], table["dollar_value"], strict=True)
    ):
        total = Money(text)
        time = micros(date.to_pydatetime().replace(hour=12, tzinfo=dt.UTC))
        data = Purchase(f"line-{line}", total, "USD")
        amount = to_minor(total, "USD", "total")
        events.append(Event("/cdnow", f"e-{line}", "purchase", customer, time, data, b"{}", amount))
    return events


@pytest.fixture(scope="module")
def desk(purchases: list[Event]) -> Desk:
    """Everything folded, in the order of the file."""
    desk = Desk(UTC)
    desk.fold(*purchases)
    return desk


def printed(desk: Desk, grain: Grain) -> Report:
    return report(desk.sums(), "USD", grain)


def by_definition(table: pd.DataFrame, grain: Grain) -> pd.DataFrame:
    """start, end, new, retained, orders, gross of every period, from sets of customers."""
    period = table["date"].dt.to_period(LETTER[grain])
    every = pd.period_range(period.min(), period.max(), freq=LETTER[grain])
    active = {p: set(table["customer_id"][period == p]) for p in every}
    first = table.assign(period=period).groupby("customer_id")["period"].min()
    rows = []
    for p in every:
        before = active.get(p - 1, set())
        orders = table["cents"][period == p]
        rows.append(
            {
                "period": str(p),
                "start": len(before),
                "end": len(active[p]),
                "new": int((first == p).sum()),
                "retained": len(before & active[p]),
                "orders": len(orders),
                "gross_minor": int(orders.sum()),
            }
        )
    return pd.DataFrame(rows)


@pytest.mark.parametrize("grain", list(GRAINS))
def test_every_period_is_what_the_sets_of_customers_say(desk, table, grain) -> None:
    expected = by_definition(table, grain)
    periods = printed(desk, grain).periods
    found = pd.DataFrame([{name: getattr(period, name) for name in expected.columns} for period in periods])
    pd.testing.assert_frame_equal(found, expected)
    for period in periods:
        assert period.placed == period.orders
        assert period.reactivated == period.end - period.new - period.retained
        assert period.returns == period.refunds_minor == 0
        if period.start:
            assert period.crr == round((period.end - period.new) / period.start * 100, 4)
            assert period.true_retention == round(period.retained / period.start * 100, 4)
            assert period.churn == pytest.approx(100 - period.retained / period.start * 100, abs=1e-4)


def test_the_cohort_triangle_is_what_the_sets_of_customers_say(desk, table) -> None:
    month = table["date"].dt.to_period("M")
    cohort = table.assign(month=month).groupby("customer_id")["month"].transform("min")
    age = (month.dt.year - cohort.dt.year) * 12 + month.dt.month - cohort.dt.month
    cells = table.groupby([cohort.astype(str), age])["customer_id"].nunique()
    expected = {(str(key[0]), str(key[1])): int(count) for key, count in cells.items()}
    found = {(period, dims): n for (measure, period, dims), n in desk.counters().items() if measure == "cohort"}
    assert found == expected


def test_the_published_totals_are_met(desk, table) -> None:
    overall = printed(desk, "month").overall
    bought = table.groupby("customer_id").size()
    assert (overall.purchases, overall.buyers, overall.gross_minor) == (69_659, 23_570, 250_031_563)
    assert overall.repeat_purchase_rate == round(int((bought >= 2).sum()) / 23_570, 4)
    assert overall.purchase_frequency == round(69_659 / 23_570, 4)
    assert overall.average_order_minor == round(250_031_563 / 69_659, 4)


def test_the_golden_months_are_met(desk) -> None:
    months = {period.period: period for period in printed(desk, "month").periods}
    april, june = months["1997-04"], months["1997-06"]
    assert (april.start, april.end, april.new, april.retained) == (9_524, 2_822, 0, 1_773)
    assert (april.crr, april.true_retention) == (29.6304, 18.6161)
    assert (june.crr, june.true_retention) == (105.6459, 33.7398)


def shuffled(purchases: list[Event], seed: int) -> Deltas:
    desk = Desk(UTC)
    mixed = list(purchases)
    random.Random(seed).shuffle(mixed)
    desk.fold(*mixed)
    return desk.counters()


def test_shuffled_the_counters_are_the_same(desk, purchases) -> None:
    assert shuffled(purchases, seed=7) == desk.counters()


def test_every_event_twice_and_shuffled_the_counters_are_the_same(desk, purchases) -> None:
    assert shuffled(purchases * 2, seed=8) == desk.counters()
