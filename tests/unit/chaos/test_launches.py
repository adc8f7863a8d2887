"""The oracle notices who was not told of a launch, or twice, or for nothing."""

from __future__ import annotations

import datetime as dt
from typing import Any

from tests.chaos.launches import Launched, compare
from tests.chaos.oracle import Stamp, Told

NOW = dt.datetime(2026, 3, 1, 10, tzinfo=dt.UTC)
LAUNCHES = [Launched("TEA-9", NOW)]
Row = tuple[str, str, str, object]


def happened(kind: str, seconds: float, days: float = 0, **data: Any) -> tuple[Told, Stamp]:
    """An event that was decided about so many seconds from the launch, and happened so many days before."""
    at = NOW + dt.timedelta(seconds=seconds)
    told = Told("/shop", f"{kind}{seconds}", kind, "anna", at - dt.timedelta(days=days), at, data)
    return told, Stamp(at, "first")


def wrong(*events: tuple[Told, Stamp], more: tuple[Row, ...] = ()) -> dict[str, int]:
    log = [(told.source, told.id, told.type, told.data) for told, _ in events] + list(more)
    stamps = {told.identity: stamp for told, stamp in events}
    heard = compare(LAUNCHES, {"anna": [told for told, _ in events]}, stamps, {"anna": log})
    return {name: len(value) for name, value in vars(heard).items() if isinstance(value, list) and value}


def bought(seconds: float, days: float = 0, order: str = "o-1") -> tuple[Told, Stamp]:
    return happened("purchase", seconds, days, order_id=order)


TOLD = happened("product", 5, sku="TEA-9")


def test_who_had_bought_and_was_told_is_right() -> None:
    assert wrong(bought(-10), TOLD) == {}


def test_who_had_bought_and_was_not_told_is_missing() -> None:
    assert wrong(bought(-10)) == {"missing": 1}


def test_who_bought_meanwhile_may_be_told_or_not() -> None:
    assert wrong(bought(0)) == wrong(bought(4), TOLD) == {}


def test_who_had_not_bought_is_told_for_nothing() -> None:
    assert wrong(TOLD) == wrong(bought(6), TOLD) == {"needless": 1}


def test_an_order_of_long_ago_is_none_and_an_amendment_makes_none_of_it() -> None:
    assert wrong(bought(-10, days=3)) == {}
    assert wrong(bought(-10, days=3), bought(-9)) == {}
    assert wrong(bought(-10, days=3), bought(-9, order="o-2")) == {"missing": 1}


def test_who_is_told_under_two_names_is_told_twice() -> None:
    assert wrong(bought(-10), TOLD, more=(("regulars:catalogue", "other", "product", {"sku": "TEA-9"}),)) == {
        "again": 1
    }
