"""A shop brings its history and switches the shipped rules on: who was quiet already hears from it bit by bit."""

from __future__ import annotations

from collections import Counter

from retention.events import Consent, Event, Profile, Purchase
from retention.money import Money
from retention.zones import local_day
from rules.policy import DAY, HOUR
from rules.simulation.simulation import Simulation
from tests.unit.rules.story import NOW
from tests.unit.rules.test_plays_together import shipped


def switched_on(**orders: tuple[int, ...]) -> Simulation:
    """Customers with the days before now on which they ordered; then the rules are there, for three months."""
    simulation = Simulation(shipped())
    for time, customer, kind, data in sorted(
        (one for name, days in orders.items() for one in _history(name, days)), key=lambda one: one[0]
    ):
        simulation.look_back(Event("shop", f"{customer}-{kind}-{time}", kind, customer, time, data, b"", 89_000, time))
    simulation.begin(NOW)
    simulation.run(NOW + 90 * DAY)
    return simulation


def _history(name: str, days: tuple[int, ...]) -> list[tuple[int, str, str, object]]:
    first = NOW - max(days) * DAY
    known = [(first, name, "profile", Profile(email="x@example.com")), (first, name, "consent", _YES)]
    bought = [(NOW - day * DAY + HOUR, name, "purchase", Purchase(f"{name}-{day}", Money(890))) for day in days]
    return [*known, *bought]


_YES = Consent("email", "granted")


def sent(simulation: Simulation) -> dict[str, list[str]]:
    """Which of the two rules wrote to whom, and with what."""
    found: dict[str, list[str]] = {}
    for one in simulation.timeline:
        if one.what == "sent" and one.rule in ("win-back", "at-risk"):
            found.setdefault(one.customer, []).append(one.name)
    return found


def test_who_was_quiet_already_is_written_to_by_the_rule_that_is_for_them() -> None:
    found = sent(switched_on(once=(100,), twice=(300, 200), regular=(200, 170, 140), slow=(1_200, 800, 400)))
    assert found == {
        "once": ["win-back-once", "win-back-offer"],
        "twice": ["win-back", "win-back-offer"],
        "regular": ["at-risk", "win-back-offer"],
    }


def test_who_is_long_gone_is_not() -> None:
    assert sent(switched_on(once=(400,), twice=(900, 800), regular=(500, 470, 440))) == {}


def test_a_regular_of_few_orders_is_waited_for_by_their_own_time() -> None:
    assert sent(switched_on(slow=(1_300, 900, 500))) == {}
    assert sent(switched_on(slow=(1_100, 800, 580))) == {"slow": ["at-risk", "win-back-offer"]}


def test_no_more_in_a_day_than_the_rule_says() -> None:
    simulation = switched_on(**{f"c-{number}": (100,) for number in range(250)})
    zone = simulation.rules.policy.shop.zone
    first = [one for one in simulation.timeline if one.what == "sent" and one.name == "win-back-once"]
    assert list(Counter(local_day(one.at, zone) for one in first).values()) == [200, 50]
