"""The oracle's own idea of rules that go on by time."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest

from tests.chaos.journeys import FOREVER, QUIET, Ways
from tests.chaos.rulebook import Person

NOW = dt.datetime(2026, 3, 1, 10, tzinfo=dt.UTC)


def after(seconds: float) -> dt.datetime:
    return NOW + dt.timedelta(seconds=seconds)


def ways(reachable: bool = True) -> Ways:
    person = Person()
    if reachable:
        person.said["email"] = (NOW, "anna@example.com")
    return Ways("anna", person)


def heard(one: Ways, kind: str, seconds: float, edition: str = "first", late: bool = False) -> None:
    one.pass_time(after(seconds))
    one.fire(edition, kind, f"/shop\x1fe-{seconds}", late)


def bought(one: Ways, seconds: float) -> None:
    one.pass_time(after(seconds))
    one.person.orders.add(f"o-{seconds}")
    one.bought()


def came_to(one: Ways) -> Counter[tuple[str, str, str]]:
    """(rule, outcome, reason) → how often, once all time has passed."""
    one.pass_time(FOREVER)
    return Counter((rule, outcome, reason) for _, rule, _, _, outcome, reason, _ in one.noted)


def test_a_wait_ends_at_its_time_whenever_that_is_noticed() -> None:
    one = ways()
    heard(one, "survey", 0)
    one.pass_time(after(60))
    ends = {(rule, step): when for _, rule, _, step, _, _, when in one.noted}
    began = int(NOW.timestamp() * 1_000_000)
    assert ends["call-back", 1] == began + 1_000_000
    assert ends["not-after-all", 2] == began + 4_000_000
    assert len(one.words) == 1
    assert len(one.sent) == 2


@pytest.mark.parametrize(("seconds", "messages"), [(3.999999, 1), (4.0, 2), (5, 2)])
def test_who_buys_before_the_second_message_does_not_get_it(seconds: float, messages: int) -> None:
    one = ways()
    heard(one, "survey", 0)
    bought(one, seconds)
    assert came_to(one)["not-after-all", "stopped", "stop-on"] == 1
    assert len(one.sent) == messages
    assert one.called_off == set(one.sent)


def test_what_is_known_to_have_left_is_not_called_off() -> None:
    one = ways()
    heard(one, "survey", 0)
    one.hear(one.sent[0], "sent")
    one.pass_time(after(10))
    one.hear(one.sent[1], "sent")
    bought(one, 20)
    assert one.called_off == set()
    assert came_to(one)["not-after-all", "stopped", "stop-on"] == 0


def test_a_message_that_failed_ends_what_depends_on_it() -> None:
    one = ways()
    heard(one, "fulfilment", 0)
    one.pass_time(after(2))
    one.hear(one.sent[0], "failed")
    one.hear(one.sent[1], "failed")
    assert came_to(one)["first-steps", "stopped", "not-sent"] == 1
    assert len(one.sent) == 2


def test_who_cannot_be_reached_goes_on_as_far_as_the_rule_says() -> None:
    one = ways(reachable=False)
    heard(one, "fulfilment", 0)
    found = came_to(one)
    assert found["first-steps", "suppressed", "unreachable"] == 2
    assert found["first-steps", "waiting", "wait"] == 1


def test_an_order_since_the_entry_stops_at_the_step_that_asks() -> None:
    one = ways()
    heard(one, "fulfilment", 0)
    bought(one, 1)
    assert came_to(one)["first-steps", "stopped", "stop-if"] == 1
    assert len(one.sent) == 1


def test_a_second_entry_has_to_wait_for_its_time() -> None:
    one = ways()
    for seconds in (0, 9.9, 10):
        heard(one, "fulfilment", seconds)
    assert came_to(one)["first-steps", "suppressed", "re-entry"] == 1


def test_who_is_in_a_rule_goes_on_by_the_edition_they_entered() -> None:
    one = ways()
    heard(one, "fulfilment", 0)
    heard(one, "survey", 0.5)
    heard(one, "survey", 1, "other")
    heard(one, "fulfilment", 20, "other")
    found = came_to(one)
    assert found["first-steps", "queued", ""] == 3 + 2
    assert found["first-steps", "requested", ""] == 1
    assert found["not-after-all", "queued", ""] == 2
    assert found["call-back", "requested", ""] == 2


def test_who_says_nothing_is_noticed_once_unless_that_time_has_passed() -> None:
    one = ways()
    one.pass_time(NOW)
    one.spoke(NOW)
    one.pass_time(after(1))
    one.spoke(after(-60))
    one.pass_time(after(2) + QUIET)
    one.spoke(after(2))
    assert came_to(one)["gone-quiet", "requested", ""] == 1


def test_what_is_told_too_late_begins_nothing() -> None:
    one = ways()
    heard(one, "survey", 0, late=True)
    found = came_to(one)
    assert found == {("call-back", "suppressed", "late"): 1, ("not-after-all", "suppressed", "late"): 1}


def test_only_who_bought_lately_hears_of_an_article() -> None:
    one, other = ways(), ways()
    one.person.bought_lately = True
    for each in (one, other):
        heard(each, "product", 0)
    assert came_to(one)["new-article", "requested", ""] == 1
    assert not came_to(other)
    assert other.unmet == ["new-article"]
