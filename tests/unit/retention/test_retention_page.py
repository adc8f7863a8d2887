"""The page of the measures against the code that prints them."""

from __future__ import annotations

from pathlib import Path

import pytest

from retention.counters import MEASURES
from retention.measures import Overall, Period, Report, report
from tests.unit.retention import wording
from tests.unit.retention.making import Desk, at, bought

PAGE = (Path(__file__).parents[3] / "docs/reference/retention.md").read_text(encoding="utf-8")
TABLES = wording.tables(PAGE)


@pytest.mark.parametrize("kind", [Report, Period, Overall])
def test_the_page_lists_the_keys_of_the_json_in_their_order(kind) -> None:
    assert [row[0].strip("`") for row in TABLES[kind.__name__]] == list(kind.__struct_fields__)


def test_the_page_lists_every_counter_in_the_words_of_the_code() -> None:
    assert {row[0].strip("`"): row[1] for row in TABLES["Counters"]} == MEASURES


def test_the_example_with_customers_who_come_back_is_right() -> None:
    desk = Desk()
    for name, months in [("old", ["2025-01", "2026-02"])] * 50 + [("both", ["2026-01", "2026-02"])] * 400:
        buys(desk, name, months)
    for name, months in [("lost", ["2026-01"])] * 100 + [("new", ["2026-02"])] * 400:
        buys(desk, name, months)
    february = report(desk.sums(), "THB", "month").periods[-1]
    assert (february.start, february.new, february.end, february.reactivated) == (500, 400, 850, 50)
    assert (february.crr, february.true_retention) == (90.0, 80.0)
    assert "E = 850 and\nCRR = 90 %, while true retention is still 80 %" in PAGE


def buys(desk: Desk, name: str, months: list[str]) -> None:
    customer = f"{name}-{len(desk.customers)}"
    for month in months:
        said = bought(month, at(f"{month}-15 12:00"))
        said.customer = customer
        desk.fold(said)
