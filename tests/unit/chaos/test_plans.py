"""The runs of the harness are made of what there is."""

from __future__ import annotations

from collections import Counter

from tests.chaos import plans
from tests.chaos.failpoints import POINTS
from tests.chaos.faults import FAULTS
from tests.chaos.mutant import MUTANTS
from tests.chaos.mutants import CAUGHT_AS, PROMISES, promise


def test_every_fault_has_its_times_and_its_row_in_a_full_run() -> None:
    assert set(plans.TIMES) == set(FAULTS)
    assert {each.fault for each in plans.FULL} == set(FAULTS)


def test_every_promise_has_mutants_and_every_mutant_a_trial_that_catches_it() -> None:
    assert set(PROMISES) == {1, 2, 3, 4, 5}
    assert set(CAUGHT_AS) == set(plans.MUTANTS) == {each for mutants in PROMISES.values() for each in mutants}
    assert set(CAUGHT_AS) < set(MUTANTS)
    assert promise("no-inbox") == 2


def test_a_quick_run_leaves_out_no_point_that_there_is_not() -> None:
    assert set(POINTS) > plans.SLOWLY
    assert plans.QUICK[0].times == len(plans.QUICK[0].point.split(",")) == len(POINTS) - len(plans.SLOWLY)


def test_a_full_run_kills_a_hundred_times_and_at_every_point_thrice_each_combination() -> None:
    product = [each for each in plans.FULL if not each.mutant]
    assert sum(each.times for each in product if each.fault == "kill") >= 100
    times = Counter[tuple[str, str]]()
    for each in product:
        if each.fault == "kill-at":
            never = set() if each.mail else {"delivery"}
            passed = len([point for point in POINTS.values() if point.role not in never])
            times[each.store, each.broker] += each.times // passed
    assert times == {plans.SMALL: 3, plans.LARGE: 3}
