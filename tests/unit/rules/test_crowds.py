"""Periods begin for everybody in a zone at once: whom a rule does not mean need not be woken for it."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from retention.events import Profile, Purchase, Survey
from retention.money import Money
from rules.engine.timers import next_rule, next_step
from rules.policy import DAY, HOUR, Policy
from rules.ruleset import FanOut, Inactive, OnDate, Rule
from rules.simulation.entries import NOT_FIRED
from rules.steps import Assign, Send, Tag, Wait
from tests.unit.rules.story import BYE, HELLO, NOW, at, rule, when
from tests.unit.rules.test_simulation import Shop


def every(period: Any, *do: Any, audience: Any = lambda event, customer: True, **more: Any) -> Rule:
    return rule(*do, on="", trigger=FanOut(audience, period), **more)


def regulars(_event: Any, customer: Any) -> bool:
    return bool(customer.orders_ever >= 2)


def test_whom_a_period_does_not_mean_is_counted_and_left_asleep() -> None:
    shop = Shop(every("day", HELLO, audience=regulars))
    for customer in ("anna", "ben"):
        shop.meet(customer=customer)
        shop.buy(customer=customer)
    shop.buy(customer="ben")
    events = {id: person.state.seq for id, person in shop.simulation.people.items()}
    shop.until(NOW + 3 * DAY)
    assert [when(one.at) for one in shop.simulation.timeline if one.what == "sent"] == [
        "03-11 09:00",
        "03-12 09:00",
        "03-13 09:00",
    ]
    assert shop.simulation.not_fired["r", "condition"] == 3
    assert shop.simulation.people["anna"].state.seq == events["anna"]
    assert shop.simulation.people["anna"].state.elapsed == at("2026-03-13 09:00")


def test_who_moves_waits_for_the_morning_of_their_new_zone_alone() -> None:
    shop = Shop(every("day", HELLO))
    shop.meet(at("2026-03-10 08:00"))
    for zone in ("Europe/Berlin", "Asia/Bangkok", "Europe/Berlin"):
        shop.hear("profile", Profile(time_zone=zone), at("2026-03-10 08:30"))
    shop.until(at("2026-03-11 12:00"))
    assert [when(one.at) for one in shop.simulation.timeline if one.what == "sent"] == ["03-10 15:00"]


def test_a_period_that_the_rule_is_not_active_in_is_counted_as_such() -> None:
    last = at("2026-03-11 12:00") // DAY
    shop = Shop(every("day", HELLO, audience=regulars, active=(None, last)))
    shop.buy()
    shop.until(NOW + 3 * DAY)
    assert shop.simulation.not_fired == {("r", "condition"): 1, ("r", "inactive-period"): 2}


MANY = (
    every("day", HELLO, Wait(DAY), BYE, audience=regulars, id_="a", stop_on=("survey",)),
    every("day", Tag("read"), id_="b", condition=lambda e, c: "read" not in c.own_tags and c.orders_ever != 1),
    every("week", Tag("read", on=False), HELLO, audience=regulars, id_="c", priority=5),
    every("month", Assign((("launch", "2026-04-03"),)), id_="d", priority=9),
    rule(Send("hello", ("email",), at=9 * 60), Wait(2 * DAY), BYE, id_="e", priority=3),
    rule(HELLO, id_="f", on="inactive", trigger=Inactive("last_order", 3 * DAY)),
    rule(HELLO, id_="g", on="inactive", trigger=Inactive("last_event", 5 * DAY)),
    rule(HELLO, id_="h", on="birthday"),
    rule(HELLO, id_="i", on="date", trigger=OnDate("customer.attributes.launch", 1)),
    rule(Assign((("launch", "2026-03-20"),)), Wait(5 * DAY), Assign((("launch", "2026-05-20"),)), id_="j", on="survey"),
    rule(Assign((("launch", "2026-05-25"),)), id_="k", on="message", condition=lambda e, c: c.orders_ever == 1),
)
ZONES = ("Asia/Bangkok", "Europe/Berlin", "America/New_York", "")


@st.composite
def lives(draw: st.DrawFn) -> list[tuple[int, str, str, Any]]:
    """(moment, customer, type, data), in order: often at nine in the morning somewhere."""
    moments = st.integers(0, 24 * 45).map(lambda hours: at("2026-03-10 03:00") + hours * HOUR)
    made: list[tuple[int, str, str, Any]] = []
    for time, who in sorted(draw(st.lists(st.tuples(moments, st.sampled_from("ABC")), min_size=1, max_size=20))):
        kind = draw(st.sampled_from(("purchase", "profile", "survey")))
        zone = draw(st.sampled_from(ZONES)) or None
        data: Any = {
            "purchase": Purchase(f"o{len(made)}", Money(890)),
            "profile": Profile(time_zone=zone, birth_date=draw(st.sampled_from(("--03-29", "1990-04-01", None)))),
            "survey": Survey(9),
        }[kind]
        made.append((time, who, kind, data))
    return made


def lived(life: list[tuple[int, str, str, Any]], explain: bool) -> Shop:
    """Played to the end; what is remembered of when rules are due is looked at after every event."""
    shop = Shop(*MANY, policy=Policy(quiet=(21 * 60, 9 * 60)), explain=explain)
    for who in "ABC":
        shop.meet(at("2026-03-10 02:00"), who)
    for time, who, kind, data in life:
        shop.hear(kind, data, time, who)
        remembered_as_worked_out_anew(shop)
    shop.until(NOW + 60 * DAY)
    remembered_as_worked_out_anew(shop)
    return shop


def remembered_as_worked_out_anew(shop: Shop) -> None:
    """But for those whom a period wakes at this very instant."""
    for person in shop.simulation.people.values():
        if person.wakes != shop.simulation.now:
            due = next_rule(shop.simulation.rules, person.state), next_step(person.state)
            assert person.wakes == min((one for one in due if one), default=0)


@settings(deadline=None)
@given(life=lives())
def test_nothing_else_comes_of_it_when_everybody_is_woken(life: list[tuple[int, str, str, Any]]) -> None:
    some, everybody = lived(life, explain=False).simulation, lived(life, explain=True).simulation
    assert some.timeline == [one for one in everybody.timeline if one.what != NOT_FIRED]
    assert some.not_fired == everybody.not_fired
