"""Whatever happens to a customer, every rule has something to say of it, and watching the rules changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from console.cli.output import out
from console.cli.why.command import replayed
from console.cli.why.document import document
from console.cli.why.telling import show
from rules.engine.outcome import Decision
from rules.witness import Noted
from storage import story as kept
from tests.unit.storage.kit import store_of
from tests.unit.streams.life import Happening, World, lives
from tests.unit.streams.test_replay import LIBRARY, NEW, WORLDS, Appliers, appliers


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[object]:
    with store_of("sqlite", request, tmp_path) as store, appliers(store) as made:
        yield made


def row(seq: int, decision: Decision) -> tuple[object, ...]:
    return seq, decision.rule, decision.step, decision.entry, decision.at, decision.outcome, decision.reason


@given(lives(15))
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_life_can_be_told(world: Appliers, happenings: list[Happening]) -> None:
    made = World(*world, next(WORLDS))
    made.live(happenings)
    for person in made.people:
        with made.shop.store.read() as connection:
            known = replayed(connection, person, NEW, LIBRARY.get, None)
            rows = {
                (d.seq, d.rule, d.step, d.entry, d.at, d.outcome, d.reason) for d in kept.decisions(connection, person)
            }
        assert known is not None
        said = [one for heard in known.heard.values() for way in heard.ways.values() for one in way]
        assert {row(one.event.seq, one.decision) for one in said if isinstance(one, Noted)} <= rows
        whole = document(known)
        assert {one["rule"] for one in whole["rules"]} >= set(NEW.by_id)
        with out.capture() as printed:
            show(whole, False)
            for rule in known.heard:
                show(document(known, rule), True)
        assert "None" not in printed.get()
