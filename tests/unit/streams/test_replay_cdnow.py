"""A part of the CDNOW history, lived through today with the rules that Regulars comes with, and replayed."""

from __future__ import annotations

import datetime as dt
import importlib.util
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

from rules.load import load
from rules.policy import DAY
from rules.ruleset import FanOut, Inactive, RuleSet, rule_set
from rules.steps import Send, StopIf, Tag, Wait
from storage import story as kept
from storage.store import Store
from streams.replayed import compare
from tests.unit.storage.kit import store_of
from tests.unit.streams.kit import NOW, Shop, event, poke, rule, shop_on
from tests.unit.streams.life import asked

ROOT = Path(__file__).resolve().parents[3]
FIRST = dt.date(1997, 1, 1)
EVERY = 400
"""One customer of so many."""


@pytest.fixture
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with store_of("sqlite", request, tmp_path) as made:
        yield made


def bought() -> list[tuple[int, str, str]]:
    """(days since the first, customer, dollars) of a part of the customers, day by day."""
    spec = importlib.util.find_spec("lifetimes")
    assert spec is not None
    assert spec.origin is not None
    lines = (Path(spec.origin).parent / "datasets" / "CDNOW_master.txt").read_text("utf-8").splitlines()[1:]
    rows = [line.split() for line in lines]
    days = [(dt.date(int(day[:4]), int(day[4:6]), int(day[6:])), who, sum_) for who, day, _, sum_ in rows]
    return sorted(((day - FIRST).days, who, sum_) for day, who, sum_ in days if int(who) % EVERY == 0)


def rules() -> RuleSet:
    """The shipped ones, and some that time fires."""
    shipped = load(ROOT / "rules").ruleset
    assert shipped is not None
    more = [
        rule(
            "quiet-days",
            on="inactive",
            trigger=Inactive("last_order", 60 * DAY),
            do=(
                Send("a", ("email",)),
                Wait(7 * DAY),
                StopIf(asked("customer.orders_since_entry > 0", steps=True)),
                Send("b", ("email",), at=600),
                Tag("asked"),
            ),
            stop_on=("purchase",),
        ),
        rule("each-month", on="", trigger=FanOut(lambda e, c: c.orders > 1, "month"), do=(Send("c", ("email",)),)),
    ]
    return rule_set((*shipped.rules, *more), shipped.policy, "rules-1", shipped.segments, shipped.offers, shipped.gifts)


def come_due(shop: Shop, until: int) -> None:
    """The clock pokes everybody at their time, day by day."""
    while dues := [row["next_due"] for row in shop.rows("customer") if row["next_due"] and row["next_due"] <= until]:
        shop.now = max(shop.now, min(dues))
        due = [row["id"] for row in shop.rows("customer") if row["next_due"] and row["next_due"] <= shop.now]
        shop.take(*(poke(id, time=shop.now) for id in due))


def test_a_history_lived_through_is_the_same_by_its_log(store: Store) -> None:
    made = rules()
    with shop_on(store, made) as shop:
        known: set[str] = set()
        for day, rows in groupby(bought(), key=lambda row: row[0]):
            come_due(shop, NOW + day * DAY)
            shop.now = max(shop.now, NOW + day * DAY)
            for number, (_, who, dollars) in enumerate(rows):
                if who not in known:
                    known.add(who)
                    said = {"email": f"{who}@example.com", "birth_date": f"1970-{int(who) % 12 + 1:02}-15"}
                    shop.take(event(f"p-{who}", who, "profile", shop.now, **said))
                    if int(who) % 3:
                        word = {"channel": "email", "state": "granted"}
                        shop.take(event(f"c-{who}", who, "consent", shop.now, **word))
                shop.take(event(f"{day}-{who}-{number}", who, time=shop.now, total=dollars, order_id=f"{day}-{number}"))
        outcomes = set()
        for who in sorted(known):
            with store.read() as connection:
                story = kept.story(connection, who)
                assert story is not None
                assert compare(connection, story, lambda _: made) == []
                outcomes |= {(one.rule, one.outcome) for one in kept.decisions(connection, who)}
        assert {
            ("quiet-days", "queued"),
            ("quiet-days", "done"),
            ("each-month", "queued"),
            ("quiet-days", "stopped"),
        } <= outcomes
        assert ("birthday", "queued") in outcomes
