"""What the harness makes of its trials: when a run is bad."""

from __future__ import annotations

from dataclasses import replace

from tests.chaos.faults import Struck
from tests.chaos.producer import Ledger
from tests.chaos.run import _faults
from tests.chaos.trial import Plan, Report
from tests.chaos.verdict import Verdict

SOUND = Report(Plan(), Struck(1), Ledger(), Verdict(events=100, applied=99, dead=1), 0)
MUTANT = replace(SOUND, plan=Plan(mutant="moody,forgetful-relay"), verdict=Verdict(decisions=3, unrelayed=1))


def test_a_sound_product_is_as_it_should_be() -> None:
    assert _faults(SOUND) == []
    assert SOUND.good


def test_a_figure_and_a_problem_of_the_product_are_told() -> None:
    lost = replace(SOUND, verdict=Verdict(events=100, lost=2), problems=["not drained"])
    assert _faults(lost) == ["lost 2", "not drained"]


def test_every_mutant_of_a_trial_must_be_caught_by_its_own_figure() -> None:
    assert _faults(MUTANT) == []
    missed = replace(MUTANT, verdict=Verdict(decisions=3, lost=4))
    assert _faults(missed) == ["forgetful-relay: the harness would not notice, nothing was unrelayed"]


def test_a_mutant_whose_workers_are_stuck_is_not_caught() -> None:
    stuck = replace(MUTANT, struck=Struck(stuck=True))
    assert _faults(stuck) == ["moody,forgetful-relay: proves nothing, its workers were stuck"]
