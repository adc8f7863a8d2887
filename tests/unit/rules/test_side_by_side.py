"""Two sets of rules hear of the same events, and what is folded of their customers is kept once."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from msgspec.structs import replace

from retention.events import Event, Return
from retention.shop import Shop
from retention.state import FOLDED, Customer
from rules.backtest.play import Backtest
from rules.policy import DAY, Policy
from rules.ruleset import RuleSet, rule_set
from rules.simulation.simulation import Simulation
from tests.unit.rules.story import HELLO, NOW, rule
from tests.unit.rules.test_backtest import History
from tests.unit.rules.test_crowds import MANY, lives

POLICY = Policy(quiet=(21 * 60, 9 * 60))
TODAY, CANDIDATE = rule_set(MANY[:7], POLICY, "1" * 16), rule_set(MANY[3:], POLICY, "2" * 16)


def told(life: list[tuple[int, str, str, Any]]) -> list[Event]:
    """What happened, with three people who can be reached, and a return of every order."""
    history = History()
    history.meet("A", "B", "C", time=min(time for time, *_ in life))
    for time, who, kind, data in life:
        history.hear(kind, data, time, who, 89_000)
        if kind == "purchase":
            history.hear("return", Return(f"r-{data.order_id}", data.total, data.order_id), time, who, 89_000)
    return history.events


@settings(deadline=None)
@given(life=lives())
def test_each_comes_to_what_it_comes_to_alone(life: list[tuple[int, str, str, Any]]) -> None:
    alone = [Simulation(rules) for rules in (TODAY, CANDIDATE)]
    first, second = together = [Simulation(rules) for rules in (TODAY, CANDIDATE)]
    for event in told(life):
        for one in alone:
            one.take(copy.copy(event))
        first.take(copy.copy(event), second)
    for one in (*alone, *together):
        one.run(NOW + 60 * DAY)
    for mine, theirs in zip(alone, together, strict=True):
        assert mine.timeline == theirs.timeline
        assert mine.not_fired == theirs.not_fired
        assert {id: one.state for id, one in mine.people.items()} == {
            id: one.state for id, one in theirs.people.items()
        }


@settings(deadline=None)
@given(life=lives())
def test_what_happened_before_the_rules_is_kept_once_too(life: list[tuple[int, str, str, Any]]) -> None:
    alone = Simulation(CANDIDATE)
    first, second = Simulation(TODAY), Simulation(CANDIDATE)
    for event in told(life):
        alone.look_back(copy.copy(event))
        first.look_back(copy.copy(event), second)
    for one in (alone, first, second):
        one.begin(NOW + 45 * DAY)
        one.run(NOW + 90 * DAY)
    assert second.timeline == alone.timeline
    assert all(second.people[id].state.days is first.people[id].state.days for id in first.people)


def test_a_field_of_a_customer_is_folded_or_the_rules() -> None:
    rules = {"entries", "variants", "reserved", "journeys", "own_tags", "own"}
    assert {*FOLDED, *rules, "v", "seq", "at", "elapsed"} == set(Customer.__struct_fields__)


def test_a_candidate_with_another_calendar_folds_for_itself() -> None:
    def due(zone: str) -> RuleSet:
        few = rule(HELLO, condition=lambda e, c: 20_522 in c.days)  # 2026-03-10
        return rule_set([few], replace(Policy(), shop=Shop(time_zone=zone)), "0" * 16)

    history = History()
    history.meet("anna", time=NOW - 9 * 3_600_000_000)
    history.buy(NOW - 8 * 3_600_000_000)  # two in the morning in Bangkok, the day before in Berlin
    played = history.play(due("Asia/Bangkok"), due("Europe/Berlin"))
    assert played.candidate is not None
    assert (played.today.all.sent, played.candidate.all.sent) == (1, 0)
    assert Backtest(due("Asia/Bangkok")).end(NOW).candidate is None
