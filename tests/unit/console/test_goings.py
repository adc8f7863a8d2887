"""How far launches and rules that catch up have come, as `regulars rules list` shows it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from console.cli.goings import goings, lines
from rules.policy import DAY, HOUR, Policy
from rules.ruleset import CatchUp, FanOut, Inactive, RuleSet, Status, rule_set
from storage import fan_outs
from storage.fan_outs import CATCH_UP, LAUNCH
from storage.store import Store
from tests.unit.rules.story import HELLO, NOW, rule

WIN_BACK = rule(HELLO, id_="win-back", on="inactive", trigger=Inactive("last_order", 60 * DAY), catch_up=CatchUp(200))
NEWS = rule(HELLO, id_="news", on="product", trigger=FanOut(lambda _event, _customer: True))
PLAIN = rule(HELLO, id_="plain")
NAMED = b'{"sku":"TEA-9","name":"Doi White"}'


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(f"sqlite:///{tmp_path / 'store.db'}")
    made.migrate()
    yield made
    made.close()


def begun(store: Store, kind: str, what: str, at: int = NOW, data: bytes | None = None, **then: Any) -> None:
    """One that has come as far as `then` says."""
    one = fan_outs.FanOut(f"{kind}:{what}", kind, what, at, data)
    fan_outs.change(store, [one], [])
    reached = then.pop("reached", 0)
    told = fan_outs.FanOut(one.id, kind, what, at, data, **({"chosen": ("x",) * reached} | then))
    assert fan_outs.choose(store, one, told)
    if reached:
        fan_outs.sent(store, told)


def told(store: Store, *rules: Any, now: int = NOW) -> tuple[dict[str, Any], list[str]]:
    those: RuleSet = rule_set(rules, Policy(), "hash")
    with store.read() as connection:
        found = goings(connection, those, now)
    return found, list(lines(those, found))


def today(at: int = NOW) -> int:
    return (at + 7 * HOUR) // DAY


def test_a_rule_that_catches_up_says_how_far_it_is(store: Store) -> None:
    begun(store, CATCH_UP, "win-back", after="anna", day=today(), taken=120, reached=73)
    found, said = told(store, WIN_BACK, PLAIN)
    since = "2026-03-10T03:00:00Z"
    known = {"most": 200, "since": since, "taken": 73, "today": 120, "state": "under way"}
    assert found["win-back"] == {"catch_up": known, "launches": []}
    assert found["plain"] == {"catch_up": None, "launches": []}
    assert said == [f"win-back catches up since {since}: 73 customers taken, 120 today of 200 a day, under way"]


def test_another_day_nobody_was_taken_yet(store: Store) -> None:
    begun(store, CATCH_UP, "win-back", after="anna", day=today(), taken=73, reached=73)
    _, said = told(store, WIN_BACK, now=NOW + 14 * HOUR)
    assert said[0].endswith("73 customers taken, 0 today of 200 a day, under way")


def test_one_that_has_come_to_everybody_is_done(store: Store) -> None:
    begun(store, CATCH_UP, "win-back", after="zoe", day=today(), taken=1, ended_at=NOW, reached=1)
    assert told(store, WIN_BACK)[1][0].endswith("1 customer taken, 1 today of 200 a day, done")


def test_the_last_page_has_to_be_told_before_it_is_done(store: Store) -> None:
    begun(store, CATCH_UP, "win-back", after="zoe", chosen=("zoe",), day=today(), taken=1, ended_at=NOW)
    assert told(store, WIN_BACK)[1][0].endswith("0 customers taken, 1 today of 200 a day, under way")


def test_one_that_has_not_begun_says_who_begins_it(store: Store) -> None:
    found, said = told(store, WIN_BACK)
    assert found["win-back"]["catch_up"]["state"] == "not begun"
    assert said == ["win-back catches up, 200 a day: not begun yet; process `clock` begins it"]


@pytest.mark.parametrize("status", [Status.DRAFT, Status.PAUSED])
def test_of_a_rule_that_stands_still_nothing_is_said(store: Store, status: Status) -> None:
    still = [rule(HELLO, id_=one.id, on=one.on, trigger=one.trigger, status=status) for one in (WIN_BACK, NEWS)]
    assert told(store, *still)[1] == []


def test_the_latest_launches_are_told_with_how_many_heard(store: Store) -> None:
    for number in range(5):
        begun(
            store, LAUNCH, f"TEA-{number}", NOW + number * DAY, after="zoe", reached=number + 1, ended_at=NOW + 9 * DAY
        )
    begun(store, LAUNCH, "TEA-9", NOW + 9 * DAY, NAMED, after="ben", reached=2)
    found, said = told(store, WIN_BACK, NEWS)
    assert [one["sku"] for one in found["news"]["launches"]] == ["TEA-9", "TEA-4", "TEA-3", "TEA-2", "TEA-1", "TEA-0"]
    assert found["win-back"]["launches"] == []
    said = [one for one in said if one.startswith("launched")]
    assert said[:2] == [
        "launched 2026-03-19T03:00:00Z: Doi White (TEA-9), told to 2 customers, under way",
        "launched 2026-03-14T03:00:00Z: TEA-4, told to 5 customers, stopped: too late for the rest",
    ]
    assert len(said) == 3


def test_a_launch_that_everybody_heard_of_in_time_is_done(store: Store) -> None:
    begun(store, LAUNCH, "TEA-9", NOW, after="zoe", reached=2, ended_at=NOW + 24 * HOUR)
    assert told(store, NEWS)[1] == ["launched 2026-03-10T03:00:00Z: TEA-9, told to 2 customers, done"]


def test_before_the_first_launch_it_is_said_who_waits_for_one(store: Store) -> None:
    assert told(store, NEWS)[1] == ["no article was launched yet; news waits for one"]
    other = rule(HELLO, id_="more", on="product", trigger=NEWS.trigger)
    assert told(store, NEWS, other)[1] == ["no article was launched yet; more and news wait for one"]
